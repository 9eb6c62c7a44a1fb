//! Rules that hold after any sequence of commands.

use std::fmt::{Debug, Display};

use factum_core::{Aggregate, Event, Handle, Registry, StreamId, Tag};
use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::record;

/// Most commands in one sequence.
const COMMANDS_MAX: usize = 50;

/// Executes random sequences of commands and checks `holds`, which gets the state and all events
/// so far, after each of them. Rejected commands change nothing.
///
/// Every event is also stored and read again, through its registry, and has to come back as it
/// was, with tags and claims that a log takes. A sequence that
/// breaks a rule is made as short as possible before it is shown.
///
/// # Panics
///
/// If `holds` says why not, an event does not come back, or the events contradict each other.
///
/// # Examples
///
/// ```
/// # use factum_core::Decider;
/// # use factum_derive::Event;
/// # use serde::{Deserialize, Serialize};
/// use factum_testkit::{check_decider, proptest::prelude::*};
///
/// # #[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
/// # #[factum(crate = "factum_core")]
/// # enum SumEvent { Added { number: u8 } }
/// # #[derive(Default)]
/// # struct Sum { sum: u64 }
/// # impl Decider for Sum {
/// #     const CATEGORY: &'static str = "sum";
/// #     type Command = u8;
/// #     type Event = SumEvent;
/// #     type Error = &'static str;
/// #     fn decide(&self, number: u8) -> Result<Vec<SumEvent>, &'static str> {
/// #         Ok(vec![SumEvent::Added { number }])
/// #     }
/// #     fn evolve(&mut self, SumEvent::Added { number }: &SumEvent) { self.sum += u64::from(*number); }
/// # }
/// check_decider::<Sum, _, _>(any::<u8>(), |state, events| {
///     if state.sum <= 255 * events.len() as u64 { Ok(()) } else { Err("too much".into()) }
/// });
/// ```
#[track_caller]
pub fn check_decider<A, C, S>(commands: S, holds: impl Fn(&A, &[A::Event]) -> Result<(), String>)
where
    A: Handle<C> + Aggregate<Event: Debug + PartialEq>,
    C: Clone + Debug,
    S: Strategy<Value = C>,
{
    check_decider_with(Config::default(), commands, holds);
}

/// As [`check_decider`], with proptest's settings; but failures are kept in no file.
///
/// # Panics
///
/// As [`check_decider`].
#[track_caller]
pub fn check_decider_with<A, C, S>(
    mut config: Config,
    commands: S,
    holds: impl Fn(&A, &[A::Event]) -> Result<(), String>,
) where
    A: Handle<C> + Aggregate<Event: Debug + PartialEq>,
    C: Clone + Debug,
    S: Strategy<Value = C>,
{
    let registry = record::registry::<A::Event>();
    config.failure_persistence = None;
    let run = TestRunner::new(config).run(&vec(commands, 0..=COMMANDS_MAX), |commands| {
        let (mut state, mut events) = (A::default(), Vec::new());
        holds(&state, &events).map_err(TestCaseError::fail)?;
        for command in commands {
            for event in state.handle(command).into_iter().flatten() {
                comes_back(&registry, &event).map_err(TestCaseError::fail)?;
                state.apply(&event);
                events.push(event);
            }
            holds(&state, &events).map_err(TestCaseError::fail)?;
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

fn comes_back<E: Event + Debug + PartialEq>(registry: &Registry, event: &E) -> Result<(), String> {
    let wrong = |why: &dyn Display| format!("{event:?} cannot be stored: {why}");
    let mut payload = Vec::new();
    event.encode(&mut payload).map_err(|error| wrong(&error))?;
    let stream = |_: &[Tag]| StreamId::new("entity", "1");
    let record = record::of(event, payload, 0, stream).map_err(|error| wrong(&error))?;
    let mut back: Vec<E> = Vec::new();
    match registry.decode(&record, |it| back.push(it)) {
        Ok(()) if back.iter().eq([event]) => Ok(()),
        Ok(()) => Err(format!("{event:?} was stored, {back:?} came back")),
        Err(error) => Err(format!("{event:?} was stored and cannot be read: {error}")),
    }
}
