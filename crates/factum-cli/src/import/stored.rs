//! What a stream holds, for the streams where counting is not enough to tell what is new.

use std::collections::HashMap;

use factum::{
    Category, EventId, EventStoreExt, LogRead, Position, QueryItem, Revision, SharedStore,
    StreamId, StreamRead,
};
use foldhash::fast::RandomState;
use futures::TryStreamExt;

use crate::outcome::Failure;

/// The events of a stream.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) last: Option<Revision>,
    pub(super) ids: HashMap<EventId, Position, RandomState>,
}

/// Streams that were looked into, up to a number of events in all.
#[derive(Debug, Default)]
pub(super) struct Stored(HashMap<StreamId, Held, RandomState>);

/// Most events whose ids are kept: 40 bytes each, with the table's spare room twice that.
const IDS_MAX: usize = 500_000;

impl Stored {
    /// What `stream` holds; read once.
    pub(super) async fn held(
        &mut self,
        store: &SharedStore,
        stream: &StreamId,
    ) -> Result<&mut Held, Failure> {
        if !self.0.contains_key(stream) {
            if self.0.values().map(|held| held.ids.len() + 8).sum::<usize>() > IDS_MAX {
                self.0.clear();
            }
            let held = read(store, stream).await?;
            self.0.insert(stream.clone(), held);
        }
        Ok(self.0.entry(stream.clone()).or_insert_with(Held::empty))
    }

    /// What is known of `stream` already.
    pub(super) fn known(&mut self, stream: &StreamId) -> Option<&mut Held> {
        self.0.get_mut(stream)
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

impl Held {
    fn empty() -> Self {
        Self { last: None, ids: HashMap::default() }
    }
}

async fn read(store: &SharedStore, stream: &StreamId) -> Result<Held, Failure> {
    let mut held = Held::empty();
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
        }
    }
    Ok(held)
}
