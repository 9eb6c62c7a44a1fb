//! An event on its way through the upcasters.

use bytes::Bytes;
use serde_json::Value;

use crate::codec::{DecodeError, Payload};
use crate::{Codec, EventType, InvalidName, SchemaVersion};

/// An event before it is decoded: its type, the version of its shape, and its raw payload.
#[derive(Clone, PartialEq)]
pub struct RawEvent {
    /// What kind of fact it is.
    pub event_type: EventType,
    /// The shape the payload is in.
    pub schema_version: SchemaVersion,
    /// The payload.
    pub payload: RawPayload,
}

/// A raw payload: a value where the codec describes itself, bytes where it does not.
#[derive(Clone, PartialEq)]
pub enum RawPayload {
    /// A JSON or CBOR payload.
    Value(Value),
    /// A Protobuf or opaque payload.
    Bytes {
        /// How it is encoded.
        codec: Codec,
        /// The encoded fact.
        bytes: Bytes,
    },
}

impl RawEvent {
    /// An event with a value as its payload.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if `event_type` is none.
    pub fn new(event_type: &str, version: u32, value: Value) -> Result<Self, InvalidName> {
        Ok(Self {
            event_type: EventType::new(event_type)?,
            schema_version: SchemaVersion::new(version),
            payload: RawPayload::Value(value),
        })
    }

    pub(super) fn is(&self, event_type: &str, version: SchemaVersion) -> bool {
        self.event_type.as_str() == event_type && self.schema_version == version
    }
}

impl RawPayload {
    /// Reads as much of a stored payload as upcasters work on.
    pub(super) fn read(codec: Codec, bytes: &Bytes) -> Result<Self, DecodeError> {
        match codec {
            Codec::Json | Codec::Cbor => {
                Payload::Bytes { codec, bytes }.value().map(RawPayload::Value)
            }
            Codec::Protobuf | Codec::Opaque => Ok(Self::Bytes { codec, bytes: bytes.clone() }),
        }
    }

    pub(super) fn as_payload(&self) -> Payload<'_> {
        match self {
            Self::Value(value) => Payload::Value(value.clone()),
            Self::Bytes { codec, bytes } => Payload::Bytes { codec: *codec, bytes },
        }
    }
}

impl std::fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawEvent")
            .field("event_type", &self.event_type)
            .field("schema_version", &self.schema_version)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for RawPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(..)"),
            Self::Bytes { codec, .. } => write!(f, "Bytes({codec}, ..)"),
        }
    }
}
