//! Views: a user's SQL and the subscription's step in one transaction.
//!
//! ```text
//! BEGIN -> the work's statements, sent as they come -> the step, sent behind them -> every answer
//!   -> the step is stored: COMMIT      nothing else is: ROLLBACK
//! ```
//!
//! The subscription's row is locked by the step, which is the last statement, so nobody waits for
//! the work. Connections are of a pool of their own, with the settings of the role: users' tables are
//! found and planned for as in any other session.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use factum_core::{
    Advance, Advanced, InlineView, SqlRow, SqlValue, StoreError, StoreErrorKind, SubscriptionName,
    TenantScope, Transacted, ViewError, ViewErrorKind, ViewMigration, ViewStore, ViewTransaction,
    ViewWork, judge,
};
use futures::FutureExt;

use crate::checkpoints::{PlainStep, stored};
use crate::connection::Connector;
use crate::pool::{BEGIN, Lent, object};
use crate::sql::Schema;
use crate::store::Shared;
use crate::subscriptions::{is_worn, moving, store_step};
use crate::{PostgresStore, PostgresStoreConfig};

pub(crate) mod ahead;
mod fault;
pub(crate) mod inline;
mod migrations;
pub(crate) mod pipeline;
mod refuse;
mod rows;
pub(crate) mod space;
mod values;

use ahead::Limits;
use pipeline::Pipeline;
use space::{Space, Spaces};

const TRANSACT: &str = "transact view";
const QUERY: &str = "query view";

/// How a transaction begins that only reads.
const BEGIN_READ_ONLY: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";

/// The connections that views have to themselves. None is made before one is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Views {
    pool: Pool,
    connector: Connector,
    pub(crate) limits: Limits,
    pub(crate) spaces: Spaces,
}

impl Views {
    pub(crate) fn new(
        config: &PostgresStoreConfig,
        connector: Connector,
    ) -> Result<Self, StoreError> {
        let pool = connector.pool(config.view_connections_max, false)?;
        let timeout = Duration::from_millis(config.answer_timeout_ms.into());
        let limits = Limits { prepare: config.prepare, timeout };
        Ok(Self { pool, connector, limits, spaces: Spaces::default() })
    }

    /// A connection of the pool.
    async fn lend(&self, operation: &'static str) -> Result<Lent, StoreError> {
        let object = object(&self.pool, &self.connector).await;
        object.map(Lent::new).map_err(|failure| failure.into_store_error(operation))
    }

    /// A connection of the pool, and where the views of a scope stand.
    async fn lend_for(
        &self,
        operation: &'static str,
        schema: &Schema,
        scope: &TenantScope,
    ) -> Result<(Lent, Arc<Space>), (StoreError, bool)> {
        let client = self.lend(operation).await.map_err(|error| (error, false))?;
        match self.spaces.of(&client, &self.limits, schema, scope).await {
            Ok(space) => Ok((client, space)),
            Err(failure) => {
                let broken = client.is_closed();
                self.take_back(client, false).await;
                Err((failure.into_store_error(operation), broken))
            }
        }
    }

    /// The same for work that changes them.
    pub(super) async fn lend_to_write(
        &self,
        operation: &'static str,
        schema: &Schema,
        scope: &TenantScope,
    ) -> Result<(Lent, Arc<Space>), StoreError> {
        let (client, space) = match self.lend_for(operation, schema, scope).await {
            // It may have been idle while the server went away and came back; nothing was done yet.
            Err((_, true)) => self.lend_for(operation, schema, scope).await,
            other => other,
        }
        .map_err(|(error, _)| error)?;
        space.check_made(operation)?;
        Ok((client, space))
    }

    /// Makes sure that it is known where the views of a scope stand.
    pub(crate) async fn find_space(
        &self,
        operation: &'static str,
        schema: &Schema,
        scope: &TenantScope,
    ) -> Result<(), StoreError> {
        if self.spaces.known(scope).is_none() {
            let (client, _) = self.lend_to_write(operation, schema, scope).await?;
            self.take_back(client, true).await;
        }
        Ok(())
    }

