//! An event on its way through the upcasters.

use bytes::Bytes;
use serde_json::Value;

use crate::codec::Payload;
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

/// A raw payload: as it is stored, until an upcaster asks for its value.
#[derive(Clone, PartialEq)]
pub enum RawPayload {
    /// The value of a JSON or CBOR payload, as an upcaster made it.
    Value(Value),
    /// A payload as it is stored.
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
    /// The payload's value, where the codec is one that describes itself.
    pub(super) fn into_value(self) -> Result<Value, String> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Bytes { codec: codec @ (Codec::Json | Codec::Cbor), bytes } => {
                let value = Payload::Bytes { codec, bytes: &bytes }.value();
                value.map_err(|error| error.to_string())
            }
            Self::Bytes { codec, .. } => {
                Err(format!("expected a json or cbor payload, found {codec}"))
            }
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
