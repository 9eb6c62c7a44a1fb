//! A payload in another codec, with exactly the values that it has.

use super::tree::Tree;
use super::{Codec, encode_value, numbers};

/// Why a payload cannot stand in another codec. Never says what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct RecodeError {
    reason: String,
}

impl RecodeError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// Writes a JSON or CBOR payload in the other of the two.
///
/// Nothing is rounded and nothing is left out: integers stay integers, fractions keep every bit,
/// the entries of a map keep their order, and repeated keys are repeated. What was written is read
/// again and compared.
///
/// # Errors
///
/// A [`RecodeError`] if the payload is not what `from` says, or holds what `to` cannot give back:
/// byte strings, keys that are no text, numbers that are not finite or do not fit 64 bits.
///
/// # Examples
///
/// ```
/// use factum_core::Codec;
/// use factum_core::codec::recode;
///
/// let cbor = recode(br#"{"cents":18446744073709551615}"#, Codec::Json, Codec::Cbor)?;
/// assert_eq!(recode(&cbor, Codec::Cbor, Codec::Json)?, br#"{"cents":18446744073709551615}"#);
/// assert!(recode(b"0.12345678901234567891", Codec::Json, Codec::Cbor).is_err());
/// # Ok::<(), factum_core::codec::RecodeError>(())
/// ```
pub fn recode(payload: &[u8], from: Codec, to: Codec) -> Result<Vec<u8>, RecodeError> {
    let tree = Tree::read(payload, from)?;
    if from == Codec::Json {
        numbers::check(payload)?;
    }
    if to == Codec::Json {
        tree.check_for_json()?;
    }
    let mut written = Vec::with_capacity(payload.len());
    let encoded = encode_value(&tree, to, &mut written);
    encoded.map_err(|error| RecodeError::new(error.to_string()))?;
    match Tree::read(&written, to) {
        Ok(again) if again == tree => Ok(written),
        _ => Err(RecodeError::new(format!(
            "expected values that {to} gives back as they are, found others, or too many within \
             one another"
        ))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::recode;
    use crate::Codec::{Cbor, Json, Opaque};

    #[test]
    fn what_goes_there_and_back_is_as_it_was() {
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        for json in [
            "null",
            "{}",
            "[]",
            r#""""#,
            r#"{"b":1,"a":[true,false,null],"b":2}"#,
            "[0,-1,18446744073709551615,-9223372036854775808,9223372036854775807]",
            "[0.1,1.0,-0.0,1e300,5e-324,1.7976931348623157e308,0.30000000000000004]",
            r#"["\u0000","\"quoted\"","😀","ß"]"#,
            &deep,
        ] {
            let cbor = recode(json.as_bytes(), Json, Cbor).unwrap();
            let again = recode(&cbor, Cbor, Json).unwrap();
            assert_eq!(recode(&again, Json, Cbor).unwrap(), cbor, "{json}");
            let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
            assert_eq!(value(&again), value(json.as_bytes()));
        }
    }

    #[test]
    fn a_fraction_is_not_taken_for_an_integer() {
        let there_and_back =
            |json: &str| recode(&recode(json.as_bytes(), Json, Cbor).unwrap(), Cbor, Json).unwrap();
        assert_eq!(there_and_back("[1,1.0,1e2,1.10]"), b"[1,1.0,100.0,1.1]");
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        let refused: [(&[u8], &str); 11] = [
            (b"\x43abc", "found a byte string"),
            (b"\xa1\x01\x02", "found a key that is no text"),
            (b"\xa1\xf6\x02", "found a key that is no text"),
            (b"\xf9\x7e\x00", "CBOR"), // A half-precision NaN: read by none of our types.
            (b"\xfa\x7f\xc0\x00\x00", "not finite"),
            (b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00", "not finite"),
            (b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "more than 64 bits"),
            (b"\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00", "more than 64 bits"),
            (b"\xc0\x61a", "CBOR"), // A tag: no part of serde's values.
            (b"\x01\x02", "nothing after"),
            (b"\x61", "CBOR"),
        ];
        for (cbor, why) in refused {
            let error = recode(cbor, Cbor, Json).unwrap_err().to_string();
            assert!(error.contains(why), "{cbor:02x?}: {error}");
        }
        let nested = [vec![0x81; 150], vec![0x01]].concat();
        recode(&nested, Cbor, Json).unwrap_err();
    }

    #[test]
    fn what_is_no_json_or_too_exact_is_refused() {
        for json in ["", "{", "1 2", "nul", r#""\ud800""#, "18446744073709551616", "0.1e-400"] {
            recode(json.as_bytes(), Json, Cbor).unwrap_err();
        }
        for codec in [Json, Cbor] {
            recode(b"1", codec, Opaque).unwrap_err();
            recode(b"1", Opaque, codec).unwrap_err();
        }
    }

    #[test]
    fn an_error_repeats_nothing_of_the_payload() {
        for payload in [r#"{"name":secret}"#, r#"["secret",18446744073709551616]"#] {
            let error = recode(payload.as_bytes(), Json, Cbor).unwrap_err().to_string();
            assert!(!error.contains("secret") && !error.contains("1844"), "{error}");
        }
    }
}
