//! Leases in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    Lease, LeaseAnswer, LeaseClaim, LeaseStore, Progress, StoreError, SubscriptionReport, judge,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl LeaseStore for MemoryStore {
    async fn claim_lease(&self, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError> {
        let (key, now) = (self.own(&claim.name), self.shared.clock.now());
        let subscriptions = &mut self.log().subscriptions;
        let answer = judge::claim(subscriptions.get(&key), &claim, now)?;
        if let LeaseAnswer::Granted(_, progress) = &answer {
            subscriptions.put(&key, (**progress).clone());
        }
        Ok(answer)
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<Progress, StoreError> {
        let (key, now) = (self.own(&lease.name), self.shared.clock.now());
        let subscriptions = &mut self.log().subscriptions;
        let progress = judge::renewal(subscriptions.get(&key), lease, report, now)?;
        Ok(subscriptions.put(&key, progress))
    }

    async fn release_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<(), StoreError> {
        let key = self.own(&lease.name);
        let subscriptions = &mut self.log().subscriptions;
        if let Some(progress) = judge::release(subscriptions.get(&key), lease, report)? {
            subscriptions.put(&key, progress);
        }
        Ok(())
    }
}
