//! A payload on its way back into an event.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::variant::VariantDeserializer;
use super::{Codec, DecodeError};

/// A payload to be decoded: as it is stored, or as an upcaster left it.
#[derive(Debug)]
pub enum Payload<'a> {
    /// The stored bytes.
    Bytes {
        /// How they are encoded.
        codec: Codec,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// A value that an upcaster made, of a JSON or CBOR payload.
    Value(Value),
}

impl Payload<'_> {
    /// Reads the content of the variant that serde knows as `variant`.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] if the content does not fit, or the codec is not one of serde's.
    pub fn variant<T: DeserializeOwned>(self, variant: &'static str) -> Result<T, DecodeError> {
        match self {
            Self::Bytes { codec: Codec::Json, bytes } => {
                let mut json = serde_json::Deserializer::from_slice(bytes);
                let event = T::deserialize(VariantDeserializer::new(variant, &mut json));
                let event = event.map_err(|error| DecodeError::json(&error))?;
                json.end().map_err(|error| DecodeError::json(&error))?;
                Ok(event)
            }
            Self::Bytes { codec: Codec::Cbor, bytes } => {
                let reader = cbor4ii::core::utils::SliceReader::new(bytes);
                let mut cbor = cbor4ii::serde::Deserializer::new(reader);
                let event = T::deserialize(VariantDeserializer::new(variant, &mut cbor));
                event.map_err(DecodeError::cbor)
            }
            Self::Bytes { codec, .. } => Err(DecodeError::other_codec("json or cbor", codec)),
            Self::Value(value) => T::deserialize(VariantDeserializer::new(variant, value))
                .map_err(|error| DecodeError::json(&error)),
        }
    }

    /// Reads a value that is not part of an enum.
    ///
    /// # Errors
    ///
    /// As [`Payload::variant`].
    pub fn value<T: DeserializeOwned>(self) -> Result<T, DecodeError> {
        match self {
            Self::Bytes { codec: Codec::Json, bytes } => {
                serde_json::from_slice(bytes).map_err(|error| DecodeError::json(&error))
            }
            Self::Bytes { codec: Codec::Cbor, bytes } => {
                cbor4ii::serde::from_slice(bytes).map_err(DecodeError::cbor)
            }
            Self::Bytes { codec, .. } => Err(DecodeError::other_codec("json or cbor", codec)),
            Self::Value(value) => T::deserialize(value).map_err(|error| DecodeError::json(&error)),
        }
    }

    /// Reads the payload of an event without fields; what it held before it lost them is ignored.
    ///
    /// # Errors
    ///
    /// As [`Payload::variant`].
    pub fn nothing(self) -> Result<(), DecodeError> {
        self.value().map(|serde::de::IgnoredAny| ())
    }

    /// Reads a Protocol Buffers message.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] if the bytes are no such message, or not encoded as Protobuf at all.
    #[cfg(feature = "protobuf")]
    pub fn message<M: prost::Message + Default>(self) -> Result<M, DecodeError> {
        match self {
            Self::Bytes { codec: Codec::Protobuf, bytes } => {
                M::decode(bytes).map_err(|error| DecodeError::protobuf(&error))
            }
            Self::Bytes { codec, .. } => Err(DecodeError::other_codec("protobuf", codec)),
            Self::Value(_) => Err(DecodeError::other_codec("protobuf", Codec::Json)),
        }
    }
}
