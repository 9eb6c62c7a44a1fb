//! What every format gives: events with their stream, one after another.

use factum::{NewEvent, StreamId, TenantId};

use crate::acts::Act;
use crate::outcome::Failure;

/// Reads a file event by event.
pub(crate) trait Source: Send {
    /// The next event; `None` at the end.
    fn next(&mut self) -> Result<Option<Item>, Trouble>;

    /// The line that is being read, 1-based.
    fn line(&self) -> u64;

    /// What the file holds beside events that is not brought in, in words.
    fn left_out(&self) -> Option<String> {
        None
    }
}

/// One event of a file.
#[derive(Debug)]
pub(crate) struct Item {
    pub(super) tenant: Option<TenantId>,
    pub(super) stream: StreamId,
    /// How many events of the file came before it in its stream: where it belongs if the stream
    /// holds nothing else.
    pub(super) place: u64,
    pub(super) event: NewEvent,
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
}

impl BadRow {
    pub(super) fn new(line: u64, column: Option<&str>, reason: impl std::fmt::Display) -> Self {
        Self { line, column: column.map(Into::into), reason: reason.to_string() }
    }
}

impl std::fmt::Display for BadRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)
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
