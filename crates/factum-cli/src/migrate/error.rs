//! Why a migration stops, each with its exit code and what to do.

use factum::codec::RecodeError;
use factum::{Conflict, EventType, Position, RecordedEvent, Revision, StreamId, TenantId};

use crate::outcome::{Exit, Failure};

/// Why a migration stops, beside the failures of the stores and of files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    /// Both addresses lead to the same log.
    #[error("expected two stores, found {0} as both source and target")]
    SameStore(String),
    /// A part of a log was asked for.
    #[error("expected whole logs, found one tenant named in {0}")]
    OneTenant(String),
    /// The target holds something that no earlier run is known to have put there.
    #[error("expected an empty target, found {target} with its head at position {head}")]
    TargetNotEmpty { target: String, head: Position },
    /// A payload that the other codec cannot hold.
    #[error("{place}: {reason}")]
    NotRecodable { place: EventPlace, reason: RecodeError },
    /// An event that is too large, as it may be once it is recoded.
    #[error("{place}: expected at most {} bytes, found {found}", factum::limits::EVENT_BYTES_MAX)]
    TooLarge { place: EventPlace, found: usize },
    /// A record of a deletion or truncation that carrying it out again would not leave.
    #[error("{place}: {reason}")]
    Record { place: EventPlace, reason: String },
    /// A guard did not hold.
    #[error("expected nobody else to write to the target, found that someone did: {0}")]
    Guard(Conflict),
    /// The target answered with other places than those of a copy.
    #[error(
        "expected nobody else to write to the target, found it at position {found} instead of \
         {expected}"
    )]
    OtherPlace { expected: Position, found: Position },
    /// The target gave an event of a stream another revision than the source has.
    #[error(
        "stream {stream}: expected its copy to end at the revision of the source, found {found}"
    )]
    OtherRevision { stream: StreamId, found: String },
    /// The source no longer holds what was copied.
    #[error("the source is not as the earlier run left it: {0}")]
    SourceChanged(String),
    /// The target does not hold what was copied, or more than that.
    #[error("the target is not as the earlier run left it: {0}")]
    TargetChanged(String),
    /// The progress file cannot be read as one.
    #[error("{file}: expected a progress file of factum migrate, found {found}")]
    NoCheckpoint { file: String, found: String },
    /// The progress file belongs to another run.
    #[error("{file}: expected the progress of a run with {what} {expected}, found {found}")]
    OtherRun { file: String, what: &'static str, expected: String, found: String },
}

impl MigrateError {
    fn exit(&self) -> Exit {
        match self {
            Self::SameStore(_) | Self::OneTenant(_) | Self::OtherRun { .. } => Exit::Usage,
            Self::NotRecodable { .. }
            | Self::TooLarge { .. }
            | Self::Record { .. }
            | Self::NoCheckpoint { .. } => Exit::BadInput,
            Self::TargetNotEmpty { .. }
            | Self::Guard(_)
            | Self::OtherPlace { .. }
            | Self::OtherRevision { .. }
            | Self::SourceChanged(_)
            | Self::TargetChanged(_) => Exit::Conflict,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::SameStore(_) => None,
            Self::OneTenant(_) => Some("leave the tenant out: all of them are copied"),
            Self::TargetNotEmpty { .. } => Some(
                "name a target that does not exist yet; a run that was begun with --resume FILE \
                 goes on with the same FILE",
            ),
            Self::NotRecodable { .. } => {
                Some("nothing of its batch was stored; without --recode it is copied as it is")
            }
            Self::TooLarge { .. } | Self::Record { .. } => Some("nothing of its batch was stored"),
            Self::Guard(_) | Self::OtherPlace { .. } | Self::OtherRevision { .. } => {
                Some("stop what else writes there; begin again with an empty target")
            }
            Self::SourceChanged(_) | Self::TargetChanged(_) => {
                Some("begin again with an empty target and another progress file")
            }
            Self::NoCheckpoint { .. } => {
                Some("name another file, or one that does not exist yet to begin with")
            }
            Self::OtherRun { .. } => Some("a progress file belongs to one source and one target"),
        }
    }
}

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        let failure = Self::new(error.exit(), error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Which event an error is about.
#[derive(Debug)]
pub(crate) struct EventPlace {
    tenant: TenantId,
    stream: StreamId,
    revision: Revision,
    event_type: EventType,
}

impl EventPlace {
    pub(super) fn of(event: &RecordedEvent) -> Self {
        Self {
            tenant: event.tenant.clone(),
            stream: event.stream.clone(),
            revision: event.revision,
            event_type: event.event_type.clone(),
        }
    }
}

impl std::fmt::Display for EventPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tenant, stream, revision, event_type } = self;
        write!(f, "stream {stream} of tenant {tenant}, revision {revision}, type {event_type}")
    }
}
