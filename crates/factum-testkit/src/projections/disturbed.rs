//! Events handed over as on a bad day.

mod live;
mod subscriber;
mod view;

use factum_core::{
    EventFailure, EventSubscriber, LaneKey, LiveProjection, LiveView, Position, Reads,
    RecordedEvent, RoutesError, ShapeError, SharedStore, StoreError, SubscriptionName, TenantScope,
    ViewProjection,
};

use super::arrangement::named;
use super::disturbance::{Disturbance, Kind};
use super::plan;

/// Hands events over with pages cut, transactions rolled back, processes that end and events that
/// come again, in another order or side by side: everything that a subscription's loop may do to a
/// handler, in an order that a seed decides.
///
/// A crash falls between the statements of a projection, and where a subscriber waits: a handler
/// that never waits is never interrupted.
///
/// # Examples
///
/// ```
/// # use factum_core::{EventSubscriber, Query};
/// # use factum_derive::Event;
/// # use serde::{Deserialize, Serialize};
/// # use std::collections::BTreeMap;
/// # use std::sync::{Arc, Mutex};
/// use factum_testkit::{Disturbance, Disturbed, given_log};
///
/// # #[derive(Event, Serialize, Deserialize, Debug)]
/// # #[factum(crate = "factum_core")]
/// # enum DoorEvent { Opened, Closed }
/// # use DoorEvent::{Closed, Opened};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), factum_testkit::DeliveryError> {
/// let seen = Arc::new(Mutex::new(BTreeMap::new()));
/// let make = || {
///     let seen = Arc::clone(&seen);
///     Ok(EventSubscriber::raw("index", &Query::all(), move |event| {
///         *seen.lock().unwrap().entry(event.position.get()).or_insert(0) += 1;
///         async { Ok(()) }
///     }))
/// };
/// let log = given_log().events("door/front", [Opened, Closed]);
/// Disturbed::by([Disturbance::Again { place: 1 }]).subscriber(make, log.recorded()).await?;
/// assert_eq!(*seen.lock().unwrap(), BTreeMap::from([(1, 1), (2, 2)]));
///
/// Disturbed::seeded(17).subscriber(make, log.recorded()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Disturbed {
    plan: Plan,
}

#[derive(Clone, Debug)]
enum Plan {
    Seeded(u64),
    By(Vec<Disturbance>),
}

impl Disturbed {
    /// Disturbances that depend on the seed, the number of events and the kind of reader alone.
    /// Views get their events in the order of the log.
    pub fn seeded(seed: u64) -> Self {
        Self { plan: Plan::Seeded(seed) }
    }

    /// These disturbances, as far as they can happen to the kind of reader; without any of them, a
    /// straight pass.
    pub fn by(disturbances: impl IntoIterator<Item = Disturbance>) -> Self {
        Self { plan: Plan::By(disturbances.into_iter().collect()) }
    }

    /// Hands events to a projection whose tables are in `store`, which has views and is new to it.
    /// The events need not be in the store's log. Where a process ends, `make` makes the next one.
    ///
    /// # Errors
    ///
    /// A [`DeliveryError`]; what was handled before is committed.
    ///
    /// # Panics
    ///
    /// If a disturbance is about an event that is not there.
    pub async fn view(
        &self,
        store: &SharedStore,
        make: impl Fn() -> Result<ViewProjection, RoutesError>,
        events: &[RecordedEvent],
    ) -> Result<(), DeliveryError> {
        let plan = self.plan(events, Kind::VIEW, Kind::PARKED);
        view::deliver(&plan, store, &make, events).await
    }

    /// Hands events to a subscriber. Where a process ends, `make` makes the next one.
    ///
    /// # Errors
    ///
    /// A [`DeliveryError`]; what was handled before is done.
    ///
    /// # Panics
    ///
    /// If a disturbance is about an event that is not there.
    pub async fn subscriber(
        &self,
        make: impl Fn() -> Result<EventSubscriber, RoutesError>,
        events: &[RecordedEvent],
    ) -> Result<(), DeliveryError> {
        let plan = self.plan(events, Kind::LANES, Kind::LANES);
        subscriber::deliver(&plan, &make, events).await
    }

    /// Takes events into a view in memory.
    ///
    /// # Errors
    ///
    /// A [`DeliveryError`].
    ///
    /// # Panics
    ///
    /// If a disturbance is about an event that is not there.
    pub fn live<V: LiveView>(&self, events: &[RecordedEvent]) -> Result<V, DeliveryError> {
        let plan = self.plan(events, Kind::VIEW, Kind::PARKED);
        live::deliver(&plan, &LiveProjection::new()?, events)
    }

    /// Disturbances of the kinds that are `made` of a seed, or of those that are `heard` if given.
    fn plan(&self, events: &[RecordedEvent], made: &[Kind], heard: &[Kind]) -> Vec<Disturbance> {
        match &self.plan {
            Plan::Seeded(seed) => plan::seeded(*seed, events.len(), made),
            Plan::By(plan) => {
                plan.iter().copied().filter(|it| heard.contains(&it.kind())).collect()
            }
        }
    }
}

/// Why events could not be handed over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// An event could not be handled.
    #[error("expected every event to be handled, found that {event} failed: {failure}")]
    Event {
        /// Which one: its position, type and stream.
        event: String,
        /// Why.
        failure: EventFailure,
    },
    /// The view could not be reset.
    #[error("expected a view that can be reset, found that it failed: {0}")]
    Reset(EventFailure),
    /// The store has no views.
    #[error("expected a store with views, found one without")]
    NoViews,
    /// Another owner keeps the tables.
    #[error("subscription {name}: expected a lease that is free, found one of another owner")]
    Held {
        /// The projection's name.
        name: SubscriptionName,
    },
    /// The tables in the store are those of an older version.
    #[error("subscription {name}: expected tables of this version, found those of an older one")]
    Newer {
        /// The projection's name.
        name: SubscriptionName,
    },
    /// Somebody else moved the checkpoint.
    #[error("expected the checkpoint at {expected}, found it at {found}")]
    Moved {
        /// Where it was left.
        expected: Position,
        /// Where it is.
        found: Position,
    },
    /// The store knows another projection of this name.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The handlers do not fit together.
    #[error(transparent)]
    Routes(#[from] RoutesError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DeliveryError {
    fn event(event: &RecordedEvent, failure: EventFailure) -> Self {
        Self::Event { event: named(event), failure }
    }
}

/// What events are kept in order by, to whoever reads all tenants.
fn keys(reads: &Reads, events: &[RecordedEvent]) -> Vec<LaneKey> {
    events.iter().map(|it| reads.key_of(it, &TenantScope::All)).collect()
}
