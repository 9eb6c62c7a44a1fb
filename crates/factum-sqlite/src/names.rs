//! From interned ids back to names, for readers. Checked when loaded, then kept.

use std::collections::HashMap;

use factum_core::{CorrelationId, EventType, StreamId, Tag, TenantId};
use rusqlite::Connection;

use crate::codec::{StreamRow, kind_checksum, tenant_checksum, term_checksum};
use crate::error::Failure;
use crate::{sql, tenants};

/// Terms of this form are tags.
pub(crate) const TAG: i64 = 0;
/// Terms of this form are correlations.
pub(crate) const CORRELATION: i64 = 1;

/// How many names of each sort a reader keeps; a power of two.
const SLOTS: usize = 1 << 14;
/// How many tenants' ids a reader keeps before it looks them up again.
const TENANT_IDS_MAX: usize = 1 << 10;

/// A stream's row as readers need it.
#[derive(Clone, Debug)]
pub(crate) struct StreamName {
    pub(crate) tenant: TenantId,
    pub(crate) stream: StreamId,
}

/// What a term stands for.
#[derive(Clone, Debug)]
pub(crate) enum TermName {
    Tag(Tag),
    Correlation(CorrelationId),
}

/// A kind's row.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) tenant: i64,
    pub(crate) category: String,
    pub(crate) event_type: EventType,
}

/// A term's row.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub(crate) tenant: i64,
    pub(crate) name: TermName,
}

impl TermName {
    /// As it is stored: a form and a text.
    pub(crate) fn stored(&self) -> (i64, &str) {
        match self {
            Self::Tag(tag) => (TAG, tag.as_str()),
            Self::Correlation(correlation) => (CORRELATION, correlation.as_str()),
        }
    }
}

/// The names that one connection has loaded.
#[derive(Debug, Default)]
pub(crate) struct Names {
    tenant_ids: HashMap<TenantId, i64>,
    tenants: Slots<TenantId>,
    streams: Slots<StreamName>,
    kinds: Slots<Kind>,
    terms: Slots<Term>,
}

impl Names {
    /// The id of a tenant; `None` if the store has never heard of it.
    pub(crate) fn tenant_id(
        &mut self,
        conn: &Connection,
        tenant: &TenantId,
    ) -> Result<Option<i64>, Failure> {
        if let Some(id) = self.tenant_ids.get(tenant) {
            return Ok(Some(*id));
        }
        let found = tenants::find(conn, tenant)?;
        if let Some(id) = found {
            if self.tenant_ids.len() >= TENANT_IDS_MAX {
                self.tenant_ids.clear();
            }
            self.tenant_ids.insert(tenant.clone(), id);
        }
        Ok(found)
    }

    pub(crate) fn tenant(&mut self, conn: &Connection, id: i64) -> Result<&TenantId, Failure> {
        self.tenants.get_or_load(id, || load_tenant(conn, id))
    }

    pub(crate) fn stream(&mut self, conn: &Connection, id: i64) -> Result<&StreamName, Failure> {
        let Self { tenants, streams, .. } = self;
        streams.get_or_load(id, || {
            let (tenant, stream) = load_stream(conn, id)?;
            let tenant = tenants.get_or_load(tenant, || load_tenant(conn, tenant))?.clone();
            Ok(StreamName { tenant, stream })
        })
    }

    pub(crate) fn kind(&mut self, conn: &Connection, id: i64) -> Result<&Kind, Failure> {
        self.kinds.get_or_load(id, || load_kind(conn, id))
    }

    pub(crate) fn term(&mut self, conn: &Connection, id: i64) -> Result<&Term, Failure> {
        self.terms.get_or_load(id, || load_term(conn, id))
    }
}

fn load_tenant(conn: &Connection, id: i64) -> Result<TenantId, Failure> {
    let mut statement = conn.prepare_cached(sql::TENANT_NAME)?;
    let row = statement.query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
    let (name, checksum): (String, i64) = present(row, "tenant", id)?;
    checked(checksum == tenant_checksum(id, &name), "tenant", id)?;
    TenantId::new(&name).map_err(|_| damaged("tenant", id))
}

