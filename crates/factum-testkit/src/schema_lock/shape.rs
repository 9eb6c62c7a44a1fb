//! The shape of what a program stores: a JSON schema without anything that readers do not see.

use std::collections::{BTreeMap, BTreeSet};

use factum_core::{Codec, Event, EventSpec};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::LockError;

/// Keywords that say nothing about what can be read.
const ANNOTATIONS: [&str; 9] = [
    "$comment",
    "$schema",
    "default",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// The shape of a type as serde reads it.
pub(super) fn of_type<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true);
    plain(settings.into_generator().into_root_schema_for::<T>().to_value())
}

/// The shapes of a context's events, without the names that stand in their envelopes.
pub(super) fn of_events<E: Event + JsonSchema>()
-> Result<Vec<(&'static EventSpec, Value)>, LockError> {
    let root = of_type::<E>();
    let own = own_name::<E>();
    E::specs().into_iter().map(|spec| Ok((spec, of_event(spec, own, &root)?))).collect()
}

fn of_event(spec: &EventSpec, own: &'static str, root: &Value) -> Result<Value, LockError> {
    let rust_name = short_name(spec);
    let (before, last) = rust_name.rsplit_once("::").unwrap_or(("", rust_name));
    let is_variant = before == own;
    let is_struct = last == own && !before.starts_with(char::is_uppercase);
    if !is_variant && !is_struct {
        let (event_type, rust_name) = (spec.event_type().clone(), spec.rust_name());
        return Err(LockError::Union { union: own, event_type, rust_name });
    }
    if !matches!(spec.codec(), Codec::Json | Codec::Cbor) {
        let name = if is_variant { rust_name } else { last };
        return Ok(json!({ spec.codec().as_str(): name }));
    }
    if !is_variant {
        return Ok(root.clone());
    }
    let (_, content) = variant(last, root).ok_or_else(|| LockError::Variant {
        rust_name: spec.rust_name(),
        found: variants(root).into_iter().map(|(name, _)| name.to_owned()).collect(),
    })?;
    Ok(content.map_or_else(|| json!({}), |content| with_definitions(content, own, root)))
}

/// The name of `T` without its path.
fn own_name<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

/// The last two parts of the Rust name, so that moving a type to another module changes nothing.
pub(super) fn short_name(spec: &EventSpec) -> &'static str {
    let name = spec.rust_name();
    name.rmatch_indices("::").nth(1).map_or(name, |(at, separator)| &name[at + separator.len()..])
}

/// A variant as serde calls it, and its content, if it has any.
type Variant<'a> = (&'a str, Option<&'a Value>);

/// Finds a variant. serde may write its name in kebab case or the like.
fn variant<'a>(name: &str, root: &'a Value) -> Option<Variant<'a>> {
    let folded = |name: &str| name.replace(['-', '_'], "").to_lowercase();
    let name = name.strip_prefix("r#").unwrap_or(name);
    let all = variants(root);
    let exact = all.iter().find(|(own, _)| *own == name);
    let found = exact.or_else(|| all.iter().find(|(own, _)| folded(own) == folded(name)));
    found.copied()
}

/// The variants of an enum.
fn variants(root: &Value) -> Vec<Variant<'_>> {
    let several = root.get("oneOf").and_then(Value::as_array);
    let parts = several.map_or_else(|| std::slice::from_ref(root), Vec::as_slice);
    let mut variants = Vec::new();
    for part in parts {
        let units = part.get("enum").and_then(Value::as_array).into_iter().flatten();
        variants.extend(units.filter_map(Value::as_str).map(|name| (name, None)));
        let properties = part.get("properties").and_then(Value::as_object);
        let single = properties.filter(|it| it.len() == 1 && several.is_some());
        let named = single.into_iter().flatten();
        variants.extend(named.map(|(name, content)| (name.as_str(), Some(content))));
    }
    variants
}

