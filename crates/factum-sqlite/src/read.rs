//! One page at a time, each inside one read transaction.

use factum_core::{Direction, LogRead, Page, Position, RecordedEvent, TenantScope, page_events};
use rusqlite::CachedStatement;

use crate::error::Failure;
use crate::query::{self, Matcher, QueryScope, signed};
use crate::reader::Reader;
use crate::rows::{EventRow, PageBuilder, next_dense};

mod stream;

pub(crate) use stream::{StreamCursor, stream_page};

/// A page, and the request for the rest if there is more.
pub(crate) type Paged<R> = (Page, Option<R>);

/// The next page of a read over the log.
pub(crate) fn log_page(
    reader: &mut Reader,
    scope: &TenantScope,
    mut request: LogRead,
) -> Result<Paged<LogRead>, Failure> {
    let head = reader.head()?;
    let end = request.through.map_or(head, |through| through.min(head));
    let size = page_size(request.limit, request.page_events_max);
    if size == 0 || request.after >= end {
        let (through, _) = request.go_on(end, &[], size == 0);
        return Ok((Page { events: Vec::new(), through }, None));
    }
    let scope = reader.query_scope(scope)?;
    let (events, full) = matching(reader, &scope, &request, end, size)?;
    let (through, more) = request.go_on(end, &events, full);
    Ok((Page { events, through }, more.then_some(request)))
}

/// The events of a page, and whether the page is full.
fn matching(
    reader: &mut Reader,
    scope: &QueryScope,
    request: &LogRead,
    end: Position,
    size: usize,
) -> Result<(Vec<RecordedEvent>, bool), Failure> {
    let Reader { conn, names, .. } = reader;
    let LogRead { query, after, direction, .. } = request;
    let mut matcher = Matcher::new(conn, names, scope, query, *direction)?;
    let mut log_page = conn.prepare_cached(query::log_page(*direction))?;
    if matcher.is_everything() {
        let mut events = Events { conn, names, page: PageBuilder::new(size, size) };
        events.dense_run(&mut log_page, signed(*after), signed(end), *direction)?;
        let full = events.page.is_full();
        return Ok((events.page.into_events(), full));
    }
    let mut positions = Vec::new();
    matcher.collect(names, *after, end, size, |position| positions.push(position))?;
    let mut events = Events { conn, names, page: PageBuilder::new(size, positions.len()) };
    for run in positions.chunk_by(|one, next| one.abs_diff(*next) == 1) {
        let (first, last) = (run[0], run[run.len() - 1]);
        let (oldest, newest) = (first.min(last), first.max(last));
        events.dense_run(&mut log_page, oldest - 1, newest, *direction)?;
    }
    let full = events.page.is_full();
    let list = events.page.into_events();
    match list.iter().find(|event| !(scope.includes(&event.tenant) && query.matches(event))) {
        Some(event) => Err(Failure::Corrupt(format!(
            "an index leads to the event at position {}, which it does not match",
            event.position
        ))),
        None => Ok((list, full)),
    }
}

fn page_size(limit: Option<u64>, page_events_max: usize) -> usize {
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    limit.min(page_events(page_events_max))
}

/// The events of a page as they are read.
struct Events<'r> {
    conn: &'r rusqlite::Connection,
    names: &'r mut crate::names::Names,
    page: PageBuilder,
}

impl Events<'_> {
    /// Reads positions after `after` to `through`, of which none may be missing, from either end
    /// until the page is full.
    fn dense_run(
        &mut self,
        statement: &mut CachedStatement<'_>,
        after: i64,
        through: i64,
        direction: Direction,
    ) -> Result<(), Failure> {
        let mut rows = statement.query((after, through, i64::MAX))?;
        for seen in 0..through - after {
            let expected = match direction {
                Direction::Forward => after + 1 + seen,
                Direction::Backward => through - seen,
            };
            if self.page.is_full() {
                break;
            }
            let row = next_dense(&mut rows, expected)?;
            row.read_into(&mut self.page, self.conn, self.names)?;
        }
        Ok(())
    }

    /// Reads the rows of one stream from its first revision to its last, of which none may be missing,
    /// until the page is full. Returns the revision that the next page starts with.
    fn stream_run(
        &mut self,
        statement: &mut CachedStatement<'_>,
        run: &StreamRun,
        mut seen: impl FnMut(&EventRow<'_>),
    ) -> Result<Option<i64>, Failure> {
        let StreamRun { stream, first, last, newest, step, end } = *run;
        // One more than the page, to know whether another follows.
        let most = i64::try_from(self.page.room().saturating_add(1)).unwrap_or(i64::MAX);
        // An event behind the newest one shows that the stream's row is not the last that was written.
        let highest = first.max(last);
        let highest = if highest == newest { newest + 1 } else { highest };
        let mut rows = statement.query((stream, first.min(last), highest, most))?;
        let mut expected = first;
        while let Some(row) = rows.next()? {
            let row = EventRow::verified(row)?;
            let is_next = row.numbers.revision == expected && expected <= newest;
            if row.numbers.stream != stream || !is_next {
                return self.gap(stream, expected, &format!("revision {}", row.numbers.revision));
            }
            if row.numbers.position > end {
                return Ok(None);
            }
            if self.page.is_full() {
                return Ok(Some(expected));
            }
            expected += step;
            seen(&row);
            row.read_into(&mut self.page, self.conn, self.names)?;
        }
        if expected == last + step { Ok(None) } else { self.gap(stream, expected, "the end") }
    }

    fn gap<T>(&mut self, stream: i64, expected: i64, found: &str) -> Result<T, Failure> {
        let stream = &self.names.stream(self.conn, stream)?.stream;
        Err(Failure::Corrupt(format!(
            "stream {stream}: expected revision {expected} next, found {found}"
        )))
    }
}

/// The rows of one stream from one revision to another, up or down.
#[derive(Clone, Copy, Debug)]
struct StreamRun {
    stream: i64,
    first: i64,
    last: i64,
    /// The last revision of the stream.
    newest: i64,
    step: i64,
    /// The last position that may be read.
    end: i64,
}
