//! The store that a [`Sabotage`] breaks.

mod within;

use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    AppendError, AppendRequest, Appended, Capabilities, CommandId, EventStore, HeadWatch,
    InlineView, LogRead, PageStream, Position, Recalled, SharedStore, SqlRow, SqlValue, StoreError,
    StreamRead, SubscriptionName, TenantId, TenantScope, Transacted, ViewMigration, ViewStore,
    ViewWork,
};

use crate::sabotage::Sabotage;
use within::{BentTransaction, BentView};

#[derive(Clone)]
pub(crate) struct Saboteur {
    all: SharedStore,
    inner: SharedStore,
    sabotage: Sabotage,
}

impl std::fmt::Debug for Saboteur {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Saboteur")
    }
}

impl Saboteur {
    pub(crate) fn new(all: SharedStore, scope: &TenantScope, sabotage: Sabotage) -> Self {
        let inner = match scope.tenant() {
            Some(tenant) => all.for_tenant(tenant).unwrap(),
            None => Arc::clone(&all),
        };
        Self { all, inner, sabotage }
    }

    fn inner(&self) -> SharedStore {
        Arc::clone(&self.inner)
    }
}

factum_testkit::delegate!(
    Saboteur.inner:
        StreamAdmin, SnapshotStore, CheckpointStore, LeaseStore, DeadLetters, Maintenance
);

#[async_trait]
impl EventStore for Saboteur {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn scope(&self) -> &TenantScope {
        self.inner.scope()
    }

    fn for_tenant(&self, tenant: &TenantId) -> Result<SharedStore, StoreError> {
        Ok(Arc::new(Self { inner: self.inner.for_tenant(tenant)?, ..self.clone() }))
    }

    async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        match self.sabotage {
            Sabotage::Append(append) => append(self.inner(), request).await,
            _ => self.inner.append(request).await,
        }
    }

    async fn recall(&self, command: &CommandId) -> Result<Option<Recalled>, StoreError> {
        self.inner.recall(command).await
    }

    fn read(&self, request: LogRead) -> PageStream {
        self.inner.read(request)
    }

    fn read_stream(&self, request: StreamRead) -> PageStream {
        self.inner.read_stream(request)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.inner.head().await
    }

    fn watch(&self) -> HeadWatch {
        self.inner.watch()
    }
}

#[async_trait]
impl ViewStore for Saboteur {
    async fn transact(&self, work: ViewWork) -> Result<Transacted, StoreError> {
        match self.sabotage {
            Sabotage::Transact(transact) => return transact(self.inner(), work).await,
            Sabotage::OneSpace => return self.all.transact(work).await,
            _ => {}
        }
        let sabotage = self.sabotage;
        let bent: ViewWork = Box::new(move |view| {
            Box::pin(async move {
                let mut bent = BentTransaction::new(view, sabotage);
                let step = work(&mut bent).await;
                bent.end().await;
                step
            })
        });
        self.inner.transact(bent).await
    }

    async fn migrate_view(
        &self,
        name: &SubscriptionName,
        migrations: &[ViewMigration],
    ) -> Result<u64, StoreError> {
        match self.sabotage {
            Sabotage::Migrate(migrate) => {
                migrate(self.inner(), name.clone(), migrations.to_vec()).await
            }
            Sabotage::OneSpace => self.all.migrate_view(name, migrations).await,
            _ => self.inner.migrate_view(name, migrations).await,
        }
    }

    async fn query_view(
        &self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StoreError> {
        match self.sabotage {
            Sabotage::Query(query) => {
                let values = values.iter().map(|it| it.clone().into_owned()).collect();
                query(self.inner(), sql.to_owned(), values).await
            }
            Sabotage::OneSpace => self.all.query_view(sql, values).await,
            Sabotage::LogAsEmpty => match self.inner.query_view(sql, values).await {
                Err(error) if error.message().contains("the store's own") => Ok(Vec::new()),
                answer => answer,
            },
            _ => self.inner.query_view(sql, values).await,
        }
    }

    fn keep_inline(&self, view: Arc<dyn InlineView>) -> Result<(), StoreError> {
        match self.sabotage {
            Sabotage::Keep(keep) => keep(&self.inner, &self.all, view),
            sabotage => self.inner.keep_inline(Arc::new(BentView { view, sabotage })),
        }
    }
}
