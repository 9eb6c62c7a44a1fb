//! A decider in terms of another context.

use std::borrow::Cow;
use std::fmt::{Debug, Display};

use crate::{Decider, Event};

/// How the commands, events and errors of a decider are said in another context.
pub trait Adapter: Send + Sync + 'static {
    /// The decider that does the work.
    type Inner: Decider<Event: Clone>;
    /// The category of the adapted decider's streams.
    const CATEGORY: &'static str;
    /// What can be asked of the adapted decider.
    type Command;
    /// What can have happened to it.
    type Event: Event;
    /// Why it rejects a command.
    type Error: Debug + Display + Send + Sync + 'static;

    /// What the command means to the inner decider; `None` if it means nothing to it.
    fn command(command: Self::Command) -> Option<<Self::Inner as Decider>::Command>;

    /// What the inner decider's event is called here.
    fn event(event: <Self::Inner as Decider>::Event) -> Self::Event;

    /// What the event means to the inner decider; `None` if it means nothing to it.
    fn inner_event(event: &Self::Event) -> Option<Cow<'_, <Self::Inner as Decider>::Event>>;

    /// What the inner decider's error is called here.
    fn error(error: <Self::Inner as Decider>::Error) -> Self::Error;
}

/// A decider with its commands and events mapped by an [`Adapter`].
pub struct Adapted<M: Adapter>(
    /// The state of the inner decider.
    pub M::Inner,
);

impl<M: Adapter> Decider for Adapted<M> {
    const CATEGORY: &'static str = M::CATEGORY;
    type Command = M::Command;
    type Event = M::Event;
    type Error = M::Error;

    /// A command that means nothing to the inner decider makes nothing happen.
    fn decide(&self, command: M::Command) -> Result<Vec<M::Event>, M::Error> {
        let Some(command) = M::command(command) else { return Ok(vec![]) };
        let events = self.0.decide(command).map_err(M::error)?;
        Ok(events.into_iter().map(M::event).collect())
    }

    fn evolve(&mut self, event: &M::Event) {
        if let Some(event) = M::inner_event(event) {
            self.0.evolve(&event);
        }
    }
}

impl<M: Adapter> Default for Adapted<M> {
    fn default() -> Self {
        Self(M::Inner::default())
    }
}

impl<M: Adapter> Debug for Adapted<M>
where
    M::Inner: Debug,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Adapted").field(&self.0).finish()
    }
}
