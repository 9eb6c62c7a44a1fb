//! From names to interned ids, for the writer: looked up once, then kept.
//!
//! Everything here mirrors rows of the database as the open transaction sees them. When another
//! process has written, or a transaction was rolled back, [`Ids::forget`] drops the lot.

use std::collections::HashMap;
use std::hash::Hash;

use factum_core::{CorrelationId, EventType, StreamId, Tag, TenantId};
use foldhash::fast::RandomState;
use rusqlite::Connection;

use crate::codec::{
    kind_checksum, kind_hashes, stream_hash, tenant_checksum, term_checksum, term_hash,
};
use crate::error::Failure;
use crate::names::{Names, TermName};
use crate::posting::PostingEnds;
use crate::query::{Tenants, find_kinds, find_terms};
use crate::streams::{self, StreamEnds};
use crate::{sql, tenants};

/// How many names of one sort are kept before they are dropped and looked up again.
const KEPT_MAX: usize = 1 << 16;

type Kept<K, V> = HashMap<K, V, RandomState>;

/// Where a stream stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamHead {
    pub(crate) id: i64,
    /// The revision that its next event takes.
    pub(crate) next: i64,
    /// The first revision that is still read.
    pub(crate) first: i64,
    pub(crate) tombstoned: bool,
    /// The position of its last event.
    pub(crate) last_position: i64,
    /// Its row is not written yet.
    is_new: bool,
    /// It is among those that are to be written.
    is_dirty: bool,
    /// A number for (tenant, category), good until [`Ids::forget`].
    category: usize,
}

impl StreamHead {
    pub(crate) fn last(&self) -> Option<factum_core::Revision> {
        let last = u64::try_from(self.next - 1).ok()?;
        Some(factum_core::Revision::new(last))
    }
}

/// The ids the writer knows.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    tenants: Kept<TenantId, i64>,
    /// Where in `heads` each stream stands.
    streams: Kept<(i64, StreamId), usize>,
    heads: Vec<StreamHead>,
    categories: Kept<(i64, String), usize>,
    kinds: Kept<(usize, EventType), i64>,
    tags: Kept<(i64, Tag), i64>,
    correlations: Kept<(i64, CorrelationId), i64>,
    /// Streams whose rows are to be written, by place.
    dirty: Vec<(i64, StreamId, usize)>,
    pub(crate) kind_ends: PostingEnds,
    pub(crate) term_ends: PostingEnds,
    /// How many tenants, streams, kinds and terms there are; the next of each takes the next id.
    pub(crate) counts: [i64; 4],
}

impl Ids {
    /// Drops everything that another writer may have changed, but for the counts.
    pub(crate) fn forget(&mut self) {
        *self = Self { counts: self.counts, ..Self::default() };
    }

    /// Makes room, between two requests.
    pub(crate) fn trim(&mut self) {
        if self.heads.len() > KEPT_MAX {
            self.streams.clear();
            self.heads.clear();
        }
        trim(&mut self.tags);
        trim(&mut self.correlations);
        self.kind_ends.trim(KEPT_MAX);
        self.term_ends.trim(KEPT_MAX);
        if self.categories.len() > KEPT_MAX || self.kinds.len() > KEPT_MAX {
            self.forget(); // Heads hold numbers of categories.
        }
    }

    pub(crate) fn tenant(
        &mut self,
        conn: &Connection,
        tenant: &TenantId,
    ) -> Result<Option<i64>, Failure> {
        if let Some(id) = self.tenants.get(tenant) {
            return Ok(Some(*id));
        }
        let id = tenants::find(conn, tenant)?;
        if let Some(id) = id {
            self.tenants.insert(tenant.clone(), id);
        }
        Ok(id)
    }

