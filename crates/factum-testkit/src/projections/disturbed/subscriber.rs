//! Events handed to a subscriber: side by side, late, and again.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;

use factum_core::{EventFailure, EventSubscriber, LaneKey, RecordedEvent, RoutesError};
use futures::FutureExt;
use futures::future::{poll_fn, try_join_all};

use super::{DeliveryError, keys};
use crate::projections::deliveries::{Deliveries, Delivery, Lanes};
use crate::projections::disturbance::Disturbance;

pub(super) async fn deliver(
    plan: &[Disturbance],
    make: &impl Fn() -> Result<EventSubscriber, RoutesError>,
    events: &[RecordedEvent],
) -> Result<(), DeliveryError> {
    let mut subscriber = make()?;
    let keys = keys(subscriber.reads(), events);
    let lanes = Lanes::new(plan);
    for delivery in Deliveries::new(plan, &keys) {
        let pass = Pass { subscriber: &subscriber, events, keys: &keys, lanes: &lanes };
        match delivery {
            Delivery::Keep(places) => pass.handle(&places, None).await?,
            Delivery::Attempt(place) => pass.handle(&[place], None).await?,
            Delivery::Lose { places, at, restart } => {
                let last = places.last().copied();
                pass.handle(&places, last.map(|place| Cut { place, at })).await?;
                if restart {
                    subscriber = make()?;
                }
            }
            Delivery::Reset => {}
        }
    }
    Ok(())
}

/// Where everything that is under way is dropped.
#[derive(Clone, Copy)]
struct Cut {
    place: usize,
    /// At which wait; after the event if it has fewer, or `None`.
    at: Option<u32>,
}

/// Why no more is handled.
enum Stop {
    Cut,
    Failed(DeliveryError),
}

struct Pass<'p> {
    subscriber: &'p EventSubscriber,
    events: &'p [RecordedEvent],
    keys: &'p [LaneKey],
    lanes: &'p Lanes,
}

impl Pass<'_> {
    async fn handle(&self, places: &[usize], cut: Option<Cut>) -> Result<(), DeliveryError> {
        for group in self.lanes.groups(places, self.keys) {
            let one = |place: usize| self.one(place, cut.filter(|it| it.place == place));
            match try_join_all(group.into_iter().map(one)).await {
                Ok(_) => {}
                Err(Stop::Cut) => return Ok(()),
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Handles one event, late by its turns.
    async fn one(&self, place: usize, cut: Option<Cut>) -> Result<(), Stop> {
        let event = &self.events[place];
        let handled = AssertUnwindSafe(self.subscriber.handle(event)).catch_unwind();
        let mut handled = pin!(handled);
        let turns = self.lanes.turns(place);
        let (mut late, mut waits) = (turns, 0);
        let done = poll_fn(|context| {
            if late > 0 {
                late -= 1;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            match handled.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending => {
                    (late, waits) = (turns, waits + 1);
                    let cut = cut.is_some_and(|it| it.at == Some(waits));
                    if cut { Poll::Ready(None) } else { Poll::Pending }
                }
            }
        });
        let failure = match done.await {
            None => return Err(Stop::Cut),
            Some(Ok(Ok(()))) if cut.is_some() => return Err(Stop::Cut),
            Some(Ok(Ok(()))) => return Ok(()),
            Some(Ok(Err(failure))) => failure,
            Some(Err(panic)) => EventFailure::panicked(panic.as_ref()),
        };
        Err(Stop::Failed(DeliveryError::event(event, failure)))
    }
}
