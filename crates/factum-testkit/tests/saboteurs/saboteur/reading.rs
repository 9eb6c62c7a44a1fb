//! How what readers keep in a store is broken.

use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    Advance, Advanced, CheckpointStore, DeadLetter, DeadLetterKey, DeadLetterList,
    DeadLetterSelection, DeadLetters, InlineView, InstructError, Instruction, Lease, LeaseAnswer,
    LeaseClaim, LeaseStore, Progress, ProgressList, Registration, SqlRow, SqlValue, StoreError,
    SubscriptionName, SubscriptionReport, Transacted, ViewMigration, ViewStore, ViewWork,
};

use super::Saboteur;
use crate::journal::Deed;
use crate::sabotage::Sabotage;

#[async_trait]
impl CheckpointStore for Saboteur {
    async fn register(&self, mut registration: Registration) -> Result<Progress, StoreError> {
        match self.sabotage {
            Sabotage::Registration(change) => change(&mut registration),
            Sabotage::Register(register) => {
                return register(Arc::clone(&self.inner), registration).await;
            }
            _ => {}
        }
        let answer = self.inner.register(registration.clone()).await;
        self.note(&answer, Deed::Register(registration));
        answer
    }

    async fn progress(&self, name: &SubscriptionName) -> Result<Option<Progress>, StoreError> {
        let mut found = match self.sabotage {
            Sabotage::LookUp(change) => self.inner.progress(&change(name)).await?,
            _ => self.inner.progress(name).await?,
        };
        if let Sabotage::Found(change) = self.sabotage {
            found.iter_mut().for_each(change);
        }
        Ok(found)
    }

    async fn subscriptions(&self, mut list: ProgressList) -> Result<Vec<Progress>, StoreError> {
        if let Sabotage::ListSubscriptions(change) = self.sabotage {
            change(&mut list);
        }
        let mut found = self.inner.subscriptions(list).await?;
        if let Sabotage::Subscriptions(change) = self.sabotage {
            change(&mut found);
        }
        Ok(found)
    }

    async fn advance(&self, mut advance: Advance) -> Result<Advanced, StoreError> {
        match self.sabotage {
            Sabotage::Step(change) => change(&mut advance),
            Sabotage::Advance(make) => return make(Arc::clone(&self.inner), advance).await,
            _ => {}
        }
        let answer = self.inner.advance(advance.clone()).await;
        self.note(&answer, Deed::Advance(advance));
        answer
    }

    async fn instruct(
        &self,
        name: &SubscriptionName,
        instruction: Instruction,
    ) -> Result<Progress, InstructError> {
        if let Sabotage::Instruct(instruct) = self.sabotage {
            return instruct(Arc::clone(&self.inner), name.clone(), instruction).await;
        }
        let answer = self.inner.instruct(name, instruction.clone()).await;
        self.note(&answer, Deed::Instruct(name.clone(), instruction));
        answer
    }

    async fn forget(&self, name: &SubscriptionName) -> Result<bool, StoreError> {
        if let Sabotage::Forget(forget) = self.sabotage {
            return forget(Arc::clone(&self.inner), name.clone()).await;
        }
        let answer = self.inner.forget(name).await;
        self.note(&answer, Deed::Forget(name.clone()));
        answer
    }
}

#[async_trait]
impl LeaseStore for Saboteur {
    async fn claim_lease(&self, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError> {
        if let Sabotage::ClaimLease(grant) = self.sabotage {
            return grant(Arc::clone(&self.inner), claim).await;
        }
        let answer = self.inner.claim_lease(claim.clone()).await;
        self.note(&answer, Deed::Claim(claim));
        answer
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<Progress, StoreError> {
        if let Sabotage::Renew(renew) = self.sabotage {
            return renew(Arc::clone(&self.inner), lease.clone(), report).await;
        }
        let answer = self.inner.renew_lease(lease, report.clone()).await;
        self.note(&answer, Deed::Renew(lease.clone(), report));
        answer
    }

    async fn release_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<(), StoreError> {
        if let Sabotage::Release(release) = self.sabotage {
            return release(Arc::clone(&self.inner), lease.clone(), report).await;
        }
        let answer = self.inner.release_lease(lease, report.clone()).await;
        self.note(&answer, Deed::Release(lease.clone(), report));
        answer
    }
}

#[async_trait]
impl DeadLetters for Saboteur {
    async fn dead_letters(
        &self,
        mut list: DeadLetterList,
    ) -> Result<Vec<(DeadLetterKey, DeadLetter)>, StoreError> {
        if let Sabotage::ListLetters(change) = self.sabotage {
            change(&mut list);
        }
        let mut found = self.inner.dead_letters(list).await?;
        if let Sabotage::Letters(change) = self.sabotage {
            change(&mut found);
        }
        Ok(found)
    }

    async fn replay(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        if let Sabotage::Replay(replay) = self.sabotage {
            return replay(Arc::clone(&self.inner), name.clone(), selection).await;
        }
        let answer = self.inner.replay(name, selection.clone()).await;
        self.note(&answer, Deed::Replay(name.clone(), selection));
        answer
    }

    async fn discard(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        if let Sabotage::Discard(discard) = self.sabotage {
            return discard(Arc::clone(&self.inner), name.clone(), selection).await;
        }
        let answer = self.inner.discard(name, selection.clone()).await;
        self.note(&answer, Deed::Discard(name.clone(), selection));
        answer
    }
}

#[async_trait]
impl ViewStore for Saboteur {
    async fn transact(&self, work: ViewWork) -> Result<Transacted, StoreError> {
        match self.sabotage {
            Sabotage::Views => Ok(Transacted::RolledBack),
            _ => self.inner.transact(work).await,
        }
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
