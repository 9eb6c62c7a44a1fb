//! Names that come again and again are checked once and then shared.

use std::borrow::Cow;
use std::collections::HashMap;

use factum::{EventType, InvalidName, StreamId, Tag};
use foldhash::fast::RandomState;

/// Most names kept; beyond that it starts anew.
const NAMES_MAX: usize = 4_096;

/// Names by the text they were made of.
#[derive(Debug)]
struct Known<T>(HashMap<Box<str>, T, RandomState>);

impl<T: Clone> Known<T> {
    fn get<E>(&mut self, text: &str, make: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        if let Some(name) = self.0.get(text) {
            return Ok(name.clone());
        }
        let name = make()?;
        if self.0.len() >= NAMES_MAX {
            self.0.clear();
        }
        self.0.insert(text.into(), name.clone());
        Ok(name)
    }
}

/// The names of one file.
#[derive(Debug)]
pub(super) struct Names {
    category: String,
    streams: Known<StreamId>,
    types: Known<EventType>,
    tags: Vec<Known<Tag>>,
}

impl Names {
    pub(super) fn new(category: &str, tags: usize) -> Self {
        let tags = std::iter::repeat_with(|| Known(HashMap::default())).take(tags).collect();
        Self {
            category: category.into(),
            streams: Known(HashMap::default()),
            types: Known(HashMap::default()),
            tags,
        }
    }

    /// The stream of a case.
    pub(super) fn stream(&mut self, id: &str) -> Result<StreamId, InvalidName> {
        self.streams.get(id, || StreamId::new(&self.category, presentable(id).as_ref()))
    }

    /// A stream named in full, as it is.
    pub(super) fn whole_stream(&mut self, name: &str) -> Result<StreamId, InvalidName> {
        self.streams.get(name, || name.parse())
    }

    /// The type of an event of a case.
    pub(super) fn event_type(&mut self, name: &str) -> Result<EventType, InvalidName> {
        self.types.get(name, || EventType::new(presentable(name)))
    }

    /// A type, as it is.
    pub(super) fn exact_type(&mut self, name: &str) -> Result<EventType, InvalidName> {
        self.types.get(name, || EventType::new(name))
    }

    /// A tag of the column with this index.
    pub(super) fn tag(
        &mut self,
        index: usize,
        name: &str,
        value: &str,
    ) -> Result<Tag, InvalidName> {
        self.tags[index].get(value, || Tag::new(name, presentable(value).as_ref()))
    }
}

/// A text as a name: on one line. A run of spaces and control characters with at least one of the
/// latter becomes one space; there is none at either end. All else stays as it is.
pub(super) fn presentable(text: &str) -> Cow<'_, str> {
    let is_gap = |it: char| it.is_whitespace() || it.is_control();
    let text = text.trim_matches(is_gap);
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut name = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_gap) {
        let (before, from_gap) = rest.split_at(start);
        let gap_bytes = from_gap.find(|it| !is_gap(it)).unwrap_or(from_gap.len());
        let (gap, after) = from_gap.split_at(gap_bytes);
        name.push_str(before);
        name.push_str(if gap.contains(char::is_control) { " " } else { gap });
        rest = after;
    }
    name.push_str(rest);
    Cow::Owned(name)
}

#[cfg(test)]
mod tests {
    use super::presentable;

    #[test]
    fn line_breaks_become_spaces_and_nothing_else_changes() {
        for (text, name) in [
            ("Check\nticket", "Check ticket"),
            ("Check \r\n\tticket", "Check ticket"),
            ("\u{0}a\u{85}b\n", "a b"),
            (" two  spaces ", "two  spaces"),
            ("a  b\nc", "a  b c"),
            ("Pr\u{fc}fung\u{a0}x", "Pr\u{fc}fung\u{a0}x"),
            ("\n \t", ""),
        ] {
            assert_eq!(presentable(text), name, "{text:?}");
        }
    }
}
