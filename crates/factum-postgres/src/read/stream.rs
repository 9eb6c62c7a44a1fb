//! The pages of one stream.

use std::sync::Arc;

use factum_core::{
    Direction, Page, Position, RecordedEvent, Refusal, Revision, StreamRead, TenantId,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_postgres::types::Type;

use super::{Budget, events, no_row, page_size, rows_max, signed, with_fresh_names};
use crate::connection::Bind;
use crate::error::Failure;
use crate::pages::Paged;
use crate::rows::EventRow;
use crate::store::Shared;

/// How many columns stand before those of the event.
const BEFORE: usize = 3;

/// A read over a stream and where it stands.
pub(crate) struct StreamCursor {
    pub(crate) tenant: TenantId,
    pub(crate) request: StreamRead,
    /// The first revision that was to be read when the read began, after its first page.
    oldest: Option<i64>,
}

impl StreamCursor {
    pub(crate) fn new(tenant: TenantId, request: StreamRead) -> Self {
        Self { tenant, request, oldest: None }
    }
}

/// What one statement found.
struct Found {
    head: Position,
    /// The first revision that is still read.
    oldest: i64,
    tombstoned: bool,
    events: Vec<RecordedEvent>,
    /// The revision that the next page starts with.
    next: Option<Revision>,
}

/// The next page of a read over one stream.
pub(crate) fn stream_page(
    shared: Arc<Shared>,
    cursor: StreamCursor,
) -> BoxFuture<'static, Paged<StreamCursor>> {
    async move { next_page(&shared, cursor).await }.boxed()
}

async fn next_page(shared: &Shared, mut cursor: StreamCursor) -> Paged<StreamCursor> {
    let StreamCursor { tenant, request, oldest } = &cursor;
    let size = page_size(request.limit, request.page_events_max);
    let found = with_fresh_names(shared, || find(shared, tenant, request, *oldest, size)).await?;
    if found.tombstoned {
        return Err(Refusal::StreamDeleted { stream: request.stream.clone() }.into());
    }
    cursor.oldest = Some(found.oldest);
    let request = &mut cursor.request;
    let end = request.through.map_or(found.head, |through| through.min(found.head));
    request.through = Some(end);
    request.limit = request.limit.map(|limit| limit - found.events.len() as u64);
    request.from = found.next;
    let more = found.next.is_some() && request.limit != Some(0);
    Ok((Page { events: found.events, through: end }, more.then_some(cursor)))
}

async fn find(
    shared: &Shared,
    tenant: &TenantId,
    request: &StreamRead,
    oldest: Option<i64>,
    size: usize,
) -> Result<Found, Failure> {
    let forward = request.direction == Direction::Forward;
    let sql = if forward { &shared.sql.stream_forward } else { &shared.sql.stream_backward };
    let from = request.from.map_or(if forward { 0 } else { i64::MAX }, |from| {
        i64::try_from(from.get()).unwrap_or(i64::MAX)
    });
    let through = request.through.map_or(i64::MAX, signed);
    // One more than the page holds says whether there is another page.
    let most = if size == 0 { 0 } else { rows_max(size) + 1 };
    let (tenant, stream) = (tenant.as_str(), request.stream.as_str());
    let binds: [Bind<'_>; 6] = [
        (&tenant, Type::TEXT),
        (&stream, Type::TEXT),
        (&from, Type::INT8),
        (&through, Type::INT8),
        (&most, Type::INT8),
        (&oldest, Type::INT8),
    ];
    let mut budget = Budget::default();
    let rows = shared.readers.query_until(sql, &binds, |row| budget.spent(row, BEFORE)).await?;
    let first = rows.first().ok_or_else(|| no_row("the head"))?;
    let head = Position::new(first.get::<_, i64>(0).cast_unsigned());
    let tombstoned = first.get::<_, Option<bool>>(2).unwrap_or(false);
    let mut rows = &rows[..];
    if EventRow::new(first, BEFORE).position().is_none() {
        rows = &[];
    }
    let oldest = oldest.or(first.get(1)).unwrap_or(0);
    check_dense(request, rows, oldest, forward)?;
    let beyond = rows.get(size).map(|row| EventRow::new(row, BEFORE).revision()).transpose()?;
    let page = &rows[..rows.len().min(size)];
    let last = page.last().map(|row| EventRow::new(row, BEFORE).revision()).transpose()?;
    let step = if forward { 1 } else { -1 };
    let events = events(shared, page, BEFORE).await?;
    // A page that was cut for its bytes says where it stopped, not whether more follow.
    let cut = budget.is_spent().then(|| last.map(|last| last + step)).flatten();
    let next = beyond.or(cut).and_then(|next| u64::try_from(next).ok()).map(Revision::new);
    Ok(Found { head, oldest, tombstoned, events, next })
}

/// Revisions go up, or down, by one, from where the page begins.
fn check_dense(
    request: &StreamRead,
    rows: &[tokio_postgres::Row],
    oldest: i64,
    forward: bool,
) -> Result<(), Failure> {
    let from = request.from.and_then(|from| i64::try_from(from.get()).ok());
    // A backward read may ask for more than there is, or begin below what is above its last position.
    let mut expected = forward.then(|| from.unwrap_or(oldest).max(oldest));
    for row in rows {
        let found = EventRow::new(row, BEFORE).revision()?;
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(Failure::Corrupt(format!(
                "stream {}: expected revision {expected} next, found {found}",
                request.stream
            )));
        }
        expected = Some(if forward { found + 1 } else { found - 1 });
    }
    Ok(())
}
