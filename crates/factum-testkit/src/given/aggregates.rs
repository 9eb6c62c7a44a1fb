//! Given events, when a command, then events: for one aggregate.

use std::fmt::Debug;

use factum_core::{Aggregate, Handle, Recorded};

use super::Outcome;

/// An aggregate to which some things have happened.
#[must_use = "say what happens next: `when`"]
#[derive(Debug)]
pub struct Given<A> {
    state: A,
    /// What happened, for messages.
    history: Vec<String>,
    /// How many commands are among it, for messages.
    commands: usize,
}

/// An aggregate to which `events` have happened; `given::<Account>([])` for a new one.
pub fn given<A: Aggregate<Event: Debug>>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    Given::state(A::default()).and(events)
}

impl<A: Aggregate<Event: Debug>> Given<A> {
    /// An aggregate in this state, however it came to it.
    pub fn state(state: A) -> Self {
        Self { state, history: Vec::new(), commands: 0 }
    }

    /// A new aggregate, to which nothing has happened.
    pub fn nothing() -> Self {
        Self::state(A::default())
    }

    /// Further events have happened.
    pub fn and(mut self, events: impl IntoIterator<Item = A::Event>) -> Self {
        for event in events {
            self.state.apply(&event);
            self.history.push(format!("{event:?}"));
        }
        self
    }

    /// A command has been executed.
    ///
    /// # Panics
    ///
    /// If it is rejected: the test then is not about what it says, whatever it expects later.
    #[track_caller]
    pub fn given_command<C>(mut self, command: C) -> Self
    where
        A: Handle<C>,
    {
        self.commands += 1;
        match self.state.handle(command) {
            Ok(events) => self.and(events),
            Err(error) => panic!(
                "the arrangement failed: a given command was rejected with {error:?}\n\n\
                 command {}, of type {}\ngiven {}",
                self.commands,
                std::any::type_name::<C>(),
                shown(&self.history)
            ),
        }
    }

    /// Executes the command that the test is about.
    #[track_caller]
    #[must_use = "say what should have come of it: `then`, `then_error`, ..."]
    pub fn when<C>(self, command: C) -> Outcome<A, A::Event, A::Error>
    where
        A: Handle<C>,
    {
        let result = self.state.handle(command);
        let given = shown(&self.history);
        let mut state = self.state;
        for event in result.iter().flatten() {
            state.apply(event);
        }
        Outcome::new(given, result, state)
    }

    /// Runs the unit of work that the test is about; see [`Recorded`]. If it is rejected, the
    /// state is the one that it left.
    #[track_caller]
    #[must_use = "say what should have come of it: `then`, `then_error`, ..."]
    pub fn when_recording(
        self,
        work: impl FnOnce(&mut Recorded<A>) -> Result<(), A::Error>,
    ) -> Outcome<A, A::Event, A::Error> {
        let given = shown(&self.history);
        let mut unit = Recorded::new(self.state);
        let done = work(&mut unit);
        let (state, events) = unit.into_parts();
        Outcome::new(given, done.map(|()| events), state)
    }
}

pub(super) fn shown(history: &[String]) -> String {
    if history.is_empty() { "nothing".into() } else { format!("\n    {}", history.join("\n    ")) }
}
