//! The write: events, the guards they depend on, and the command they answer.

use std::collections::HashMap;

use bytes::Bytes;
use foldhash::fast::RandomState;

use crate::limits::{
    APPEND_BYTES_MAX, CLAIMS_PER_EVENT_MAX, COMMAND_BYTES_MAX, EVENT_BYTES_MAX,
    EVENTS_PER_APPEND_MAX, GUARDS_PER_APPEND_MAX, OUTCOME_BYTES_MAX, TAGS_PER_EVENT_MAX,
};
use crate::name::{check_text, text_name};
use crate::{CommandDigest, NewEvent, Position, Query, Refusal, Revision, StreamId, Timestamp};

/// What a stream guard expects, judged before the append's own events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Nothing.
    Any,
    /// The stream has no events.
    NoStream,
    /// The stream has at least one event.
    Exists,
    /// The stream's last event has this revision.
    Revision(Revision),
}

impl Expected {
    /// Whether a stream whose last revision is `actual` is as expected.
    pub fn holds(self, actual: Option<Revision>) -> bool {
        match self {
            Self::Any => true,
            Self::NoStream => actual.is_none(),
            Self::Exists => actual.is_some(),
            Self::Revision(revision) => actual == Some(revision),
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::NoStream => f.write_str("no stream"),
            Self::Exists => f.write_str("a stream"),
            Self::Revision(revision) => write!(f, "revision {revision}"),
        }
    }
}

/// A condition on the log as it stands before the append. All guards of an append must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A stream is where the caller last saw it. It need not be one that the append writes to.
    Stream {
        /// The stream.
        stream: StreamId,
        /// Where it should be.
        expected: Expected,
    },
    /// No event after a position matches a query.
    NoneMatch {
        /// Which events would be in the way.
        query: Query,
        /// Exclusive: where the caller's knowledge ends.
        after: Position,
    },
}

text_name!(
    /// Names one command, so that repeating it has no second effect.
    CommandId, "command id", check_text, COMMAND_BYTES_MAX
);

text_name!(
    /// What a command is addressed to: a stream, or a decision by name.
    CommandTarget, "command target", check_text, COMMAND_BYTES_MAX
);

impl From<&StreamId> for CommandTarget {
    fn from(stream: &StreamId) -> Self {
        Self(stream.as_str().into())
    }
}

/// The command that an append answers. `Debug` withholds the outcome.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// The command's id, unique within its tenant.
    pub id: CommandId,
    /// What it is addressed to; the same id on another target is refused.
    pub target: CommandTarget,
    /// What it asks for; the same id with another digest is refused. `None` on either side means
    /// that the two are not told apart.
    pub digest: Option<CommandDigest>,
    /// What to answer when it comes again: bytes that only the caller understands.
    pub outcome: Bytes,
    /// When the store may forget it, by the store's clock; `None` for never.
    pub expires_at: Option<Timestamp>,
}

impl Command {
    /// A command without a digest and an outcome, remembered for ever.
    pub fn new(id: CommandId, target: impl Into<CommandTarget>) -> Self {
        Self { id, target: target.into(), digest: None, outcome: Bytes::new(), expires_at: None }
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command")
            .field("id", &self.id)
            .field("target", &self.target)
            .field("digest", &self.digest)
            .field("outcome_bytes", &self.outcome.len())
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

/// Everything one append asks for, stored whole or not at all. Without events and without a
/// command, the guards are judged and nothing is stored.
///
/// # Examples
///
/// ```
/// use factum_core::{AppendRequest, Codec, EventType, Expected, IdSource, NewEvent, RandomIds};
///
/// let moved = |event_type| -> Result<NewEvent, factum_core::InvalidName> {
///     Ok(NewEvent::new(RandomIds.next_id(), EventType::new(event_type)?, Codec::Json, "{}"))
/// };
/// let transfer = AppendRequest::default()
///     .stream("account/ann".parse()?, Expected::Exists, [moved("account.withdrawn")?])
///     .stream("account/bob".parse()?, Expected::Exists, [moved("account.deposited")?]);
/// transfer.check()?;
/// assert!(AppendRequest::default().check().is_err(), "an empty append is refused");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppendRequest {
    /// The events in log order, each with its stream.
    pub events: Vec<(StreamId, NewEvent)>,
    /// What must hold.
    pub guards: Vec<Guard>,
    /// The command that is answered.
    pub command: Option<Command>,
}

impl AppendRequest {
    /// Adds `events` for `stream`, which is expected as said. Without events, it adds the guard alone.
    #[must_use]
    pub fn stream(
        mut self,
        stream: StreamId,
        expected: Expected,
        events: impl IntoIterator<Item = NewEvent>,
    ) -> Self {
        self.events.extend(events.into_iter().map(|event| (stream.clone(), event)));
        if expected != Expected::Any {
            self.guards.push(Guard::Stream { stream, expected });
        }
        self
    }

