//! What stays in the file of fields that a program no longer has.

use serde_json::{Map, Value, json};

use super::compare;

/// The new shape, and the removed fields of the old one: stored data still has them, so they must
/// neither come back with another type nor be refused.
///
/// Fields inside recursive types are not kept.
pub(in crate::schema_lock) fn carried(old: &Value, new: &Value) -> Value {
    let (Some(old_map), Some(new_map)) = (old.as_object(), new.as_object()) else {
        return new.clone();
    };
    if parts(old).is_some() || parts(new).is_some() {
        return carried_parts(old, new);
    }
    let mut merged = new_map.clone();
    let fields =
        |map: &Map<String, Value>| map.get("properties").and_then(Value::as_object).cloned();
    if let Some(olds) = fields(old_map) {
        let mut news = fields(new_map).unwrap_or_default();
        for (name, was) in olds {
            let is = news.get(&name).map_or_else(|| was.clone(), |is| carried(&was, is));
            news.insert(name, is);
        }
        if new_map.is_empty() {
            merged.insert("type".into(), json!("object"));
        }
        merged.insert("properties".into(), Value::Object(news));
    }
    for key in ["items", "additionalProperties"] {
        if let (Some(old), Some(new)) = (old_map.get(key), new_map.get(key)) {
            merged.insert(key.into(), carried(old, new));
        }
    }
    if let (Some(Value::Array(olds)), Some(Value::Array(news))) =
        (old_map.get("prefixItems"), new_map.get("prefixItems"))
    {
        let pairs = olds.iter().zip(news).map(|(old, new)| carried(old, new));
        merged.insert("prefixItems".into(), pairs.collect());
    }
    Value::Object(merged)
}

/// Each old alternative goes on in the first new one that reads it.
fn carried_parts(old: &Value, new: &Value) -> Value {
    let olds = parts(old).map_or_else(|| vec![old.clone()], |(_, parts)| parts.clone());
    let Some((key, news)) = parts(new) else {
        return olds.iter().fold(new.clone(), |new, old| {
            if compare(old, &new).is_empty() { carried(old, &new) } else { new }
        });
    };
    let mut news = news.clone();
    for old in &olds {
        if let Some(new) = news.iter_mut().find(|new| compare(old, new).is_empty()) {
            *new = carried(old, new);
        }
    }
    let mut merged = new.clone();
    merged[key] = Value::Array(news);
    merged
}

fn parts(schema: &Value) -> Option<(&'static str, &Vec<Value>)> {
    ["oneOf", "anyOf"].into_iter().find_map(|key| Some((key, schema.get(key)?.as_array()?)))
}
