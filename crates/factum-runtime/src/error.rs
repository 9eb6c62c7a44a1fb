//! What can go wrong when a state is loaded, and when a command is executed.

use factum_core::codec::EncodeError;
use factum_core::{
    AppendError, Conflict, EventError, EventType, ImpossibleQuery, InvalidName, Refusal, Revision,
    StoreError, StoreErrorKind, StreamId, Timestamp,
};

use crate::Options;

/// How long a command has to be remembered for its outcome to be settled by asking again, in
/// milliseconds: longer than all attempts take.
const REMEMBERED_MS_MIN: i64 = 60_000;

/// Why a state could not be loaded. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The id, the category, or a value of the decision's query is no name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The query of a decision's model, or of its validation, can match no event: a rule would be
    /// switched off in silence.
    #[error(transparent)]
    Query(#[from] ImpossibleQuery),
    /// An event could not be read, or applying it panicked.
    #[error(transparent)]
    Event(#[from] Box<EventError>),
    /// The beginning of the stream was truncated, and no snapshot stands in for it.
    #[error(
        "stream {stream}: expected events from revision {expected} on, or a snapshot that stands \
         in for them, found the first one at revision {found}"
    )]
    Truncated {
        /// The stream.
        stream: StreamId,
        /// The first revision that is needed.
        expected: Revision,
        /// The first one that is there.
        found: Revision,
    },
    /// A state cannot be written as JSON, which a difference of states is made of.
    #[error("the state cannot be written as JSON: {0}")]
    NotJson(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EventError> for LoadError {
    fn from(error: EventError) -> Self {
        Self::Event(Box::new(error))
    }
}

/// Why a command was not executed. Nothing was stored, except that it may have been after
/// [`ExecuteError::Store`] with [`OutcomeUnknown`](StoreErrorKind::OutcomeUnknown).
#[derive(Debug)]
#[non_exhaustive]
pub enum ExecuteError<E> {
    /// The rules say no.
    Rejected(E),
    /// Something else happened first: on every attempt, or at all where the caller expected a
    /// certain revision or took a unique value.
    Conflict {
        /// What was in the way at the last attempt.
        conflict: Conflict,
        /// How many attempts were made.
        attempts: u32,
    },
    /// The state could not be loaded.
    Load(LoadError),
    /// What was decided cannot be stored: it exceeds a limit, or the command id is in use.
    Refused(Refusal),
    /// An event's payload cannot be written.
    Encode {
        /// The event's type.
        event_type: EventType,
        /// Why not.
        error: EncodeError,
    },
    /// A revision was expected of a decision, which has none.
    NoRevision {
        /// The decision's name.
        decision: &'static str,
    },
    /// A tag, claim, stream or id is no name.
    Name {
        /// What it was meant for.
        event_type: Option<EventType>,
        /// Why not.
        error: InvalidName,
    },
    /// The store failed; its kind says what to do next. With a command id, what can be settled by
    /// asking again has been.
    Store(StoreError),
}

impl<E> ExecuteError<E> {
    /// The reason of the rules, if it was they who said no.
    pub fn rejection(&self) -> Option<&E> {
        match self {
            Self::Rejected(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether loading again and deciding again may help, at this time.
    pub(crate) fn is_retryable(&self, options: &Options, now: Timestamp) -> bool {
        match self {
            Self::Conflict { conflict: Conflict::Claim { .. }, .. } => false,
            // The caller's own expectation failed, and not just the guard on what was read.
            Self::Conflict { conflict: Conflict::Stream { actual, .. }, .. } => {
                options.expected.is_none_or(|expected| expected.holds(*actual))
            }
            Self::Conflict { .. } => true,
            Self::Store(error) | Self::Load(LoadError::Store(error)) => match error.kind() {
                StoreErrorKind::Unavailable | StoreErrorKind::TimedOut => true,
                // Settled by the command id, as long as the store remembers it.
                StoreErrorKind::OutcomeUnknown => {
                    let soon = now.plus_millis(REMEMBERED_MS_MIN);
                    options.command_id.is_some() && options.expires_at.is_none_or(|it| it > soon)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether it is about what the state, or the caller's expectation of it, allows.
    pub(crate) fn is_judgement(&self) -> bool {
        matches!(self, Self::Rejected(_) | Self::Conflict { .. } | Self::Refused(_))
    }

    /// Whether it is about the new events themselves, which another state might not lead to.
    pub(crate) fn is_about_the_events(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Encode { .. } | Self::Name { .. })
    }

    pub(crate) fn after(self, made: u32) -> Self {
        match self {
            Self::Conflict { conflict, .. } => Self::Conflict { conflict, attempts: made },
            other => other,
        }
    }
}

impl<E> From<AppendError> for ExecuteError<E> {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(conflict) => Self::Conflict { conflict, attempts: 1 },
            AppendError::Refused(refusal) => Self::Refused(refusal),
            AppendError::Store(error) => Self::Store(error),
            other => Self::Store(StoreError::new(
                StoreErrorKind::Unsupported,
                "append",
                other.to_string(),
            )),
        }
    }
}

impl<E> From<LoadError> for ExecuteError<E> {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl<E: std::fmt::Display> std::fmt::Display for ExecuteError<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rejected(reason) => write!(f, "{reason}"),
            Self::Conflict { conflict, attempts: 1 } => write!(f, "{conflict}"),
            Self::Conflict { conflict, attempts } => {
                write!(f, "{conflict} (the last of {attempts} attempts)")
            }
            Self::Load(error) => write!(f, "{error}"),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Encode { event_type, error } => write!(f, "event {event_type}: {error}"),
            Self::Name { event_type: Some(event_type), error } => {
                write!(f, "event {event_type}: {error}")
            }
            Self::NoRevision { decision } => {
                write!(f, "decision {decision}: expected no expected revision, found one")
            }
            Self::Name { event_type: None, error } => write!(f, "{error}"),
            Self::Store(error) => write!(f, "{error}"),
        }
    }
}

impl<E: std::fmt::Debug + std::fmt::Display> std::error::Error for ExecuteError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::Store(error) => error.source(),
            _ => None, // Shown in full already.
        }
    }
}

/// Why seeding stored nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// A stream holds something else where the seed has an event.
    #[error(
        "stream {stream}: expected the seed's event at revision {revision} or no event, found \
         another one"
    )]
    Occupied {
        /// The stream.
        stream: StreamId,
        /// Where the other event is.
        revision: Revision,
    },
    /// A part of the seed exceeds a limit; a seed is one append.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An event's payload cannot be written.
    #[error("event {event_type}: {error}")]
    Encode {
        /// The event's type.
        event_type: EventType,
        /// Why not.
        error: EncodeError,
    },
    /// The seed's name, a stream, a tag or a claim is no name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// Others kept writing to the seed's streams, or hold a unique value that it takes.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store failed; seeding again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}
