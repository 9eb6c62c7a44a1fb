//! The reads: over the whole log, and over one stream.

use crate::limits::PAGE_MAX;
use crate::{Position, Query, RecordedEvent, Revision, StreamId};

/// A read over the whole log in position order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRead {
    /// Which events.
    pub query: Query,
    /// Exclusive: where to start.
    pub after: Position,
    /// Inclusive: where to end; `None` for the head as it is when the read starts.
    pub through: Option<Position>,
    /// Most matching events to deliver.
    pub limit: Option<u64>,
    /// Most events in a page; clamped to 1 to [`PAGE_MAX`].
    pub page_events_max: usize,
}

impl LogRead {
    /// Reads the events that match `query` after `after`, up to the head.
    pub fn after(query: impl Into<Query>, after: Position) -> Self {
        Self { query: query.into(), after, ..Self::default() }
    }
}

impl Default for LogRead {
    /// Everything from the start, in pages of 1,000.
    fn default() -> Self {
        Self {
            query: Query::all(),
            after: Position::START,
            through: None,
            limit: None,
            page_events_max: 1_000,
        }
    }
}

/// Which way to read a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From older to newer.
    #[default]
    Forward,
    /// From newer to older.
    Backward,
}

/// A read over one stream in revision order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRead {
    /// The stream.
    pub stream: StreamId,
    /// Which way.
    pub direction: Direction,
    /// Inclusive: where to start; `None` for the first event forward, the last one backward.
    pub from: Option<Revision>,
    /// Inclusive: ignore events above this position; `None` for the head when the read starts.
    pub through: Option<Position>,
    /// Most events to deliver.
    pub limit: Option<u64>,
    /// Most events in a page; clamped to 1 to [`PAGE_MAX`].
    pub page_events_max: usize,
}

impl StreamRead {
    /// Reads the whole of `stream` forward, in pages of 1,000.
    pub fn forward(stream: StreamId) -> Self {
        Self {
            stream,
            direction: Direction::Forward,
            from: None,
            through: None,
            limit: None,
            page_events_max: 1_000,
        }
    }

    /// Reads the whole of `stream` backward, in pages of 1,000.
    pub fn backward(stream: StreamId) -> Self {
        Self { direction: Direction::Backward, ..Self::forward(stream) }
    }
}

/// Brings a requested page size within 1 to [`PAGE_MAX`].
pub fn page_events(requested: usize) -> usize {
    requested.clamp(1, PAGE_MAX)
}

/// A run of events from a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The events, possibly none, in the order of the read.
    pub events: Vec<RecordedEvent>,
    /// For a [`LogRead`]: everything after [`LogRead::after`] and at or below this position has been
    /// considered, so a reader may go on after it even where nothing matched. A read that begins
    /// beyond its end considers nothing and says where it began. For a [`StreamRead`]: the highest
    /// position the read may deliver.
    pub through: Position,
}
