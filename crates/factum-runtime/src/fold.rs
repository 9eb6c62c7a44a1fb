//! Recorded events into a state, with user code kept from taking the loop down.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use factum_core::{EventError, EventProblem, RecordedEvent};

/// Gives `events` to `take` in order; a panic in there is the failure of the event it happened at.
///
/// The state that `take` works on is to be dropped after an error.
pub(crate) fn fold<'a>(
    events: &'a [RecordedEvent],
    mut take: impl FnMut(&'a RecordedEvent) -> Result<(), EventError>,
) -> Result<(), EventError> {
    let mut at = 0;
    // One catch for a page: it costs nothing per event, and `at` still says which one it was.
    let folded = catch_unwind(AssertUnwindSafe(|| {
        events.iter().try_for_each(|event| {
            take(event)?;
            at += 1;
            Ok(())
        })
    }));
    folded.unwrap_or_else(|panic| {
        let problem = EventProblem::Panicked(words(panic.as_ref()).to_owned());
        Err(EventError::new(&events[at], problem))
    })
}

/// The message of a panic. A formatted one may repeat the payload and is withheld; a literal one
/// stands in the source.
fn words(panic: &(dyn Any + Send)) -> &'static str {
    panic.downcast_ref::<&'static str>().copied().unwrap_or("its message is withheld")
}
