//! A payload as values, for reading it in one codec and writing it in another.

use std::borrow::Cow;

use cbor4ii::core::dec::Read;
use cbor4ii::core::utils::SliceReader;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Codec, DecodeError, RecodeError};

/// A value. Two are equal if no program could tell them apart: fractions bit by bit, maps with
/// their order and their repetitions.
#[derive(PartialEq)]
pub(super) enum Tree<'a> {
    Nothing,
    Bool(bool),
    Integer(i128),
    /// The bits of an `f64`.
    Fraction(u64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
}

impl<'a> Tree<'a> {
    /// Reads a whole payload.
    pub(super) fn read(payload: &'a [u8], codec: Codec) -> Result<Self, RecodeError> {
        match codec {
            Codec::Json => serde_json::from_slice(payload).map_err(|error| {
                let reason = DecodeError::json(&error);
                RecodeError::new(format!("expected JSON, found something else: {reason}"))
            }),
            Codec::Cbor => read_cbor(payload),
            other => Err(RecodeError::new(format!("expected codec json or cbor, found {other}"))),
        }
    }

    /// Refuses what JSON has no words for.
    pub(super) fn check_for_json(&self) -> Result<(), RecodeError> {
        let found = match self {
            Self::Nothing | Self::Bool(_) | Self::Text(_) => return Ok(()),
            Self::List(items) => return items.iter().try_for_each(Self::check_for_json),
            Self::Map(entries) => {
                if entries.iter().all(|(key, _)| matches!(key, Self::Text(_))) {
                    return entries.iter().try_for_each(|(_, value)| value.check_for_json());
                }
                "a key that is no text"
            }
            // Longer ones could be written; nearly all readers of JSON would round them.
            Self::Integer(number) if i64::try_from(*number).is_ok() => return Ok(()),
            Self::Integer(number) if u64::try_from(*number).is_ok() => return Ok(()),
            Self::Integer(_) => "an integer of more than 64 bits",
            Self::Fraction(bits) if f64::from_bits(*bits).is_finite() => return Ok(()),
            Self::Fraction(_) => "a number that is not finite",
            Self::Bytes(_) => "a byte string",
        };
        Err(RecodeError::new(format!("expected what JSON can write, found {found}")))
    }
}

fn read_cbor(payload: &[u8]) -> Result<Tree<'_>, RecodeError> {
    let mut cbor = cbor4ii::serde::Deserializer::new(SliceReader::new(payload));
    let tree = Tree::deserialize(&mut cbor).map_err(|_| {
        RecodeError::new("expected CBOR without tags, half floats and too deep nesting")
    })?;
    match cbor.into_inner().fill(1) {
        Ok(rest) if rest.as_ref().is_empty() => Ok(tree),
        _ => Err(RecodeError::new("expected nothing after the value, found more bytes")),
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => serializer.serialize_i64(number),
                (_, Ok(number)) => serializer.serialize_u64(number),
                _ => serializer.serialize_i128(*number),
            },
            Self::Fraction(bits) => serializer.serialize_f64(f64::from_bits(*bits)),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Tree<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

/// Takes whatever comes.
struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Integer(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Integer(number.into()))
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Tree<'de>, E> {
        Ok(Tree::Integer(number))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Tree<'de>, E> {
        let number = i128::try_from(number);
        number.map(Tree::Integer).map_err(|_| E::custom("too large"))
    }

    fn visit_f32<E: Error>(self, number: f32) -> Result<Tree<'de>, E> {
        self.visit_f64(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Tree<'de>, E> {
        Ok(Tree::Fraction(number.to_bits()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.into())))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Tree<'de>, E> {
        Ok(Tree::Bytes(Cow::Owned(bytes.into())))
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Tree<'de>, E> {
        Ok(Tree::Bytes(Cow::Borrowed(bytes)))
    }

    fn visit_none<E: Error>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Nothing)
    }

    fn visit_unit<E: Error>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut found: A) -> Result<Tree<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = found.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut found: A) -> Result<Tree<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = found.next_entry()? {
            entries.push(entry);
        }
        Ok(Tree::Map(entries))
    }
}