/// The tenant's id and the stream's name.
fn load_stream(conn: &Connection, id: i64) -> Result<(i64, StreamId), Failure> {
    let mut statement = conn.prepare_cached(sql::STREAM_NAME)?;
    let row = statement.query_row([id], |row| {
        let mut numbers = [0; 6];
        for (number, column) in numbers.iter_mut().zip([0, 2, 3, 4, 5, 6]) {
            *number = row.get(column)?;
        }
        Ok((row.get::<_, String>(1)?, numbers))
    });
    let (name, [tenant, first_revision, tombstoned, last_revision, last_position, checksum]) =
        present(row, "stream", id)?;
    let tombstoned = tombstoned != 0;
    let row = StreamRow {
        id,
        tenant,
        name: &name,
        first_revision,
        tombstoned,
        last_revision,
        last_position,
    };
    checked(checksum == row.checksum(), "stream", id)?;
    Ok((tenant, name.parse().map_err(|_| damaged("stream", id))?))
}

fn load_kind(conn: &Connection, id: i64) -> Result<Kind, Failure> {
    let mut statement = conn.prepare_cached(sql::KIND_NAME)?;
    let row = statement.query_row([id], |row| {
        let texts: [String; 2] = [row.get(1)?, row.get(2)?];
        Ok((texts, row.get(0)?, row.get(3)?))
    });
    let ([category, name], tenant, checksum): (_, i64, i64) = present(row, "kind", id)?;
    checked(checksum == kind_checksum(id, tenant, &category, &name), "kind", id)?;
    let event_type = EventType::new(&name).map_err(|_| damaged("kind", id))?;
    Ok(Kind { tenant, category, event_type })
}

fn load_term(conn: &Connection, id: i64) -> Result<Term, Failure> {
    let mut statement = conn.prepare_cached(sql::TERM_NAME)?;
    let row = statement.query_row([id], |row| {
        let numbers: [i64; 3] = [row.get(0)?, row.get(1)?, row.get(3)?];
        Ok((row.get::<_, String>(2)?, numbers))
    });
    let (name, [tenant, form, checksum]) = present(row, "term", id)?;
    checked(checksum == term_checksum(id, tenant, form, &name), "term", id)?;
    let name = match form {
        TAG => name.parse().map(TermName::Tag),
        _ => CorrelationId::new(&name).map(TermName::Correlation),
    };
    Ok(Term { tenant, name: name.map_err(|_| damaged("term", id))? })
}

fn present<T>(row: rusqlite::Result<T>, what: &str, id: i64) -> Result<T, Failure> {
    match row {
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            Err(Failure::Corrupt(format!("expected a row for {what} {id}, found none")))
        }
        // A column of another type than the schema says can only be damage.
        Err(
            rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..),
        ) => Err(damaged(what, id)),
        other => Ok(other?),
    }
}

fn checked(equal: bool, what: &str, id: i64) -> Result<(), Failure> {
    if equal { Ok(()) } else { Err(damaged(what, id)) }
}

fn damaged(what: &str, id: i64) -> Failure {
    Failure::Corrupt(format!("the row of {what} {id} differs from its checksum"))
}

/// A bounded cache: an id has one slot, and the last one to use it stays.
#[derive(Debug)]
struct Slots<T>(Vec<Option<(i64, T)>>);

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Slots<T> {
    fn get_or_load(
        &mut self,
        id: i64,
        load: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<&T, Failure> {
        if self.0.is_empty() {
            self.0.resize_with(SLOTS, || None);
        }
        let slot = &mut self.0[usize::try_from(id).unwrap_or(0) & (SLOTS - 1)];
        if !matches!(slot, Some((held, _)) if *held == id) {
            *slot = Some((id, load()?));
        }
        let (_, name) = slot.as_ref().expect("the slot was filled just now");
        Ok(name)
    }
}
