//! From names to interned ids, for the writer: looked up once, then kept.
//!
//! Everything here mirrors rows of the database as the open transaction sees them. When another
//! process has written, or a transaction was rolled back, [`Ids::forget`] drops the lot.

use std::collections::HashMap;
use std::hash::Hash;

use factum_core::{CorrelationId, EventType, StreamId, Tag, TenantId};
use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension};

use crate::codec::{StreamRow, kind_checksum, tenant_checksum, term_checksum};
use crate::error::Failure;
use crate::names::{CORRELATION, TAG};
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
    /// The next free ids of tenants, streams, kinds and terms, once read.
    free: Option<[i64; 4]>,
}

impl Ids {
    /// Drops everything that another writer may have changed.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Makes room, between two requests.
    pub(crate) fn trim(&mut self) {
        if self.heads.len() > KEPT_MAX {
            self.streams.clear();
            self.heads.clear();
        }
        trim(&mut self.tags);
        trim(&mut self.correlations);
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
        let id = self.take_free(conn, 0)?;
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
        let place = self.place(conn, (tenant, stream.clone()))?;
        Ok(place.map(|place| &mut self.heads[place]))
    }

    pub(crate) fn make_stream(
        &mut self,
        conn: &Connection,
        tenant: i64,
        stream: &StreamId,
    ) -> Result<&mut StreamHead, Failure> {
        let place = match self.place(conn, (tenant, stream.clone()))? {
            Some(place) => place,
            None => self.insert_stream(conn, tenant, stream)?,
        };
        Ok(&mut self.heads[place])
    }

    fn place(&mut self, conn: &Connection, key: (i64, StreamId)) -> Result<Option<usize>, Failure> {
        if let Some(place) = self.streams.get(&key) {
            return Ok(Some(*place));
        }
        let (tenant, stream) = &key;
        let mut statement = conn.prepare_cached(sql::FIND_STREAM)?;
        let row = statement.query_row((tenant, stream.as_str()), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Option<i64>>(3)?))
        });
        let Some((id, first, tombstoned, last)) = row.optional()? else {
            return Ok(None);
        };
        let next = last.ok_or_else(|| without_events(stream))? + 1;
        let category = self.category(*tenant, stream);
        Ok(Some(self.keep(key, StreamHead { id, next, first, tombstoned, category })))
    }

    fn insert_stream(
        &mut self,
        conn: &Connection,
        tenant: i64,
        stream: &StreamId,
    ) -> Result<usize, Failure> {
        let (id, name) = (self.take_free(conn, 1)?, stream.as_str());
        let row = StreamRow { id, tenant, name, first_revision: 0, tombstoned: false };
        conn.prepare_cached(sql::INSERT_STREAM)?.execute((id, tenant, name, row.checksum()))?;
        let category = self.category(tenant, stream);
        let head = StreamHead { id, next: 0, first: 0, tombstoned: false, category };
        Ok(self.keep((tenant, stream.clone()), head))
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
        let mut statement = conn.prepare_cached(sql::FIND_KIND)?;
        let found = statement.query_row((tenant, category, name), |row| row.get(0)).optional()?;
        let id = if let Some(id) = found {
            id
        } else {
            let id = self.take_free(conn, 2)?;
            let checksum = kind_checksum(id, tenant, category, name);
            let mut statement = conn.prepare_cached(sql::INSERT_KIND)?;
            statement.execute((id, tenant, category, name, checksum))?;
            id
        };
        self.kinds.insert(key, id);
        Ok(id)
    }

    pub(crate) fn make_tag(
        &mut self,
        conn: &Connection,
        tenant: i64,
        tag: &Tag,
    ) -> Result<i64, Failure> {
        let key = (tenant, tag.clone());
        if let Some(id) = self.tags.get(&key) {
            return Ok(*id);
        }
        let id = self.make_term(conn, tenant, TAG, tag.as_str())?;
        self.tags.insert(key, id);
        Ok(id)
    }

    pub(crate) fn make_correlation(
        &mut self,
        conn: &Connection,
        tenant: i64,
        correlation: &CorrelationId,
    ) -> Result<i64, Failure> {
        let key = (tenant, correlation.clone());
        if let Some(id) = self.correlations.get(&key) {
            return Ok(*id);
        }
        let id = self.make_term(conn, tenant, CORRELATION, correlation.as_str())?;
        self.correlations.insert(key, id);
        Ok(id)
    }

    fn make_term(
        &mut self,
        conn: &Connection,
        tenant: i64,
        form: i64,
        name: &str,
    ) -> Result<i64, Failure> {
        let mut statement = conn.prepare_cached(sql::FIND_TERM)?;
        let found = statement.query_row((tenant, form, name), |row| row.get(0)).optional()?;
        if let Some(id) = found {
            return Ok(id);
        }
        let id = self.take_free(conn, 3)?;
        let checksum = term_checksum(id, tenant, form, name);
        let mut statement = conn.prepare_cached(sql::INSERT_TERM)?;
        statement.execute((id, tenant, form, name, checksum))?;
        Ok(id)
    }

    fn take_free(&mut self, conn: &Connection, sort: usize) -> Result<i64, Failure> {
        if self.free.is_none() {
            let mut statement = conn.prepare_cached(sql::NEXT_IDS)?;
            self.free =
                Some(statement.query_row([], |row| {
                    Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
                })?);
        }
        let free = self.free.as_mut().expect("they were read just now");
        free[sort] += 1;
        Ok(free[sort] - 1)
    }
}

/// A stream is made with its first event, so one without is damaged.
pub(crate) fn without_events(stream: &StreamId) -> Failure {
    Failure::Corrupt(format!("stream {stream}: expected at least one event, found none"))
}

fn trim<K: Eq + Hash, V>(kept: &mut Kept<K, V>) {
    if kept.len() > KEPT_MAX {
        kept.clear();
    }
}
