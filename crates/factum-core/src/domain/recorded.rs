//! Record and apply: several steps in one unit of work, each seeing what the last one did.

use std::ops::Deref;
use std::sync::Arc;

use crate::{Aggregate, Handle};

/// An aggregate together with the events that this unit of work recorded.
///
/// The state can be read through it and changed by recording alone, so no event is recorded
/// without being applied, and nothing is applied without being recorded.
///
/// Methods of your own on it read like those of an aggregate:
///
/// ```
/// # use factum_core::{codec, Aggregate, Codec, Event, EventSpec, Facts, InvalidName, Upcasters};
/// use factum_core::Recorded;
///
/// # struct Deposited(u64);
/// # impl Event for Deposited {
/// #     fn specs() -> Vec<&'static EventSpec> { vec![] }
/// #     fn find(_: &str) -> Option<&'static EventSpec> { None }
/// #     fn spec(&self) -> &'static EventSpec { unimplemented!() }
/// #     fn encode(&self, _: &mut Vec<u8>) -> Result<(), codec::EncodeError> { Ok(()) }
/// #     fn decode(_: &str, _: codec::Payload<'_>) -> Result<Self, codec::DecodeError> { Ok(Self(1)) }
/// #     fn facts(&self, _: &mut Facts) -> Result<(), InvalidName> { Ok(()) }
/// #     fn upcasters() -> Upcasters { Upcasters::default() }
/// # }
/// # #[derive(Default)] struct Account { balance: u64 }
/// # impl Aggregate for Account {
/// #     const CATEGORY: &'static str = "account";
/// #     type Event = Deposited; type Error = &'static str;
/// #     fn apply(&mut self, event: &Deposited) { self.balance += event.0; }
/// # }
/// trait AccountSteps {
///     fn deposit(&mut self, amount: u64) -> Result<(), &'static str>;
/// }
///
/// impl AccountSteps for Recorded<Account> {
///     fn deposit(&mut self, amount: u64) -> Result<(), &'static str> {
///         if self.balance + amount > 100 {
///             return Err("too rich");
///         }
///         self.record(Deposited(amount));
///         Ok(())
///     }
/// }
///
/// let mut account = Recorded::<Account>::default();
/// account.deposit(60)?;
/// assert!(account.deposit(60).is_err(), "the second step sees the first");
/// assert_eq!(account.events().len(), 1);
/// # Ok::<(), &'static str>(())
/// ```
#[derive(Debug)]
pub struct Recorded<A: Aggregate> {
    /// Shared with nobody as long as it is in here; the runtime hands states around like this.
    state: Arc<A>,
    events: Vec<A::Event>,
}

impl<A: Aggregate> Recorded<A> {
    /// Starts a unit of work on `state`.
    pub fn new(state: A) -> Self {
        Self { state: Arc::new(state), events: Vec::new() }
    }

    /// Starts a unit of work on a state that nobody else holds.
    ///
    /// # Panics
    ///
    /// If somebody else holds it.
    pub fn resume(mut state: Arc<A>) -> Self {
        assert!(
            Arc::get_mut(&mut state).is_some(),
            "a state to be worked on is held by nobody else"
        );
        Self { state, events: Vec::new() }
    }

    /// Records a fact and applies it to the state.
    pub fn record(&mut self, event: A::Event) {
        self.apply(&event);
        self.events.push(event);
    }

    fn apply(&mut self, event: &A::Event) {
        Arc::get_mut(&mut self.state).expect("the state never leaves the unit").apply(event);
    }

    /// Handles a command and records what it decides.
    ///
    /// # Errors
    ///
    /// Why the command is rejected; nothing is recorded by it then.
    pub fn execute<C>(&mut self, command: C) -> Result<(), A::Error>
    where
        A: Handle<C>,
    {
        let events = self.state.handle(command)?;
        for event in &events {
            self.apply(event);
        }
        if self.events.is_empty() {
            self.events = events;
        } else {
            self.events.extend(events);
        }
        Ok(())
    }

    /// What this unit of work recorded, in order.
    pub fn events(&self) -> &[A::Event] {
        &self.events
    }

    /// The state and the events, to be stored.
    #[expect(clippy::missing_panics_doc, reason = "the state never leaves the unit")]
    pub fn into_parts(self) -> (A, Vec<A::Event>) {
        let state = Arc::into_inner(self.state).expect("the state never leaves the unit");
        (state, self.events)
    }

    /// As [`Recorded::into_parts`], with the state as it is kept.
    pub fn into_shared(self) -> (Arc<A>, Vec<A::Event>) {
        (self.state, self.events)
    }
}

impl<A: Aggregate> Default for Recorded<A> {
    fn default() -> Self {
        Self::new(A::default())
    }
}

impl<A: Aggregate> Deref for Recorded<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.state
    }
}
