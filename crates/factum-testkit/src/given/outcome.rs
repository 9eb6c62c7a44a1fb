//! What came of the command, to be compared with what should have.

use std::fmt::Debug;
use std::panic::Location;

use super::difference;

/// What a command or a decision came to. Say what you expect of it: a test that does not fails.
pub struct Outcome<S, E, X> {
    /// How the test began, for messages.
    given: String,
    pub(super) result: Result<Vec<E>, X>,
    /// The state after the new events; as it was, if the command was rejected, or as a rejected
    /// unit of work left it.
    pub(super) state: S,
    asked: bool,
    /// Where `when` stands, for messages.
    at: &'static Location<'static>,
}

impl<S, E: Debug, X: Debug> Outcome<S, E, X> {
    #[track_caller]
    pub(super) fn new(given: String, result: Result<Vec<E>, X>, state: S) -> Self {
        Self { given, result, state, asked: false, at: Location::caller() }
    }

    /// These events, in this order, and no others.
    ///
    /// # Panics
    ///
    /// If something else came of it; the message shows the difference.
    #[track_caller]
    pub fn then(mut self, expected: impl IntoIterator<Item = E>) -> Self
    where
        E: PartialEq,
    {
        let expected: Vec<E> = expected.into_iter().collect();
        self.ask();
        match &self.result {
            Ok(found) if *found == expected => self,
            Ok(found) => self.fail("expected other events", &difference::of(&expected, found)),
            Err(_) => self.fail(&format!("expected the events {expected:?}"), ""),
        }
    }

    /// Success without an event.
    ///
    /// # Panics
    ///
    /// If there are events, or an error.
    #[track_caller]
    pub fn then_nothing(mut self) -> Self {
        self.ask();
        match &self.result {
            Ok(found) if found.is_empty() => self,
            _ => self.fail("expected no events", ""),
        }
    }

    /// Events for which `holds` says yes.
    ///
    /// # Panics
    ///
    /// If it says no, or there is an error.
    #[track_caller]
    pub fn then_events_where(mut self, holds: impl FnOnce(&[E]) -> bool) -> Self {
        self.ask();
        match &self.result {
            Ok(found) if holds(found) => self,
            Ok(found) => self.fail("the events are not as expected", &format!("{found:#?}")),
            Err(_) => self.fail("expected events", ""),
        }
    }

    /// This error.
    ///
    /// # Panics
    ///
    /// If there is another one, or none.
    #[track_caller]
    pub fn then_error(mut self, expected: X) -> Self
    where
        X: PartialEq,
    {
        self.ask();
        match &self.result {
            Err(found) if *found == expected => self,
            Err(found) => self.fail("expected another error", &difference::of(&expected, found)),
            Ok(_) => self.fail(&format!("expected the error {expected:?}"), ""),
        }
    }

    /// An error for which `holds` says yes.
    ///
    /// # Panics
    ///
    /// If it says no, or there is no error.
    #[track_caller]
    pub fn then_error_where(mut self, holds: impl FnOnce(&X) -> bool) -> Self {
        self.ask();
        match &self.result {
            Err(found) if holds(found) => self,
            Err(_) => self.fail("the error is not as expected", ""),
            Ok(_) => self.fail("expected an error", ""),
        }
    }

    /// A state for which `holds` says yes: after the events, or as it was before a rejection.
    ///
    /// # Panics
    ///
    /// If it says no.
    #[track_caller]
    pub fn then_state(mut self, holds: impl FnOnce(&S) -> bool) -> Self {
        self.ask();
        if holds(&self.state) { self } else { self.fail("the state is not as expected", "") }
    }

    /// This state: after the events, or as it was before a rejection.
    ///
    /// # Panics
    ///
    /// If it is another one; the message shows the difference.
    #[track_caller]
    pub fn then_state_is(mut self, expected: &S) -> Self
    where
        S: PartialEq + Debug,
    {
        self.ask();
        if self.state == *expected {
            return self;
        }
        self.fail("expected another state", &difference::of(expected, &self.state))
    }

    pub(super) fn ask(&mut self) {
        self.asked = true;
    }

    /// Says what is wrong, what was given, what came of it, and the details.
    #[track_caller]
    pub(super) fn fail(&self, said: &str, details: &str) -> ! {
        let found = match &self.result {
            Ok(events) if events.is_empty() => "no events".to_owned(),
            Ok(events) => format!("the events {events:?}"),
            Err(error) => format!("the error {error:?}"),
        };
        panic!("{said}\n\ngiven {}\nfound {found}\n\n{details}", self.given);
    }
}

impl<S, E, X> Drop for Outcome<S, E, X> {
    fn drop(&mut self) {
        assert!(
            self.asked || std::thread::panicking(),
            "the test expects nothing: say `then`, `then_error`, ... after `when` at {}",
            self.at
        );
    }
}

impl<S, E, X> Debug for Outcome<S, E, X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outcome").field("asked", &self.asked).finish_non_exhaustive()
    }
}
