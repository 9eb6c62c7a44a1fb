//! The pages of one stream: from what is kept of it, or from its rows, which may then be kept.

use factum_core::{
    Direction, Page, RecordedEvent, Refusal, Revision, StreamId, StreamRead, TenantId,
};

use super::{Events, Paged, StreamRun, page_size};
use crate::cache::{RUN_BYTES_MAX, RUN_ROWS_MAX, Run, kept_rows};
use crate::error::Failure;
use crate::names::StreamName;
use crate::query::signed;
use crate::reader::Reader;
use crate::rows::PageBuilder;
use crate::sql;
use crate::streams::{self, StreamEnds};

/// The events of a page, the revision that the next one starts with, and the first that is read.
type Found = (Vec<RecordedEvent>, Option<i64>, i64);

/// A read over a stream and where it stands.
#[derive(Debug)]
pub(crate) struct StreamCursor {
    request: StreamRead,
    /// The first revision that was to be read when the read began, after its first page: what is
    /// truncated while it goes on is still read.
    oldest: Option<i64>,
}

impl StreamCursor {
    pub(crate) fn new(request: StreamRead) -> Self {
        Self { request, oldest: None }
    }
}

/// Which part of a stream a page is to hold.
struct Part {
    tenant: i64,
    /// The first revision that is read; `None` for what the stream says.
    oldest: Option<i64>,
    direction: Direction,
    from: Option<i64>,
    /// The last position that may be read.
    end: i64,
    /// Whether `end` is the head, so that the stream's last event may be read.
    to_head: bool,
    size: usize,
}

/// The next page of a read over one stream.
pub(crate) fn stream_page(
    reader: &mut Reader,
    tenant: &TenantId,
    mut cursor: StreamCursor,
) -> Result<Paged<StreamCursor>, Failure> {
    let StreamCursor { request, oldest } = &mut cursor;
    let head = reader.head()?;
    let end = request.through.map_or(head, |through| through.min(head));
    request.through = Some(end);
    let nothing = Page { events: Vec::new(), through: end };
    let size = page_size(request.limit, request.page_events_max);
    let Some(id) = reader.names.tenant_id(&reader.conn, tenant)? else {
        return Ok((Page { through: head, ..nothing }, None));
    };
    let part = Part {
        tenant: id,
        oldest: *oldest,
        direction: request.direction,
        from: request.from.map(|from| i64::try_from(from.get()).unwrap_or(i64::MAX)),
        end: signed(end),
        to_head: end == head,
        size,
    };
    let kept = kept_page(reader, tenant, &request.stream, &part, signed(head))?;
    let (events, next, first) = match kept {
        Some(found) => found,
        None => match find_stream(reader, id, &request.stream)?.filter(|_| size > 0) {
            Some(stream) => read_page(reader, &request.stream, &stream, &part)?,
            None => return Ok((nothing, None)),
        },
    };
    *oldest = Some(first);
    request.limit = request.limit.map(|limit| limit - events.len() as u64);
    request.from = next.map(|next| Revision::new(next.cast_unsigned()));
    let more = next.is_some() && request.limit != Some(0);
    Ok((Page { events, through: end }, more.then_some(cursor)))
}

/// The page from memory, if all of it is kept.
fn kept_page(
    reader: &mut Reader,
    tenant: &TenantId,
    stream: &StreamId,
    part: &Part,
    head: i64,
) -> Result<Option<Found>, Failure> {
    let Reader { conn, names, cache, kept_rows: rows, .. } = reader;
    let Some(cache) = cache.as_ref().filter(|_| part.direction == Direction::Forward) else {
        return Ok(None);
    };
    let Some(run) = cache.find(part.tenant, stream, head, rows) else { return Ok(None) };
    let oldest = part.oldest.unwrap_or(run.oldest);
    let from = part.from.unwrap_or(oldest).max(oldest);
    if from < run.first || part.size == 0 {
        return Ok(None);
    }
    let owner = StreamName { tenant: tenant.clone(), stream: stream.clone() };
    let there = usize::try_from(run.last - from + 1).unwrap_or(0);
    let mut page = PageBuilder::new(part.size, there);
    for row in kept_rows(run, rows) {
        let numbers = row.numbers;
        if numbers.position > part.end {
            break;
        }
        if numbers.revision < from {
            continue;
        }
        if page.is_full() {
            return Ok(Some((page.into_events(), Some(numbers.revision), oldest)));
        }
        row.read_owned_into(&mut page, conn, names, &owner)?;
    }
    Ok(Some((page.into_events(), None, oldest)))
}

/// The page from the rows. What is small and reaches to the stream's end is kept.
fn read_page(
    reader: &mut Reader,
    name: &StreamId,
    stream: &StreamEnds,
    part: &Part,
) -> Result<Found, Failure> {
    let (oldest, newest) = (part.oldest.unwrap_or(stream.first), stream.last);
    let (sql, from, to, step) = match part.direction {
        Direction::Forward => {
            (sql::STREAM_FORWARD, part.from.unwrap_or(oldest).max(oldest), newest, 1)
        }
        Direction::Backward => {
            let from = part.from.unwrap_or(newest).min(newest);
            let from = if part.to_head {
                from
            } else {
                streams::newest_through(&reader.conn, stream.id, oldest, from, part.end)?
            };
            (sql::STREAM_BACKWARD, from, oldest, -1)
        }
    };
    let there = usize::try_from((to - from) * step + 1).unwrap_or(0);
    if there == 0 {
        return Ok((Vec::new(), None, oldest));
    }
    let seen = reader.seen().filter(|_| {
        part.to_head && step > 0 && there <= RUN_ROWS_MAX.min(part.size) && reader.cache.is_some()
    });
    let Reader { conn, names, cache, kept_rows: rows, .. } = reader;
    rows.clear();
    let keep = |row: &crate::rows::EventRow<'_>| {
        if seen.is_some() && rows.len() <= RUN_BYTES_MAX {
            row.keep(rows);
        }
    };
    let mut events = Events { conn, names, page: PageBuilder::new(part.size, there) };
    let mut statement = conn.prepare_cached(sql)?;
    let run = StreamRun { stream: stream.id, first: from, last: to, newest, step, end: part.end };
    let next = events.stream_run(&mut statement, &run, keep)?;
    let events = events.page.into_events();
    if let (Some(seen), Some(cache)) = (seen, cache)
        && (1..=RUN_BYTES_MAX).contains(&rows.len())
        && events.len() == there
        && oldest == stream.first
    {
        let run = Run { stream: stream.id, oldest, first: from, last: to };
        cache.keep(part.tenant, name, run, rows, seen);
    }
    Ok((events, next, oldest))
}

fn find_stream(
    reader: &Reader,
    tenant: i64,
    stream: &StreamId,
) -> Result<Option<StreamEnds>, Failure> {
    match streams::find(&reader.conn, tenant, stream)? {
        Some(found) if found.tombstoned => {
            Err(Refusal::StreamDeleted { stream: stream.clone() }.into())
        }
        found => Ok(found),
    }
}
