//! A JSON object without the order of its members: the columns or attributes of a row may stand in
//! another order in the next extract, and say the same.

use std::borrow::Cow;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::json;

/// Objects in objects: deeper than this, they are taken as they are written. Attributes of XES
/// nest less deep.
const DEPTH_MAX: usize = 200;

/// A text that is the same for JSON objects that differ in the order of their members only:
/// members are sorted by key, those of one key stay in their order. So do arrays; numbers and
/// strings are as they are written. What is no JSON stays as it is.
pub(super) fn without_order(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(text.len() + 1);
    let written = serde_json::from_slice(text).and_then(|value| write(&mut out, value, 0));
    if written.is_ok() { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

/// Not quite JSON: every member and every element has a comma behind it.
fn write(out: &mut Vec<u8>, value: &RawValue, depth: usize) -> Result<(), serde_json::Error> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'{') if depth < DEPTH_MAX => {
            let Members(mut members) = serde_json::from_str(text)?;
            members.sort_by(|one, other| one.0.cmp(&other.0));
            out.push(b'{');
            for (key, value) in members {
                json::string(out, &key);
                out.push(b':');
                write(out, value, depth + 1)?;
                out.push(b',');
            }
            out.push(b'}');
        }
        Some(b'[') if depth < DEPTH_MAX => {
            out.push(b'[');
            for value in serde_json::from_str::<Vec<&RawValue>>(text)? {
                write(out, value, depth + 1)?;
                out.push(b',');
            }
            out.push(b']');
        }
        _ => out.extend_from_slice(text.as_bytes()),
    }
    Ok(())
}

/// The members of an object as they are written.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::without_order;

    #[test]
    fn only_the_order_of_members_is_left_out() {
        let same = |one: &str, other: &str| {
            without_order(one.as_bytes()) == without_order(other.as_bytes())
        };
        for (one, other) in [
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#),
            (r#"{"a":{"c":1,"b":"\""},"b":2}"#, r#"{"b":2,"a":{"b":"\"","c":1}}"#),
            (r#"{"l":[{"x":{"a":1,"b":2}}]}"#, r#"{"l":[{"x":{"b":2,"a":1}}]}"#),
            (r#"{"b":0,"a":1,"a":2}"#, r#"{"a":1,"b":0,"a":2}"#),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
        for (one, other) in [
            (r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#),
            (r#"{"l":[1,2]}"#, r#"{"l":[2,1]}"#),
            (r#"{"l":[1,2]}"#, r#"{"l":[12]}"#),
            (r#"{"a":0.1}"#, r#"{"a":0.10}"#),
            (r#"{"a":{},"b":1}"#, r#"{"a":{"b":1}}"#),
            (r#"{"a":"b\",\"c\":\"d"}"#, r#"{"a":"b","c":"d"}"#),
            ("{}", "{"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
        let deep = format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000));
        assert!(same(&deep, &deep));
    }
}
