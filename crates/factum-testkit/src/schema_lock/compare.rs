//! Whether data written in one shape can be read in another.
//!
//! Both are JSON schemas as [`shape`](super::shape) makes them. A schema is taken apart into
//! alternatives of one type each; every old one has to fit a new one.

mod alternatives;
mod carried;
mod keywords;
mod numbers;
mod objects;
#[cfg(test)]
mod tests;

use serde_json::Value;

use alternatives::{alternatives, without_definitions};
pub(super) use carried::carried;

/// One reason why data in the old shape cannot be read in the new one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) path: String,
    pub(super) problem: String,
    pub(super) old: Option<Value>,
    pub(super) new: Option<Value>,
    /// How far into the data it is: of several alternatives, the one meant is the one where the
    /// first difference is farthest in.
    depth: usize,
}

impl Difference {
    /// The whole payload has changed.
    pub(super) fn of_whole(problem: String, old: &Value, new: &Value) -> Self {
        Place::root().differs(problem, old, new)
    }
}

/// Everything that keeps data in the `old` shape from being read in the `new` one.
pub(super) fn compare(old: &Value, new: &Value) -> Vec<Difference> {
    let mut comparison = Comparison { old_root: old, new_root: new, under_way: Vec::new() };
    let empty_map = serde_json::json!({ "type": "object" });
    let is_empty_map = old.as_object().is_some_and(serde_json::Map::is_empty);
    let old = if is_empty_map { &empty_map } else { old };
    comparison.compare(&Place::root(), &without_definitions(old), &without_definitions(new))
}

/// A place in the data.
#[derive(Clone, Debug)]
struct Place {
    path: String,
    depth: usize,
}

impl Place {
    fn root() -> Self {
        Self { path: "$".into(), depth: 0 }
    }

    fn field(&self, name: &str) -> Self {
        let is_plain = name.chars().all(|it| it.is_alphanumeric() || "_-".contains(it));
        let path = if is_plain && !name.is_empty() {
            format!("{}.{name}", self.path)
        } else {
            format!("{}[{name:?}]", self.path)
        };
        Self { path, depth: self.depth + 1 }
    }

    fn item(&self, index: Option<usize>) -> Self {
        let index = index.map_or_else(|| "*".to_owned(), |it| it.to_string());
        Self { path: format!("{}[{index}]", self.path), depth: self.depth + 1 }
    }

    fn value_of_any_field(&self) -> Self {
        Self { path: format!("{}.*", self.path), depth: self.depth + 1 }
    }

    /// Something that stands here has changed.
    fn differs(&self, problem: impl Into<String>, old: &Value, new: &Value) -> Difference {
        Difference {
            path: self.path.clone(),
            problem: problem.into(),
            old: Some(old.clone()),
            new: Some(new.clone()),
            depth: self.depth,
        }
    }
}

/// What is common to all steps of one comparison.
struct Comparison<'a> {
    old_root: &'a Value,
    new_root: &'a Value,
    /// Pairs that are being compared: recursive types come back to one of them.
    under_way: Vec<(Value, Value)>,
}

impl Comparison<'_> {
    fn compare(&mut self, place: &Place, old: &Value, new: &Value) -> Vec<Difference> {
        let accepts_all =
            new == &Value::Bool(true) || new.as_object().is_some_and(serde_json::Map::is_empty);
        if accepts_all || old == &Value::Bool(false) {
            return Vec::new();
        }
        let olds = alternatives(old, self.old_root);
        let news = alternatives(new, self.new_root);
        match (olds.as_slice(), news.as_slice()) {
            ([old], [new]) => self.single(place, old, new),
            _ => self.several(place, &olds, &news, (old, new)),
        }
    }

    /// Every old alternative has to fit a new one.
    fn several(
        &mut self,
        place: &Place,
        olds: &[Value],
        news: &[Value],
        whole: (&Value, &Value),
    ) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut lost = Vec::new();
        for old in olds {
            let mut tried: Vec<Vec<Difference>> = Vec::new();
            let fits = news.iter().any(|new| {
                tried.push(self.single(place, old, new));
                tried.last().is_some_and(Vec::is_empty)
            });
            if fits {
                continue;
            }
            match meant(place, old, (olds, news), tried) {
                Some(differences) => found.extend(differences),
                None => lost.push(alternatives::summary(old)),
            }
        }
        if !lost.is_empty() {
            let problem = format!("cannot be read any more: {}", lost.join(", "));
            found.push(place.differs(problem, whole.0, whole.1));
        }
        found
    }
}

/// The differences to the alternative that has come of `old`, if it is plain which one has.
fn meant(
    place: &Place,
    old: &Value,
    (olds, news): (&[Value], &[Value]),
    tried: Vec<Vec<Difference>>,
) -> Option<Vec<Difference>> {
    let first = |found: &Vec<Difference>| found.iter().map(|it| it.depth).min().unwrap_or(0);
    let is_kin = |other: &&Value| other.get("type") == old.get("type");
    let only = |all: &[Value]| all.iter().filter(is_kin).count() == 1;
    if old.get("enum").is_none() && only(olds) && only(news) {
        let at = news.iter().position(|it| is_kin(&it))?;
        return tried.into_iter().nth(at);
    }
    let farthest = tried.into_iter().max_by_key(first)?;
    (first(&farthest) > place.depth).then_some(farthest)
}
