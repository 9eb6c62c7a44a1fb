//! A line that is no JSON, or has not the shape of an event: what was expected and found, in words
//! of our own.

use serde::de::IgnoredAny;
use serde_json::error::Category;

use super::super::source::BadRow;

const CLAIM: &str = "a claim as {\"take\":\"name:value\"}";

/// Says what is no object before it is read as one: an array would be taken for its members.
pub(super) fn check(text: &[u8], line: u64) -> Result<(), BadRow> {
    let blank = text.len() - text.trim_ascii_start().len();
    let found = match text.get(blank) {
        Some(b'{') => return Ok(()),
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b'-' | b'0'..=b'9') => "a number",
        _ => "something else",
    };
    let reason = format!("expected an object in braces, found {found}");
    Err(BadRow::new(line, Some(&(blank + 1).to_string()), reason))
}

/// A line that could not be read: says where.
pub(super) fn fault(text: &[u8], line: u64, error: &serde_json::Error) -> BadRow {
    let reason = match error.classify() {
        Category::Eof => "expected more JSON, found the end of the line".into(),
        Category::Data => {
            let text = error.to_string();
            let reason = text.rsplit_once(" at line ").map_or(&*text, |(reason, _)| reason);
            ours(reason)
        }
        // Of a claim that is none, the library says that it is no JSON.
        _ if serde_json::from_slice::<IgnoredAny>(text).is_ok() => {
            format!("expected {CLAIM}, found something else")
        }
        _ => "expected JSON, found something else".into(),
    };
    BadRow::new(line, Some(&error.column().to_string()), reason)
}

/// What the JSON library says about a member, in our words. What it may say beyond that stays.
fn ours(reason: &str) -> String {
    let quoted = || {
        let name = reason.split('`').nth(1).unwrap_or_default();
        format!("{:?}", name.chars().take(64).collect::<String>())
    };
    if reason.starts_with("missing field ") {
        return format!("expected a member {}, found none", quoted());
    }
    if reason.starts_with("duplicate field ") {
        return format!("expected a member {} once, found it twice", quoted());
    }
    if reason.starts_with("unknown field ") {
        return format!("expected members that events have, found {}", quoted());
    }
    if reason.starts_with("unknown variant ") {
        return format!("expected take or release, found {}", quoted());
    }
    let wrong = reason.strip_prefix("invalid ").and_then(|it| it.split_once(": "));
    let Some((found, expected)) = wrong.and_then(|(_, rest)| rest.rsplit_once(", expected "))
    else {
        return reason.to_owned();
    };
    let expected = match expected {
        "u64" | "u32" => "a whole number from 0 on, not too large",
        "a sequence" => "an array",
        "a map" => "an object",
        "enum Change" | "map with a single key" => CLAIM,
        "a borrowed string" => "a string",
        other => other,
    };
    let found = match found {
        "map" => "an object",
        "sequence" => "an array",
        other => other,
    };
    format!("expected {expected}, found {}", found.replace('`', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_the_library_is_left() {
        let event = |more: &str| format!(r#"{{"stream":"a/b","type":"t","payload":1{more}}}"#);
        for (line, said) in [
            (event(r#","colour":1"#), r#"expected members that events have, found "colour""#),
            (event(r#","type":"u""#), r#"expected a member "type" once, found it twice"#),
            (r#"{"stream":"a/b"}"#.into(), r#"expected a member "type", found none"#),
            (event(r#","tags":"a:b""#), r#"expected an array, found string "a:b""#),
            (event(r#","tags":{}"#), "expected an array, found an object"),
            (event(r#","metadata":[]"#), "expected an object, found an array"),
            (event(r#","metadata":{"k":true}"#), "expected a string, found boolean true"),
            (
                event(r#","schema_version":-1"#),
                "expected a whole number from 0 on, not too large, found integer -1",
            ),
            (event(r#","claims":[{"grab":"a:b"}]"#), r#"expected take or release, found "grab""#),
            (event(r#","claims":[1]"#), r#"expected a claim as {"take":"name:value"}"#),
            (event(r#","claims":[{}]"#), r#"expected a claim as {"take":"name:value"}"#),
            (r#"{"stream":"#.into(), "expected more JSON, found the end of the line"),
            (r#"{"stream":nothing}"#.into(), "expected JSON, found something else"),
            (format!("{} x", event("")), "expected JSON, found something else"),
        ] {
            let error = factum::jsonl::parse(line.as_bytes()).unwrap_err();
            let found = fault(line.as_bytes(), 7, &error).to_string();
            assert!(found.starts_with("line 7, column "), "{found}");
            assert!(found.contains(said), "{line}: {found}, {error}");
        }
    }

    #[test]
    fn an_array_of_the_right_length_is_no_event() {
        for (text, found) in [
            ("[1]", "column 1: expected an object in braces, found an array"),
            ("  \"x\"", "column 3: expected an object in braces, found a string"),
            ("-5", "found a number"),
            ("null", "found something else"),
        ] {
            let row = check(text.as_bytes(), 3).unwrap_err().to_string();
            assert!(row.contains(found), "{row}");
        }
        assert!(check(b" {", 3).is_ok());
    }
}
