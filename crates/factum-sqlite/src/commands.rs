//! Remembered commands, looked up by the writer and by readers alike.

use bytes::Bytes;
use factum_core::{
    Appended, CommandDigest, CommandId, CommandTarget, Position, Recalled, Revision, Timestamp,
    TouchedStreams,
};
use rusqlite::{Connection, OptionalExtension};

use crate::codec::{CommandRow, command_hash};
use crate::error::Failure;
use crate::names::Names;
use crate::rows::next_dense;
use crate::sql;

/// A command's row, owned.
type Found = (String, Option<i64>, i64, Vec<u8>, Option<i64>, i64, Option<Vec<u8>>);

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
        let (outcome, expires_at) = (row.get(3)?, row.get(4)?);
        let (checksum, digest) = (row.get(5)?, row.get(6)?);
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, outcome, expires_at, checksum, digest))
    });
    let Some((target, first, last, outcome, expires_at, checksum, digest)): Option<Found> =
        row.optional()?
    else {
        let mut statement = conn.prepare_cached(sql::FIND_COMMAND_BY_HASH)?;
        if statement.exists([command_hash(tenant, command.as_str())])? {
            let message = format!("the index that leads to command {command} is damaged");
            return Err(Failure::Corrupt(message));
        }
        return Ok(None);
    };
    let (id, digest) = (command.as_str(), digest.as_deref());
    let (target_text, outcome_bytes) = (target.as_str(), &outcome[..]);
    let row = CommandRow {
        tenant,
        id,
        target: target_text,
        digest,
        first,
        last,
        outcome: outcome_bytes,
        expires_at,
    };
    let sound = row.checksum() == checksum;
    let target = CommandTarget::new(&target).ok().filter(|_| sound);
    let digest = digest.map(<[u8; 32]>::try_from).transpose().ok();
    let (Some(target), Some(digest)) = (target, digest) else {
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
    let digest = digest.map(CommandDigest::from_bytes);
    Ok(Some(Recalled { target, digest, appended }))
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
