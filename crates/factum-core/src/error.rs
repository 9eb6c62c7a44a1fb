//! What can go wrong: refusals and conflicts are outcomes, a [`StoreError`] is a failure.

use std::error::Error;

use crate::limits::{
    APPEND_BYTES_MAX, CLAIMS_PER_EVENT_MAX, EVENT_BYTES_MAX, EVENTS_PER_APPEND_MAX,
    GUARDS_PER_APPEND_MAX, OUTCOME_BYTES_MAX, QUERY_ITEMS_MAX, QUERY_TERMS_MAX, TAGS_PER_EVENT_MAX,
};
use crate::{
    CommandId, CommandTarget, EventType, Expected, Position, Query, Revision, StreamId, TenantId,
};

/// Why an append stored nothing, or may have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Something the caller relied on no longer holds. Nothing was stored; load, decide again,
    /// retry.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The request can never be stored as it is. Nothing was stored; do not retry.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed. [`StoreError::kind`] says whether anything may be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which guard did not hold, what it expected and what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// A stream is not where the guard expected it.
    #[error("stream {stream}: expected {expected}, found {}", found_revision(*.actual))]
    Stream {
        /// The guarded stream.
        stream: StreamId,
        /// What the guard asked for.
        expected: Expected,
        /// The stream's last revision, `None` if it has no events.
        actual: Option<Revision>,
    },
    /// An event matches a query that none should match.
    #[error(
        "expected no event after position {after} to match the guard's query, found one at position {found}"
    )]
    Query {
        /// The guard's query.
        query: Query,
        /// The guard looked after this position.
        after: Position,
        /// The first position that matches.
        found: Position,
    },
    /// A unique value belongs to another stream.
    #[error(
        "claim {name:?} for stream {stream}: expected it free, found it held by stream {owner}"
    )]
    Claim {
        /// The claim's name; its value is withheld.
        name: String,
        /// The stream that asked for it.
        stream: StreamId,
        /// The stream that holds it.
        owner: StreamId,
    },
}

fn found_revision(actual: Option<Revision>) -> String {
    actual.map_or("no stream".into(), |revision| format!("revision {revision}"))
}

/// Why a request is refused whatever the state of the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Neither events nor guards nor a command id.
    #[error("empty append: expected at least one event, guard or command id, found none")]
    EmptyAppend,
    /// More than [`EVENTS_PER_APPEND_MAX`] events.
    #[error("append too large: expected at most {EVENTS_PER_APPEND_MAX} events, found {found}")]
    TooManyEvents {
        /// How many there were.
        found: usize,
    },
    /// More than [`GUARDS_PER_APPEND_MAX`] guards.
    #[error("append too large: expected at most {GUARDS_PER_APPEND_MAX} guards, found {found}")]
    TooManyGuards {
        /// How many there were.
        found: usize,
    },
    /// An event above [`EVENT_BYTES_MAX`].
    #[error(
        "event {index} for stream {stream}: expected at most {EVENT_BYTES_MAX} bytes, found {found}"
    )]
    EventTooLarge {
        /// The event's stream.
        stream: StreamId,
        /// The event's place in the request, 0-based.
        index: usize,
        /// Its size in bytes.
        found: usize,
    },
    /// All events together above [`APPEND_BYTES_MAX`].
    #[error("append too large: expected at most {APPEND_BYTES_MAX} bytes, found {found}")]
    AppendTooLarge {
        /// The size in bytes.
        found: usize,
    },
    /// More than [`TAGS_PER_EVENT_MAX`] tags on an event.
    #[error(
        "event {index} for stream {stream}: expected at most {TAGS_PER_EVENT_MAX} tags, found {found}"
    )]
    TooManyTags {
        /// The event's stream.
        stream: StreamId,
        /// The event's place in the request, 0-based.
        index: usize,
        /// How many there were.
        found: usize,
    },
    /// More than [`CLAIMS_PER_EVENT_MAX`] claim changes on an event.
    #[error(
        "event {index} for stream {stream}: expected at most {CLAIMS_PER_EVENT_MAX} claim changes, found {found}"
    )]
    TooManyClaims {
        /// The event's stream.
        stream: StreamId,
        /// The event's place in the request, 0-based.
        index: usize,
        /// How many there were.
        found: usize,
    },
    /// A command outcome above [`OUTCOME_BYTES_MAX`].
    #[error("command outcome: expected at most {OUTCOME_BYTES_MAX} bytes, found {found}")]
    OutcomeTooLarge {
        /// The size in bytes.
        found: usize,
    },
    /// A query beyond [`QUERY_ITEMS_MAX`] items or [`QUERY_TERMS_MAX`] terms in an item.
    #[error(
        "query too large: expected at most {QUERY_ITEMS_MAX} items of {QUERY_TERMS_MAX} terms, found {items} of {terms}"
    )]
    QueryTooLarge {
        /// How many items there were.
        items: usize,
        /// The most types or tags in one of them.
        terms: usize,
    },
    /// An event type that is kept for the log's own records.
    #[error("event type {event_type}: expected a name outside the reserved prefix \"factum.\"")]
    ReservedType {
        /// The type.
        event_type: EventType,
    },
    /// The stream was tombstoned.
    #[error("stream {stream}: expected a live stream, found it deleted")]
    StreamDeleted {
        /// The stream.
        stream: StreamId,
    },
    /// The stream to delete or truncate has no events.
    #[error("stream {stream}: expected a stream with events, found none")]
    StreamUnknown {
        /// The stream.
        stream: StreamId,
    },
    /// Truncation beyond the end of the stream, or back before an earlier truncation.
    #[error(
        "stream {stream}: expected a revision from {first} to {last} to truncate before, found {found}"
    )]
    TruncateOutOfRange {
        /// The stream.
        stream: StreamId,
        /// The first revision that is still read.
        first: Revision,
        /// The last revision.
        last: Revision,
        /// What was asked for.
        found: Revision,
    },
    /// The command id was used for another command. Give each command an id of its own.
    #[error("command {id}: {reuse}")]
    CommandReused {
        /// The command id.
        id: CommandId,
        /// What differs.
        reuse: CommandReuse,
    },
    /// An operation on one tenant's data through a handle that sees all of them.
    #[error("expected a handle of one tenant, found one of all tenants; narrow it with for_tenant")]
    TenantRequired,
    /// A handle of one tenant was asked for another one's data.
    #[error("expected tenant {own}, found {asked}: a handle of one tenant reaches no other")]
    TenantWall {
        /// The handle's tenant.
        own: TenantId,
        /// The tenant that was asked for.
        asked: TenantId,
    },
    /// A hook refused the append.
    #[error("refused by hook {hook}: {reason}")]
    Hook {
        /// The hook's name.
        hook: &'static str,
        /// Its reason.
        reason: String,
    },
}

