//! The rules over one stream, in the two ways of writing them down.

use std::fmt::{Debug, Display};

use crate::Event;

/// Rules over one stream, with one command type. The state type is the decider.
///
/// Whoever has a `Decider` has an [`Aggregate`] that [handles](Handle) its command; the runtime
/// asks for no more than these two.
///
/// # Examples
///
/// ```
/// # use factum_core::{codec, Codec, EventSpec, Facts, InvalidName, Upcasters};
/// use factum_core::{Decider, Event};
///
/// #[derive(Debug, PartialEq)]
/// enum LampEvent { TurnedOn, TurnedOff } // with `#[derive(Event)]`
/// # impl Event for LampEvent {
/// #     fn specs() -> Vec<&'static EventSpec> { vec![] }
/// #     fn find(_: &str) -> Option<&'static EventSpec> { None }
/// #     fn spec(&self) -> &'static EventSpec { unimplemented!() }
/// #     fn encode(&self, _: &mut Vec<u8>) -> Result<(), codec::EncodeError> { Ok(()) }
/// #     fn decode(_: &str, _: codec::Payload<'_>) -> Result<Self, codec::DecodeError> { Ok(Self::TurnedOn) }
/// #     fn facts(&self, _: &mut Facts) -> Result<(), InvalidName> { Ok(()) }
/// #     fn upcasters() -> Upcasters { Upcasters::default() }
/// # }
///
/// #[derive(Default)]
/// struct Lamp { on: bool }
///
/// impl Decider for Lamp {
///     const CATEGORY: &'static str = "lamp";
///     type Command = bool;
///     type Event = LampEvent;
///     type Error = &'static str;
///
///     fn decide(&self, on: bool) -> Result<Vec<LampEvent>, &'static str> {
///         match (self.on, on) {
///             (false, true) => Ok(vec![LampEvent::TurnedOn]),
///             (true, false) => Ok(vec![LampEvent::TurnedOff]),
///             _ => Ok(vec![]), // Nothing to do is fine.
///         }
///     }
///
///     fn evolve(&mut self, event: &LampEvent) {
///         self.on = *event == LampEvent::TurnedOn;
///     }
/// }
///
/// let mut lamp = Lamp::default();
/// lamp.evolve(&LampEvent::TurnedOn);
/// assert_eq!(lamp.decide(false), Ok(vec![LampEvent::TurnedOff]));
/// ```
pub trait Decider: Default + Send + Sync + 'static {
    /// The category of the streams it rules over.
    const CATEGORY: &'static str;
    /// What can be asked of it.
    type Command;
    /// What can have happened.
    type Event: Event;
    /// Why a command is rejected. A text will do.
    type Error: Debug + Display + Send + Sync + 'static;

    /// Decides what happens: new facts, none if there is nothing to do, or why it may not be.
    ///
    /// Pure: the same state and command give the same answer. After a conflict it is asked again.
    ///
    /// # Errors
    ///
    /// The reason why the command is rejected; nothing happens then.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// Takes a fact into the state. Total: what happened, happened.
    fn evolve(&mut self, event: &Self::Event);
}

/// A state made of the events of one stream, which is what every style has in common.
///
/// Write it by hand to have [one small impl per command](Handle), or to
/// [record and apply](crate::Recorded); a [`Decider`] is one already.
pub trait Aggregate: Default + Send + Sync + 'static {
    /// The category of its streams.
    const CATEGORY: &'static str;
    /// What can have happened.
    type Event: Event;
    /// Why a command is rejected. A text will do.
    type Error: Debug + Display + Send + Sync + 'static;

    /// Takes a fact into the state. Total: what happened, happened.
    fn apply(&mut self, event: &Self::Event);
}

/// How an aggregate handles one kind of command.
pub trait Handle<C>: Aggregate {
    /// Decides what happens; see [`Decider::decide`].
    ///
    /// # Errors
    ///
    /// The reason why the command is rejected; nothing happens then.
    fn handle(&self, command: C) -> Result<Vec<Self::Event>, Self::Error>;
}

impl<D: Decider> Aggregate for D {
    const CATEGORY: &'static str = D::CATEGORY;
    type Event = D::Event;
    type Error = D::Error;

    fn apply(&mut self, event: &D::Event) {
        self.evolve(event);
    }
}

impl<D: Decider> Handle<D::Command> for D {
    fn handle(&self, command: D::Command) -> Result<Vec<D::Event>, D::Error> {
        self.decide(command)
    }
}
