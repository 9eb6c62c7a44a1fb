//! Looking a stream up, so that damage is not taken for another stream, or for none.

use std::ops::Range;

use factum_core::StreamId;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::codec::{StreamRow, stream_hash};
use crate::error::Failure;
use crate::rows::EventRow;
use crate::sql;

/// What a stream's row says, apart from its names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamEnds {
    pub(crate) id: i64,
    /// The first revision that is still read.
    pub(crate) first: i64,
    pub(crate) tombstoned: bool,
    pub(crate) last: i64,
    pub(crate) last_position: i64,
}

impl StreamEnds {
    /// From the columns that follow `column`, verified together with the names.
    pub(crate) fn verified(
        row: &Row<'_>,
        column: usize,
        tenant: i64,
        name: &str,
    ) -> Result<Self, Failure> {
        let number = |place: usize| row.get::<_, i64>(column + place);
        let ends = Self {
            id: number(0)?,
            first: number(1)?,
            tombstoned: number(2)? != 0,
            last: number(3)?,
            last_position: number(4)?,
        };
        if ends.row(tenant, name).checksum() == number(5)? { Ok(ends) } else { Err(astray(name)) }
    }

    /// The row that says this of the stream with these names.
    pub(crate) fn row<'a>(&self, tenant: i64, name: &'a str) -> StreamRow<'a> {
        StreamRow {
            id: self.id,
            tenant,
            name,
            first_revision: self.first,
            tombstoned: self.tombstoned,
            last_revision: self.last,
            last_position: self.last_position,
        }
    }
}

/// The stream with this name, if there is one.
///
/// The row it was led to is the stream's if its checksum is that of the name that was asked for. A
/// stream that the index of names does not find must be missing from the index of hashes as well.
pub(crate) fn find(
    conn: &Connection,
    tenant: i64,
    stream: &StreamId,
) -> Result<Option<StreamEnds>, Failure> {
    let name = stream.as_str();
    let mut statement = conn.prepare_cached(sql::FIND_STREAM)?;
    let mut rows = statement.query((tenant, name))?;
    if let Some(row) = rows.next()? {
        return StreamEnds::verified(row, 0, tenant, name).map(Some);
    }
    let mut statement = conn.prepare_cached(sql::FIND_STREAM_BY_HASH)?;
    let known: Option<i64> =
        statement.query_row([stream_hash(tenant, name)], |row| row.get(0)).optional()?;
    if known.is_some() { Err(astray(name)) } else { Ok(None) }
}

/// The same, where no event is read that would show another end.
pub(crate) fn find_with_end(
    conn: &Connection,
    tenant: i64,
    stream: &StreamId,
) -> Result<Option<StreamEnds>, Failure> {
    let found = find(conn, tenant, stream)?;
    found.map(|ends| with_end(conn, ends, stream.as_str())).transpose()
}

/// Up to `most` streams of a tenant whose names are in a range, each as it ends.
///
/// Each row that the index of names leads to is one of them by its checksum, and a second index of
/// names must know the same ones: a stream that one of them has lost is in the other.
pub(crate) fn find_named(
    conn: &Connection,
    tenant: i64,
    names: &Range<String>,
    most: usize,
) -> Result<Vec<StreamEnds>, Failure> {
    let Range { start, end } = names;
    let binds = (tenant, start, end, i64::try_from(most).unwrap_or(i64::MAX));
    let mut statement = conn.prepare_cached(sql::FIND_STREAMS)?;
    let mut rows = statement.query(binds)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if !names.contains(&name) {
            return Err(astray(&name));
        }
        found.push(with_end(conn, StreamEnds::verified(row, 1, tenant, &name)?, &name)?);
    }
    let mut statement = conn.prepare_cached(sql::FIND_STREAMS_AGAIN)?;
    let known = statement.query_map(binds, |row| row.get::<_, i64>(0))?;
    let known = known.collect::<Result<Vec<_>, _>>()?;
    if found.iter().map(|it| it.id).eq(known) {
        Ok(found)
    } else {
        Err(Failure::Corrupt("an index of streams is damaged: two of them differ".into()))
    }
}

/// The same, if no event stands behind the end, which would show that the row is not the last one that
/// was written.
fn with_end(conn: &Connection, ends: StreamEnds, name: &str) -> Result<StreamEnds, Failure> {
    let mut statement = conn.prepare_cached(sql::STREAM_FORWARD)?;
    let next = ends.last + 1;
    if statement.exists((ends.id, next, next, 1))? { Err(astray(name)) } else { Ok(ends) }
}

/// The last revision from `oldest` to `newest` that stands at or before `end`; `oldest - 1` if none
/// does. Revisions and positions go up together.
pub(crate) fn newest_through(
    conn: &Connection,
    stream: i64,
    oldest: i64,
    newest: i64,
    end: i64,
) -> Result<i64, Failure> {
    let mut statement = conn.prepare_cached(sql::STREAM_FORWARD)?;
    let (mut before, mut after) = (oldest - 1, newest + 1);
    while before + 1 < after {
        let middle = before + (after - before) / 2;
        let mut rows = statement.query((stream, middle, middle, 1))?;
        let row = rows.next()?.map(EventRow::verified).transpose()?;
        if position_in(stream, middle, row)? <= end { before = middle } else { after = middle }
    }
    Ok(before)
}

/// Where an event of the stream stands, by the row that an index led to.
pub(crate) fn position_in(
    stream: i64,
    revision: i64,
    row: Option<EventRow<'_>>,
) -> Result<i64, Failure> {
    let row = row.map(|row| row.numbers);
    match row.filter(|row| row.stream == stream && row.revision == revision) {
        Some(row) => Ok(row.position),
        None => Err(Failure::Corrupt(format!(
            "stream {stream}: expected revision {revision}, found another row or none"
        ))),
    }
}

fn astray(name: &str) -> Failure {
    Failure::Corrupt(format!("the row of stream {name}, or an index that leads to it, is damaged"))
}
