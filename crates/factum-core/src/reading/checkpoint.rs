//! How far subscriptions got, and what they are told to do.

use async_trait::async_trait;

use super::advance::{Advance, Advanced};
use super::name::SubscriptionName;
use super::progress::{Progress, Registration};
use crate::{Position, StoreError, TenantId};

/// What stored subscriptions are listed by: the tenant, `None` for all of them, which comes first;
/// then the name.
pub type ProgressKey = (Option<TenantId>, SubscriptionName);

/// Which subscriptions to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgressList {
    /// Exclusive: the one after which to go on; `None` for the beginning.
    pub after: Option<ProgressKey>,
    /// Most entries to deliver, 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
    pub limit: usize,
}

impl Default for ProgressList {
    /// The first 1,000 of all.
    fn default() -> Self {
        Self { after: None, limit: 1_000 }
    }
}

/// An order to whoever runs a subscription, now or next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instruction {
    /// Stand still, and say why; cut at [`CAUSE_BYTES_MAX`](crate::limits::CAUSE_BYTES_MAX). A
    /// pause that goes on takes another reason, and began when it did.
    Pause {
        /// Why; may be empty.
        reason: String,
    },
    /// Go on.
    Resume,
    /// Reset the view and build it again from after this place.
    Rebuild {
        /// Exclusive: where to start.
        after: Position,
    },
    /// Do not rebuild after all, as long as the view was not reset.
    CancelRebuild,
}

/// Why an order is not taken. Nothing was stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstructError {
    /// No subscription has this name.
    #[error("subscription {name}: expected one that was started before, found none")]
    Unknown {
        /// The name.
        name: SubscriptionName,
    },
    /// It was told to rebuild, and has not begun.
    #[error(
        "subscription {name}: expected no rebuild, found one that was ordered from after {after} and \
         has not begun"
    )]
    Rebuilding {
        /// The name.
        name: SubscriptionName,
        /// Where that rebuild starts.
        after: Position,
    },
    /// There is no rebuild to cancel.
    #[error("subscription {name}: expected a rebuild, found none")]
    NotRebuilding {
        /// The name.
        name: SubscriptionName,
    },
    /// The view was reset already: cancelling would leave half of it, and so could another rebuild.
    #[error(
        "subscription {name}: expected a rebuild that has not begun, found one under way to \
         {target}; it cannot be taken back, and another can be ordered once it is done"
    )]
    Begun {
        /// The name.
        name: SubscriptionName,
        /// Where it is done.
        target: Position,
    },
    /// The subscription keeps no view, so there is nothing to rebuild.
    #[error("subscription {name}: expected a projection, found a subscription, which has no view")]
    NoView {
        /// The name.
        name: SubscriptionName,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far subscriptions got. They are kept by scope: a handle of one tenant has its own, a handle
/// of all tenants others, which read all of the log.
#[async_trait]
pub trait CheckpointStore: Send + Sync + 'static {
    /// Makes a subscription known, unless its name is. Returns what is stored under the name, which
    /// may be another subscription: see [`Progress::fit`]. A name that was forgotten is new, but for
    /// its [epoch](Progress::epoch).
    ///
    /// # Errors
    ///
    /// - [`Invalid`](crate::StoreErrorKind::Invalid) for version 0.
    /// - [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded) for a shape above
    ///   [`SHAPE_BYTES_MAX`](crate::limits::SHAPE_BYTES_MAX), or a start above
    ///   [`POSITION_MAX`](crate::limits::POSITION_MAX).
    async fn register(&self, registration: Registration) -> Result<Progress, StoreError>;

    /// What is stored of a subscription of the handle's own scope.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store cannot be read.
    async fn progress(&self, name: &SubscriptionName) -> Result<Option<Progress>, StoreError>;

    /// Lists subscriptions by tenant and name. A handle of one tenant lists its own, a handle of all
    /// tenants everyone's.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded) for a limit out of range.
    async fn subscriptions(&self, list: ProgressList) -> Result<Vec<Progress>, StoreError>;

    /// Stores a step. It may be lost in a crash of the machine, together with all that came after
    /// it: what it stands for is then done once more.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped future leaves the outcome unknown. Look at what is stored.
    ///
    /// # Errors
    ///
    /// - [`Fenced`](crate::StoreErrorKind::Fenced) if the lease is another's by now, or was given
    ///   up; nothing is stored.
    /// - [`Invalid`](crate::StoreErrorKind::Invalid) if it goes back without a rebuild.
    /// - [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded), before anything else, for a
    ///   position above [`POSITION_MAX`](crate::limits::POSITION_MAX) that would be stored. A step
    ///   from such a place is one from elsewhere: [`Advanced::Moved`].
    async fn advance(&self, advance: Advance) -> Result<Advanced, StoreError>;

    /// Gives an order to whoever runs the subscription, now or next. It is durable. One that changes
    /// nothing, like a pause for the same reason, is not counted.
    ///
    /// # Errors
    ///
    /// An [`InstructError`]; nothing is stored. A rebuild from a position above
    /// [`POSITION_MAX`](crate::limits::POSITION_MAX) is
    /// [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded).
    async fn instruct(
        &self,
        name: &SubscriptionName,
        instruction: Instruction,
    ) -> Result<Progress, InstructError>;

    /// Forgets a subscription: its checkpoint, its letters, the migrations of its view. The view is
    /// left as it is. Says whether there was one.
    ///
    /// Only the number of its last lease is kept, unseen: whoever still holds a lease stays fenced
    /// when the name is made known again.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::StoreErrorKind::Invalid) while somebody holds the lease.
    async fn forget(&self, name: &SubscriptionName) -> Result<bool, StoreError>;
}
