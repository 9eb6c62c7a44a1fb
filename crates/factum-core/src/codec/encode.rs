//! Values to bytes.

use serde::Serialize;

use super::variant::VariantSerializer;
use super::{Codec, EncodeError, finite};

/// Appends the content of an enum's variant to `out`, without the variant's name.
///
/// A variant without fields is written as an empty map, so that it may get fields later.
///
/// # Errors
///
/// An [`EncodeError`] if `event` does not serialise as a variant, a field cannot be written, or
/// `codec` is not one of serde's. `out` may then hold a part of it.
pub fn encode_variant<T: Serialize>(
    event: &T,
    codec: Codec,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    match codec {
        Codec::Json => {
            let start = out.len();
            let mut json = serde_json::Serializer::new(&mut *out);
            let written = event.serialize(VariantSerializer(&mut json));
            written.map_err(|error| EncodeError::new(&error))?;
            finite::check(&out[start..], |cbor| encode_variant(event, Codec::Cbor, cbor))
        }
        Codec::Cbor => {
            let mut cbor = cbor4ii::serde::Serializer::new(CborOut(out));
            event.serialize(VariantSerializer(&mut cbor)).map_err(|error| EncodeError::new(&error))
        }
        Codec::Protobuf | Codec::Opaque => Err(EncodeError::other_codec(codec)),
    }
}

/// Appends a value to `out`.
///
/// # Errors
///
/// As [`encode_variant`].
pub fn encode_value<T: Serialize>(
    value: &T,
    codec: Codec,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    match codec {
        Codec::Json => {
            let start = out.len();
            serde_json::to_writer(&mut *out, value).map_err(|error| EncodeError::new(&error))?;
            finite::check(&out[start..], |cbor| encode_value(value, Codec::Cbor, cbor))
        }
        Codec::Cbor => {
            let mut cbor = cbor4ii::serde::Serializer::new(CborOut(out));
            value.serialize(&mut cbor).map_err(|error| EncodeError::new(&error))
        }
        Codec::Protobuf | Codec::Opaque => Err(EncodeError::other_codec(codec)),
    }
}

/// Appends the payload of an event without fields: an empty map, so that it may get fields later.
///
/// # Errors
///
/// As [`encode_variant`].
pub fn encode_nothing(codec: Codec, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    encode_value(&std::collections::BTreeMap::<&str, u8>::new(), codec, out)
}

/// Appends a Protocol Buffers message to `out`.
#[cfg(feature = "protobuf")]
#[expect(clippy::missing_panics_doc, reason = "a vector grows as needed")]
pub fn encode_message<M: prost::Message>(message: &M, out: &mut Vec<u8>) {
    message.encode(out).expect("a vector grows as needed");
}

/// The bytes go where the caller says, after what is there.
#[derive(Debug)]
struct CborOut<'a>(&'a mut Vec<u8>);

impl cbor4ii::core::enc::Write for CborOut<'_> {
    type Error = std::convert::Infallible;

    fn push(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}
