//! Writing postings: which events have a kind or a term.

use rusqlite::{CachedStatement, Connection};

/// How many rows the statement for many takes at once.
const ROWS: usize = 32;

/// The two statements that fill a table of postings: one row at a time, and many.
pub(crate) struct PostingTable<'c> {
    one: CachedStatement<'c>,
    many: CachedStatement<'c>,
}

impl<'c> PostingTable<'c> {
    pub(crate) fn new(conn: &'c Connection, one: &str, many: &str) -> rusqlite::Result<Self> {
        Ok(Self { one: conn.prepare_cached(one)?, many: conn.prepare_cached(many)? })
    }

    /// Writes the postings (id, position) of a request and empties the list.
    ///
    /// In order of id, so that neighbours in the table are written one after the other; and many
    /// to a statement, because starting a statement costs as much as writing a row.
    pub(crate) fn write(&mut self, postings: &mut Vec<(i64, i64)>) -> rusqlite::Result<()> {
        postings.sort_unstable();
        let chunks = postings.chunks_exact(ROWS);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (place, (id, position)) in (0..).zip(chunk) {
                self.many.raw_bind_parameter(2 * place + 1, id)?;
                self.many.raw_bind_parameter(2 * place + 2, position)?;
            }
            self.many.raw_execute()?;
        }
        for posting in rest {
            self.one.execute(*posting)?;
        }
        postings.clear();
        Ok(())
    }
}
