//! Events taken into a view in memory.

use std::panic::{AssertUnwindSafe, catch_unwind};

use factum_core::{EventFailure, LiveProjection, LiveView, RecordedEvent};

use super::{DeliveryError, keys};
use crate::projections::deliveries::{Deliveries, Delivery};
use crate::projections::disturbance::Disturbance;

pub(super) fn deliver<V: LiveView>(
    plan: &[Disturbance],
    projection: &LiveProjection<V>,
    events: &[RecordedEvent],
) -> Result<V, DeliveryError> {
    let (mut view, mut kept) = (V::default(), Vec::new());
    for delivery in Deliveries::new(plan, &keys(projection.reads(), events)) {
        match delivery {
            Delivery::Keep(places) => {
                take(projection, &mut view, &places, events)?;
                kept.extend(places);
            }
            // Somebody holds a copy, and the view goes on.
            Delivery::Attempt(place) => {
                take(projection, &mut view.clone(), &[place], events)?;
            }
            // It is gone with everything in it, and is made anew.
            Delivery::Lose { places, .. } => {
                take(projection, &mut view, &places, events)?;
                view = V::default();
                take(projection, &mut view, &kept, events)?;
            }
            Delivery::Reset => {
                view = V::default();
                kept.clear();
            }
        }
    }
    Ok(view)
}

fn take<V: LiveView>(
    projection: &LiveProjection<V>,
    view: &mut V,
    places: &[usize],
    events: &[RecordedEvent],
) -> Result<(), DeliveryError> {
    for place in places {
        let event = &events[*place];
        let taken = catch_unwind(AssertUnwindSafe(|| projection.take(view, event)));
        let taken = taken.unwrap_or_else(|panic| Err(EventFailure::panicked(panic.as_ref())));
        taken.map_err(|failure| DeliveryError::event(event, failure))?;
    }
    Ok(())
}
