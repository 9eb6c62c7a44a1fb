//! Finding the events of the streams that a query names.
//!
//! A stream's positions go up with its revisions, so its events are a list of positions too: where in
//! it a position stands is found by halving. Its row says where it ends, and every event's row says of
//! which stream it is and at which revision, so none is missing and none is another's.

use std::ops::{Range, RangeInclusive};

use factum_core::{Direction, StreamFilter};
use rusqlite::Connection;

use super::key_of;
use super::lookup::Tenants;
use crate::error::Failure;
use crate::head;
use crate::names::Names;
use crate::rows::{EventRow, next_dense};
use crate::sql;
use crate::streams::{self, StreamEnds, newest_through};

/// Beyond this many streams, looking at each event's stream beats merging their lists.
const STREAMS_MAX: usize = 64;

/// The streams that are meant; `None` if they are too many to merge.
pub(super) fn find(
    conn: &Connection,
    tenants: Tenants,
    filter: &StreamFilter,
) -> Result<Option<Vec<StreamEnds>>, Failure> {
    let mut found = Vec::new();
    for tenant in ids(conn, tenants)? {
        match filter {
            StreamFilter::Is(stream) => found.extend(streams::find_with_end(conn, tenant, stream)?),
            StreamFilter::StartsWith(_) => {
                found.extend(streams::find_named(conn, tenant, &filter.names(), STREAMS_MAX + 1)?);
            }
        }
        if found.len() > STREAMS_MAX {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// The ids of the tenants; those of all are dense from 1.
fn ids(conn: &Connection, tenants: Tenants) -> Result<RangeInclusive<i64>, Failure> {
    if tenants.is_one() {
        return Ok(tenants.first..=tenants.last);
    }
    Ok(1..=head::read(conn)?.tenants())
}

/// Whether the event at a position, which is there, is of a stream with one of these names.
pub(super) fn is_within(
    conn: &Connection,
    names: &mut Names,
    position: i64,
    range: &Range<String>,
) -> Result<bool, Failure> {
    let mut statement = conn.prepare_cached(sql::LOG_PAGE)?;
    let mut rows = statement.query((position - 1, position, 1))?;
    let stream = next_dense(&mut rows, position)?.numbers.stream;
    let name = names.stream(conn, stream)?.stream.as_str();
    Ok((range.start.as_str()..range.end.as_str()).contains(&name))
}

/// Fills `chunk` with up to `most` keys of a stream's events from `target` on. Returns whether nothing
/// follows them.
pub(super) fn fill(
    conn: &Connection,
    stream: &StreamEnds,
    direction: Direction,
    target: i64,
    most: usize,
    chunk: &mut Vec<i64>,
) -> Result<bool, Failure> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let (sql, first, there, step) = match direction {
        Direction::Forward => {
            let first = last_through(conn, stream, target - 1)? + 1;
            (sql::STREAM_FORWARD, first, stream.last - first + 1, 1)
        }
        Direction::Backward => {
            let first = last_through(conn, stream, -target)?;
            (sql::STREAM_BACKWARD, first, first + 1, -1)
        }
    };
    let count = there.min(most);
    let last = first + (count - 1) * step;
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((stream.id, first.min(last), first.max(last), count))?;
    for number in 0..count {
        let revision = first + number * step;
        let row = rows.next()?.map(EventRow::verified).transpose()?;
        let position = streams::position_in(stream.id, revision, row)?;
        chunk.push(key_of(direction, position));
    }
    if chunk.is_sorted_by(|one, next| one < next) {
        Ok(there <= most)
    } else {
        Err(Failure::Corrupt(format!("stream {}: positions do not go up", stream.id)))
    }
}

/// The last revision of a stream that stands at or before a position; -1 if none does.
fn last_through(conn: &Connection, stream: &StreamEnds, position: i64) -> Result<i64, Failure> {
    match position {
        ..=0 => Ok(-1),
        _ if position >= stream.last_position => Ok(stream.last),
        _ => newest_through(conn, stream.id, 0, stream.last, position),
    }
}
