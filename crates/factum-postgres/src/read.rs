//! One page at a time, each in one statement.

use std::sync::Arc;

use factum_core::{
    Direction, LogRead, Page, Position, Query, RecordedEvent, TenantScope, page_events,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::codec;
use crate::error::Failure;
use crate::pages::Paged;
use crate::rows::{EventRow, PAGE_BYTES, PageBuilder};
use crate::sql::Sql;
use crate::store::Shared;

pub(crate) mod stream;

/// A read over the log and where it stands.
pub(crate) struct LogCursor {
    pub(crate) scope: TenantScope,
    pub(crate) request: LogRead,
    /// How to go on, once the first page has found out.
    plan: Option<Plan>,
}

/// What a read over the log needs to know of the log, as it was when the read began.
struct Plan {
    /// The last position it may deliver.
    end: Position,
    way: Way,
}

enum Way {
    /// Every event matches.
    Everything,
    /// Those that the query finds, of one tenant or of all.
    Matching { tenant: Option<i64>, query: String },
}

impl LogCursor {
    pub(crate) fn new(scope: TenantScope, request: LogRead) -> Self {
        Self { scope, request, plan: None }
    }
}

/// The next page of a read over the log.
pub(crate) fn log_page(
    shared: Arc<Shared>,
    cursor: LogCursor,
) -> BoxFuture<'static, Paged<LogCursor>> {
    async move { next_page(&shared, cursor).await }.boxed()
}

async fn next_page(shared: &Shared, mut cursor: LogCursor) -> Paged<LogCursor> {
    let plan = match cursor.plan.take() {
        Some(plan) => plan,
        None => plan(shared, &cursor.scope, &cursor.request).await?,
    };
    let request = &mut cursor.request;
    let size = page_size(request.limit, request.page_events_max);
    let end = request.through.map_or(plan.end, |through| through.min(plan.end));
    if size == 0 || request.after >= end {
        let (through, _) = request.go_on(end, &[], size == 0);
        return Ok((Page { events: Vec::new(), through }, None));
    }
    let (events, full) =
        with_fresh_names(shared, || page(shared, request, end, &plan.way, size)).await?;
    let (through, goes_on) = request.go_on(end, &events, full);
    cursor.plan = Some(plan);
    Ok((Page { events, through }, goes_on.then_some(cursor)))
}

async fn plan(shared: &Shared, scope: &TenantScope, request: &LogRead) -> Result<Plan, Failure> {
    let tenant = scope.tenant().map(factum_core::TenantId::as_str);
    let rows = shared.readers.query(&shared.sql.scope, &[(&tenant, Type::TEXT)]).await?;
    let row = rows.first().ok_or_else(|| no_row("the head"))?;
    let (head, several, id): (i64, bool, Option<i64>) = (row.get(0), row.get(1), row.get(2));
    let head = Position::new(head.cast_unsigned());
    let end = request.through.map_or(head, |through| through.min(head));
    let alone = tenant.is_none() || (!several && id.is_some());
    let way = if request.query.is_all() && alone {
        Way::Everything
    } else {
        // Ids begin at 1: a tenant that was never heard of has no events.
        let tenant = tenant.map(|_| id.unwrap_or(0));
        Way::Matching { tenant, query: codec::query(&request.query) }
    };
    Ok(Plan { end, way })
}

