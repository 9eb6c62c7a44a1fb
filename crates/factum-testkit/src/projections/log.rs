//! Events as they would stand in a log.

use std::collections::HashMap;
use std::fmt::Debug;

use factum_core::{
    Clock, Event, NewEvent, Place, Position, RecordedEvent, Revision, StreamId, TenantId,
};

use super::arrangement;
use crate::{ManualClock, SequentialIds};

/// Events as they would stand in a log that holds nothing else.
///
/// Positions count from 1, revisions from 0 in each stream. The ids are those of
/// [`SequentialIds`] with the numbers of the positions; the time stands still at that of
/// [`ManualClock::default`].
#[derive(Clone, Debug, Default)]
pub struct GivenLog {
    events: Vec<RecordedEvent>,
    next: HashMap<StreamId, Revision>,
}

/// A log without events.
pub fn given_log() -> GivenLog {
    GivenLog::default()
}

impl GivenLog {
    /// Further events have happened in the stream `category/id`, tagged as they say themselves.
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
        for event in events {
            let id = SequentialIds::id(self.events.len() as u64 + 1);
            self.put(&stream, arrangement::new_event(&event, id));
        }
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
        let stream = arrangement::stream(stream);
        for event in events {
            self.put(&stream, event);
        }
        self
    }

    /// The events so far.
    pub fn recorded(&self) -> &[RecordedEvent] {
        &self.events
    }

    fn put(&mut self, stream: &StreamId, event: NewEvent) {
        let next = self.next.entry(stream.clone()).or_insert(Revision::FIRST);
        self.events.push(event.into_recorded(Place {
            position: Position::new(self.events.len() as u64 + 1),
            tenant: TenantId::default(),
            stream: stream.clone(),
            revision: *next,
            now: ManualClock::default().now(),
        }));
        *next = Revision::new(next.get() + 1);
    }
}

impl From<GivenLog> for Vec<RecordedEvent> {
    fn from(log: GivenLog) -> Self {
        log.events
    }
}
