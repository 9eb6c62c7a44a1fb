//! The writing side: which events are new, and their appends.
//!
//! An event is expected at the revision that is the number of events before it in the file's
//! stream. All of a batch is appended at once, each stream guarded to be there and no further.
//! If that holds, nothing of the batch was stored before: the streams hold exactly what this run
//! put into them or recognised. If it does not, the streams are looked into.

use std::collections::HashMap;

use factum::{
    AppendError, AppendRequest, Conflict, EventId, Expected, Guard, Query, Refusal, Revision,
    SharedStore, StreamId, TenantId,
};
use foldhash::fast::RandomState;

use super::batches::Batch;
use super::cursor::Cursor;
use super::source::Item;
use super::stored::Stored;
use crate::outcome::Failure;

/// How often a batch is looked at again because someone else appends to its streams.
const TRIES_MAX: usize = 16;

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    /// Events and acts stored now.
    pub(crate) stored: u64,
    /// Events that were there already.
    pub(crate) already: u64,
    /// Events that took another revision than the file says.
    pub(crate) moved: u64,
    /// Records whose copy differs, because the store writes them itself.
    pub(crate) differing: u64,
}

/// Appends what is new.
#[derive(Debug)]
pub(crate) struct Writer {
    store: SharedStore,
    /// The tenant that `store` writes to, once the file has named one.
    tenant: Option<(TenantId, SharedStore)>,
    cursor: Cursor,
    stored: Stored,
    /// Look into streams first: the last batch met some that hold what was not expected.
    careful: bool,
    pub(crate) written: Written,
}

impl Writer {
    /// A writer of events that match `query`.
    pub(crate) async fn new(store: SharedStore, query: Query) -> Result<Self, Failure> {
        let head = store.head().await?;
        let cursor = Cursor::new(SharedStore::clone(&store), query, head);
        let (stored, written) = (Stored::default(), Written::default());
        Ok(Self { store, tenant: None, cursor, stored, careful: false, written })
    }

    /// Stores what is new in a batch.
    pub(crate) async fn write(&mut self, batch: Batch) -> Result<(), Failure> {
        let mut left = Vec::with_capacity(batch.items.len());
        for item in batch.items {
            if self.cursor.meets(&item).await? {
                self.written.already += 1;
            } else {
                left.push(item);
            }
        }
        let Some(first) = left.first() else { return Ok(()) };
        let store = self.store_of(first.tenant.clone())?;
        if first.act.is_some() {
            for item in left {
                self.repeat_act(&store, item).await?;
            }
            return Ok(());
        }
        if !self.careful && self.append_as_expected(&store, &left).await? {
            return Ok(());
        }
        for _ in 0..TRIES_MAX {
            if self.append_what_is_new(&store, &mut left).await? {
                return Ok(());
            }
            self.stored.forget();
        }
        Err(Failure::new(
            crate::outcome::Exit::Conflict,
            "expected the streams to stay as they are for a moment, found others appending to them",
        )
        .hint("what was stored so far stays; import again to go on"))
    }

    fn store_of(&mut self, tenant: Option<TenantId>) -> Result<SharedStore, Failure> {
        let Some(tenant) = tenant else { return Ok(SharedStore::clone(&self.store)) };
        if let Some((known, store)) = &self.tenant
            && *known == tenant
        {
            return Ok(SharedStore::clone(store));
        }
        let store = self.store.for_tenant(&tenant)?;
        self.stored.forget(); // Streams of two tenants may share a name.
        self.tenant = Some((tenant, SharedStore::clone(&store)));
        Ok(store)
    }

    /// Appends all items, if every stream is where the file says; tells whether it was.
    async fn append_as_expected(
        &mut self,
        store: &SharedStore,
        items: &[Item],
    ) -> Result<bool, Failure> {
        let mut places = Places::default();
        for item in items {
            let before = item.place.checked_sub(1).map(Revision::new);
            places.add(item, before);
        }
        self.append(store, places, items).await
    }

