//! Events handed to a projection, a page in each transaction.

use std::panic::AssertUnwindSafe;

use factum_core::{
    EventFailure, HandledEvent, RecordedEvent, RoutesError, SharedStore, ViewProjection,
    ViewTransaction,
};
use futures::FutureExt;

use super::{DeliveryError, keys};
use crate::projections::deliveries::{Deliveries, Delivery};
use crate::projections::disturbance::Disturbance;
use crate::projections::failing::Failing;
use crate::projections::tables::{Step, Tables, statement, work};

pub(super) async fn deliver(
    plan: &[Disturbance],
    store: &SharedStore,
    make: &impl Fn() -> Result<ViewProjection, RoutesError>,
    events: &[RecordedEvent],
) -> Result<(), DeliveryError> {
    let mut projection = make()?;
    let mut tables = Tables::open(store, &projection).await?;
    for delivery in Deliveries::new(plan, &keys(projection.reads(), events)) {
        let page = |places: &[usize]| places.iter().map(|it| events[*it].clone()).collect();
        match delivery {
            Delivery::Keep(places) => {
                run(&mut tables, &projection, page(&places), Fate::Kept).await?;
            }
            Delivery::Attempt(place) => {
                run(&mut tables, &projection, page(&[place]), Fate::Undone).await?;
            }
            Delivery::Lose { places, at, restart } => {
                run(&mut tables, &projection, page(&places), Fate::Lost { at }).await?;
                if restart {
                    projection = make()?;
                    tables = Tables::open(store, &projection).await?;
                }
            }
            Delivery::Reset => tables.reset(&projection).await?,
        }
    }
    Ok(())
}

/// What becomes of a page.
#[derive(Clone, Copy)]
enum Fate {
    /// It is committed.
    Kept,
    /// It is undone to the mark before it, and rolled back.
    Undone,
    /// It is rolled back while the last event is handled.
    Lost { at: Option<u32> },
}

/// Handles a page in one transaction.
async fn run(
    tables: &mut Tables,
    projection: &ViewProjection,
    events: Vec<RecordedEvent>,
    fate: Fate,
) -> Result<(), DeliveryError> {
    let (projection, from) = (projection.clone(), tables.at());
    let last = events.last().map(|it| HandledEvent { position: it.position, id: it.id });
    // Where events come in another order, the checkpoint never goes back.
    let to = events.iter().map(|it| it.position).fold(from, Ord::max);
    let done = tables.transact(work(move |view| {
        async move {
            let done = match fate {
                Fate::Kept => all(&projection, &events, view).await,
                Fate::Undone => undone(&projection, &events, view).await,
                Fate::Lost { at } => lost(&projection, &events, at, view).await,
            };
            let kept = matches!(fate, Fate::Kept) && done.is_ok();
            (kept.then(|| Step::to(to, last)), done)
        }
        .boxed()
    }));
    done.await?
}

/// Every event at a stretch.
async fn all(
    projection: &ViewProjection,
    events: &[RecordedEvent],
    view: &mut dyn ViewTransaction,
) -> Result<(), DeliveryError> {
    for event in events {
        let handled = one(projection, event, view).await;
        handled.map_err(|failure| DeliveryError::event(event, failure))?;
    }
    let settled = view.settle().await.map_err(statement);
    match (settled, events.last()) {
        (Err(failure), Some(last)) => Err(DeliveryError::event(last, failure)),
        _ => Ok(()),
    }
}

async fn undone(
    projection: &ViewProjection,
    events: &[RecordedEvent],
    view: &mut dyn ViewTransaction,
) -> Result<(), DeliveryError> {
    let marked = view.mark().await.map_err(statement);
    let handled = match (marked, events.first()) {
        (Err(failure), Some(first)) => Err(DeliveryError::event(first, failure)),
        _ => all(projection, events, view).await,
    };
    // A transaction that cannot be undone is rolled back, which comes to the same.
    let _ = view.undo().await;
    handled
}

/// What fails in the end is rolled back, as it was to be.
async fn lost(
    projection: &ViewProjection,
    events: &[RecordedEvent],
    at: Option<u32>,
    view: &mut dyn ViewTransaction,
) -> Result<(), DeliveryError> {
    if let Some((last, before)) = events.split_last() {
        all(projection, before, view).await?;
        let _ = one(projection, last, &mut Failing::new(view, at)).await;
    }
    Ok(())
}

async fn one(
    projection: &ViewProjection,
    event: &RecordedEvent,
    view: &mut dyn ViewTransaction,
) -> Result<(), EventFailure> {
    let handled = AssertUnwindSafe(projection.handle(event, view)).catch_unwind().await;
    handled.unwrap_or_else(|panic| Err(EventFailure::panicked(panic.as_ref())))
}
