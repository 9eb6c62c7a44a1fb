//! Two schemas of at most one type each, keyword by keyword.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::alternatives::target;
use super::{Comparison, Difference, Place, numbers};

/// Definitions are compared where they are referred to; the others by [`Comparison::single`].
const COMPARED_ELSEWHERE: [&str; 8] = [
    "$defs",
    "additionalProperties",
    "format",
    "patternProperties",
    "properties",
    "required",
    "type",
    "unevaluatedProperties",
];

impl Comparison<'_> {
    /// Compares alternatives.
    pub(super) fn single(&mut self, place: &Place, old: &Value, new: &Value) -> Vec<Difference> {
        if new == &Value::Bool(true) || old == &Value::Bool(false) {
            return Vec::new();
        }
        let (Some(old_map), Some(new_map)) = (old.as_object(), new.as_object()) else {
            return vec![place.differs("accepts less than before", old, new)];
        };
        if let Some(problem) = types(old_map.get("type"), new_map.get("type")) {
            return vec![place.differs(problem, old, new)];
        }
        let pair = (old.clone(), new.clone());
        if self.under_way.contains(&pair) {
            return Vec::new();
        }
        self.under_way.push(pair);
        let mut found = Vec::new();
        if [old, new].iter().any(|it| it.get("type").is_some_and(|it| it == "object")) {
            found.extend(self.objects(place, old_map, new_map));
        }
        let format = numbers::format(old_map.get("format"), new_map.get("format"));
        let mut keys: BTreeSet<&str> =
            old_map.keys().chain(new_map.keys()).map(String::as_str).collect();
        keys.retain(|key| !COMPARED_ELSEWHERE.contains(key));
        if let Some(problem) = format {
            found.push(place.differs(problem, old, new));
            keys.retain(|key| !["maximum", "minimum"].contains(key)); // They follow the format.
        }
        for key in keys {
            found.extend(self.keyword(place, key, old, new));
        }
        self.under_way.pop();
        found
    }

    fn keyword(
        &mut self,
        place: &Place,
        key: &str,
        old_schema: &Value,
        new_schema: &Value,
    ) -> Vec<Difference> {
        let (old, new) = (old_schema.get(key), new_schema.get(key));
        let differs = |problem: String| vec![place.differs(problem, old_schema, new_schema)];
        match (key, old, new) {
            ("enum", Some(old), Some(new)) => values(place, old, new),
            ("enum" | "uniqueItems" | "pattern", _, None) => Vec::new(),
            ("items", old, new) => {
                let any = Value::Bool(true);
                let (old, new) = (old.unwrap_or(&any), new.unwrap_or(&any));
                self.compare(&place.item(None), old, new)
            }
            ("prefixItems" | "allOf", Some(Value::Array(olds)), Some(Value::Array(news)))
                if olds.len() == news.len() =>
            {
                let is_tuple = key == "prefixItems";
                let at = |index| if is_tuple { place.item(Some(index)) } else { place.clone() };
                let pairs = olds.iter().zip(news).enumerate();
                pairs.flat_map(|(index, (old, new))| self.compare(&at(index), old, new)).collect()
            }
            ("prefixItems", Some(Value::Array(olds)), Some(Value::Array(news))) => {
                let (olds, news) = (olds.len(), news.len());
                differs(format!("has {news} elements, stored data has {olds}"))
            }
            ("oneOf" | "anyOf", Some(old), Some(new)) => {
                self.compare(place, &json!({ key: old }), &json!({ key: new }))
            }
            ("$ref", Some(old), Some(new)) => {
                match (target(old, self.old_root), target(new, self.new_root)) {
                    (Some(old), Some(new)) => self.compare(place, &old, &new),
                    _ if old == new => Vec::new(),
                    _ => differs("refers to something else".into()),
                }
            }
            (_, old, new) if old == new => Vec::new(),
            (_, old, new) => match numbers::bound(key, old, new) {
                Some(numbers::Bound::Wider) => Vec::new(),
                Some(numbers::Bound::Narrower) => differs(format!("`{key}` became narrower")),
                None => differs(format!("`{key}` changed")),
            },
        }
    }
}

/// Values that are listed. Which one it is tells variants apart, so it counts as a difference
/// of the whole.
fn values(place: &Place, old: &Value, new: &Value) -> Vec<Difference> {
    let lists =
        |values: &Value, one: &Value| values.as_array().is_some_and(|values| values.contains(one));
    let olds = old.as_array().into_iter().flatten();
    let lost: Vec<_> = olds.filter(|it| !lists(new, it)).map(ToString::to_string).collect();
    if lost.is_empty() {
        return Vec::new();
    }
    let problem = format!("cannot be read any more: {}", lost.join(", "));
    let mut difference = place.differs(problem, old, new);
    difference.depth = difference.depth.saturating_sub(1);
    vec![difference]
}

/// What is wrong about the types, if anything is.
fn types(old: Option<&Value>, new: Option<&Value>) -> Option<String> {
    match (old, new) {
        (_, None) => None,
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) if old == "integer" && new == "number" => None,
        (Some(old), Some(new)) => Some(format!("is {} now, was {}", name(new), name(old))),
        (None, Some(new)) => Some(format!("is {} now, was any value", name(new))),
    }
}

fn name(one: &Value) -> String {
    one.as_str().map_or_else(|| one.to_string(), str::to_owned)
}
