//! A schema as a list of alternatives, each of one type.

use serde_json::{Map, Value, json};

/// References are followed so far; no Rust type is nested deeper without content between.
const REFERENCES_MAX: usize = 8;

/// Takes a schema apart: into the parts of `oneOf` and `anyOf`, the types and the values it lists.
pub(super) fn alternatives(schema: &Value, root: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    take_apart(schema, root, REFERENCES_MAX, &mut found);
    found
}

fn take_apart(schema: &Value, root: &Value, references: usize, found: &mut Vec<Value>) {
    let Some(map) = schema.as_object() else {
        found.push(schema.clone());
        return;
    };
    if map.len() == 1 {
        if let Some(target) = map.get("$ref").and_then(|it| target(it, root))
            && references > 0
        {
            return take_apart(&target, root, references - 1, found);
        }
        let parts = map.get("oneOf").or_else(|| map.get("anyOf")).and_then(Value::as_array);
        if let Some(parts) = parts {
            for part in parts {
                take_apart(part, root, references, found);
            }
            return;
        }
    }
    if let Some(values) = map.get("enum").and_then(Value::as_array) {
        found.extend(values.iter().map(|it| json!({ "type": type_of(it), "enum": [it] })));
    } else if let Some(types) = map.get("type").and_then(Value::as_array) {
        found.extend(types.iter().map(|it| of_type(map, it)));
    } else {
        found.push(schema.clone());
    }
}

/// What a reference leads to, if it is one that leads somewhere.
pub(super) fn target(reference: &Value, root: &Value) -> Option<Value> {
    let pointer = reference.as_str()?.strip_prefix('#')?;
    root.pointer(pointer).map(without_definitions)
}

/// A root as it would stand anywhere else.
pub(super) fn without_definitions(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut() {
        map.remove("$defs");
    }
    schema
}

fn of_type(map: &Map<String, Value>, one: &Value) -> Value {
    if one == "null" || one == "boolean" {
        return json!({ "type": one }); // The other keywords are about the other types.
    }
    let mut map = map.clone();
    map.insert("type".into(), one.clone());
    Value::Object(map)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A few words for an alternative.
pub(super) fn summary(alternative: &Value) -> String {
    if let Some(value) = alternative.pointer("/enum/0") {
        return value.to_string();
    }
    let names = |key: &str| {
        let map = alternative.get(key).and_then(Value::as_object);
        map.map(|it| it.keys().cloned().collect::<Vec<_>>().join(", "))
    };
    match (alternative.get("type").and_then(Value::as_str), names("properties")) {
        (Some(one), Some(fields)) => format!("{one} with {fields}"),
        (Some(one), None) => one.to_owned(),
        _ => "any value".to_owned(),
    }
}
