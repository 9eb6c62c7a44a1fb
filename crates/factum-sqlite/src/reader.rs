//! What a reading thread owns, and the transaction that the reads it serves share.
//!
//! ```text
//! job asked for before the open transaction began -> reads in it
//! job asked for since, or the transaction served enough -> end it, begin a new one
//! nothing waits, a read failed, a long read goes on -> end it
//! ```
//!
//! To begin a transaction after a commit of another connection costs reading the head, the roots
//! and the inner pages again; reads that wait together pay it once. A read still sees everything
//! that was acknowledged before it was asked for, because a transaction serves only reads that
//! were asked for before it began.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use factum_core::{Position, TenantScope};
use rusqlite::Connection;

use crate::cache::{Seen, StreamCache};
use crate::error::Failure;
use crate::head;
use crate::names::Names;
use crate::query::QueryScope;
use crate::read_file::ReadFile;
use crate::views::{Guard, Statements};

/// After this many reads a transaction ends, so that it does not keep the write-ahead log from
/// being written back.
const SHARED_BY_MAX: u32 = 32;

/// Numbers reads in the order in which they are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tickets(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    drawn: AtomicU64,
    taken_up: AtomicU64,
}

impl Tickets {
    /// The number of a read that is being asked for.
    pub(crate) fn draw(&self) -> u64 {
        self.0.drawn.fetch_add(1, Ordering::SeqCst)
    }

    /// Every read with a lower number was asked for by now.
    fn drawn(&self) -> u64 {
        self.0.drawn.load(Ordering::SeqCst)
    }
}

/// What a reading thread owns.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) conn: Connection,
    file: ReadFile,
    pub(crate) names: Names,
    pub(crate) cache: Option<Arc<StreamCache>>,
    /// The rows of the run at hand.
    pub(crate) kept_rows: Vec<u8>,
    /// Statements of views, which only read.
    pub(crate) statements: Statements,
    tickets: Tickets,
    /// The number of the read at hand.
    ticket: u64,
    open: Option<OpenTransaction>,
}

#[derive(Debug)]
struct OpenTransaction {
    /// It began after every read with a lower number was asked for.
    before: u64,
    served: u32,
    /// The generation of the cache before it began.
    generation: u64,
    /// The head, once it was read.
    head: Option<Position>,
}

impl Reader {
    pub(crate) fn new(
        (mut conn, file): (Connection, ReadFile),
        tickets: Tickets,
        cache: Option<Arc<StreamCache>>,
    ) -> rusqlite::Result<Self> {
        let (names, kept_rows) = (Names::default(), Vec::new());
        let guard = Guard::of_reader();
        guard.install(&mut conn)?;
        let statements = Statements::new(guard);
        Ok(Self { conn, file, names, cache, kept_rows, statements, tickets, ticket: 0, open: None })
    }

    /// The read at hand from now on is the one with this number.
    pub(crate) fn take_up(&mut self, ticket: u64) {
        self.ticket = ticket;
        self.tickets.0.taken_up.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether reads wait for a thread.
    pub(crate) fn others_wait(&self) -> bool {
        self.tickets.drawn() > self.tickets.0.taken_up.load(Ordering::Relaxed)
    }

    /// The head of the state that the transaction sees.
    pub(crate) fn head(&mut self) -> Result<Position, Failure> {
        if let Some(OpenTransaction { head: Some(head), .. }) = self.open {
            return Ok(head);
        }
        let head = Position::new(head::read(&self.conn)?.position.cast_unsigned());
        if let Some(open) = &mut self.open {
            open.head = Some(head);
        }
        Ok(head)
    }

    /// Whose events are meant.
    pub(crate) fn query_scope(&mut self, scope: &TenantScope) -> Result<QueryScope, Failure> {
        QueryScope::new(&self.conn, &mut self.names, scope)
    }

    /// When what the transaction reads was so.
    pub(crate) fn seen(&self) -> Option<Seen> {
        let OpenTransaction { generation, head: Some(head), .. } = self.open.as_ref()? else {
            return None;
        };
        Some(Seen { generation: *generation, head: head.get().cast_signed() })
    }

    /// Runs `read` inside one transaction, so that all its statements see one state: everything
    /// that was there when the read at hand was asked for, and maybe more.
    pub(crate) fn in_transaction<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.renew()?;
        self.begin()?;
        let result = read(self).and_then(|found| self.file.check().map(|()| found));
        if let Err(Failure::Sqlite(_) | Failure::Corrupt(_) | Failure::ChangedMeanwhile) = result {
            self.end(); // What failed one read must not fail the next.
        }
        result
    }

    /// Connects again to a file that was at rest and is no longer.
    fn renew(&mut self) -> Result<(), Failure> {
        if self.file.is_current() {
            return Ok(());
        }
        self.end();
        self.conn = self.file.again()?;
        let guard = self.statements.guard.clone();
        guard.install(&mut self.conn)?;
        self.statements = Statements::new(guard);
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Failure> {
        match &mut self.open {
            Some(open) if self.ticket < open.before && open.served < SHARED_BY_MAX => {
                open.served += 1;
                return Ok(());
            }
            _ => self.end(),
        }
        let before = self.tickets.drawn();
        let generation = self.cache.as_ref().map_or(0, |cache| cache.generation());
        self.conn.prepare_cached("BEGIN")?.execute([])?;
        self.open = Some(OpenTransaction { before, served: 1, generation, head: None });
        Ok(())
    }

    /// Ends the transaction, if there is one: whoever reads next sees what is there then.
    pub(crate) fn end(&mut self) {
        self.open = None;
        if self.conn.is_autocommit() {
            return;
        }
        let ended = self.conn.prepare_cached("COMMIT").and_then(|mut it| it.execute([]));
        if ended.is_err() && !self.conn.is_autocommit() {
            // If even this fails, the next BEGIN does too, and says why.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }
}

#[cfg(test)]
mod tests;
