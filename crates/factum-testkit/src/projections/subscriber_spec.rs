//! Proof that a subscriber is idempotent.

use std::fmt::Debug;
use std::panic::Location;

use factum_core::{EventSubscriber, RecordedEvent, RoutesError};

use super::arrangement::{self, arranged, broken};
use super::disturbance::{Disturbance, Kind};
use super::disturbed::{DeliveryError, Disturbed};
use super::rounds::{Rounds, adjusted_rounds};
use crate::given::difference;

/// Proof that a subscriber is idempotent and needs no order but that of its keys: whatever comes
/// again after crashes, and whatever comes side by side, the other side holds what one straight
/// pass leaves.
///
/// The other side, `S`, is whatever the subscriber writes to: mostly an [`Arc`](std::sync::Arc) of
/// a stand-in, of which each pass has a new one.
///
/// # Examples
///
/// ```
/// # use factum_core::{EventSubscriber, HandlerError, Query, RecordedEvent};
/// # use factum_derive::Event;
/// # use serde::{Deserialize, Serialize};
/// use std::collections::BTreeSet;
/// use std::sync::{Arc, Mutex};
///
/// use factum_testkit::{SubscriberSpec, given_log};
///
/// # #[derive(Event, Serialize, Deserialize, Debug)]
/// # #[factum(crate = "factum_core")]
/// # enum DoorEvent { Opened, Closed }
/// # use DoorEvent::{Closed, Opened};
/// type Index = Arc<Mutex<BTreeSet<String>>>;
///
/// async fn enter(index: Index, event: RecordedEvent) -> Result<(), HandlerError> {
///     index.lock().unwrap().insert(event.id.to_string());
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let make = |index: Index| {
///     let enter = move |event| enter(Arc::clone(&index), event);
///     Ok(EventSubscriber::raw("index", &Query::all(), enter))
/// };
/// let log = given_log().events("door/front", [Opened, Closed]).events("door/back", [Opened]);
/// SubscriberSpec::new(make, log)
///     .check(async || Index::default(), async |index| index.lock().unwrap().clone())
///     .await;
/// # }
/// ```
#[must_use = "nothing is proved before `check`"]
#[derive(Debug)]
pub struct SubscriberSpec<M> {
    make: M,
    events: Vec<RecordedEvent>,
    rounds: Rounds,
}

impl<M> SubscriberSpec<M> {
    /// The subscriber that `make` makes, once for each process, over these events.
    pub fn new<S>(make: M, events: impl Into<Vec<RecordedEvent>>) -> Self
    where
        M: Fn(S) -> Result<EventSubscriber, RoutesError>,
    {
        Self { make, events: events.into(), rounds: Rounds::new(Kind::LANES) }
    }

    adjusted_rounds!();

    /// Hands events over one after the other in the order of the log, as to a subscriber that has
    /// one lane; they still come again after crashes.
    pub fn in_order(mut self) -> Self {
        self.rounds.kinds = Kind::ONE_LANE;
        self
    }

    /// Proves it. `fresh` makes the other side, new each time; `read` says what is there.
    ///
    /// # Panics
    ///
    /// If it does not hold: with the first seed that fails, the disturbances that it takes, and the
    /// difference. If nothing can be proved: nobody takes an event, or a straight pass fails or
    /// leaves no trace.
    #[track_caller]
    pub fn check<S, T>(
        self,
        fresh: impl AsyncFn() -> S,
        read: impl AsyncFn(S) -> T,
    ) -> impl Future<Output = ()>
    where
        M: Fn(S) -> Result<EventSubscriber, RoutesError>,
        S: Clone,
        T: PartialEq + Debug,
    {
        let at = Location::caller();
        async move {
            if let Err(said) = self.proved(&fresh, &read).await {
                panic!("the subscriber checked at {at} does not stand what may happen\n\n{said}");
            }
        }
    }

    async fn proved<S, T>(
        &self,
        fresh: &impl AsyncFn() -> S,
        read: &impl AsyncFn(S) -> T,
    ) -> Result<(), String>
    where
        M: Fn(S) -> Result<EventSubscriber, RoutesError>,
        S: Clone,
        T: PartialEq + Debug,
    {
        let subscriber = arranged((self.make)(fresh().await));
        arrangement::taken(&subscriber.reads().query(), &self.events);
        let empty = read(fresh().await).await;
        let expected = arranged(self.pass(&[], fresh, read).await);
        if expected == empty {
            broken(&"the events leave no trace in what is read");
        }
        let fails = async |plan: &[Disturbance]| match self.pass(plan, fresh, read).await {
            Ok(found) => (found != expected).then(|| difference::of(&expected, &found)),
            Err(error) => Some(error.to_string()),
        };
        self.rounds.run(&self.events, fails).await
    }

    /// What a pass leaves on a side of its own.
    async fn pass<S, T>(
        &self,
        plan: &[Disturbance],
        fresh: &impl AsyncFn() -> S,
        read: &impl AsyncFn(S) -> T,
    ) -> Result<T, DeliveryError>
    where
        M: Fn(S) -> Result<EventSubscriber, RoutesError>,
        S: Clone,
    {
        let side = fresh().await;
        let make = || (self.make)(side.clone());
        Disturbed::by(plan.iter().copied()).subscriber(make, &self.events).await?;
        Ok(read(side).await)
    }
}
