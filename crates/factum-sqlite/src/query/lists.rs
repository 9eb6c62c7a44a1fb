//! One list of keys, read in chunks, each of which is seen to be complete.

use factum_core::Direction;
use rusqlite::{Connection, OptionalExtension};

use super::streams;
use crate::error::Failure;
use crate::posting::{broken, last_posting};
use crate::sql;
use crate::streams::StreamEnds;

/// How many positions of a list are read at once.
const CHUNK: usize = 256;
/// How many are read first: a query that leaps far or wants little reads little.
const FIRST_CHUNK: usize = 16;

/// The statements that read a table of postings.
#[derive(Debug)]
pub(crate) struct ListSql {
    forward: &'static str,
    backward: &'static str,
    last: &'static str,
}

pub(super) const KIND_LISTS: ListSql = ListSql {
    forward: sql::KIND_POSITIONS,
    backward: sql::KIND_POSITIONS_BACKWARD,
    last: sql::LAST_OF_KIND,
};
pub(super) const TERM_LISTS: ListSql = ListSql {
    forward: sql::TERM_POSITIONS,
    backward: sql::TERM_POSITIONS_BACKWARD,
    last: sql::LAST_OF_TERM,
};

/// Where the keys of a list come from.
#[derive(Debug)]
pub(super) enum Source {
    /// The postings of a kind or a term.
    Postings(&'static ListSql, i64),
    /// The events of a stream.
    Stream(StreamEnds),
}

/// The keys of a kind, a term or a stream.
#[derive(Debug)]
pub(super) struct List {
    source: Source,
    direction: Direction,
    chunk: Vec<i64>,
    /// Where in the chunk the last answer stood.
    at: usize,
    /// Nothing follows the chunk.
    complete: bool,
}

impl List {
    pub(super) fn new(source: Source, direction: Direction) -> Self {
        Self { source, direction, chunk: Vec::new(), at: 0, complete: false }
    }

    /// The first key from `target` up to and with `through`.
    pub(super) fn seek(
        &mut self,
        conn: &Connection,
        target: i64,
        through: i64,
    ) -> Result<Option<i64>, Failure> {
        if target > through {
            return Ok(None);
        }
        self.at += self.chunk[self.at..].partition_point(|it| *it < target);
        if self.at == self.chunk.len() && !self.complete {
            let most = if self.chunk.is_empty() { FIRST_CHUNK } else { CHUNK };
            self.chunk.clear();
            self.at = 0;
            let (direction, chunk) = (self.direction, &mut self.chunk);
            self.complete = match &self.source {
                Source::Stream(stream) => {
                    streams::fill(conn, stream, direction, target, most, chunk)?
                }
                Source::Postings(sql, id) => match direction {
                    Direction::Forward => fill_forward(conn, (sql, *id), target, most, chunk)?,
                    Direction::Backward => fill_backward(conn, (sql, *id), -target, most, chunk)?,
                },
            };
        }
        Ok(self.chunk.get(self.at).copied().filter(|it| *it <= through))
    }
}

/// Reads the entries from position `first` on. Each names the position before it, and the one after
/// the chunk, or the entry that closes the ring, names the chunk's last one: so none is missing, and
/// none is wrong. Returns whether nothing follows.
fn fill_forward(
    conn: &Connection,
    (sql, id): (&ListSql, i64),
    first: i64,
    most: usize,
    chunk: &mut Vec<i64>,
) -> Result<bool, Failure> {
    let first = first.max(1);
    let mut statement = conn.prepare_cached(sql.forward)?;
    let mut rows = statement.query((id, first, limit(most + 1)))?;
    let mut before = None;
    while let Some(row) = rows.next()? {
        let (position, previous): (i64, i64) = (row.get(0)?, row.get(1)?);
        let follows = before.map_or(previous < first, |before| previous == before);
        if !follows || position <= previous || position < first {
            return Err(broken(id));
        }
        before = Some(position);
        chunk.push(position);
    }
    if chunk.len() > most {
        chunk.pop(); // It vouched for the one before it.
        return Ok(false);
    }
    let last = last_posting(&mut conn.prepare_cached(sql.last)?, id)?;
    let ends = before.map_or(last < first, |before| last == before);
    if ends { Ok(true) } else { Err(broken(id)) }
}

/// Reads the entries from position `newest` down. The first one is named by the entry after it, or by
/// the one that closes the ring; each names the next, and the last one names position 0, where the ring
/// closes. Returns whether nothing follows.
fn fill_backward(
    conn: &Connection,
    (sql, id): (&ListSql, i64),
    newest: i64,
    most: usize,
    chunk: &mut Vec<i64>,
) -> Result<bool, Failure> {
    let mut statement = conn.prepare_cached(sql.forward)?;
    let above = statement.query_row((id, newest.saturating_add(1), 1), |row| row.get(1));
    let mut expected: i64 = match above.optional()? {
        Some(previous) => previous,
        None => last_posting(&mut conn.prepare_cached(sql.last)?, id)?,
    };
    let mut statement = conn.prepare_cached(sql.backward)?;
    let mut rows = statement.query((id, newest, limit(most)))?;
    while let Some(row) = rows.next()? {
        let (position, previous): (i64, i64) = (row.get(0)?, row.get(1)?);
        if position != expected {
            return Err(broken(id));
        }
        if position == 0 {
            return Ok(true);
        }
        if !(0..position).contains(&previous) {
            return Err(broken(id));
        }
        chunk.push(-position);
        expected = previous;
    }
    // Without the entry at position 0, the ring is not closed.
    if chunk.len() < most { Err(broken(id)) } else { Ok(false) }
}

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
