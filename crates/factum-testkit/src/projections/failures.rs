//! Events that could not be handled, until the test asks about them.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::panic::Location;

use factum_core::{EventFailure, FailureKind, RecordedEvent};

use super::arrangement::named;

/// What a test has to ask about before it ends.
pub(super) struct Failures {
    open: VecDeque<(String, EventFailure)>,
    asked: bool,
    /// Where the test begins, for messages.
    at: &'static Location<'static>,
}

impl Failures {
    #[track_caller]
    pub(super) fn new() -> Self {
        Self { open: VecDeque::new(), asked: false, at: Location::caller() }
    }

    pub(super) fn put(&mut self, event: &RecordedEvent, failure: EventFailure) {
        self.open.push_back((named(event), failure));
    }

    /// That there is nothing left to ask about.
    #[track_caller]
    pub(super) fn expect_none(&mut self) {
        self.asked = true;
        if let Some((event, failure)) = self.open.front() {
            panic!("expected every event to be handled, found that {event} failed: {failure}");
        }
    }

    /// That the first that was not asked about is of this kind.
    #[track_caller]
    pub(super) fn expect(&mut self, kind: FailureKind) {
        self.asked = true;
        let expected = kind.as_str();
        match self.open.pop_front() {
            Some((_, failure)) if failure.kind() == kind => {}
            Some((event, failure)) => {
                panic!("expected another failure: {expected}, found that {event} failed: {failure}")
            }
            None => panic!("expected an event that fails: {expected}, found none"),
        }
    }
}

impl Drop for Failures {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert!(
            self.asked,
            "the test expects nothing: say `then`, `then_error`, ... after the events given at {}",
            self.at
        );
        self.expect_none();
    }
}

impl Debug for Failures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failures").field("open", &self.open.len()).finish_non_exhaustive()
    }
}
