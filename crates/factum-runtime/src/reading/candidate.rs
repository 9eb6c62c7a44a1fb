//! Waiting for a lease: it is taken at once if it is free, and after its time if nobody renews it.

use std::time::Duration;

use factum_core::{
    Lease, LeaseAnswer, LeaseClaim, LeaseSeen, OwnerId, Progress, SharedStore, StoreError,
    SubscriptionName,
};
use tokio::time::Instant;

use super::owner;

/// One that wants the lease of a subscription.
#[derive(Debug)]
pub(super) struct Candidate {
    name: SubscriptionName,
    owner: OwnerId,
    /// How long a lease lasts that is not renewed.
    lasts: Duration,
    /// Another's lease, and since when it was seen like this.
    seen: Option<(LeaseSeen, Instant)>,
}

/// What a look at the lease came to.
#[derive(Debug)]
pub(super) enum Look {
    /// It is the candidate's now.
    Granted(Lease, Box<Progress>),
    /// It is another's. What is stored of the subscription comes with it, unless the lease was asked
    /// for and refused.
    Held(OwnerId, Option<Box<Progress>>),
}

impl Candidate {
    pub(super) fn new(name: SubscriptionName, owner: OwnerId, lease_ms: u64) -> Self {
        Self { name, owner, lasts: Duration::from_millis(lease_ms), seen: None }
    }

    /// Takes the lease if nobody holds it, if its owner's process has ended on this machine, or if it
    /// was not renewed for its whole time while this candidate looked. Otherwise it looks by reading,
    /// which disturbs nobody.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a look that is dropped may have been granted the lease.
    pub(super) async fn look(&mut self, store: &SharedStore) -> Result<Look, StoreError> {
        let Some((seen, since)) = &self.seen else { return self.ask(store, None).await };
        let Some(progress) = store.progress(&self.name).await? else {
            return self.ask(store, None).await; // It was deleted; to ask for its lease says so.
        };
        let Some(owner) = progress.owner.clone() else { return self.ask(store, None).await };
        let now = LeaseSeen { owner, epoch: progress.epoch, beat: progress.beat };
        if now == *seen && (since.elapsed() >= self.lasts || owner::is_gone(&now.owner)) {
            return self.ask(store, Some(now)).await;
        }
        let owner = now.owner.clone();
        if now != *seen {
            self.seen = Some((now, Instant::now()));
        }
        Ok(Look::Held(owner, Some(Box::new(progress))))
    }

    /// Asks for the lease; once more if it turns out that its owner's process has ended.
    async fn ask(
        &mut self,
        store: &SharedStore,
        mut expired: Option<LeaseSeen>,
    ) -> Result<Look, StoreError> {
        loop {
            let (name, owner) = (self.name.clone(), self.owner.clone());
            let held = match store
                .claim_lease(LeaseClaim { name, owner, expired: expired.clone() })
                .await?
            {
                LeaseAnswer::Granted(lease, progress) => return Ok(Look::Granted(lease, progress)),
                LeaseAnswer::Held(held) => held,
            };
            self.seen = Some((held.clone(), Instant::now()));
            if expired.is_some() || !owner::is_gone(&held.owner) {
                return Ok(Look::Held(held.owner, None));
            }
            expired = Some(held);
        }
    }
}
