//! Given events, then the state: for views in memory.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use factum_core::{
    Event, EventFailure, FailureKind, LiveProjection, LiveView, NewEvent, RecordedEvent,
};

use super::arrangement::{self, arranged};
use super::failures::Failures;
use super::log::{GivenLog, given_log};
use crate::given::difference;

/// A view in memory, and a log in which some things are recorded.
///
/// What cannot be taken in is left out: ask about it by [`then_error`](Self::then_error), in the
/// order of the log, before anything else.
#[derive(Debug)]
pub struct GivenLive<V> {
    projection: LiveProjection<V>,
    view: V,
    log: GivenLog,
    /// What is in the view.
    taken: Vec<RecordedEvent>,
    failures: Failures,
}

/// A view of which nothing is known but that it was begun.
///
/// # Panics
///
/// If its handlers do not fit together.
#[track_caller]
pub fn given_live<V: LiveView>() -> GivenLive<V> {
    GivenLive::projection(arranged(LiveProjection::new()))
}

impl<V: LiveView> GivenLive<V> {
    /// A view as it is started: restricted to some events, or kept in order by another key.
    #[track_caller]
    pub fn projection(projection: LiveProjection<V>) -> Self {
        let (log, failures) = (given_log(), Failures::new());
        Self { projection, view: V::default(), log, taken: Vec::new(), failures }
    }

    /// Further events have happened in the stream `category/id`, tagged as they say themselves; see
    /// [`GivenLog`].
    ///
    /// # Panics
    ///
    /// If that is no stream, an event cannot be stored, or nobody takes it.
    #[track_caller]
    pub fn events<E: Event + Debug>(
        mut self,
        stream: &str,
        events: impl IntoIterator<Item = E>,
    ) -> Self {
        let before = self.log.recorded().len();
        self.log = self.log.events(stream, events);
        self.take(before);
        self
    }

    /// Further events have happened, each as it is here: with metadata, in an older shape, or with
    /// a payload that nobody can read.
    ///
    /// # Panics
    ///
    /// If that is no stream, or nobody takes an event.
    #[track_caller]
    pub fn new_events(mut self, stream: &str, events: impl IntoIterator<Item = NewEvent>) -> Self {
        let before = self.log.recorded().len();
        self.log = self.log.new_events(stream, events);
        self.take(before);
        self
    }

    /// A view for which `holds` says yes, and every event taken in that was not asked about.
    ///
    /// # Panics
    ///
    /// If it says no.
    #[track_caller]
    pub fn then(mut self, holds: impl FnOnce(&V) -> bool) -> Self {
        self.failures.expect_none();
        assert!(holds(&self.view), "the view is not as expected");
        self
    }

    /// This view, and every event taken in that was not asked about.
    ///
    /// # Panics
    ///
    /// If it is another one; the message shows the difference.
    #[track_caller]
    pub fn then_is(mut self, expected: &V) -> Self
    where
        V: PartialEq + Debug,
    {
        self.failures.expect_none();
        let difference = || difference::of(expected, &self.view);
        assert!(self.view == *expected, "expected another view\n\n{}", difference());
        self
    }

    /// A failure of this kind, of the first failed event that was not asked about.
    ///
    /// # Panics
    ///
    /// If it is of another kind, or none failed.
    #[track_caller]
    pub fn then_error(mut self, kind: FailureKind) -> Self {
        self.failures.expect(kind);
        self
    }

    /// Takes in what is new in the log.
    #[track_caller]
    fn take(&mut self, before: usize) {
        let new = &self.log.recorded()[before..];
        arrangement::taken(&self.projection.reads().query(), new);
        for event in new {
            let view = &mut self.view;
            let take = AssertUnwindSafe(|| self.projection.take(view, event));
            let failure = match catch_unwind(take) {
                Ok(Ok(())) => {
                    self.taken.push(event.clone());
                    continue;
                }
                Ok(Err(failure)) => failure,
                Err(panic) => {
                    // The handler may have changed the view by half: it is made anew.
                    self.view = V::default();
                    for event in &self.taken {
                        let again = self.projection.take(&mut self.view, event);
                        arranged(again);
                    }
                    EventFailure::panicked(panic.as_ref())
                }
            };
            self.failures.put(event, failure);
        }
    }
}