    pub(crate) fn make_tenant(
        &mut self,
        conn: &Connection,
        tenant: &TenantId,
    ) -> Result<i64, Failure> {
        if let Some(id) = self.tenant(conn, tenant)? {
            return Ok(id);
        }
        let id = self.take_free(0);
        let checksum = tenant_checksum(id, tenant.as_str());
        conn.prepare_cached(sql::INSERT_TENANT)?.execute((id, tenant.as_str(), checksum))?;
        self.tenants.insert(tenant.clone(), id);
        Ok(id)
    }

    /// Where a stream stands, if it has events.
    pub(crate) fn stream(
        &mut self,
        conn: &Connection,
        tenant: i64,
        stream: &StreamId,
    ) -> Result<Option<&mut StreamHead>, Failure> {
        let place = self.place(conn, &(tenant, stream.clone()))?;
        Ok(place.map(|place| &mut self.heads[place]))
    }

    fn place(
        &mut self,
        conn: &Connection,
        key: &(i64, StreamId),
    ) -> Result<Option<usize>, Failure> {
        if let Some(place) = self.streams.get(key) {
            return Ok(Some(*place));
        }
        let (tenant, stream) = key;
        let Some(found) = streams::find_with_end(conn, *tenant, stream)? else { return Ok(None) };
        let StreamEnds { id, first, tombstoned, last, last_position } = found;
        let category = self.category(*tenant, stream);
        let (next, is_new, is_dirty) = (last + 1, false, false);
        let head =
            StreamHead { id, next, first, tombstoned, last_position, is_new, is_dirty, category };
        Ok(Some(self.keep(key.clone(), head)))
    }

    /// A stream that is not there yet; its row is written with those that changed.
    fn add_stream(&mut self, tenant: i64, stream: &StreamId) -> usize {
        let id = self.take_free(1);
        let head = StreamHead {
            id,
            next: 0,
            first: 0,
            tombstoned: false,
            last_position: 0,
            is_new: true,
            is_dirty: false,
            category: self.category(tenant, stream),
        };
        self.keep((tenant, stream.clone()), head)
    }

    /// Counts an event in at the end of its stream, which is made if need be.
    pub(crate) fn add_event(
        &mut self,
        conn: &Connection,
        tenant: i64,
        stream: &StreamId,
        position: i64,
    ) -> Result<StreamHead, Failure> {
        let key = (tenant, stream.clone());
        let place = match self.place(conn, &key)? {
            Some(place) => place,
            None => self.add_stream(tenant, stream),
        };
        let head = &mut self.heads[place];
        if !head.is_dirty {
            head.is_dirty = true;
            self.dirty.push((tenant, key.1, place));
        }
        let before = *head;
        head.next += 1;
        head.last_position = position;
        Ok(before)
    }

    /// Writes the rows of the streams that events were counted in, in order of id, so that neighbours in
    /// the table are written one after the other.
    pub(crate) fn write_streams(&mut self, conn: &Connection) -> Result<(), Failure> {
        let heads = &mut self.heads;
        self.dirty.sort_unstable_by_key(|(_, _, place)| heads[*place].id);
        let mut update = conn.prepare_cached(sql::MOVE_STREAM)?;
        for (tenant, stream, place) in self.dirty.drain(..) {
            let head = &mut heads[place];
            let StreamHead { id, first, tombstoned, last_position, is_new, .. } = *head;
            let ends = StreamEnds { id, first, tombstoned, last: head.next - 1, last_position };
            if is_new {
                insert_stream(conn, tenant, stream.as_str(), &ends)?;
            } else {
                let checksum = ends.row(tenant, stream.as_str()).checksum();
                update.execute((id, first, tombstoned, ends.last, last_position, checksum))?;
            }
            (head.is_new, head.is_dirty) = (false, false);
        }
        Ok(())
    }

    fn keep(&mut self, key: (i64, StreamId), head: StreamHead) -> usize {
        self.heads.push(head);
        self.streams.insert(key, self.heads.len() - 1);
        self.heads.len() - 1
    }

    fn category(&mut self, tenant: i64, stream: &StreamId) -> usize {
        let number = self.categories.len();
        *self.categories.entry((tenant, stream.category().to_owned())).or_insert(number)
    }

