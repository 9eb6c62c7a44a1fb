//! Rules that hold after any sequence of commands.

use std::fmt::Debug;

use factum_core::codec::Payload;
use factum_core::{Aggregate, Event, Handle};
use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Most commands in one sequence.
const COMMANDS_MAX: usize = 50;

/// Executes random sequences of commands and checks `holds`, which gets the state and all events
/// so far, after each of them. Rejected commands change nothing.
///
/// Every event is also encoded and decoded again, and has to come back as it was. A sequence that
/// breaks a rule is made as short as possible before it is shown.
///
/// # Panics
///
/// If `holds` says why not, or an event does not come back.
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

/// As [`check_decider`], with proptest's settings.
///
/// # Panics
///
/// As [`check_decider`].
#[track_caller]
pub fn check_decider_with<A, C, S>(
    config: Config,
    commands: S,
    holds: impl Fn(&A, &[A::Event]) -> Result<(), String>,
) where
    A: Handle<C> + Aggregate<Event: Debug + PartialEq>,
    C: Clone + Debug,
    S: Strategy<Value = C>,
{
    let config = Config { failure_persistence: None, ..config };
    let run = TestRunner::new(config).run(&vec(commands, 0..=COMMANDS_MAX), |commands| {
        let (mut state, mut events) = (A::default(), Vec::new());
        holds(&state, &events).map_err(TestCaseError::fail)?;
        for command in commands {
            for event in state.handle(command).into_iter().flatten() {
                comes_back(&event).map_err(TestCaseError::fail)?;
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

fn comes_back<E: Event + Debug + PartialEq>(event: &E) -> Result<(), String> {
    let spec = event.spec();
    let mut bytes = Vec::new();
    event.encode(&mut bytes).map_err(|error| format!("{event:?}: {error}"))?;
    let payload = Payload::Bytes { codec: spec.codec(), bytes: &bytes };
    match E::decode(spec.event_type().as_str(), payload) {
        Ok(back) if back == *event => Ok(()),
        Ok(back) => Err(format!("{event:?} was stored, {back:?} came back")),
        Err(error) => Err(format!("{event:?} was stored and cannot be read: {error}")),
    }
}
