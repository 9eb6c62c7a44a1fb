//! The writing side: which events are new, and their appends.
//!
//! An event is expected at the revision that is the number of events before it in the file's
//! stream. All of a batch is appended at once, each stream guarded to be there and no further.
//! If that holds, nothing of the batch was stored before: the streams hold exactly what this run
//! put into them or recognised. If it does not, the streams are looked into.

mod refusal;

use std::collections::HashMap;

use factum::{
    AppendError, AppendRequest, Conflict, EventId, Expected, Guard, Query, Revision, SharedStore,
    StreamId, TenantId,
};
use foldhash::fast::RandomState;

use self::refusal::RowRefusal;
use super::batches::{Batch, OnError};
use super::cursor::Cursor;
use super::identity::Kind;
use super::source::{BadRows, Item};
use super::stored::Stored;
use crate::outcome::{Exit, Failure};

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

/// What a writer is told of the file.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The file's name, for messages.
    pub(crate) name: String,
    /// What to do about a row that the store refuses.
    pub(crate) on_error: OnError,
    /// How events are recognised.
    pub(crate) kind: Kind,
    /// Whether rows are stored that look like changed ones of an import of an earlier version.
    pub(crate) store_changed: bool,
}

/// Appends what is new.
#[derive(Debug)]
pub(crate) struct Writer {
    store: SharedStore,
    /// The tenant that `store` writes to, once the file has named one.
    tenant: Option<(TenantId, SharedStore)>,
    rules: Rules,
    cursor: Cursor,
    stored: Stored,
    /// Look into streams first: the last batch met some that hold what was not expected.
    careful: bool,
    /// How many events of a stream's count in the file are not in it, being refused; by tenant.
    lost: HashMap<(Option<TenantId>, StreamId), u64, RandomState>,
    /// The rows that the store refused.
    pub(crate) bad_rows: BadRows,
    pub(crate) written: Written,
}

/// How an append was answered.
enum Answer {
    Stored,
    /// A stream is not where it was expected.
    Moved,
    /// A row, or more, cannot be stored.
    Refused(RowRefusal),
}

impl Writer {
    /// A writer of events that match `query`.
    pub(crate) async fn new(
        store: SharedStore,
        query: Query,
        rules: Rules,
    ) -> Result<Self, Failure> {
        let head = store.head().await?;
        let cursor = Cursor::new(SharedStore::clone(&store), query, head);
        let stored = Stored::new(rules.kind);
        let (written, bad_rows) = (Written::default(), BadRows::default());
        let (tenant, lost) = (None, HashMap::default());
        Ok(Self { store, tenant, rules, cursor, stored, careful: false, lost, bad_rows, written })
    }

    /// Stores what is new in a batch.
    pub(crate) async fn write(&mut self, batch: Batch) -> Result<(), Failure> {
        for lost in batch.lost {
            *self.lost.entry(lost).or_default() += 1;
        }
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
        let mut runs = vec![left];
        while let Some(mut items) = runs.pop() {
            if let Some(refusal) = self.write_run(&store, &mut items).await? {
                self.set_aside(&refusal, items, &mut runs)?;
            }
        }
        Ok(())
    }

    /// Stores what is new in a part of a batch. After a refusal, `items` are those that were new.
    async fn write_run(
        &mut self,
        store: &SharedStore,
        items: &mut Vec<Item>,
    ) -> Result<Option<RowRefusal>, Failure> {
        if !self.careful && items.iter().all(|item| item.place.is_some()) {
            // What is refused may be stored already, from before its stream was deleted.
            if let Answer::Stored = self.append_as_expected(store, items).await? {
                return Ok(None);
            }
        }
        for _ in 0..TRIES_MAX {
            match self.append_what_is_new(store, items).await? {
                Answer::Stored => return Ok(None),
                Answer::Refused(refusal) => return Ok(Some(refusal)),
                Answer::Moved => self.stored.forget(),
            }
        }
        Err(Failure::new(
            Exit::Conflict,
            "expected the streams to stay as they are for a moment, found others appending to them",
        )
        .hint("what was stored so far stays; import again to go on"))
    }

