//! Writing postings: which events have a kind or a term.
//!
//! A list of postings is a ring. Each entry names the position before it, and the entry at position 0
//! names the last one, so that whoever reads a part of the list knows that nothing of it is missing.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::{CachedStatement, Connection, OptionalExtension};

use crate::error::Failure;

/// How many rows the statement for many takes at once.
const ROWS: usize = 32;

/// Where lists of postings end, as far as the writer knows.
#[derive(Debug, Default)]
pub(crate) struct PostingEnds(HashMap<i64, i64, RandomState>);

impl PostingEnds {
    /// Notes a list that has no entries yet.
    pub(crate) fn begin(&mut self, id: i64) {
        self.0.insert(id, 0);
    }

    /// Makes room, between two requests.
    pub(crate) fn trim(&mut self, kept_max: usize) {
        if self.0.len() > kept_max {
            self.0.clear();
        }
    }
}

/// The statements of a table of postings.
#[derive(Debug)]
pub(crate) struct PostingSql {
    pub(crate) insert_one: &'static str,
    pub(crate) insert_many: &'static str,
    pub(crate) last: &'static str,
}

/// The statements that fill a table of postings: one row at a time, and many.
pub(crate) struct PostingTable<'c> {
    one: CachedStatement<'c>,
    many: CachedStatement<'c>,
    last: CachedStatement<'c>,
    rows: Vec<[i64; 3]>,
}

impl<'c> PostingTable<'c> {
    pub(crate) fn new(conn: &'c Connection, sql: &PostingSql) -> rusqlite::Result<Self> {
        Ok(Self {
            one: conn.prepare_cached(sql.insert_one)?,
            many: conn.prepare_cached(sql.insert_many)?,
            last: conn.prepare_cached(sql.last)?,
            rows: Vec::new(),
        })
    }

    /// Writes the postings (id, position) of a request and empties the list.
    ///
    /// In order of id, so that neighbours in the table are written one after the other; and many
    /// to a statement, because starting a statement costs as much as writing a row. The entry at
    /// position 0 replaces the one that is there; the others are new.
    pub(crate) fn write(
        &mut self,
        postings: &mut Vec<(i64, i64)>,
        ends: &mut PostingEnds,
    ) -> Result<(), Failure> {
        postings.sort_unstable();
        self.rows.clear();
        for list in postings.chunk_by(|one, next| one.0 == next.0) {
            let id = list[0].0;
            let mut previous = match ends.0.get(&id) {
                Some(last) => *last,
                None => last_posting(&mut self.last, id)?,
            };
            let closing = self.rows.len();
            self.rows.push([id, 0, 0]);
            for (_, position) in list {
                self.rows.push([id, *position, previous]);
                previous = *position;
            }
            self.rows[closing][2] = previous;
            ends.0.insert(id, previous);
        }
        let chunks = self.rows.chunks_exact(ROWS);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (place, number) in (1..).zip(chunk.as_flattened()) {
                self.many.raw_bind_parameter(place, number)?;
            }
            self.many.raw_execute()?;
        }
        for row in rest {
            self.one.execute(*row)?;
        }
        postings.clear();
        Ok(())
    }
}

/// The last position of a list that has entries.
pub(crate) fn last_posting(statement: &mut CachedStatement<'_>, id: i64) -> Result<i64, Failure> {
    let last = statement.query_row([id], |row| row.get(0)).optional()?;
    last.ok_or_else(|| broken(id))
}

/// A list whose entries do not follow on one another.
pub(crate) fn broken(id: i64) -> Failure {
    Failure::Corrupt(format!("the positions of kind or term {id} are not complete in their index"))
}
