//! What a test is given, and how it is named in messages.

use std::fmt::{Debug, Display};

use factum_core::{Event, EventId, Facts, NewEvent, Query, RecordedEvent, StreamId};

/// Ends a test that is not about what it says.
#[track_caller]
pub(super) fn broken(why: &dyn Display) -> ! {
    panic!("the arrangement failed: {why}")
}

/// What an arrangement needs.
#[track_caller]
pub(super) fn arranged<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(it) => it,
        Err(why) => broken(&why),
    }
}

#[track_caller]
pub(super) fn stream(text: &str) -> StreamId {
    arranged(text.parse())
}

/// An event with what it says of itself, as it goes into a log.
#[track_caller]
pub(super) fn new_event<E: Event + Debug>(event: &E, id: EventId) -> NewEvent {
    let (mut payload, mut facts) = (Vec::new(), Facts::default());
    if let Err(error) = event.encode(&mut payload) {
        broken(&format_args!("{event:?}: {error}"));
    }
    if let Err(error) = event.facts(&mut facts) {
        broken(&format_args!("{event:?}: {error}"));
    }
    let spec = event.spec();
    let mut new = NewEvent::new(id, spec.event_type().clone(), spec.codec(), payload);
    new.schema_version = spec.schema_version();
    (new.tags, new.claims) = facts.drain();
    new
}

/// That every event is taken by whoever reads `query`: an event that never arrives proves nothing.
#[track_caller]
pub(super) fn taken(query: &Query, events: &[RecordedEvent]) {
    if let Some(event) = events.iter().find(|it| !query.matches(it)) {
        broken(&format_args!("nobody takes {}", named(event)));
    }
}

/// An event's place and type.
pub(super) fn named(event: &RecordedEvent) -> String {
    format!("event {} ({} of {})", event.position, event.event_type, event.stream)
}
