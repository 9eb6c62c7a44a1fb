//! Why a subscription ended, and what interrupts its loop.

use factum_core::{
    EventId, Position, ShapeError, StoreError, StoreErrorKind, StreamId, SubscriptionName,
};

/// Why a subscription ended by itself. Its checkpoint is where it was; nothing was lost.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// Another program declares another subscription of this name.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The checkpoint is beyond the end of the log: the log was put back to an earlier state, or it is
    /// another one.
    #[error(
        "subscription {name}: expected a checkpoint at or below the head {head}, found {position}; \
         the log is not the one that was read; rebuild, or forget the subscription"
    )]
    BeyondHead {
        /// Its name.
        name: SubscriptionName,
        /// The checkpoint.
        position: Position,
        /// The end of the log.
        head: Position,
    },
    /// The last event that was handled is not in the log any more: it was put back to an earlier state
    /// and went on differently, or it is another one.
    #[error(
        "subscription {name}: expected event {expected} at position {position}, found another one; \
         the log is not the one that was read; rebuild, or forget the subscription"
    )]
    OtherHistory {
        /// Its name.
        name: SubscriptionName,
        /// The place of the last event that was handled.
        position: Position,
        /// That event.
        expected: EventId,
    },
    /// An event could not be handled, and the policy is to end then.
    #[error(
        "subscription {name}: event at position {position}, stream {stream}, could not be handled: \
         {failure}"
    )]
    Event {
        /// Its name.
        name: SubscriptionName,
        /// The event's place.
        position: Position,
        /// The event's stream.
        stream: StreamId,
        /// What went wrong.
        failure: String,
    },
    /// The first event that a new projection was given could not be handled: see
    /// [`FailurePolicy::fail_fast`](crate::FailurePolicy::fail_fast).
    #[error(
        "subscription {name}: the first event, at position {position}, stream {stream}, could not be \
         handled: {failure}; mend the projection, or have it go on without such events with \
         FailurePolicy::fail_fast(false)"
    )]
    FirstEvent {
        /// Its name.
        name: SubscriptionName,
        /// The event's place.
        position: Position,
        /// The event's stream.
        stream: StreamId,
        /// What went wrong.
        failure: String,
    },
    /// More events are set aside than may be.
    #[error("subscription {name}: expected at most {most} events set aside, found {found}")]
    TooManyLetters {
        /// Its name.
        name: SubscriptionName,
        /// The limit, [`letters_max`](crate::SubscriptionSettings::letters_max).
        most: u64,
        /// How many there are.
        found: u64,
    },
    /// The view could not be reset.
    #[error("subscription {name}: the view could not be reset: {failure}")]
    Reset {
        /// Its name.
        name: SubscriptionName,
        /// What went wrong.
        failure: String,
    },
    /// The store failed in a way that trying again does not help.
    #[error("subscription {name}: {source}")]
    Store {
        /// Its name.
        name: SubscriptionName,
        /// What went wrong.
        source: StoreError,
    },
}

/// What interrupts a step of the loop.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The lease is another's.
    Fenced,
    /// The store failed.
    Store(StoreError),
    /// It is over.
    Fatal(Box<SubscriptionError>),
    /// Stopping was requested.
    Stop,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error.kind() {
            StoreErrorKind::Fenced => Self::Fenced,
            _ => Self::Store(error),
        }
    }
}

impl From<SubscriptionError> for Trouble {
    fn from(error: SubscriptionError) -> Self {
        Self::Fatal(Box::new(error))
    }
}

/// Whether a failure of the store may pass.
pub(super) fn may_pass(error: &StoreError) -> bool {
    matches!(
        error.kind(),
        StoreErrorKind::Unavailable
            | StoreErrorKind::OutcomeUnknown
            | StoreErrorKind::TimedOut
            | StoreErrorKind::Failed
            | StoreErrorKind::StorageFull
            | StoreErrorKind::Denied
    )
}
