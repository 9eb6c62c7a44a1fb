//! Where the log ends, as the file says beside the events.

use rusqlite::{Connection, OptionalExtension};

use crate::codec::head_checksum;
use crate::error::Failure;
use crate::sql;

/// The last position, 0 for an empty log.
pub(crate) fn read(conn: &Connection) -> Result<i64, Failure> {
    let mut statement = conn.prepare_cached(sql::HEAD)?;
    let row = statement.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
    match row.optional()? {
        Some((position, checksum)) if head_checksum(position) == checksum => Ok(position),
        _ => Err(Failure::Corrupt("the row of the head differs from its checksum".into())),
    }
}

/// The last position, after making sure that the events end there too.
pub(crate) fn read_checked(conn: &Connection) -> Result<i64, Failure> {
    let head = read(conn)?;
    let mut statement = conn.prepare_cached(sql::LAST_POSITION)?;
    let last: i64 = statement.query_row([], |row| row.get(0))?;
    if last == head {
        return Ok(head);
    }
    Err(Failure::Corrupt(format!("expected the last event at position {head}, found it at {last}")))
}

/// Says that the log now ends at `position`.
pub(crate) fn write(conn: &Connection, position: i64) -> Result<(), Failure> {
    conn.prepare_cached(sql::MOVE_HEAD)?.execute((position, head_checksum(position)))?;
    Ok(())
}
