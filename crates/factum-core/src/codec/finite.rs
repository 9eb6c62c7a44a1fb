//! Numbers that JSON has no words for: it would write `null`, which no number can be read from.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::EncodeError;

/// Refuses a payload in which JSON has lost a number. Few payloads hold a `null`; the others cost a
/// search. `as_cbor` writes the same value as CBOR, which keeps such numbers.
pub(super) fn check(
    json: &[u8],
    as_cbor: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let mut cbor = Vec::new();
    if !json.windows(4).any(|it| it == b"null") || as_cbor(&mut cbor).is_err() {
        return Ok(());
    }
    match cbor4ii::serde::from_slice::<AllFinite>(&cbor) {
        Err(cbor4ii::serde::DecodeError::Custom(said)) if *said == *NOT_FINITE => {
            Err(EncodeError::not_finite())
        }
        _ => Ok(()), // Whatever else this reader makes of it is no concern of JSON's.
    }
}

const NOT_FINITE: &str = "not finite";

/// A value whose numbers are all finite, and nothing else about it.
struct AllFinite;

impl<'de> Deserialize<'de> for AllFinite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AllFinite)
    }
}

impl<'de> Visitor<'de> for AllFinite {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self, E> {
        if number.is_finite() { Ok(self) } else { Err(E::custom(NOT_FINITE)) }
    }

    fn visit_f32<E: Error>(self, number: f32) -> Result<Self, E> {
        self.visit_f64(f64::from(number))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_none<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self, D::Error> {
        Self::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use serde::Serialize;

    use crate::Codec;
    use crate::codec::{encode_value, encode_variant};

    #[derive(Serialize)]
    enum Shape {
        Measured { note: Option<u8>, nested: Vec<(f64, Option<f32>)> },
        Alone(f64),
    }

    #[test]
    fn a_number_that_json_would_lose_is_refused() {
        let mut out = Vec::new();
        for lost in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let nested = Shape::Measured { note: None, nested: vec![(1.0, None), (lost, None)] };
            for shape in [nested, Shape::Alone(lost)] {
                let error = encode_variant(&shape, Codec::Json, &mut out).unwrap_err();
                assert!(error.to_string().contains("finite"), "{error}");
                encode_variant(&shape, Codec::Cbor, &mut out).unwrap();
            }
            encode_value(&[lost], Codec::Json, &mut out).unwrap_err();
        }
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        let mut out = Vec::new();
        let fine = Shape::Measured { note: None, nested: vec![(1.5, None), (-0.0, Some(2.0))] };
        encode_variant(&fine, Codec::Json, &mut out).unwrap();
        encode_value(&("null", None::<u8>, 'x', true, -7, u64::MAX), Codec::Json, &mut out)
            .unwrap();
    }
}