/// How a command differs from the one that its id was first used for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandReuse {
    /// It is addressed to something else.
    #[error("expected its first target {first}, found {found}")]
    Target {
        /// What the id was first used on.
        first: CommandTarget,
        /// What it is used on now.
        found: CommandTarget,
    },
    /// It asks the same target for something else: its [`CommandDigest`](crate::CommandDigest) is
    /// another one.
    #[error("expected the command that {target} was first asked under this id, found another one")]
    Content {
        /// What both are addressed to.
        target: CommandTarget,
    },
}

/// What the caller can do about a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store could not be reached or was busy for too long. Nothing happened; retry later.
    Unavailable,
    /// The answer was lost: the write may be durable. Retry only with the same command id.
    OutcomeUnknown,
    /// It took longer than a limit of the server allows. Nothing was stored; retry if it was only
    /// busy, else raise the limit or ask for less.
    TimedOut,
    /// What the store stands on failed: a disk, memory, the server itself, or a defect. Nothing was
    /// stored; look at the machine and its log before trying again.
    Failed,
    /// The store cannot be used in the way it is set up: its address, its database, encryption, a
    /// pooler in between. Nothing was stored, and no retry helps; change the setting that the
    /// [advice](StoreError::advice) names.
    Misconfigured,
    /// No room is left. Nothing was stored, reads go on; writes go on once there is room.
    StorageFull,
    /// A stated limit was exceeded. Nothing happened; ask for less.
    LimitExceeded,
    /// The store does not offer this; see [`Capabilities`](crate::Capabilities).
    Unsupported,
    /// The request makes no sense to this store or handle. Nothing happened; correct it.
    Invalid,
    /// There is no store at the address, and none was to be made. Nothing happened; name another
    /// address, or make one.
    NoStore,
    /// The stream was tombstoned and reads as deleted.
    StreamDeleted,
    /// The bytes are not a store, or one of a format this program does not know. Left untouched.
    Incompatible,
    /// Permission was denied, or the store may only be read. Nothing happened.
    Denied,
    /// Stored bytes contradict each other or their checksums. Stop writing, verify, restore.
    Corrupt,
    /// Another owner took over. Nothing was stored; stop.
    Fenced,
}

/// A failure of the store: a kind to act upon, the operation, what happened, what to change, and its
/// cause.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {message}{}", advice.map_or(String::new(), |it| format!("; {it}")))]
pub struct StoreError {
    kind: StoreErrorKind,
    operation: &'static str,
    message: String,
    advice: Option<&'static str>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// A failure of `operation`, a lower-case verb phrase such as `"open store"`. The message says
    /// what was expected and found; it never holds a payload or a secret.
    pub fn new(kind: StoreErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self { kind, operation, message: message.into(), advice: None, source: None }
    }

    /// The same failure with what the operator can change about it, such as `"add prepare=false to
    /// the address"`.
    #[must_use]
    pub fn with_advice(mut self, advice: impl Into<Option<&'static str>>) -> Self {
        self.advice = advice.into();
        self
    }

    /// The same failure with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A failure because the request is refused.
    pub fn refused(operation: &'static str, refusal: &Refusal) -> Self {
        let kind = match refusal {
            Refusal::StreamDeleted { .. } => StoreErrorKind::StreamDeleted,
            Refusal::QueryTooLarge { .. } => StoreErrorKind::LimitExceeded,
            _ => StoreErrorKind::Invalid,
        };
        Self::new(kind, operation, refusal.to_string())
    }

    /// What to do about it.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What happened, without the operation and the advice.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the operator can change about it, where the store knows.
    pub fn advice(&self) -> Option<&'static str> {
        self.advice
    }

    /// The same failure of another operation that it stopped, or of the next request that waited for
    /// the same answer. Without the cause, which cannot be copied.
    #[must_use]
    pub fn again(&self, operation: &'static str) -> Self {
        Self::new(self.kind, operation, self.message.clone()).with_advice(self.advice)
    }

    /// What was being done.
    pub fn operation(&self) -> &'static str {
        self.operation
    }
}
