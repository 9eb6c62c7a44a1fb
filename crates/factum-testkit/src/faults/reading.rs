//! Faults of what readers keep in the store.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    Advance, Advanced, CheckpointStore, DeadLetter, DeadLetterKey, DeadLetterList,
    DeadLetterSelection, DeadLetters, InlineView, InstructError, Instruction, Lease, LeaseAnswer,
    LeaseClaim, LeaseStore, Progress, ProgressList, Registration, SqlRow, SqlValue, StoreError,
    SubscriptionName, SubscriptionReport, Transacted, ViewMigration, ViewStore, ViewWork,
};

use super::FaultyStore;

impl FaultyStore {
    async fn checkpoint<T: Send>(
        &self,
        operation: &'static str,
        store: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let fault = self.faults.orders().checkpoints.pop_front();
        self.faulted(fault, operation, store).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for FaultyStore {
    async fn register(&self, registration: Registration) -> Result<Progress, StoreError> {
        self.checkpoint("register subscription", self.inner.register(registration)).await
    }

    async fn progress(&self, name: &SubscriptionName) -> Result<Option<Progress>, StoreError> {
        self.inner.progress(name).await
    }

    async fn subscriptions(&self, list: ProgressList) -> Result<Vec<Progress>, StoreError> {
        self.inner.subscriptions(list).await
    }

    async fn advance(&self, advance: Advance) -> Result<Advanced, StoreError> {
        self.checkpoint("advance subscription", self.inner.advance(advance)).await
    }

    async fn instruct(
        &self,
        name: &SubscriptionName,
        instruction: Instruction,
    ) -> Result<Progress, InstructError> {
        let instruct = self.inner.instruct(name, instruction);
        self.faulted(None, "instruct subscription", instruct).await
    }

    async fn forget(&self, name: &SubscriptionName) -> Result<bool, StoreError> {
        self.faulted(None, "forget subscription", self.inner.forget(name)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl LeaseStore for FaultyStore {
    async fn claim_lease(&self, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError> {
        self.checkpoint("claim lease", self.inner.claim_lease(claim)).await
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<Progress, StoreError> {
        self.checkpoint("renew lease", self.inner.renew_lease(lease, report)).await
    }

    async fn release_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<(), StoreError> {
        self.checkpoint("release lease", self.inner.release_lease(lease, report)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DeadLetters for FaultyStore {
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
        self.faulted(None, "replay dead letters", self.inner.replay(name, selection)).await
    }

    async fn discard(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        self.faulted(None, "discard dead letters", self.inner.discard(name, selection)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ViewStore for FaultyStore {
    async fn transact(&self, work: ViewWork) -> Result<Transacted, StoreError> {
        self.checkpoint("change view", self.inner.transact(work)).await
    }

    async fn migrate_view(
        &self,
        name: &SubscriptionName,
        migrations: &[ViewMigration],
    ) -> Result<u64, StoreError> {
        self.faulted(None, "migrate view", self.inner.migrate_view(name, migrations)).await
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