/// The events of a page, and whether there may be more behind the last one.
async fn page(
    shared: &Shared,
    request: &LogRead,
    end: Position,
    way: &Way,
    size: usize,
) -> Result<(Vec<RecordedEvent>, bool), Failure> {
    let (after, end, most) = (signed(request.after), signed(end), rows_max(size));
    let forward = request.direction == Direction::Forward;
    let Sql { log_page, log_page_backward, matching_page, matching_page_backward, .. } =
        &*shared.sql;
    let (int8, text) = (Type::INT8, Type::TEXT);
    let mut budget = Budget::default();
    let rows = match way {
        Way::Everything => {
            let binds: [crate::connection::Bind<'_>; 3] =
                [(&after, int8.clone()), (&end, int8.clone()), (&most, int8)];
            let sql = if forward { log_page } else { log_page_backward };
            shared.readers.query_until(sql, &binds, |row| budget.spent(row, 0)).await?
        }
        Way::Matching { tenant, query } => {
            let binds: [crate::connection::Bind<'_>; 5] = [
                (tenant, int8.clone()),
                (query, text),
                (&after, int8.clone()),
                (&end, int8.clone()),
                (&most, int8),
            ];
            let sql = if forward { matching_page } else { matching_page_backward };
            shared.readers.query_until(sql, &binds, |row| budget.spent(row, 0)).await?
        }
    };
    let events = events(shared, &rows, 0).await?;
    let full = rows.len() == size || budget.is_spent();
    match way {
        Way::Everything => check_dense(after, end, &events, request.direction, full)?,
        Way::Matching { .. } => check_matches(&request.query, &events)?,
    }
    Ok((events, full))
}

/// Counts the bytes of a page as its rows arrive.
#[derive(Debug, Default)]
pub(crate) struct Budget(usize);

impl Budget {
    /// Takes a row in; whether the page is full of bytes.
    pub(crate) fn spent(&mut self, row: &Row, before: usize) -> bool {
        self.0 += EventRow::new(row, before).payload_bytes();
        self.is_spent()
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0 >= PAGE_BYTES
    }
}

/// The events in rows, with their names looked up.
pub(crate) async fn events(
    shared: &Shared,
    rows: &[Row],
    before: usize,
) -> Result<Vec<RecordedEvent>, Failure> {
    let found = || rows.iter().map(|row| EventRow::new(row, before));
    let streams = found().filter_map(|row| row.stream().ok());
    let kinds = found().filter_map(|row| row.kind().ok());
    let known = shared.names.load(&shared.readers, &shared.sql, streams, kinds).await?;
    let mut page = PageBuilder::new(rows.len());
    for row in found() {
        row.read_into(&mut page, known.stream(row.stream()?)?, known.kind(row.kind()?)?)?;
    }
    Ok(page.into_events())
}

/// Reads again if a checksum differs: the names that are kept may be those of a store that was put
/// back from a copy since. If it differs again, the row is damaged.
pub(crate) async fn with_fresh_names<T, F>(
    shared: &Shared,
    mut read: impl FnMut() -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    match read().await {
        Err(Failure::Damaged(_)) => {
            shared.names.forget();
            read().await
        }
        other => other,
    }
}

/// No event may be missing on a page that reads everything; one that is not full reads to the end.
fn check_dense(
    after: i64,
    end: i64,
    events: &[RecordedEvent],
    direction: Direction,
    full: bool,
) -> Result<(), Failure> {
    let expected = |place: i64| match direction {
        Direction::Forward => after + 1 + place,
        Direction::Backward => end - place,
    };
    let missing = |place| {
        let position = expected(place);
        Err(Failure::Corrupt(format!("the event at position {position} is missing")))
    };
    for (place, event) in (0..).zip(events) {
        if event.position.get() != expected(place).cast_unsigned() {
            return missing(place);
        }
    }
    let found = i64::try_from(events.len()).unwrap_or(i64::MAX);
    if !full && found < end - after {
        return missing(found);
    }
    Ok(())
}

fn check_matches(query: &Query, events: &[RecordedEvent]) -> Result<(), Failure> {
    match events.iter().find(|event| !query.matches(event)) {
        Some(event) => Err(Failure::Corrupt(format!(
            "an index leads to the event at position {}, which it does not match",
            event.position
        ))),
        None => Ok(()),
    }
}

/// A position as PostgreSQL counts; beyond its range means beyond any log.
pub(crate) fn signed(position: Position) -> i64 {
    i64::try_from(position.get()).unwrap_or(i64::MAX)
}

pub(crate) fn rows_max(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

pub(crate) fn page_size(limit: Option<u64>, page_events_max: usize) -> usize {
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    limit.min(page_events(page_events_max))
}

pub(crate) fn no_row(what: &str) -> Failure {
    Failure::Corrupt(format!("expected a row that says {what}, found none"))
}
