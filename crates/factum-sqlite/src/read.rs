//! One page at a time, each inside one read transaction.

use factum_core::{LogRead, Page, Position, RecordedEvent, TenantScope, page_events};
use rusqlite::CachedStatement;

use crate::error::Failure;
use crate::query::{Matcher, QueryScope, signed};
use crate::reader::Reader;
use crate::rows::{EventRow, PageBuilder, next_dense};
use crate::sql;

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
    request.through = Some(end);
    let size = page_size(request.limit, request.page_events_max);
    if size == 0 || request.after >= end {
        let page = Page { events: Vec::new(), through: request.after };
        return Ok((page, None));
    }
    let scope = reader.query_scope(scope)?;
    let (events, full) = matching(reader, &scope, &request, end, size)?;
    let through = match events.last() {
        Some(last) if full => last.position,
        _ => end,
    };
    request.limit = request.limit.map(|limit| limit - events.len() as u64);
    request.after = through;
    let more = through < end && request.limit != Some(0);
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
    let LogRead { query, after, .. } = request;
    let mut matcher = Matcher::new(conn, names, scope, query)?;
    let mut log_page = conn.prepare_cached(sql::LOG_PAGE)?;
    if matcher.is_everything() {
        let mut events = Events { conn, names, page: PageBuilder::new(size, size) };
        events.dense_run(&mut log_page, signed(*after), signed(end))?;
        let full = events.page.is_full();
        return Ok((events.page.into_events(), full));
    }
    let mut positions = Vec::new();
    matcher.collect(names, *after, end, size, |position| positions.push(position))?;
    let mut events = Events { conn, names, page: PageBuilder::new(size, positions.len()) };
    for run in positions.chunk_by(|earlier, later| earlier + 1 == *later) {
        events.dense_run(&mut log_page, run[0] - 1, run[run.len() - 1])?;
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
    /// Reads positions after `after` to `through`, of which none may be missing, until the page is
    /// full.
    fn dense_run(
        &mut self,
        statement: &mut CachedStatement<'_>,
        after: i64,
        through: i64,
    ) -> Result<(), Failure> {
        let mut rows = statement.query((after, through, i64::MAX))?;
        for expected in after + 1..=through {
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
