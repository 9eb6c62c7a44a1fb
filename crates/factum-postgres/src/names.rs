//! From interned ids back to names, for reads: loaded a page at a time, then kept.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use factum_core::{EventType, StreamId, TenantId};
use foldhash::fast::RandomState;
use tokio_postgres::types::{ToSql, Type};

use crate::error::Failure;
use crate::pool::Readers;
use crate::sql::Sql;

/// Terms of this form are tags.
pub(crate) const TAG: i16 = 0;
/// Terms of this form are correlations.
pub(crate) const CORRELATION: i16 = 1;

/// How many streams' names are kept before they are dropped and loaded again.
const STREAMS_MAX: usize = 1 << 16;
/// How many types' names are kept.
const KINDS_MAX: usize = 1 << 14;

/// Whose a stream is, and its name.
pub(crate) type StreamName = (TenantId, StreamId);

/// The names that were loaded. An id never changes its name, unless the whole store is put back
/// from a copy underneath us: then checksums differ, and [`Names::forget`] makes a new start.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<Known>);

/// Names by their ids: all that are kept, or those that one page needs.
#[derive(Debug, Default)]
pub(crate) struct Known {
    streams: HashMap<i64, StreamName, RandomState>,
    kinds: HashMap<i64, EventType, RandomState>,
}

impl Known {
    pub(crate) fn stream(&self, id: i64) -> Result<&StreamName, Failure> {
        self.streams.get(&id).ok_or_else(|| missing("stream", id))
    }

    pub(crate) fn kind(&self, id: i64) -> Result<&EventType, Failure> {
        self.kinds.get(&id).ok_or_else(|| missing("kind", id))
    }
}

fn missing(what: &str, id: i64) -> Failure {
    Failure::Corrupt(format!("expected a row for {what} {id}, found none"))
}

impl Names {
    fn kept(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops everything.
    pub(crate) fn forget(&self) {
        *self.kept() = Known::default();
    }

    /// The names of these streams and kinds. They are the caller's own: what others forget or load
    /// in the meantime changes nothing.
    pub(crate) async fn load(
        &self,
        readers: &Readers,
        sql: &Sql,
        streams: impl Iterator<Item = i64>,
        kinds: impl Iterator<Item = i64>,
    ) -> Result<Known, Failure> {
        let (mut known, new_streams, new_kinds) = self.known(streams, kinds);
        if !new_streams.is_empty() {
            let binds = [(&new_streams as &(dyn ToSql + Sync), Type::INT8_ARRAY)];
            for row in readers.query(&sql.stream_names, &binds).await? {
                let (id, tenant, stream): (i64, &str, &str) = (row.get(0), row.get(1), row.get(2));
                let tenant = TenantId::new(tenant).map_err(|_| bad("tenant", tenant))?;
                let stream: StreamId = stream.parse().map_err(|_| bad("stream", stream))?;
                self.kept().streams.insert(id, (tenant.clone(), stream.clone()));
                known.streams.insert(id, (tenant, stream));
            }
        }
        if !new_kinds.is_empty() {
            let binds = [(&new_kinds as &(dyn ToSql + Sync), Type::INT8_ARRAY)];
            for row in readers.query(&sql.kind_names, &binds).await? {
                let (id, name): (i64, &str) = (row.get(0), row.get(1));
                let kind = EventType::new(name).map_err(|_| bad("event type", name))?;
                self.kept().kinds.insert(id, kind.clone());
                known.kinds.insert(id, kind);
            }
        }
        Ok(known)
    }

    /// Those of the names that are kept, and the ids of the others.
    fn known(
        &self,
        streams: impl Iterator<Item = i64>,
        kinds: impl Iterator<Item = i64>,
    ) -> (Known, Vec<i64>, Vec<i64>) {
        let mut kept = self.kept();
        if kept.kinds.len() > KINDS_MAX {
            kept.kinds.clear();
        }
        if kept.streams.len() > STREAMS_MAX {
            kept.streams.clear();
        }
        let mut known = Known::default();
        let new_streams = taken(streams, &kept.streams, &mut known.streams);
        let new_kinds = taken(kinds, &kept.kinds, &mut known.kinds);
        (known, new_streams, new_kinds)
    }
}

/// Copies what is kept of these ids; the others come back, each once.
fn taken<T: Clone>(
    ids: impl Iterator<Item = i64>,
    kept: &HashMap<i64, T, RandomState>,
    known: &mut HashMap<i64, T, RandomState>,
) -> Vec<i64> {
    let mut unknown = Vec::new();
    let mut previous = None;
    for id in ids.filter(|id| previous.replace(*id) != Some(*id)) {
        match kept.get(&id) {
            Some(name) => {
                known.entry(id).or_insert_with(|| name.clone());
            }
            None => unknown.push(id),
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    unknown
}

pub(crate) fn bad(what: &str, name: &str) -> Failure {
    Failure::Corrupt(format!("the row of {what} {name:?} holds a name that is none"))
}