    /// Adds the guard that no event after `after` (exclusive) matches `query`.
    #[must_use]
    pub fn none_match(mut self, query: impl Into<Query>, after: Position) -> Self {
        self.guards.push(Guard::NoneMatch { query: query.into(), after });
        self
    }

    /// Makes the append the answer to `command`.
    #[must_use]
    pub fn command(mut self, command: Command) -> Self {
        self.command = Some(command);
        self
    }

    /// Whether it is only judged: there is neither an event nor a command to store.
    pub fn is_guards_alone(&self) -> bool {
        self.events.is_empty() && self.command.is_none()
    }

    /// Checks the request against [`limits`](crate::limits); stores call it before anything else.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that says which limit was exceeded and by what.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.is_guards_alone() && self.guards.is_empty() {
            return Err(Refusal::EmptyAppend);
        }
        if self.events.len() > EVENTS_PER_APPEND_MAX {
            return Err(Refusal::TooManyEvents { found: self.events.len() });
        }
        if self.guards.len() > GUARDS_PER_APPEND_MAX {
            return Err(Refusal::TooManyGuards { found: self.guards.len() });
        }
        for guard in &self.guards {
            if let Guard::NoneMatch { query, .. } = guard {
                query.check()?;
            }
        }
        let outcome_bytes = self.command.as_ref().map_or(0, |command| command.outcome.len());
        if outcome_bytes > OUTCOME_BYTES_MAX {
            return Err(Refusal::OutcomeTooLarge { found: outcome_bytes });
        }
        self.check_events()
    }

    fn check_events(&self) -> Result<(), Refusal> {
        let mut total = 0;
        for (index, (stream, event)) in self.events.iter().enumerate() {
            let (stream, tags, claims) =
                (stream.clone(), event.tags.iter().len(), event.claims.len());
            if event.event_type.is_reserved() {
                return Err(Refusal::ReservedType { event_type: event.event_type.clone() });
            }
            if tags > TAGS_PER_EVENT_MAX {
                return Err(Refusal::TooManyTags { stream, index, found: tags });
            }
            if claims > CLAIMS_PER_EVENT_MAX {
                return Err(Refusal::TooManyClaims { stream, index, found: claims });
            }
            let bytes = event.bytes();
            if bytes > EVENT_BYTES_MAX {
                return Err(Refusal::EventTooLarge { stream, index, found: bytes });
            }
            total += bytes;
        }
        if total > APPEND_BYTES_MAX {
            return Err(Refusal::AppendTooLarge { found: total });
        }
        Ok(())
    }
}

/// What an append stored, and where the log stood when it was judged.
#[derive(Clone, PartialEq, Eq)]
pub struct Appended {
    /// The position of the first event; `None` for an append without events.
    pub first: Option<Position>,
    /// The position of the last event; for an append without events, the head it was judged at.
    pub last: Position,
    /// The streams written to, in the order of their first event, with their last revision.
    pub streams: Vec<(StreamId, Revision)>,
    /// The stored outcome of the command, if there was one.
    pub outcome: Option<Bytes>,
    /// Whether this is the answer to a command that was stored before; nothing was stored now.
    pub repeated: bool,
}

impl Appended {
    /// The revision that `stream` reached, if the append wrote to it.
    pub fn revision(&self, stream: &StreamId) -> Option<Revision> {
        self.streams.iter().find(|(name, _)| name == stream).map(|(_, revision)| *revision)
    }
}

/// Collects [`Appended::streams`] event by event; for stores.
#[derive(Clone, Debug, Default)]
pub struct TouchedStreams {
    streams: Vec<(StreamId, Revision)>,
    /// Where each stream stands in the list, once the list is long.
    places: HashMap<StreamId, usize, RandomState>,
}

/// Up to this many streams, looking through the list beats hashing.
const LIST_MAX: usize = 8;

impl TouchedStreams {
    /// Notes that an event of `stream` took `revision`.
    pub fn note(&mut self, stream: &StreamId, revision: Revision) {
        let place = if self.streams.len() <= LIST_MAX {
            self.streams.iter().rposition(|(name, _)| name == stream)
        } else {
            self.places.get(stream).copied()
        };
        if let Some(place) = place {
            self.streams[place].1 = revision;
            return;
        }
        self.streams.push((stream.clone(), revision));
        if self.streams.len() == LIST_MAX + 1 {
            self.places.extend(self.streams.iter().map(|(name, _)| name.clone()).zip(0..));
        } else if self.streams.len() > LIST_MAX {
            self.places.insert(stream.clone(), self.streams.len() - 1);
        }
    }

    /// The streams in the order of their first event, with their last revision.
    pub fn into_vec(self) -> Vec<(StreamId, Revision)> {
        self.streams
    }
}

impl std::fmt::Debug for Appended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Appended")
            .field("first", &self.first)
            .field("last", &self.last)
            .field("streams", &self.streams)
            .field("outcome_bytes", &self.outcome.as_ref().map(Bytes::len))
            .field("repeated", &self.repeated)
            .finish()
    }
}
