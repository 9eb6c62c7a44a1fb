//! What can be wrong with a registry, and with an event that is read through it.

use crate::codec::DecodeError;
use crate::{Codec, EventType, Position, RecordedEvent, Revision, SchemaVersion, StreamId};

/// Why a registry cannot be built. Found when the program starts, not when an old event turns up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Two Rust types go by one name in the log.
    #[error(
        "event type {event_type}: declared by both {first} and {second}; give one another name"
    )]
    SameName {
        /// The name in the log.
        event_type: EventType,
        /// One of the types.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Two upcasters start at the same shape.
    #[error("event type {event_type} version {version}: expected one upcaster, found two")]
    TwoUpcasters {
        /// The type.
        event_type: String,
        /// The version that both start at.
        version: SchemaVersion,
    },
    /// An older shape has no upcaster.
    #[error(
        "event type {event_type}: expected an upcaster from version {version}, found none; \
         the program writes version {current}"
    )]
    MissingUpcaster {
        /// The type.
        event_type: EventType,
        /// The version that nothing leads away from.
        version: SchemaVersion,
        /// The version that the program writes.
        current: SchemaVersion,
    },
    /// An upcaster leads to a shape that is neither current nor has an upcaster itself.
    #[error(
        "upcaster from {from} version {from_version} leads to {to} version {to_version}, which nothing reads"
    )]
    DeadEnd {
        /// Where the upcaster starts.
        from: String,
        /// Its version.
        from_version: SchemaVersion,
        /// What it leads to.
        to: String,
        /// The version it leads to.
        to_version: SchemaVersion,
    },
    /// An upcaster starts at a shape that the program writes.
    #[error(
        "upcaster from {event_type} version {version}: expected an older version, found the one that the program writes"
    )]
    FromCurrent {
        /// The type.
        event_type: String,
        /// The version.
        version: SchemaVersion,
    },
    /// An upcaster starts at a version above the one that the program writes.
    #[error(
        "upcaster from {event_type} version {version}: expected a version below {current}, which the program writes"
    )]
    FromFuture {
        /// The type.
        event_type: String,
        /// The version.
        version: SchemaVersion,
        /// The version that the program writes.
        current: SchemaVersion,
    },
    /// Upcasters lead in a circle.
    #[error("upcasters from {event_type} version {version} lead back to it")]
    Circle {
        /// The type.
        event_type: String,
        /// The version.
        version: SchemaVersion,
    },
}

/// Why one stored event could not be read. Names the event, never what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "event {event_type} version {schema_version} ({codec}) at revision {revision} of stream \
     {stream}, position {position}: {problem}"
)]
pub struct EventError {
    /// Its type.
    pub event_type: EventType,
    /// The shape it was written in.
    pub schema_version: SchemaVersion,
    /// How it is encoded.
    pub codec: Codec,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream.
    pub revision: Revision,
    /// Its place in the log.
    pub position: Position,
    /// What is wrong.
    pub problem: EventProblem,
}

/// What is wrong with an event that is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventProblem {
    /// The program does not know the type.
    #[error("expected a type that this program knows, found an unknown one")]
    UnknownType,
    /// A newer program wrote it.
    #[error("expected at most version {current}, found one of a newer program")]
    Newer {
        /// The version that this program writes.
        current: SchemaVersion,
    },
    /// An upcaster could not change it.
    #[error("it could not be upcast: {0}")]
    Upcast(DecodeError),
    /// The payload does not fit the type.
    #[error("its payload could not be decoded: {0}")]
    Decode(DecodeError),
    /// The program's code panicked on it.
    #[error("applying it to the state panicked: {0}")]
    Panicked(String),
}

impl EventError {
    /// Says what is wrong with `event`.
    pub fn new(event: &RecordedEvent, problem: EventProblem) -> Self {
        Self {
            event_type: event.event_type.clone(),
            schema_version: event.schema_version,
            codec: event.codec,
            stream: event.stream.clone(),
            revision: event.revision,
            position: event.position,
            problem,
        }
    }
}
