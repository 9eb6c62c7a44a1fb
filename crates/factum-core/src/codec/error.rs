//! Why a payload could not be written or read. Never says what is in it.

use std::fmt::Display;

use super::Codec;

/// Why an event's payload could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("payload cannot be encoded: {reason}")]
pub struct EncodeError {
    reason: String,
}

impl EncodeError {
    /// From an error of serde, whose own words may repeat what was to be written.
    pub(crate) fn new(error: &impl Display) -> Self {
        Self { reason: redacted(&error.to_string()) }
    }

    pub(crate) fn not_finite() -> Self {
        let reason = "expected finite numbers, which is all that JSON can write, found another; \
                      CBOR can write it";
        Self { reason: reason.into() }
    }

    pub(crate) fn other_codec(found: Codec) -> Self {
        let reason = format!("expected codec json or cbor for serde's types, found {found}");
        Self { reason }
    }
}

/// Why an event's payload could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DecodeError {
    reason: String,
}

impl DecodeError {
    /// Says in your own words why a payload does not fit; do not repeat the payload.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    /// The event type is none of those that were asked.
    pub fn unknown_type() -> Self {
        Self::new("expected one of this program's event types, found an unknown one")
    }

    pub(crate) fn json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        if !error.is_data() {
            return Self::new(text); // About JSON's grammar: says what was expected, and where.
        }
        let place = match (error.line(), error.column()) {
            (0, _) => String::new(),
            (line, column) => format!(" at line {line} column {column}"),
        };
        let said = text.strip_suffix(&place).unwrap_or(&text);
        Self::new(format!("{}{place}", redacted(said)))
    }

    pub(crate) fn cbor<E>(error: cbor4ii::serde::DecodeError<E>) -> Self {
        match error {
            cbor4ii::serde::DecodeError::Custom(said) => Self::new(redacted(&said)),
            cbor4ii::serde::DecodeError::Core(_) => {
                Self::new("expected CBOR of this shape, found something else")
            }
        }
    }

    #[cfg(feature = "protobuf")]
    pub(crate) fn protobuf(_: &prost::DecodeError) -> Self {
        Self::new("expected a message of this type, found bytes that are none")
    }

    pub(crate) fn other_codec(expected: &str, found: Codec) -> Self {
        Self::new(format!("expected codec {expected}, found {found}"))
    }
}

/// What serde says of its own accord, without the values it repeats. Words of a custom
/// implementation may hold anything and are withheld.
fn redacted(said: &str) -> String {
    for start in ["missing field `", "duplicate field `"] {
        if let Some(name) = said.strip_prefix(start).and_then(|it| it.strip_suffix('`'))
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        {
            return said.to_owned();
        }
    }
    for start in ["invalid type: ", "invalid value: "] {
        if let Some(rest) = said.strip_prefix(start)
            && let Some(kind) = KINDS.iter().find(|kind| rest.starts_with(**kind))
        {
            return format!("{start}{kind}{}", expectation(rest));
        }
    }
    if let Some(rest) = said.strip_prefix("invalid length ") {
        return format!("invalid length{}", expectation(rest));
    }
    for kind in ["unknown field", "unknown variant"] {
        if said.starts_with(kind) {
            let known = if said.ends_with('`') { expectation(said) } else { String::new() };
            return format!("{kind}{known}");
        }
    }
    "the type's own words about it are withheld".into()
}

/// What serde calls the kinds of values that it finds.
const KINDS: [&str; 18] = [
    "boolean",
    "integer",
    "floating point",
    "character",
    "string",
    "byte array",
    "unit value",
    "Option value",
    "newtype struct",
    "sequence",
    "map",
    "enum",
    "unit variant",
    "newtype variant",
    "tuple variant",
    "struct variant",
    "null",
    "tuple",
];

/// The part after the last `, expected`: serde's words about the type, and not about the value.
fn expectation(said: &str) -> String {
    said.rsplit_once(", expected ").map_or_else(String::new, |(_, it)| format!(", expected {it}"))
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn what_was_found_is_not_repeated() {
        for (said, kept) in [
            ("missing field `amount`", "missing field `amount`"),
            (
                "invalid type: string \"secret, expected nothing\", expected u64",
                "invalid type: string, expected u64",
            ),
            ("invalid value: integer `-5`, expected u8", "invalid value: integer, expected u8"),
            (
                "unknown variant `secret`, expected `a` or `b`",
                "unknown variant, expected `a` or `b`",
            ),
            ("unknown field `secret`, expected `a`", "unknown field, expected `a`"),
            ("no such colour: secret", "the type's own words about it are withheld"),
            ("unknown field `a, expected secret`, there are no fields", "unknown field"),
            ("missing field secret, or so", "the type's own words about it are withheld"),
            ("invalid type: secret, expected u8", "the type's own words about it are withheld"),
        ] {
            assert_eq!(redacted(said), kept);
        }
    }
}
