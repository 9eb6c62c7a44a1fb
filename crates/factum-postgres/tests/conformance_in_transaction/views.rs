//! An append in a caller's transaction keeps no view, so there are none.

use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    InlineView, SqlRow, SqlValue, StoreError, StoreErrorKind, SubscriptionName, Transacted,
    ViewMigration, ViewStore, ViewWork,
};

use super::Caller;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ViewStore for Caller {
    async fn transact(&self, _: ViewWork) -> Result<Transacted, StoreError> {
        Err(unsupported("transact view"))
    }

    async fn migrate_view(
        &self,
        _: &SubscriptionName,
        _: &[ViewMigration],
    ) -> Result<u64, StoreError> {
        Err(unsupported("migrate view"))
    }

    async fn query_view(&self, _: &str, _: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StoreError> {
        Err(unsupported("query view"))
    }

    fn keep_inline(&self, _: Arc<dyn InlineView>) -> Result<(), StoreError> {
        Err(unsupported("keep view inline"))
    }
}

fn unsupported(operation: &'static str) -> StoreError {
    let message = "expected a store with views, found one that appends in callers' transactions";
    StoreError::new(StoreErrorKind::Unsupported, operation, message)
}
