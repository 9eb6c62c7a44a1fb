//! Given events, then how they were handled: for subscribers.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, Location};

use factum_core::{Event, EventFailure, EventSubscriber, FailureKind, NewEvent};
use futures::FutureExt;

use super::arrangement;
use super::failures::Failures;
use super::log::{GivenLog, given_log};

/// A subscriber, and a log in which some things are recorded.
///
/// Events are handled, one after the other, once something is expected. What cannot be handled is
/// left out: ask about it by [`then_error`](Self::then_error), in the order of the log, before
/// anything else.
#[derive(Debug)]
pub struct GivenSubscriber {
    subscriber: EventSubscriber,
    log: GivenLog,
    /// How many events were tried.
    tried: usize,
    handled: usize,
    failures: Failures,
}

/// A subscriber to which nothing was handed yet.
#[track_caller]
pub fn given_subscriber(subscriber: EventSubscriber) -> GivenSubscriber {
    let (log, failures) = (given_log(), Failures::new());
    GivenSubscriber { subscriber, log, tried: 0, handled: 0, failures }
}

impl GivenSubscriber {
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
        self.log = self.log.events(stream, events);
        self.taken()
    }

    /// Further events have happened, each as it is here: with metadata, in an older shape, or with
    /// a payload that nobody can read.
    ///
    /// # Panics
    ///
    /// If that is no stream, or nobody takes an event.
    #[track_caller]
    pub fn new_events(mut self, stream: &str, events: impl IntoIterator<Item = NewEvent>) -> Self {
        self.log = self.log.new_events(stream, events);
        self.taken()
    }

    /// So many events handled since the beginning, and none that failed and was not asked about.
    ///
    /// # Panics
    ///
    /// If it is another number, or an event failed.
    #[track_caller]
    pub fn then_handled(mut self, expected: usize) -> impl Future<Output = Self> {
        let at = Location::caller();
        async move {
            self.handle().await;
            self.failures.expect_none();
            let found = self.handled;
            assert!(found == expected, "expected {expected} handled events at {at}, found {found}");
            self
        }
    }

    /// A failure of this kind, of the first failed event that was not asked about.
    ///
    /// # Panics
    ///
    /// If it is of another kind, or none failed.
    pub async fn then_error(mut self, kind: FailureKind) -> Self {
        self.handle().await;
        self.failures.expect(kind);
        self
    }

    async fn handle(&mut self) {
        for event in &self.log.recorded()[self.tried..] {
            self.tried += 1;
            let handled = AssertUnwindSafe(self.subscriber.handle(event)).catch_unwind().await;
            let failure = match handled {
                Ok(Ok(())) => {
                    self.handled += 1;
                    continue;
                }
                Ok(Err(failure)) => failure,
                Err(panic) => EventFailure::panicked(panic.as_ref()),
            };
            self.failures.put(event, failure);
        }
    }

    #[track_caller]
    fn taken(self) -> Self {
        arrangement::taken(&self.subscriber.reads().query(), self.log.recorded());
        self
    }
}
