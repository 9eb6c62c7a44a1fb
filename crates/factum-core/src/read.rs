//! The reads: over the whole log, and over one stream.

use crate::limits::PAGE_MAX;
use crate::{Position, Query, RecordedEvent, Revision, StreamId};

/// A read over the whole log in position order, oldest or newest first.
///
/// `after` and `through` say which part of the log is read, whichever way: the positions above
/// `after`, up to and with `through`.
///
/// # Examples
///
/// ```
/// use factum_core::{LogRead, QueryItem};
///
/// // The ten newest events of a stream.
/// let stream = QueryItem::stream("account/ann".parse()?);
/// let read = LogRead { limit: Some(10), ..LogRead::backward(stream) };
/// # Ok::<(), factum_core::InvalidName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRead {
    /// Which events.
    pub query: Query,
    /// Which way.
    pub direction: Direction,
    /// Exclusive: where the part to be read begins.
    pub after: Position,
    /// Inclusive: where it ends; `None` for the head as it is when the read starts.
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

    /// Reads all events that match `query`, newest first.
    pub fn backward(query: impl Into<Query>) -> Self {
        Self { query: query.into(), direction: Direction::Backward, ..Self::default() }
    }
}

impl LogRead {
    /// Turns the request into that for the rest, once a page of it was read; for stores.
    ///
    /// `end` is the last position of the part to be read; the page is `full` if it took no more
    /// events, so that it looked no further than its last one. Returns its [`Page::through`], and
    /// whether another page follows.
    pub fn go_on(&mut self, end: Position, page: &[RecordedEvent], full: bool) -> (Position, bool) {
        self.limit = self.limit.map(|limit| limit - page.len() as u64);
        let last = page.last().map(|event| event.position);
        let (through, left) = match self.direction {
            Direction::Forward => {
                let whole = end.max(self.after);
                let through = if full { last.unwrap_or(self.after) } else { whole };
                (self.after, self.through) = (through, Some(end));
                (through, through < end)
            }
            Direction::Backward => {
                let nothing = end.max(self.after);
                let before = |it: Position| Position::new(it.get() - 1);
                let through = if full { last.map_or(nothing, before) } else { self.after };
                self.through = Some(through);
                (through, through > self.after)
            }
        };
        (through, left && self.limit != Some(0))
    }
}

impl Default for LogRead {
    /// Everything from the start, oldest first, in pages of 1,000.
    fn default() -> Self {
        Self {
            query: Query::all(),
            direction: Direction::Forward,
            after: Position::START,
            through: None,
            limit: None,
            page_events_max: 1_000,
        }
    }
}

/// Which way to read the log, or a stream.
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
    /// How far the read has looked, so that a reader may go on from there even where nothing matched.
    ///
    /// For a [`LogRead`] forward, everything at or below this position has been considered: go on
    /// with it as [`LogRead::after`]. Backward, everything above it: go on with it as
    /// [`LogRead::through`]. Where nothing is left of the part to be read, it is where that part
    /// ends: forward its last position, or `after` if that is further; backward `after`.
    ///
    /// For a [`StreamRead`]: the highest position the read may deliver.
    pub through: Position,
}
