//! The kinds and terms that are asked for. Each is compared with its row, and a second index must know
//! as many: one that is missing would leave out all its events.

use factum_core::EventType;
use rusqlite::{CachedStatement, Connection, Params};

use crate::codec::{kind_hash, term_hash};
use crate::error::Failure;
use crate::names::{Names, TermName};
use crate::sql;

/// Whose names are meant: those of the tenants with ids from `first` to `last`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tenants {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Tenants {
    pub(crate) fn one(id: i64) -> Self {
        Self { first: id, last: id }
    }

    pub(super) fn is_one(self) -> bool {
        self.first == self.last
    }

    fn includes(self, tenant: i64) -> bool {
        (self.first..=self.last).contains(&tenant)
    }
}

/// The kinds of a category, of a type, of both or of neither, in order of id.
pub(crate) fn find_kinds(
    conn: &Connection,
    names: &mut Names,
    tenants: Tenants,
    category: Option<&str>,
    event_type: Option<&EventType>,
) -> Result<Vec<i64>, Failure> {
    let Tenants { first, last } = tenants;
    let mut found = match event_type {
        Some(event_type) => {
            let mut statement = conn.prepare_cached(sql::FIND_KINDS_OF_TYPE)?;
            ids(&mut statement, (first, last, category, event_type.as_str()))?
        }
        None => ids(&mut conn.prepare_cached(sql::FIND_KINDS)?, (first, last, category))?,
    };
    found.sort_unstable();
    let hash = kind_hash(category, event_type.map(EventType::as_str));
    let mut known = ids(&mut conn.prepare_cached(sql::FIND_KIND_KEYS)?, (first, last, hash))?;
    known.sort_unstable();
    if found != known {
        return Err(damaged("event types"));
    }
    for id in &found {
        let kind = names.kind(conn, *id)?;
        let is_right = tenants.includes(kind.tenant)
            && category.is_none_or(|it| it == kind.category)
            && event_type.is_none_or(|it| *it == kind.event_type);
        if !is_right {
            return Err(damaged("event types"));
        }
    }
    Ok(found)
}

/// The terms that a tag or a correlation is: one, or one for each tenant that has it.
pub(crate) fn find_terms(
    conn: &Connection,
    names: &mut Names,
    tenants: Tenants,
    term: &TermName,
) -> Result<Vec<i64>, Failure> {
    let Tenants { first, last } = tenants;
    let (form, name) = term.stored();
    let found = ids(&mut conn.prepare_cached(sql::FIND_TERMS)?, (first, last, form, name))?;
    for id in &found {
        let row = names.term(conn, *id)?;
        if !tenants.includes(row.tenant) || row.name.stored() != (form, name) {
            return Err(damaged("tags and correlations"));
        }
    }
    // A tenant has one at most: if it was found, it is all there is.
    if !(tenants.is_one() && found.len() == 1) {
        let mut statement = conn.prepare_cached(sql::FIND_TERMS_BY_HASH)?;
        let known = ids(&mut statement, (first, last, term_hash(form, name)))?;
        if known.len() != found.len() {
            return Err(damaged("tags and correlations"));
        }
    }
    Ok(found)
}

fn ids(statement: &mut CachedStatement<'_>, binds: impl Params) -> Result<Vec<i64>, Failure> {
    let ids = statement.query_map(binds, |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

fn damaged(what: &str) -> Failure {
    Failure::Corrupt(format!("an index of {what} is damaged: it does not say what the rows say"))
}
