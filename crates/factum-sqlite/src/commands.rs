//! Remembered commands, looked up by the writer and by readers alike.

use bytes::Bytes;
use factum_core::{
    Appended, CommandId, CommandTarget, Position, Recalled, Revision, Timestamp, TouchedStreams,
};
use rusqlite::{Connection, OptionalExtension};

use crate::codec::{CommandRow, command_hash};
use crate::error::Failure;
use crate::names::Names;
use crate::rows::next_dense;
use crate::sql;

/// A command's row, owned.
type Found = (String, Option<i64>, i64, Vec<u8>, Option<i64>, i64);

/// The stored answer of a command, unless it has expired.
pub(crate) fn find(
    conn: &Connection,
    names: &mut Names,
    tenant: i64,
    command: &CommandId,
    now: Timestamp,
) -> Result<Option<Recalled>, Failure> {
    let mut statement = conn.prepare_cached(sql::FIND_COMMAND)?;
    let row = statement.query_row((tenant, command.as_str()), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
    });
    let Some((target, first, last, outcome, expires_at, checksum)): Option<Found> =
        row.optional()?
    else {
        let mut statement = conn.prepare_cached(sql::FIND_COMMAND_BY_HASH)?;
        if statement.exists([command_hash(tenant, command.as_str())])? {
            let message = format!("the index that leads to command {command} is damaged");
            return Err(Failure::Corrupt(message));
        }
        return Ok(None);
    };
    let id = command.as_str();
    let row =
        CommandRow { tenant, id, target: &target, first, last, outcome: &outcome, expires_at };
    let target = CommandTarget::new(&target).ok().filter(|_| row.checksum() == checksum);
    let Some(target) = target else {
        let message = format!("the row of command {command} differs from its checksum");
        return Err(Failure::Corrupt(message));
    };
    if expires_at.is_some_and(|at| at <= now.as_micros()) {
        return Ok(None);
    }
    let streams = match first {
        Some(first) => places(conn, names, first, last)?,
        None => TouchedStreams::default(),
    };
    let appended = Appended {
        first: first.map(|it| Position::new(it.cast_unsigned())),
        last: Position::new(last.cast_unsigned()),
        streams: streams.into_vec(),
        outcome: Some(Bytes::from(outcome)),
        repeated: true,
    };
    Ok(Some(Recalled { target, appended }))
}

/// The streams that the events of an answer went to.
fn places(
    conn: &Connection,
    names: &mut Names,
    first: i64,
    last: i64,
) -> Result<TouchedStreams, Failure> {
    let mut streams = TouchedStreams::default();
    let mut statement = conn.prepare_cached(sql::LOG_PAGE)?;
    let mut rows = statement.query((first - 1, last, i64::MAX))?;
    for position in first..=last {
        let row = next_dense(&mut rows, position)?;
        let stream = &names.stream(conn, row.numbers.stream)?.stream;
        streams.note(stream, Revision::new(row.numbers.revision.cast_unsigned()));
    }
    Ok(streams)
}
