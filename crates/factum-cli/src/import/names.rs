//! Names that come again and again are checked once and then shared.

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
        self.streams.get(id, || StreamId::new(&self.category, id.trim()))
    }

    /// A stream named in full.
    pub(super) fn whole_stream(&mut self, name: &str) -> Result<StreamId, InvalidName> {
        self.streams.get(name, || name.parse())
    }

    pub(super) fn event_type(&mut self, name: &str) -> Result<EventType, InvalidName> {
        self.types.get(name, || EventType::new(name.trim()))
    }

    /// A tag of the column with this index.
    pub(super) fn tag(
        &mut self,
        index: usize,
        name: &str,
        value: &str,
    ) -> Result<Tag, InvalidName> {
        self.tags[index].get(value, || Tag::new(name, value.trim()))
    }
}