/// Takes along what recursive types refer to.
fn with_definitions(content: &Value, own: &str, root: &Value) -> Value {
    let mut content = content.clone();
    let mut definitions = root.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut whole = root.clone();
    if let Some(map) = whole.as_object_mut() {
        map.remove("$defs");
    }
    definitions.insert(own.to_owned(), whole);
    let to_own = format!("#/$defs/{own}");
    redirect(&mut content, &to_own);
    definitions.values_mut().for_each(|it| redirect(it, &to_own));

    let mut needed = BTreeSet::new();
    collect_references(&content, &definitions, &mut needed);
    if !needed.is_empty()
        && let Some(map) = content.as_object_mut()
    {
        definitions.retain(|name, _| needed.contains(name));
        map.insert("$defs".into(), Value::Object(definitions));
    }
    content
}

/// Lets references to the whole enum point to where it is kept.
fn redirect(value: &mut Value, to: &str) {
    match value {
        Value::Object(map) => {
            if map.get("$ref").is_some_and(|it| it == "#") {
                map.insert("$ref".into(), to.into());
            }
            map.values_mut().for_each(|it| redirect(it, to));
        }
        Value::Array(items) => items.iter_mut().for_each(|it| redirect(it, to)),
        _ => {}
    }
}

fn collect_references(value: &Value, all: &Map<String, Value>, needed: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            let name = map.get("$ref").and_then(Value::as_str);
            if let Some(name) = name.and_then(|it| it.strip_prefix("#/$defs/"))
                && let Some(target) = all.get(name)
                && needed.insert(name.to_owned())
            {
                collect_references(target, all, needed);
            }
            map.values().for_each(|it| collect_references(it, all, needed));
        }
        Value::Array(items) => items.iter().for_each(|it| collect_references(it, all, needed)),
        _ => {}
    }
}

/// One way to write equal schemas: no annotations, every list whose order means nothing sorted.
fn plain(schema: Value) -> Value {
    let Value::Object(map) = schema else { return schema };
    let mut out = BTreeMap::new(); // Whatever order the maps of JSON keep in this program.
    for (key, value) in map {
        match (key.as_str(), value) {
            (key, _) if ANNOTATIONS.contains(&key) => {}
            ("properties" | "patternProperties" | "$defs", Value::Object(named)) => {
                let named: BTreeMap<_, _> =
                    named.into_iter().map(|(name, it)| (name, plain(it))).collect();
                out.insert(key, Value::Object(Map::from_iter(named)));
            }
            ("oneOf" | "anyOf" | "allOf" | "prefixItems", Value::Array(parts)) => {
                out.insert(key, Value::Array(parts.into_iter().map(plain).collect()));
            }
            ("items" | "additionalProperties" | "unevaluatedProperties" | "not", value) => {
                out.insert(key, plain(value));
            }
            ("const", value) => {
                out.insert("enum".into(), Value::Array(vec![value]));
            }
            ("required" | "type" | "enum", Value::Array(items)) => {
                out.insert(key, sorted(items));
            }
            (_, value) => {
                out.insert(key, value);
            }
        }
    }
    if let Some(Value::Array(parts)) = out.remove("oneOf") {
        out.extend(one_of(parts));
    }
    if out.is_empty() { Value::Bool(true) } else { Value::Object(Map::from_iter(out)) }
}

/// Variants without content, in one list: a doc comment on one of them sets it apart otherwise.
fn one_of(parts: Vec<Value>) -> Map<String, Value> {
    let (mut names, mut others) = (Vec::new(), Vec::new());
    for part in parts {
        let is_name = part.get("type").is_some_and(|it| it == "string");
        match part.get("enum").and_then(Value::as_array) {
            Some(values) if is_name => names.extend(values.iter().cloned()),
            _ => others.push(part),
        }
    }
    if !names.is_empty() {
        others.push(json!({ "type": "string", "enum": sorted(names) }));
    }
    match (others.len(), others.pop()) {
        (1, Some(Value::Object(only))) if only.contains_key("enum") => only,
        (_, last) => {
            others.extend(last);
            Map::from_iter([("oneOf".to_owned(), sorted(others))])
        }
    }
}

fn sorted(mut items: Vec<Value>) -> Value {
    items.sort_by_cached_key(ToString::to_string);
    Value::Array(items)
}
