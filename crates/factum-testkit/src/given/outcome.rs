//! What came of the command, to be compared with what should have.

use std::fmt::Debug;

use super::difference;

/// What a command or a decision came to. Say what you expect of it: a test that does not fails.
pub struct Outcome<S, E, X> {
    /// How the test began, for messages.
    given: String,
    pub(super) result: Result<Vec<E>, X>,
    /// The state after the new events; as it was, if the command was rejected.
    pub(super) state: S,
    asked: bool,
}

impl<S, E: Debug, X: Debug> Outcome<S, E, X> {
    pub(super) fn new(given: String, result: Result<Vec<E>, X>, state: S) -> Self {
        Self { given, result, state, asked: false }
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
            Ok(found) if *found == expected => {}
            Ok(found) => {
                self.fail(&format!(
                    "expected other events\n\n{}",
                    difference::of(&expected, found)
                ));
            }
            Err(error) => self.fail(&format!("expected {expected:#?}\nfound the error {error:?}")),
        }
        self
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
            Ok(found) if found.is_empty() => {}
            Ok(found) => self.fail(&format!("expected no events, found {found:#?}")),
            Err(error) => self.fail(&format!("expected no events, found the error {error:?}")),
        }
        self
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
            Ok(found) if holds(found) => {}
            Ok(found) => self.fail(&format!("the events are not as expected: {found:#?}")),
            Err(error) => self.fail(&format!("expected events, found the error {error:?}")),
        }
        self
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
            Err(found) if *found == expected => {}
            Err(found) => self
                .fail(&format!("expected another error\n\n{}", difference::of(&expected, found))),
            Ok(events) => {
                self.fail(&format!("expected the error {expected:?}, found events {events:#?}"));
            }
        }
        self
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
            Err(found) if holds(found) => {}
            Err(found) => self.fail(&format!("the error is not as expected: {found:?}")),
            Ok(events) => self.fail(&format!("expected an error, found events {events:#?}")),
        }
        self
    }

    /// A state for which `holds` says yes: after the events, or as it was before a rejection.
    ///
    /// # Panics
    ///
    /// If it says no.
    #[track_caller]
    pub fn then_state(mut self, holds: impl FnOnce(&S) -> bool) -> Self {
        self.ask();
        if !holds(&self.state) {
            self.fail("the state is not as expected");
        }
        self
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
        if self.state != *expected {
            let difference = difference::of(expected, &self.state);
            self.fail(&format!("expected another state\n\n{difference}"));
        }
        self
    }

    pub(super) fn ask(&mut self) {
        self.asked = true;
    }

    #[track_caller]
    pub(super) fn fail(&self, said: &str) {
        panic!("{said}\n\ngiven {}", self.given);
    }
}

impl<S, E, X> Drop for Outcome<S, E, X> {
    fn drop(&mut self) {
        let said = self.asked || std::thread::panicking();
        assert!(said, "the test expects nothing: say `then`, `then_error`, ... after `when`");
    }
}

impl<S, E, X> Debug for Outcome<S, E, X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outcome").field("asked", &self.asked).finish_non_exhaustive()
    }
}
