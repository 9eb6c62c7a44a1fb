//! One page at a time, each inside one read transaction.

use factum_core::{
    Direction, LogRead, Page, Position, Query, RecordedEvent, Refusal, StreamRead, TenantScope,
    page_events,
};
use rusqlite::{CachedStatement, OptionalExtension, Params};

use crate::error::Failure;
use crate::ids::without_events;
use crate::pool::Reader;
use crate::query::{Matcher, QueryScope, signed};
use crate::rows::{EventRow, PageBuilder};
use crate::sql;

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
    let scope = QueryScope::new(&reader.conn, scope)?;
    let events = if size == 0 || request.after >= end {
        Vec::new()
    } else {
        matching(reader, &scope, &request.query, request.after, end, size)?
    };
    let through = match events.last() {
        Some(last) if events.len() == size => last.position,
        _ if size == 0 => request.after,
        _ => end.max(request.after),
    };
    request.limit = request.limit.map(|limit| limit - events.len() as u64);
    request.after = through;
    let more = through < end && request.limit != Some(0);
    Ok((Page { events, through }, more.then_some(request)))
}

fn matching(
    reader: &mut Reader,
    scope: &QueryScope,
    query: &Query,
    after: Position,
    end: Position,
    size: usize,
) -> Result<Vec<RecordedEvent>, Failure> {
    let Reader { conn, names } = reader;
    let mut matcher = Matcher::new(conn, scope, query)?;
    let mut events = Events { conn, names, page: PageBuilder::with_capacity(size) };
    let mut log_page = conn.prepare_cached(sql::LOG_PAGE)?;
    if matcher.is_everything() {
        events.dense_run(&mut log_page, signed(after), signed(end), size)?;
        return Ok(events.page.into_events());
    }
    let mut positions = Vec::new();
    matcher.collect(events.names, after, end, size, |position| positions.push(position))?;
    for run in positions.chunk_by(|earlier, later| earlier + 1 == *later) {
        events.dense_run(&mut log_page, run[0] - 1, run[run.len() - 1], run.len())?;
    }
    let list = events.page.into_events();
    match list.iter().find(|event| !query.matches(event)) {
        Some(event) => Err(Failure::Corrupt(format!(
            "an index leads to the event at position {}, which it does not match",
            event.position
        ))),
        None => Ok(list),
    }
}

/// The next page of a read over one stream.
pub(crate) fn stream_page(
    reader: &mut Reader,
    tenant: i64,
    mut request: StreamRead,
) -> Result<Paged<StreamRead>, Failure> {
    let head = reader.head()?;
    let end = request.through.map_or(head, |through| through.min(head));
    request.through = Some(end);
    let size = page_size(request.limit, request.page_events_max);
    let nothing = Page { events: Vec::new(), through: end };
    let Some(stream) = find_stream(reader, tenant, &request)? else {
        return Ok((nothing, None));
    };
    let oldest = stream.first;
    let from = request.from.map(|from| i64::try_from(from.get()).unwrap_or(i64::MAX));
    let Reader { conn, names } = reader;
    // One more than the page, to know whether another follows.
    let most = size.saturating_add(1);
    let there = usize::try_from(stream.last - oldest + 1).unwrap_or(0).min(most);
    let mut events = Events { conn, names, page: PageBuilder::with_capacity(there) };
    match request.direction {
        Direction::Forward => {
            let from = from.unwrap_or(oldest).max(oldest);
            let mut statement = conn.prepare_cached(sql::STREAM_FORWARD)?;
            let binds = (stream.id, from, i64::MAX, signed(end), row_limit(most));
            events.stream_run(&mut statement, binds, Some(from), 1)?;
        }
        Direction::Backward => {
            let mut statement = conn.prepare_cached(sql::STREAM_BACKWARD)?;
            let to = from.unwrap_or(i64::MAX);
            let binds = (stream.id, oldest, to, signed(end), row_limit(most));
            events.stream_run(&mut statement, binds, None, -1)?;
        }
    }
    let mut list = events.page.into_events();
    let next = (list.len() > size).then(|| list.pop()).flatten();
    request.limit = request.limit.map(|limit| limit - list.len() as u64);
    request.from = next.as_ref().map(|event| event.revision);
    let more = next.is_some() && request.limit != Some(0);
    Ok((Page { events: list, through: end }, more.then_some(request)))
}

/// The only page of a read where there is nothing to read.
pub(crate) fn nothing<R>(reader: &Reader) -> Result<Paged<R>, Failure> {
    Ok((Page { events: Vec::new(), through: reader.head()? }, None))
}

/// What a read needs to know of its stream.
struct FoundStream {
    id: i64,
    first: i64,
    last: i64,
}

fn find_stream(
    reader: &Reader,
    tenant: i64,
    request: &StreamRead,
) -> Result<Option<FoundStream>, Failure> {
    let mut statement = reader.conn.prepare_cached(sql::FIND_STREAM)?;
    let row = statement.query_row((tenant, request.stream.as_str()), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Option<i64>>(3)?))
    });
    match row.optional()? {
        Some((_, _, true, _)) => {
            Err(Refusal::StreamDeleted { stream: request.stream.clone() }.into())
        }
        Some((_, _, _, None)) => Err(without_events(&request.stream)),
        Some((id, first, _, Some(last))) => Ok(Some(FoundStream { id, first, last })),
        None => Ok(None),
    }
}

fn page_size(limit: Option<u64>, page_events_max: usize) -> usize {
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    limit.min(page_events(page_events_max))
}

fn row_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The events of a page as they are read.
struct Events<'r> {
    conn: &'r rusqlite::Connection,
    names: &'r mut crate::names::Names,
    page: PageBuilder,
}

impl Events<'_> {
    /// Reads positions after `after` to `through`, at most `most`, of which none may be missing.
    fn dense_run(
        &mut self,
        statement: &mut CachedStatement<'_>,
        after: i64,
        through: i64,
        most: usize,
    ) -> Result<(), Failure> {
        let wanted = usize::try_from(through - after).unwrap_or(usize::MAX).min(most);
        let mut rows = statement.query((after, through, row_limit(most)))?;
        for expected in (after + 1..).take(wanted) {
            let missing =
                || Failure::Corrupt(format!("the event at position {expected} is missing"));
            let row = rows.next()?.ok_or_else(missing)?;
            let row = EventRow::verified(row)?;
            if row.numbers.position != expected {
                return Err(missing());
            }
            row.read_into(&mut self.page, self.conn, self.names)?;
        }
        Ok(())
    }

    /// Reads the rows of one stream, whose revisions go up or down by one.
    fn stream_run(
        &mut self,
        statement: &mut CachedStatement<'_>,
        binds: impl Params,
        first: Option<i64>,
        step: i64,
    ) -> Result<(), Failure> {
        let mut expected = first;
        let mut rows = statement.query(binds)?;
        while let Some(row) = rows.next()? {
            let row = EventRow::verified(row)?;
            let found = row.numbers.revision;
            if let Some(expected) = expected
                && expected != found
            {
                let stream = &self.names.stream(self.conn, row.numbers.stream)?.stream;
                return Err(Failure::Corrupt(format!(
                    "stream {stream}: expected revision {expected} next, found {found}"
                )));
            }
            expected = Some(found + step);
            row.read_into(&mut self.page, self.conn, self.names)?;
        }
        Ok(())
    }
}