    pub(crate) fn make_kind(
        &mut self,
        conn: &Connection,
        names: &mut Names,
        tenant: i64,
        stream: &StreamId,
        head: &StreamHead,
        event_type: &EventType,
    ) -> Result<i64, Failure> {
        let key = (head.category, event_type.clone());
        if let Some(id) = self.kinds.get(&key) {
            return Ok(*id);
        }
        let (category, name) = (stream.category(), event_type.as_str());
        let found =
            find_kinds(conn, names, Tenants::one(tenant), Some(category), Some(event_type))?;
        let id = match found.first() {
            Some(id) => *id,
            None => self.insert_kind(conn, tenant, category, name)?,
        };
        self.kinds.insert(key, id);
        Ok(id)
    }

    fn insert_kind(
        &mut self,
        conn: &Connection,
        tenant: i64,
        category: &str,
        name: &str,
    ) -> Result<i64, Failure> {
        let id = self.take_free(2);
        let checksum = kind_checksum(id, tenant, category, name);
        let mut statement = conn.prepare_cached(sql::INSERT_KIND)?;
        statement.execute((id, tenant, category, name, checksum))?;
        let mut statement = conn.prepare_cached(sql::INSERT_KIND_KEY)?;
        for hash in kind_hashes(category, name) {
            statement.execute((hash, tenant, id))?;
        }
        self.kind_ends.begin(id);
        Ok(id)
    }

    pub(crate) fn make_tag(
        &mut self,
        conn: &Connection,
        names: &mut Names,
        tenant: i64,
        tag: &Tag,
    ) -> Result<i64, Failure> {
        let key = (tenant, tag.clone());
        if let Some(id) = self.tags.get(&key) {
            return Ok(*id);
        }
        let id = self.make_term(conn, names, tenant, &TermName::Tag(tag.clone()))?;
        self.tags.insert(key, id);
        Ok(id)
    }

    pub(crate) fn make_correlation(
        &mut self,
        conn: &Connection,
        names: &mut Names,
        tenant: i64,
        correlation: &CorrelationId,
    ) -> Result<i64, Failure> {
        let key = (tenant, correlation.clone());
        if let Some(id) = self.correlations.get(&key) {
            return Ok(*id);
        }
        let id =
            self.make_term(conn, names, tenant, &TermName::Correlation(correlation.clone()))?;
        self.correlations.insert(key, id);
        Ok(id)
    }

    fn make_term(
        &mut self,
        conn: &Connection,
        names: &mut Names,
        tenant: i64,
        term: &TermName,
    ) -> Result<i64, Failure> {
        if let Some(id) = find_terms(conn, names, Tenants::one(tenant), term)?.first() {
            return Ok(*id);
        }
        let (form, name) = term.stored();
        let id = self.take_free(3);
        let checksum = term_checksum(id, tenant, form, name);
        let mut statement = conn.prepare_cached(sql::INSERT_TERM)?;
        statement.execute((id, tenant, form, name, term_hash(form, name), checksum))?;
        self.term_ends.begin(id);
        Ok(id)
    }

    fn take_free(&mut self, sort: usize) -> i64 {
        self.counts[sort] += 1;
        self.counts[sort]
    }
}

fn insert_stream(
    conn: &Connection,
    tenant: i64,
    name: &str,
    ends: &StreamEnds,
) -> rusqlite::Result<()> {
    let StreamEnds { id, first, tombstoned, last, last_position } = *ends;
    let (hash, checksum) = (stream_hash(tenant, name), ends.row(tenant, name).checksum());
    let mut insert = conn.prepare_cached(sql::INSERT_STREAM)?;
    insert.execute((id, tenant, name, first, tombstoned, last, last_position, hash, checksum))?;
    Ok(())
}

fn trim<K: Eq + Hash, V>(kept: &mut Kept<K, V>) {
    if kept.len() > KEPT_MAX {
        kept.clear();
    }
}
