//! Given events, then rows: for a projection's tables.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, Location};

use factum_core::limits::PAGE_MAX;
use factum_core::{
    AppendRequest, Event, EventFailure, EventId, EventStoreExt, Expected, FailureKind,
    HandledEvent, LogRead, NewEvent, Position, Query, RecordedEvent, SharedStore, SqlRow, StreamId,
    ViewErrorKind, ViewProjection, ViewTransaction,
};
use futures::FutureExt;

use super::arrangement::{self, arranged, broken};
use super::disturbed::DeliveryError;
use super::failures::Failures;
use super::rows;
use super::tables::{Step, Tables, statement, work};
use crate::SequentialIds;

/// A projection, and a log in which some things are recorded.
///
/// Events are appended and handled once something is expected. What cannot be handled is left out,
/// as a loop does whose policy is to set it aside and go on: ask about it by
/// [`then_error`](Self::then_error), in the order of the log, before anything else.
#[derive(Debug)]
pub struct GivenView {
    store: SharedStore,
    projection: ViewProjection,
    tables: Option<Tables>,
    appends: Vec<Append>,
    failures: Failures,
}

/// Events that are to be appended.
#[derive(Debug)]
struct Append {
    stream: StreamId,
    events: Vec<NewEvent>,
    /// Whether their ids are those of their positions.
    numbered: bool,
}

/// A projection whose tables are in `store`, which has views; mostly a new store. What its log
/// holds already is handled too.
#[track_caller]
pub fn given_view(store: SharedStore, projection: ViewProjection) -> GivenView {
    let (tables, appends) = (None, Vec::new());
    GivenView { store, projection, tables, appends, failures: Failures::new() }
}

impl GivenView {
    /// Further events have happened in the stream `category/id`, tagged as they say themselves.
    /// Their ids are those of [`SequentialIds`] with the numbers of their positions.
    ///
    /// # Panics
    ///
    /// If that is no stream, or an event cannot be stored.
    #[track_caller]
    pub fn events<E: Event + Debug>(
        mut self,
        stream: &str,
        events: impl IntoIterator<Item = E>,
    ) -> Self {
        let stream = arrangement::stream(stream);
        let new = |event: E| arrangement::new_event(&event, EventId::from_bytes([0; 16]));
        let events = events.into_iter().map(new).collect();
        self.appends.push(Append { stream, events, numbered: true });
        self
    }

    /// Further events have happened, each as it is here: with metadata, in an older shape, or with
    /// a payload that nobody can read.
    ///
    /// # Panics
    ///
    /// If that is no stream.
    #[track_caller]
    pub fn new_events(mut self, stream: &str, events: impl IntoIterator<Item = NewEvent>) -> Self {
        let (stream, events) = (arrangement::stream(stream), events.into_iter().collect());
        self.appends.push(Append { stream, events, numbered: false });
        self
    }

    /// These rows, in this order, and every event handled that was not asked about.
    ///
    /// # Panics
    ///
    /// If there are others; the message shows the difference. If the arrangement is wrong: the
    /// store refuses an event, or nobody takes it.
    #[track_caller]
    pub fn then_rows(
        mut self,
        sql: &str,
        expected: impl IntoIterator<Item = SqlRow>,
    ) -> impl Future<Output = Self> {
        let (expected, at): (Vec<SqlRow>, _) = (expected.into_iter().collect(), Location::caller());
        async move {
            let found = self.handled().await.rows(sql).await;
            self.failures.expect_none();
            let found = match found {
                Ok(found) => found,
                Err(error) => panic!("expected rows of {sql:?} at {at}, found none: {error}"),
            };
            if let Some(difference) = rows::difference(&expected, &found) {
                panic!("expected other rows of {sql:?} at {at}\n\n{difference}");
            }
            self
        }
    }

    /// A failure of this kind, of the first failed event that was not asked about.
    ///
    /// # Panics
    ///
    /// If it is of another kind, or none failed. If the arrangement is wrong.
    pub async fn then_error(mut self, kind: FailureKind) -> Self {
        self.handled().await;
        self.failures.expect(kind);
        self
    }

    /// The tables once everything was handled.
    async fn handled(&mut self) -> &mut Tables {
        if self.tables.is_none() {
            let tables = Tables::open(&self.store, &self.projection).await;
            self.tables = Some(arranged(tables));
        }
        let query = self.projection.reads().query();
        for append in std::mem::take(&mut self.appends) {
            let new = arranged(record(&self.store, append).await);
            arrangement::taken(&query, &new);
        }
        let tables = self.tables.as_mut().expect("they were opened");
        loop {
            let page = arranged(page(&self.store, &query, tables.at()).await);
            if page.is_empty() {
                return tables;
            }
            for (event, failure) in arranged(handle(tables, &self.projection, page).await) {
                self.failures.put(&event, failure);
            }
        }
    }
}

/// Appends events and gives them as they are recorded.
async fn record(store: &SharedStore, append: Append) -> Result<Vec<RecordedEvent>, String> {
    let Append { stream, mut events, numbered } = append;
    let before = store.head().await.map_err(|error| error.to_string())?;
    if numbered {
        for (position, event) in (before.get() + 1..).zip(&mut events) {
            event.id = SequentialIds::id(position);
        }
    }
    let request = AppendRequest::default().stream(stream, Expected::Any, events);
    store.append(request).await.map_err(|error| error.to_string())?;
    let read = store.collect(LogRead::after(Query::all(), before)).await;
    read.map_err(|error| error.to_string())
}

async fn page(
    store: &SharedStore,
    query: &Query,
    after: Position,
) -> Result<Vec<RecordedEvent>, factum_core::StoreError> {
    let limit = Some(PAGE_MAX as u64);
    store.collect(LogRead { limit, ..LogRead::after(query.clone(), after) }).await
}

/// Handles a page of events in one transaction, each between a mark and a settlement; gives those
/// that failed.
async fn handle(
    tables: &mut Tables,
    projection: &ViewProjection,
    events: Vec<RecordedEvent>,
) -> Result<Vec<(RecordedEvent, EventFailure)>, DeliveryError> {
    let projection = projection.clone();
    let handled = tables.transact(work(move |view| {
        async move {
            let (mut last, mut failed) = (None, Vec::new());
            let to = events.last().map_or(Position::START, |it| it.position);
            for event in events {
                let Some(attempt) = attempt(&projection, &event, view).await else {
                    return (None, None);
                };
                match attempt {
                    Ok(()) => last = Some(HandledEvent { position: event.position, id: event.id }),
                    Err(failure) => failed.push((event, failure)),
                }
            }
            (Some(Step::to(to, last)), Some(failed))
        }
        .boxed()
    }));
    let Some(failed) = handled.await? else {
        broken(&"the store lost the transaction");
    };
    Ok(failed)
}

/// Handles one event to its last statement; `None` if the transaction is lost.
async fn attempt(
    projection: &ViewProjection,
    event: &RecordedEvent,
    view: &mut dyn ViewTransaction,
) -> Option<Result<(), EventFailure>> {
    view.mark().await.ok()?;
    let handled = AssertUnwindSafe(projection.handle(event, view)).catch_unwind().await;
    let failure = match handled {
        Ok(Ok(())) => match view.settle().await {
            Ok(()) => return Some(Ok(())),
            Err(error) if error.kind() == ViewErrorKind::Store => return None,
            Err(error) => statement(error),
        },
        Ok(Err(failure)) => failure,
        Err(panic) => EventFailure::panicked(panic.as_ref()),
    };
    view.undo().await.ok()?;
    Some(Err(failure))
}
