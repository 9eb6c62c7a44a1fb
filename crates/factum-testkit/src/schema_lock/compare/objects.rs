//! Fields: which there are, which have to be there, and what else may be.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Comparison, Difference, Place};

type Schema = Map<String, Value>;

impl Comparison<'_> {
    /// Compares two objects, all but the keywords that are not about fields.
    pub(super) fn objects(&mut self, place: &Place, old: &Schema, new: &Schema) -> Vec<Difference> {
        let nothing = Schema::new();
        let properties =
            |schema: &Schema| schema.get("properties").and_then(Value::as_object).cloned();
        let olds = properties(old).unwrap_or_else(|| nothing.clone());
        let news = properties(new).unwrap_or(nothing);
        let mut found = required(place, old, new, &olds, &news);
        for (name, was) in &olds {
            let at = place.field(name);
            match (news.get(name), others(new)) {
                (Some(is), _) => found.extend(self.compare(&at, was, is)),
                (None, Some(Value::Bool(false))) => {
                    let problem = "was removed, and unknown fields are not accepted";
                    found.push(Difference {
                        old: Some(was.clone()),
                        new: None,
                        depth: place.depth,
                        ..at.differs(problem, was, was)
                    });
                }
                (None, Some(any)) => found.extend(self.compare(&at, was, any)),
                (None, None) => {}
            }
        }
        if let Some(any) = old.get("additionalProperties") {
            for (name, is) in news.iter().filter(|(name, _)| !olds.contains_key(*name)) {
                found.extend(self.compare(&place.field(name), any, is));
            }
            if let Some(is) = others(new) {
                found.extend(self.compare(&place.value_of_any_field(), any, is));
            }
        }
        found.extend(self.patterns(place, old, new));
        found
    }

    /// Maps whose keys are numbers.
    fn patterns(&mut self, place: &Place, old: &Schema, new: &Schema) -> Vec<Difference> {
        let patterns = |schema: &Schema| {
            schema.get("patternProperties").and_then(Value::as_object).cloned().unwrap_or_default()
        };
        let (olds, news) = (patterns(old), patterns(new));
        let at = place.value_of_any_field();
        let mut found = Vec::new();
        for (pattern, was) in &olds {
            if let Some(is) = news.get(pattern).or(others(new)) {
                found.extend(self.compare(&at, was, is));
            }
        }
        if let Some(any) = old.get("additionalProperties") {
            let added = news.iter().filter(|(pattern, _)| !olds.contains_key(*pattern));
            added.for_each(|(_, is)| found.extend(self.compare(&at, any, is)));
        }
        found
    }
}

/// What fields that are not listed have to be.
fn others(schema: &Schema) -> Option<&Value> {
    schema.get("additionalProperties").or_else(|| schema.get("unevaluatedProperties"))
}

/// Fields that have to be there now, and need not have been.
fn required(
    place: &Place,
    old: &Schema,
    new: &Schema,
    olds: &Schema,
    news: &Schema,
) -> Vec<Difference> {
    let names = |schema: &Schema| -> BTreeSet<String> {
        let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let before = names(old);
    let mut found = Vec::new();
    for name in names(new).difference(&before) {
        let (problem, was, is) = if olds.contains_key(name) {
            let (was, is) = (json!({ "required": before }), json!({ "required": names(new) }));
            ("is required now, and was optional", Some(was), Some(is))
        } else {
            ("is new and required, and stored data lacks it", None, news.get(name).cloned())
        };
        found.push(Difference {
            path: place.field(name).path,
            problem: problem.into(),
            old: was,
            new: is,
            depth: place.depth,
        });
    }
    found
}