    /// Reads once. A failure comes with whether the connection broke.
    async fn query(
        &self,
        schema: &Schema,
        scope: &TenantScope,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, (StoreError, bool)> {
        let (client, space) = self.lend_for(QUERY, schema, scope).await?;
        let mut view = Pipeline::new(QUERY, &client, &self.limits, space).read_only();
        view.enter(BEGIN_READ_ONLY);
        let rows = view.query(sql, values).await;
        let ended = view.roll_back().await;
        let rows = rows.map_err(|error| view.lost().unwrap_or_else(|| invalid(QUERY, &error)));
        drop(view);
        let broken = client.is_closed();
        self.take_back(client, ended).await;
        rows.map_err(|error| (error, broken))
    }

    /// Takes a connection back if its transaction has ended for certain. Else it is closed, which rolls
    /// back; and the server is told to stop what it may be at.
    async fn take_back(&self, client: Lent, ended: bool) {
        if ended {
            client.give_back();
        } else if client.is_closed() {
            // Those that are idle have broken with it, most likely.
            drop(self.pool.retain(|_, _| false));
        } else {
            self.connector.cancel(&client).await;
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ViewStore for PostgresStore {
    async fn transact(&self, work: ViewWork) -> Result<Transacted, StoreError> {
        let views = &self.shared.views;
        let lent = views.lend_to_write(TRANSACT, &self.shared.schema, &self.scope).await;
        let (client, space) = lent?;
        let mut view = Pipeline::new(TRANSACT, &client, &views.limits, space);
        view.enter(BEGIN);
        // Made inside, so that a panic that makes no future is caught as well.
        let working = AssertUnwindSafe(async { work(&mut view).await }).catch_unwind().await;
        let (ended, outcome) = match working {
            Ok(Some(step)) => self.conclude(&mut view, &step).await,
            Ok(None) => {
                let ended = view.roll_back().await;
                (ended, view.lost().map_or(Ok(Transacted::RolledBack), Err))
            }
            Err(_) => {
                let message = "expected work that comes to an end, found a panic";
                let panicked = StoreError::new(StoreErrorKind::Invalid, TRANSACT, message);
                (view.roll_back().await, Err(panicked))
            }
        };
        drop(view);
        views.take_back(client, ended).await;
        outcome
    }

    async fn migrate_view(
        &self,
        name: &SubscriptionName,
        migrations: &[ViewMigration],
    ) -> Result<u64, StoreError> {
        migrations::migrate(self, name, migrations).await
    }

    async fn query_view(
        &self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StoreError> {
        let Shared { views, schema, .. } = &*self.shared;
        match views.query(schema, &self.scope, sql, values).await {
            // It may have been idle while the server went away and came back.
            Err((error, true)) if error.kind() == StoreErrorKind::Unavailable => {
                let again = views.query(schema, &self.scope, sql, values).await;
                again.map_err(|(error, _)| error)
            }
            other => other.map_err(|(error, _)| error),
        }
    }

    fn keep_inline(&self, view: Arc<dyn InlineView>) -> Result<(), StoreError> {
        self.shared.inline.keep(self.scope.clone(), view)
    }
}

impl PostgresStore {
    /// Stores the step and commits, or rolls back. Says whether the transaction has ended for certain,
    /// so that its connection can be used again.
    async fn conclude(
        &self,
        view: &mut Pipeline<'_>,
        step: &Advance,
    ) -> (bool, Result<Transacted, StoreError>) {
        match self.step(view, step).await {
            Ok(Advanced::Stored { instructions }) => {
                view.enter_again();
                match view.commit().await {
                    Ok(()) => (true, Ok(Transacted::Advanced(Advanced::Stored { instructions }))),
                    Err((ended, error)) => (ended, Err(error)),
                }
            }
            Ok(moved) => (view.roll_back().await, Ok(Transacted::Advanced(moved))),
            Err(error) => (view.roll_back().await, Err(error)),
        }
    }

    async fn step(&self, view: &mut Pipeline<'_>, step: &Advance) -> Result<Advanced, StoreError> {
        judge::step(step)?;
        view.leave();
        let (sql, now) = (&self.shared.sql, self.shared.config.clock.now());
        if step.letters.is_empty() && step.rebuild.is_none() {
            let plain = PlainStep::new(&self.scope, step, now);
            let rows = view.own(&sql.advance, &plain.binds()).await?;
            if let Some(row) = rows.first() {
                if is_worn(row.get(1)) {
                    view.own(&sql.move_progress, &moving(&plain.key)).await?;
                }
                return Ok(stored(row));
            }
        }
        view.settled().await?;
        let client = view.client();
        let stored =
            self.shared.views.limits.in_time(store_step(client, sql, &self.scope, step, now)).await;
        stored.map_err(|failure| failure.into_store_error(TRANSACT))?
    }
}

/// The error of a caller whose statement is to blame.
fn invalid(operation: &'static str, error: &ViewError) -> StoreError {
    let kind = match error.kind() {
        ViewErrorKind::Statement => StoreErrorKind::Invalid,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::new(kind, operation, error.to_string())
}
