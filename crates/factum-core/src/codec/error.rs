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

    pub(crate) fn cbor(error: &impl Display) -> Self {
        Self::new(redacted(&error.to_string()))
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
    if ["missing field ", "duplicate field "].iter().any(|it| said.starts_with(it)) {
        return said.to_owned();
    }
    let found_and_expected = ["invalid type: ", "invalid value: ", "invalid length "];
    if found_and_expected.iter().any(|it| said.starts_with(it)) {
        let (found, expected) = said.rsplit_once(", expected ").unwrap_or((said, "something else"));
        let kind = found.split(['`', '"', '\'']).next().unwrap_or_default().trim_end();
        return format!("{kind}, expected {expected}");
    }
    for (start, kind) in [("unknown field ", "field"), ("unknown variant ", "variant")] {
        if said.starts_with(start) {
            let (_, expected) = said.rsplit_once(", expected ").unwrap_or((said, "none"));
            return format!("unknown {kind}, expected {expected}");
        }
    }
    "the type's own reading of it failed (its words are withheld)".into()
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
            (
                "no such colour: secret",
                "the type's own reading of it failed (its words are withheld)",
            ),
        ] {
            assert_eq!(redacted(said), kept);
        }
    }
}