    /// Finds the rows that a refusal is about: those of its stream, or by parts that are tried
    /// one after another, until it is one row. `runs` are what is left to be written, last first.
    fn set_aside(
        &mut self,
        refusal: &RowRefusal,
        mut items: Vec<Item>,
        runs: &mut Vec<Vec<Item>>,
    ) -> Result<(), Failure> {
        let of_stream = |item: &Item| Some(&item.stream) == refusal.stream.as_ref();
        let at = match items.iter().position(of_stream) {
            Some(first) => first,
            None if items.len() > 1 => items.len() / 2,
            None => 0,
        };
        if at > 0 {
            runs.push(items.split_off(at));
            runs.push(items);
            return Ok(());
        }
        let is_only = items.len() == 1;
        let (refused, others): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| is_only || of_stream(item));
        for item in refused {
            self.refuse(item, refusal)?;
        }
        if !others.is_empty() {
            runs.push(others);
        }
        Ok(())
    }

    /// What an append was refused for; the end of the import, if that is no fault of a row.
    fn refusal(&self, error: AppendError) -> Result<RowRefusal, Failure> {
        let held = self.written.stored + self.written.already;
        RowRefusal::of(error).map_err(|error| refusal::ended(error, held))
    }

    /// Leaves a row out, or ends the import with it.
    fn refuse(&mut self, item: Item, refusal: &RowRefusal) -> Result<(), Failure> {
        let row = refusal.row(item.line);
        self.rules.on_error.refuse(&self.rules.name, row, &mut self.bad_rows)?;
        *self.lost.entry((item.tenant, item.stream)).or_default() += 1;
        Ok(())
    }

    /// How many events an item's stream holds if it holds what the file showed before it.
    fn place(&self, item: &Item) -> Option<u64> {
        if self.lost.is_empty() {
            return item.place;
        }
        let lost = self.lost.get(&(item.tenant.clone(), item.stream.clone()));
        item.place.map(|place| place.saturating_sub(lost.copied().unwrap_or_default()))
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

    /// Appends all items, if every stream is where the file says.
    async fn append_as_expected(
        &mut self,
        store: &SharedStore,
        items: &[Item],
    ) -> Result<Answer, Failure> {
        let mut places = Places::default();
        for item in items {
            let before = self.place(item).and_then(|it| it.checked_sub(1)).map(Revision::new);
            places.add(item, before);
        }
        self.append(store, places, items).await
    }

    /// Looks into the streams, drops what is stored, appends the rest.
    async fn append_what_is_new(
        &mut self,
        store: &SharedStore,
        items: &mut Vec<Item>,
    ) -> Result<Answer, Failure> {
        self.careful = true;
        let mut found = None;
        let mut already = 0;
        let mut places = Places::default();
        let mut new: Vec<Item> = Vec::new();
        let mut ends: HashMap<StreamId, Option<Revision>, RandomState> = HashMap::default();
        for item in std::mem::take(items) {
            if item.place.is_none() || !ends.contains_key(&item.stream) {
                let end = self.end_of(store, &item).await?;
                ends.insert(item.stream.clone(), end);
            }
            if let Some(held) = self.stored.known(&item.stream) {
                if let Some(position) = held.ids.get(&item.event.id) {
                    found = Some(*position);
                    already += 1;
                    continue;
                }
                let key = item.event.recorded_at.map(|at| (item.event.event_type.clone(), at));
                let looks_changed = self.rules.kind == Kind::Cases
                    && !item.repeats
                    && key.is_some_and(|key| held.earlier.contains(&key));
                if looks_changed && !self.rules.store_changed {
                    return Err(self.changed(&item));
                }
            }
            let same =
                |other: &&Item| other.event.id == item.event.id && other.stream == item.stream;
            if item.place.is_none() && new.iter().find(same).is_some() {
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
        if items.is_empty() {
            self.careful = already > 0;
            return Ok(Answer::Stored);
        }
        let answer = self.append(store, places, items).await?;
        self.careful = already > 0;
        Ok(answer)
    }

    /// A row that an earlier version of this program may have imported, reading it differently.
    fn changed(&self, item: &Item) -> Failure {
        let (name, line, stream) = (&self.rules.name, item.line, &item.stream);
        let message = format!(
            "{name}, line {line}: stream {stream} holds an event of this type and time that an \
             earlier version imported, with other content"
        );
        Failure::new(Exit::Conflict, message)
            .hint("import into a new store, or go on with --store-changed if the row did change")
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
        if Some(last.map_or(0, |last| last.get() + 1)) == self.place(item) {
            return Ok(last);
        }
        Ok(self.stored.held(store, &item.stream).await?.last)
    }

    async fn append(
        &mut self,
        store: &SharedStore,
        places: Places,
        items: &[Item],
    ) -> Result<Answer, Failure> {
        let request = AppendRequest {
            events: items.iter().map(|it| (it.stream.clone(), it.event.clone())).collect(),
            guards: places.guards(),
            command: None,
        };
        let appended = match store.append(request).await {
            Ok(appended) => appended,
            Err(AppendError::Conflict(Conflict::Stream { .. })) => return Ok(Answer::Moved),
            Err(error) => return Ok(Answer::Refused(self.refusal(error)?)),
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
        Ok(Answer::Stored)
    }

    /// Carries out a deletion or truncation, unless its record is in the log already.
    async fn repeat_act(&mut self, store: &SharedStore, item: Item) -> Result<(), Failure> {
        let Some(act) = item.act.clone() else { return Ok(()) };
        let held = self.stored.held(store, &item.stream).await?;
        if held.ids.contains_key(&item.event.id) {
            self.written.already += 1;
            return Ok(());
        }
        let expected = held.last.map_or(Expected::NoStream, Expected::Revision);
        let (id, stream): (EventId, &StreamId) = (item.event.id, &item.stream);
        let appended = match act.repeat(&item.event, store, stream, expected).await {
            Ok(appended) => appended,
            Err(error) => {
                let refusal = self.refusal(error)?;
                return self.refuse(item, &refusal);
            }
        };
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
