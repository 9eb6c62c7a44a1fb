//! Looking a stream up, so that damage is not taken for another stream, or for none.

use factum_core::StreamId;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::codec::{StreamRow, stream_hash};
use crate::error::Failure;
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
    if let Some(StreamEnds { id, last, .. }) = found {
        let mut statement = conn.prepare_cached(sql::STREAM_FORWARD)?;
        if statement.exists((id, last + 1, last + 1, 1))? {
            return Err(astray(stream.as_str()));
        }
    }
    Ok(found)
}

fn astray(name: &str) -> Failure {
    Failure::Corrupt(format!("the row of stream {name}, or an index that leads to it, is damaged"))
}
