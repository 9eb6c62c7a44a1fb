//! Views in the store's own file: their tables stand beside the log's, and move in its transactions.

use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    InlineView, SqlRow, SqlValue, StoreError, StoreErrorKind, SubscriptionName, Transacted,
    ViewMigration, ViewStore, ViewWork,
};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::SqliteStore;
use crate::error::{Failure, StatementFailure, closed};
use crate::reader::Reader;
use crate::subscriptions::scope_text;
use crate::writer::Write;

mod guard;
mod inline;
mod migrate;
mod owners;
mod rules;
mod statements;
mod transaction;
mod work;

pub(crate) use guard::Guard;
pub(crate) use inline::{InlineViews, apply};
pub(crate) use statements::Statements;
pub(crate) use work::ViewRequest;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ViewStore for SqliteStore {
    async fn transact(&self, work: ViewWork) -> Result<Transacted, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = ViewRequest::new(self.own(), work, reply);
        self.shared.writer.send(work::OPERATION, Write::View(request)).await?;
        answer.await.map_err(|_| closed(StoreErrorKind::OutcomeUnknown, work::OPERATION))?
    }

    async fn migrate_view(
        &self,
        name: &SubscriptionName,
        migrations: &[ViewMigration],
    ) -> Result<u64, StoreError> {
        let (tenant, name) = (self.own(), name.clone());
        let steps: Vec<_> = migrations.iter().map(migrate::Step::new).collect();
        let guard = self.shared.writer.guard.clone();
        let work = move |conn: &mut Connection| {
            migrate::migrate(conn, guard, tenant.as_ref(), &name, &steps)
        };
        self.shared.writer.alone(migrate::OPERATION, work).await
    }

    async fn query_view(
        &self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StoreError> {
        const OPERATION: &str = "query view";
        let sql = sql.to_owned();
        let values: Vec<_> = values.iter().map(|it| it.clone().into_owned()).collect();
        let scope = scope_text(self.scope.tenant()).to_owned();
        let read = move |reader: &mut Reader| {
            reader.statements.begin(&scope);
            let found = reader.statements.query(&reader.conn, &sql, &values);
            found.map_err(|failure| match failure {
                StatementFailure::Store(error) => Failure::Sqlite(error),
                StatementFailure::Statement(message) => {
                    Failure::judged(StoreError::new(StoreErrorKind::Invalid, OPERATION, message))
                }
            })
        };
        self.shared.readers.run(OPERATION, read).await
    }

    fn keep_inline(&self, view: Arc<dyn InlineView>) -> Result<(), StoreError> {
        self.shared.writer.inline.keep(&self.scope, view)
    }
}
