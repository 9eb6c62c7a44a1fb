//! What readers keep, passed on. Views are none: an append in a caller's transaction keeps no view.

use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    Advance, Advanced, CheckpointStore, DeadLetter, DeadLetterKey, DeadLetterList,
    DeadLetterSelection, DeadLetters, InlineView, InstructError, Instruction, Lease, LeaseAnswer,
    LeaseClaim, LeaseStore, Progress, ProgressList, Registration, SqlRow, SqlValue, StoreError,
    StoreErrorKind, SubscriptionName, SubscriptionReport, Transacted, ViewMigration, ViewStore,
    ViewWork,
};

use super::Caller;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for Caller {
    async fn register(&self, registration: Registration) -> Result<Progress, StoreError> {
        self.store.register(registration).await
    }

    async fn progress(&self, name: &SubscriptionName) -> Result<Option<Progress>, StoreError> {
        self.store.progress(name).await
    }

    async fn subscriptions(&self, list: ProgressList) -> Result<Vec<Progress>, StoreError> {
        self.store.subscriptions(list).await
    }

    async fn advance(&self, advance: Advance) -> Result<Advanced, StoreError> {
        self.store.advance(advance).await
    }

    async fn instruct(
        &self,
        name: &SubscriptionName,
        instruction: Instruction,
    ) -> Result<Progress, InstructError> {
        self.store.instruct(name, instruction).await
    }

    async fn forget(&self, name: &SubscriptionName) -> Result<bool, StoreError> {
        self.store.forget(name).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl LeaseStore for Caller {
    async fn claim_lease(&self, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError> {
        self.store.claim_lease(claim).await
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<Progress, StoreError> {
        self.store.renew_lease(lease, report).await
    }

    async fn release_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<(), StoreError> {
        self.store.release_lease(lease, report).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DeadLetters for Caller {
    async fn dead_letters(
        &self,
        list: DeadLetterList,
    ) -> Result<Vec<(DeadLetterKey, DeadLetter)>, StoreError> {
        self.store.dead_letters(list).await
    }

    async fn replay(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        self.store.replay(name, selection).await
    }

    async fn discard(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        self.store.discard(name, selection).await
    }
}

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
