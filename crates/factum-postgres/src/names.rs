//! From interned ids back to names, for reads: loaded a page at a time, then kept.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use factum_core::{EventType, StreamId, TenantId};
use foldhash::fast::RandomState;
use tokio_postgres::types::Type;

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
pub(crate) struct Names(Mutex<Kept>);

#[derive(Debug, Default)]
pub(crate) struct Kept {
    streams: HashMap<i64, StreamName, RandomState>,
    kinds: HashMap<i64, EventType, RandomState>,
}

impl Kept {
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
    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops everything.
    pub(crate) fn forget(&self) {
        *self.kept() = Kept::default();
    }

    /// Sees to it that the names of these streams and kinds are kept.
    pub(crate) async fn load(
        &self,
        readers: &Readers,
        sql: &Sql,
        streams: impl Iterator<Item = i64>,
        kinds: impl Iterator<Item = i64>,
    ) -> Result<(), Failure> {
        let (streams, kinds) = self.unknown(streams, kinds);
        if !streams.is_empty() {
            let rows = readers.query(&sql.stream_names, &[(&streams, Type::INT8_ARRAY)]).await?;
            let mut kept = self.kept();
            for row in rows {
                let (id, tenant, stream): (i64, &str, &str) = (row.get(0), row.get(1), row.get(2));
                let tenant = TenantId::new(tenant).map_err(|_| bad("tenant", tenant))?;
                let stream: StreamId = stream.parse().map_err(|_| bad("stream", stream))?;
                kept.streams.insert(id, (tenant, stream));
            }
        }
        if !kinds.is_empty() {
            let rows = readers.query(&sql.kind_names, &[(&kinds, Type::INT8_ARRAY)]).await?;
            let mut kept = self.kept();
            for row in rows {
                let (id, name): (i64, &str) = (row.get(0), row.get(1));
                kept.kinds.insert(id, EventType::new(name).map_err(|_| bad("event type", name))?);
            }
        }
        Ok(())
    }

    fn unknown(
        &self,
        streams: impl Iterator<Item = i64>,
        kinds: impl Iterator<Item = i64>,
    ) -> (Vec<i64>, Vec<i64>) {
        let mut kept = self.kept();
        if kept.kinds.len() > KINDS_MAX {
            kept.kinds.clear();
        }
        let mut streams: Vec<i64> = streams.collect();
        if kept.streams.len() > STREAMS_MAX {
            kept.streams.clear();
        }
        streams.retain(|id| !kept.streams.contains_key(id));
        streams.sort_unstable();
        streams.dedup();
        let mut kinds: Vec<i64> = kinds.filter(|id| !kept.kinds.contains_key(id)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        (streams, kinds)
    }
}

pub(crate) fn bad(what: &str, name: &str) -> Failure {
    Failure::Corrupt(format!("the row of {what} {name:?} holds a name that is none"))
}
