//! One list of postings, read forward in chunks, each of which is seen to be complete.

use rusqlite::Connection;

use crate::error::Failure;
use crate::posting::{broken, last_posting};
use crate::sql;

/// How many positions of a list are read at once.
const CHUNK: usize = 256;
/// How many are read first: a query that leaps far or wants little reads little.
const FIRST_CHUNK: usize = 16;

/// The statements that read a table of postings.
#[derive(Debug)]
pub(crate) struct ListSql {
    positions: &'static str,
    last: &'static str,
}

pub(super) const KIND_LISTS: ListSql =
    ListSql { positions: sql::KIND_POSITIONS, last: sql::LAST_OF_KIND };
pub(super) const TERM_LISTS: ListSql =
    ListSql { positions: sql::TERM_POSITIONS, last: sql::LAST_OF_TERM };

/// The positions of a kind or a term.
#[derive(Debug)]
pub(super) struct PostingList {
    sql: &'static ListSql,
    id: i64,
    chunk: Vec<i64>,
    /// Where in the chunk the last answer stood.
    at: usize,
    /// Nothing follows the chunk.
    complete: bool,
}

impl PostingList {
    pub(super) fn new(sql: &'static ListSql, id: i64) -> Self {
        Self { sql, id, chunk: Vec::new(), at: 0, complete: false }
    }

    /// The first position from `target` up to and with `through`.
    pub(super) fn seek(
        &mut self,
        conn: &Connection,
        target: i64,
        through: i64,
    ) -> Result<Option<i64>, Failure> {
        self.at += self.chunk[self.at..].partition_point(|it| *it < target);
        if self.at == self.chunk.len() && !self.complete {
            let most = if self.chunk.is_empty() { FIRST_CHUNK } else { CHUNK };
            self.load(conn, target.max(1), most)?;
        }
        Ok(self.chunk.get(self.at).copied().filter(|it| *it <= through))
    }

    /// Reads the entries from `target` on. Each names the position before it, and the one after the
    /// chunk, or the entry that closes the ring, names the chunk's last one: so none is missing, and
    /// none is wrong.
    fn load(&mut self, conn: &Connection, target: i64, most: usize) -> Result<(), Failure> {
        self.chunk.clear();
        self.at = 0;
        let mut statement = conn.prepare_cached(self.sql.positions)?;
        let limit = i64::try_from(most + 1).unwrap_or(i64::MAX);
        let mut rows = statement.query((self.id, target, limit))?;
        let mut before = None;
        while let Some(row) = rows.next()? {
            let (position, previous): (i64, i64) = (row.get(0)?, row.get(1)?);
            let follows = before.map_or(previous < target, |before| previous == before);
            if !follows || position <= previous || position < target {
                return Err(broken(self.id));
            }
            before = Some(position);
            self.chunk.push(position);
        }
        self.complete = self.chunk.len() <= most;
        if !self.complete {
            self.chunk.pop(); // It vouched for the one before it.
            return Ok(());
        }
        let last = last_posting(&mut conn.prepare_cached(self.sql.last)?, self.id)?;
        let ends = before.map_or(last < target, |before| last == before);
        if ends { Ok(()) } else { Err(broken(self.id)) }
    }
}
