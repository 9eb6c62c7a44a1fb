//! Who runs a subscription, and the number that outs whoever no longer does.

use async_trait::async_trait;

use super::name::{OwnerId, SubscriptionName};
use super::progress::{Progress, SubscriptionReport};
use crate::StoreError;

/// The number of a lease: each one granted is higher than all before. Checkpoints carry it, so that
/// the store refuses those of an owner that lost its lease without knowing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch with this number; 0 before the first lease.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, 1-based; 0 before the first lease.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The right to run a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which one.
    pub name: SubscriptionName,
    /// The fencing number.
    pub epoch: Epoch,
}

/// Another's lease, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseSeen {
    /// Whose it is.
    pub owner: OwnerId,
    /// Its number.
    pub epoch: Epoch,
    /// How often it was renewed.
    pub beat: u64,
}

/// A request for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseClaim {
    /// Which subscription's.
    pub name: SubscriptionName,
    /// Who asks.
    pub owner: OwnerId,
    /// Another's lease that the asker knows to be dead, because it was not renewed for its whole
    /// time, or because its process is gone.
    pub expired: Option<LeaseSeen>,
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// It is the asker's, with what is stored of the subscription.
    Granted(Lease, Box<Progress>),
    /// It is another's.
    Held(LeaseSeen),
}

/// Who runs what: one owner at a time, fenced.
///
/// A store compares no clocks. Whoever wants another's lease watches it: one that was not renewed
/// for its whole time, by the watcher's own clock, is named as expired, and is given over unless it
/// was renewed after all.
#[async_trait]
pub trait LeaseStore: Send + Sync + 'static {
    /// Claims a subscription's lease.
    ///
    /// It is granted if nobody holds it, if `owner` itself does, or if its holder is exactly what
    /// the claim names as expired. A lease that is granted has a higher epoch than every one before,
    /// even after a crash of the store that the owner of that one survived.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped claim may have been granted. Claim again.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::StoreErrorKind::Invalid) if the subscription is not known. After
    /// [`OutcomeUnknown`](crate::StoreErrorKind::OutcomeUnknown), claim again.
    async fn claim_lease(&self, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError>;

    /// Shows that the owner lives, stores its report and returns what is stored.
    ///
    /// A renewal may be lost in a crash of the machine, and the owner with it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Nothing is stored:
    /// - [`Fenced`](crate::StoreErrorKind::Fenced) if the lease is another's by now, or was given up;
    /// - [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded) for a head above
    ///   [`POSITION_MAX`](crate::limits::POSITION_MAX).
    async fn renew_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<Progress, StoreError>;

    /// Gives the lease up, with a last report, so that another owner need not wait.
    ///
    /// A lease that is no longer the caller's is left alone; that is no error.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: it may or may not be given up.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store cannot be written;
    /// [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded) for a head above
    /// [`POSITION_MAX`](crate::limits::POSITION_MAX), and the lease is kept.
    async fn release_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<(), StoreError>;
}
