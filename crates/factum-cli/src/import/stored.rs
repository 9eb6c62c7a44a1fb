//! What a stream holds, for the streams where counting is not enough to tell what is new.

use std::collections::{HashMap, HashSet};

use factum::{
    Category, EventId, EventStoreExt, EventType, LogRead, Position, QueryItem, Revision,
    SharedStore, StreamId, StreamRead, Timestamp,
};
use foldhash::fast::RandomState;
use futures::TryStreamExt;

use super::identity::{Earlier, Kind};
use crate::outcome::Failure;

/// The events of a stream.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) last: Option<Revision>,
    /// The events' ids, and those that events of earlier imports would have now.
    pub(super) ids: HashMap<EventId, Position, RandomState>,
    /// Type and time of events of earlier imports.
    pub(super) earlier: HashSet<(EventType, Timestamp), RandomState>,
}

/// Streams that were looked into, up to a number of events in all.
#[derive(Debug)]
pub(super) struct Stored {
    kind: Kind,
    streams: HashMap<StreamId, Held, RandomState>,
}

/// Most events whose ids are kept: 40 bytes each, with the table's spare room twice that.
const IDS_MAX: usize = 500_000;

impl Stored {
    /// For events that are recognised like this.
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, streams: HashMap::default() }
    }

    /// What `stream` holds; read once.
    pub(super) async fn held(
        &mut self,
        store: &SharedStore,
        stream: &StreamId,
    ) -> Result<&mut Held, Failure> {
        if !self.streams.contains_key(stream) {
            if self.streams.values().map(|held| held.ids.len() + 8).sum::<usize>() > IDS_MAX {
                self.streams.clear();
            }
            let held = read(store, stream, self.kind).await?;
            self.streams.insert(stream.clone(), held);
        }
        Ok(self.streams.entry(stream.clone()).or_insert_with(Held::empty))
    }

    /// What is known of `stream` already.
    pub(super) fn known(&mut self, stream: &StreamId) -> Option<&mut Held> {
        self.streams.get_mut(stream)
    }

    pub(super) fn forget(&mut self) {
        self.streams.clear();
    }
}

impl Held {
    fn empty() -> Self {
        Self { last: None, ids: HashMap::default(), earlier: HashSet::default() }
    }
}

async fn read(store: &SharedStore, stream: &StreamId, kind: Kind) -> Result<Held, Failure> {
    let (mut held, mut earlier) = (Held::empty(), Earlier::new(kind));
    let Some(info) = store.stream(stream).await? else { return Ok(held) };
    held.last = Some(info.last);
    // A deleted or truncated stream hides events, the log does not.
    let mut events = if info.tombstoned || info.first > Revision::FIRST {
        let category = Category::new(stream.category())?;
        store.events(LogRead::after(QueryItem::default().category(category), Position::START))
    } else {
        store.stream_events(StreamRead::forward(stream.clone()))
    };
    while let Some(event) = events.try_next().await? {
        if event.stream == *stream {
            held.ids.insert(event.id, event.position);
            let ids_now = earlier.ids_now(&event);
            if !ids_now.is_empty() {
                held.earlier.insert((event.event_type, event.recorded_at));
            }
            held.ids.extend(ids_now.into_iter().map(|id| (id, event.position)));
        }
    }
    Ok(held)
}
