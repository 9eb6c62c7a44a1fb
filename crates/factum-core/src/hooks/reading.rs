//! What readers keep is no part of the log: no hook is asked about it.

use std::sync::Arc;

use async_trait::async_trait;

use super::HookedStore;
use crate::{
    Advance, Advanced, CheckpointStore, DeadLetter, DeadLetterKey, DeadLetterList,
    DeadLetterSelection, DeadLetters, InlineView, InstructError, Instruction, Lease, LeaseAnswer,
    LeaseClaim, LeaseStore, Progress, ProgressList, Registration, SqlRow, SqlValue, StoreError,
    SubscriptionName, SubscriptionReport, Transacted, ViewMigration, ViewStore, ViewWork,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for HookedStore {
    async fn register(&self, registration: Registration) -> Result<Progress, StoreError> {
        self.inner.register(registration).await
    }

    async fn progress(&self, name: &SubscriptionName) -> Result<Option<Progress>, StoreError> {
        self.inner.progress(name).await
    }

    async fn subscriptions(&self, list: ProgressList) -> Result<Vec<Progress>, StoreError> {
        self.inner.subscriptions(list).await
    }

    async fn advance(&self, advance: Advance) -> Result<Advanced, StoreError> {
        self.inner.advance(advance).await
    }

    async fn instruct(
        &self,
        name: &SubscriptionName,
        instruction: Instruction,
    ) -> Result<Progress, InstructError> {
        self.inner.instruct(name, instruction).await
    }

    async fn forget(&self, name: &SubscriptionName) -> Result<bool, StoreError> {
        self.inner.forget(name).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl LeaseStore for HookedStore {
    async fn claim_lease(&self, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError> {
        self.inner.claim_lease(claim).await
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<Progress, StoreError> {
        self.inner.renew_lease(lease, report).await
    }

    async fn release_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<(), StoreError> {
        self.inner.release_lease(lease, report).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DeadLetters for HookedStore {
    async fn dead_letters(
        &self,
        list: DeadLetterList,
    ) -> Result<Vec<(DeadLetterKey, DeadLetter)>, StoreError> {
        self.inner.dead_letters(list).await
    }

    async fn replay(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        self.inner.replay(name, selection).await
    }

    async fn discard(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        self.inner.discard(name, selection).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ViewStore for HookedStore {
    async fn transact(&self, work: ViewWork) -> Result<Transacted, StoreError> {
        self.inner.transact(work).await
    }

    async fn migrate_view(
        &self,
        name: &SubscriptionName,
        migrations: &[ViewMigration],
    ) -> Result<u64, StoreError> {
        self.inner.migrate_view(name, migrations).await
    }

    async fn query_view(
        &self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StoreError> {
        self.inner.query_view(sql, values).await
    }

    fn keep_inline(&self, view: Arc<dyn InlineView>) -> Result<(), StoreError> {
        self.inner.keep_inline(view)
    }
}
