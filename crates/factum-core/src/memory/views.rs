//! Views need a database: memory has none.

use std::sync::Arc;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    InlineView, SqlRow, SqlValue, StoreError, StoreErrorKind, SubscriptionName, Transacted,
    ViewMigration, ViewStore, ViewWork,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ViewStore for MemoryStore {
    async fn transact(&self, _work: ViewWork) -> Result<Transacted, StoreError> {
        Err(unsupported("change view"))
    }

    async fn migrate_view(
        &self,
        _name: &SubscriptionName,
        _migrations: &[ViewMigration],
    ) -> Result<u64, StoreError> {
        Err(unsupported("migrate view"))
    }

    async fn query_view(
        &self,
        _sql: &str,
        _values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StoreError> {
        Err(unsupported("query view"))
    }

    fn keep_inline(&self, _view: Arc<dyn InlineView>) -> Result<(), StoreError> {
        Err(unsupported("keep view inline"))
    }
}

fn unsupported(operation: &'static str) -> StoreError {
    let message = "expected a store with a database for views, found one in memory";
    StoreError::new(StoreErrorKind::Unsupported, operation, message)
}
