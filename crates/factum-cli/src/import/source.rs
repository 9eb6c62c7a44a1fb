//! What every format gives: events with their stream, one after another.

use factum::{NewEvent, StreamId, TenantId};

use super::identity::Kind;
use crate::acts::Act;
use crate::outcome::Failure;

/// Reads a file event by event.
pub(crate) trait Source: Send {
    /// The next event; `None` at the end.
    fn next(&mut self) -> Result<Option<Item>, Trouble>;

    /// How its events are recognised.
    fn kind(&self) -> Kind;

    /// What is worth to be told of the file, beside its events.
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// Something in a file that was left out, or that could be taken in more than one way.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Its name in JSON.
    pub(super) name: &'static str,
    /// How often.
    pub(super) count: u64,
    /// What it is, in words that follow the count; and what became of it.
    pub(super) thing: &'static str,
    pub(super) outcome: Option<String>,
}

/// One event of a file.
#[derive(Debug)]
pub(crate) struct Item {
    pub(super) tenant: Option<TenantId>,
    pub(super) stream: StreamId,
    /// The line it comes from.
    pub(super) line: u64,
    /// How many events of the file came before it in its stream: where it belongs if the stream
    /// holds nothing else. `None` if the file may hold it twice: then only the stream tells.
    pub(super) place: Option<u64>,
    pub(super) event: NewEvent,
    /// Whether a row before it in the file says the same.
    pub(super) repeats: bool,
    /// An act on the stream, to be carried out again instead of appended.
    pub(super) act: Option<Act>,
    /// The revision that the file says it has.
    pub(super) revision: Option<u64>,
}

/// Why there is no next event.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// One row cannot be read; the next one may.
    Row(BadRow),
    /// Nothing more can be read.
    End(Failure),
}

/// A row that is no event.
#[derive(Debug)]
pub(crate) struct BadRow {
    pub(super) line: u64,
    /// The column's name or number, where one is to blame.
    pub(super) column: Option<String>,
    pub(super) reason: String,
    /// How many rows are lost with it: more than one where the file cannot be cut into rows.
    pub(super) rows: u64,
}

impl BadRow {
    pub(super) fn new(line: u64, column: Option<&str>, reason: impl std::fmt::Display) -> Self {
        Self { line, column: column.map(Into::into), reason: reason.to_string(), rows: 1 }
    }
}

/// The rows that were left out: counted, the first of them by name.
#[derive(Debug, Default)]
pub(crate) struct BadRows {
    pub(super) count: u64,
    pub(super) named: Vec<BadRow>,
}

/// Bad rows that are named; the others are counted.
const NAMED_MAX: usize = 5;

impl BadRows {
    pub(super) fn add(&mut self, row: BadRow) {
        self.count += row.rows;
        if self.named.len() < NAMED_MAX {
            self.named.push(row);
        }
    }

    /// Takes in those of another, in the order of the file.
    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.named.extend(other.named);
        self.named.sort_by_key(|row| row.line);
        self.named.truncate(NAMED_MAX);
    }
}

impl std::fmt::Display for BadRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)?;
        if self.rows > 1 {
            write!(f, "; {} rows from there on", self.rows)?;
        }
        Ok(())
    }
}

impl From<BadRow> for Trouble {
    fn from(row: BadRow) -> Self {
        Self::Row(row)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::End(failure)
    }
}
