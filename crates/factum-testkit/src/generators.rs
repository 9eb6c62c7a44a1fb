//! Seeded events, streams, appends and queries: the same seed gives the same run.
//!
//! For properties, [`crate::model::operations`] is a proptest strategy over whole operations.

use std::ops::Range;

use factum_core::{
    AppendRequest, Category, Codec, CorrelationId, EventType, Metadata, NewEvent, Query, QueryItem,
    StreamFilter, StreamId, StreamPrefix, Tag,
};
use fastrand::Rng;

use crate::SequentialIds;

/// How varied what a [`Generator`] makes is. Small numbers make names meet each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Different categories, at least 1.
    pub categories: u64,
    /// Different streams in each category, at least 1.
    pub streams_per_category: u64,
    /// Different event types, at least 1.
    pub event_types: u64,
    /// Different names of tags, at least 1.
    pub tag_names: u64,
    /// Different values of each tag, at least 1.
    pub tag_values: u64,
    /// Most tags on an event.
    pub tags_per_event_max: usize,
    /// Smallest and, exclusive, largest payload in bytes.
    pub payload_bytes: Range<usize>,
}

impl Default for Shape {
    /// A few of everything, and payloads of some 100 bytes.
    fn default() -> Self {
        Self {
            categories: 3,
            streams_per_category: 4,
            event_types: 5,
            tag_names: 3,
            tag_values: 4,
            tags_per_event_max: 3,
            payload_bytes: 20..200,
        }
    }
}

/// Makes up what goes into a store.
#[derive(Debug)]
pub struct Generator {
    rng: Rng,
    shape: Shape,
    events: u64,
}

impl Generator {
    /// A generator whose output depends on `seed` and `shape` alone. Event ids count up from 1.
    pub fn new(seed: u64, shape: Shape) -> Self {
        Self { rng: Rng::with_seed(seed), shape, events: 0 }
    }

    /// One of the streams of the shape.
    pub fn stream(&mut self) -> StreamId {
        let (category, id) = (
            self.rng.u64(..self.shape.categories),
            self.rng.u64(..self.shape.streams_per_category),
        );
        named(StreamId::new(&format!("category{category}"), &format!("id{id}")))
    }

    /// A new event.
    pub fn event(&mut self) -> NewEvent {
        self.events += 1;
        let bytes = self.rng.usize(self.shape.payload_bytes.clone());
        let filling: String = (0..bytes).map(|_| self.rng.alphanumeric()).collect();
        let payload = format!("{{\"filling\":\"{filling}\"}}");
        let id = SequentialIds::id(self.events);
        let mut event = NewEvent::new(id, self.event_type(), Codec::Json, payload);
        let tags = self.rng.usize(..=self.shape.tags_per_event_max);
        event.tags = (0..tags).map(|_| self.tag()).collect();
        event.correlation = self.rng.bool().then(|| self.correlation());
        if self.rng.u8(..4) == 0 {
            let mut metadata = Metadata::default();
            named(metadata.insert("source", format!("generator {}", self.events)));
            event.metadata = metadata;
        }
        event
    }

    /// An append of as many events as the range allows, to random streams, without guards.
    pub fn append(&mut self, events: Range<usize>) -> AppendRequest {
        let count = self.rng.usize(events);
        let events = (0..count).map(|_| (self.stream(), self.event())).collect();
        AppendRequest { events, ..AppendRequest::default() }
    }

    /// A query that often finds something: up to three items of up to three terms.
    pub fn query(&mut self) -> Query {
        let items = self.rng.usize(..4);
        let items: Vec<_> = (0..items).map(|_| self.query_item()).collect();
        Query::any_of(items)
    }

    fn query_item(&mut self) -> QueryItem {
        let mut item = QueryItem::default();
        if self.rng.u8(..3) == 0 {
            let category = self.rng.u64(..=self.shape.categories);
            item.category = Some(named(Category::new(format!("category{category}"))));
        }
        if self.rng.u8(..4) == 0 {
            item.streams = Some(self.streams());
        }
        item.types = (0..self.rng.usize(..3)).map(|_| self.event_type()).collect();
        item.tags = (0..self.rng.usize(..3)).map(|_| self.tag()).collect();
        if self.rng.u8(..4) == 0 {
            item.correlation = Some(self.correlation());
        }
        item
    }

    /// One of the streams, or a beginning of its name.
    fn streams(&mut self) -> StreamFilter {
        let stream = self.stream();
        if self.rng.bool() {
            return stream.into();
        }
        let name = stream.as_str();
        named(StreamPrefix::new(&name[..self.rng.usize(1..=name.len())])).into()
    }

    fn event_type(&mut self) -> EventType {
        named(EventType::new(format!("thing.happened{}", self.rng.u64(..self.shape.event_types))))
    }

    fn tag(&mut self) -> Tag {
        let (name, value) =
            (self.rng.u64(..self.shape.tag_names), self.rng.u64(..self.shape.tag_values));
        named(Tag::new(&format!("tag{name}"), &format!("value{value}")))
    }

    fn correlation(&mut self) -> CorrelationId {
        named(CorrelationId::new(format!("request {}", self.rng.u8(..6))))
    }
}

fn named<T>(name: Result<T, factum_core::InvalidName>) -> T {
    name.expect("generated names are valid")
}

#[cfg(test)]
mod tests {
    use super::{Generator, Shape};

    #[test]
    fn the_same_seed_gives_the_same_appends_and_queries() {
        let run = |seed| {
            let mut generator = Generator::new(seed, Shape::default());
            let appends: Vec<_> = (0..50).map(|_| generator.append(1..5)).collect();
            (appends, (0..50).map(|_| generator.query()).collect::<Vec<_>>())
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn generated_appends_keep_the_limits() {
        let mut generator = Generator::new(3, Shape::default());
        for _ in 0..200 {
            assert_eq!(generator.append(1..5).check(), Ok(()));
            assert_eq!(generator.query().check(), Ok(()));
        }
    }
}