    /// Looks into the streams, drops what is stored, appends the rest. False after a conflict.
    async fn append_what_is_new(
        &mut self,
        store: &SharedStore,
        items: &mut Vec<Item>,
    ) -> Result<bool, Failure> {
        self.careful = true;
        let mut found = None;
        let mut already = 0;
        let mut places = Places::default();
        let mut new: Vec<Item> = Vec::new();
        let mut ends: HashMap<StreamId, Option<Revision>, RandomState> = HashMap::default();
        for item in std::mem::take(items) {
            if !ends.contains_key(&item.stream) {
                let end = self.end_of(store, &item).await?;
                ends.insert(item.stream.clone(), end);
            }
            if let Some(held) = self.stored.known(&item.stream)
                && let Some(position) = held.ids.get(&item.event.id)
            {
                found = Some(*position);
                already += 1;
                continue;
            }
            places.add(&item, ends.get(&item.stream).copied().flatten());
            new.push(item);
        }
        self.written.already += already;
        if let Some(position) = found {
            self.cursor.go_after(position);
        }
        *items = new;
        let done = items.is_empty() || self.append(store, places, items).await?;
        self.careful = already > 0;
        Ok(done)
    }

    /// The last revision of an item's stream. Reads the stream, unless it holds no more than what
    /// the file showed before this item.
    async fn end_of(
        &mut self,
        store: &SharedStore,
        item: &Item,
    ) -> Result<Option<Revision>, Failure> {
        if let Some(held) = self.stored.known(&item.stream) {
            return Ok(held.last);
        }
        let last = store.stream(&item.stream).await?.map(|info| info.last);
        if last.map_or(0, |last| last.get() + 1) == item.place {
            return Ok(last);
        }
        Ok(self.stored.held(store, &item.stream).await?.last)
    }

    async fn append(
        &mut self,
        store: &SharedStore,
        places: Places,
        items: &[Item],
    ) -> Result<bool, Failure> {
        let request = AppendRequest {
            events: items.iter().map(|it| (it.stream.clone(), it.event.clone())).collect(),
            guards: places.guards(),
            command: None,
        };
        let appended = match store.append(request).await {
            Ok(appended) => appended,
            Err(AppendError::Conflict(Conflict::Stream { .. })) => return Ok(false),
            // Before the streams were looked into: their events may be from before the deletion.
            Err(AppendError::Refused(Refusal::StreamDeleted { .. })) if !self.careful => {
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        self.written.stored += items.len() as u64;
        let mut position = appended.first;
        let mut next = places.0;
        for item in items {
            let revision = next.get_mut(&item.stream).map(|next| {
                let revision = next.map_or(Revision::FIRST, Revision::next);
                *next = Some(revision);
                revision
            });
            let stated = item.revision.map(Revision::new);
            self.written.moved += u64::from(stated.is_some() && stated != revision);
            if let (Some(held), Some(position)) = (self.stored.known(&item.stream), position) {
                held.ids.insert(item.event.id, position);
                held.last = revision;
            }
            position = position.map(|it| it.plus(1));
        }
        Ok(true)
    }

    /// Carries out a deletion or truncation, unless its record is in the log already.
    async fn repeat_act(&mut self, store: &SharedStore, item: Item) -> Result<(), Failure> {
        let Some(act) = &item.act else { return Ok(()) };
        let held = self.stored.held(store, &item.stream).await?;
        if held.ids.contains_key(&item.event.id) {
            self.written.already += 1;
            return Ok(());
        }
        let expected = held.last.map_or(Expected::NoStream, Expected::Revision);
        let (id, stream): (EventId, &StreamId) = (item.event.id, &item.stream);
        let appended = act.repeat(&item.event, store, stream, expected).await?;
        let revision = appended.revision(stream);
        let stated = item.revision.map(Revision::new);
        self.written.moved += u64::from(stated.is_some() && stated != revision);
        self.written.differing += u64::from(!act.gives(&item.event));
        self.written.stored += 1;
        if let Some(held) = self.stored.known(stream) {
            held.ids.insert(id, appended.last);
            held.last = revision;
        }
        Ok(())
    }
}

/// Where each stream of a batch ends before it.
#[derive(Debug, Default)]
struct Places(HashMap<StreamId, Option<Revision>, RandomState>);

impl Places {
    /// Notes an item's stream and where it ends, unless an item before it did.
    fn add(&mut self, item: &Item, last: Option<Revision>) {
        self.0.entry(item.stream.clone()).or_insert(last);
    }

    fn guards(&self) -> Vec<Guard> {
        let guard = |(stream, last): (&StreamId, &Option<Revision>)| Guard::Stream {
            stream: stream.clone(),
            expected: last.map_or(Expected::NoStream, Expected::Revision),
        };
        self.0.iter().map(guard).collect()
    }
}
