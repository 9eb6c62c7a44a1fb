//! Rules that hold after any sequence of commands.

use factum_core::Decider;
use factum_derive::Event;
use factum_testkit::proptest::prelude::*;
use factum_testkit::proptest::test_runner::Config;
use factum_testkit::{check_decider, check_decider_with};
use serde::{Deserialize, Serialize};

use crate::{failure, says};

#[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
#[factum(crate = "factum_core")]
enum JarEvent {
    Filled {
        by: u32,
    },
    Emptied,
    /// A half of it is forgotten.
    Shaken {
        #[serde(skip)]
        times: u32,
    },
}

#[derive(Default)]
struct Jar {
    sweets: u32,
}

#[derive(Clone, Copy, Debug)]
enum JarCommand {
    Fill(u32),
    Empty,
    Shake,
    Drop,
}

impl Decider for Jar {
    const CATEGORY: &'static str = "jar";
    type Command = JarCommand;
    type Event = JarEvent;
    type Error = &'static str;

    fn decide(&self, command: JarCommand) -> Result<Vec<JarEvent>, &'static str> {
        match command {
            JarCommand::Fill(by) if self.sweets + by > 100 => Err("it is full"),
            JarCommand::Fill(by) => Ok(vec![JarEvent::Filled { by }]),
            JarCommand::Empty => Ok(vec![JarEvent::Emptied]),
            JarCommand::Shake => Ok(vec![JarEvent::Shaken { times: 1 }]),
            JarCommand::Drop => panic!("it broke"),
        }
    }

    fn evolve(&mut self, event: &JarEvent) {
        match event {
            JarEvent::Filled { by } => self.sweets += by,
            JarEvent::Emptied => self.sweets = 0,
            JarEvent::Shaken { .. } => {}
        }
    }
}

fn commands() -> impl Strategy<Value = JarCommand> {
    prop_oneof![(1..60_u32).prop_map(JarCommand::Fill), Just(JarCommand::Empty)]
}

fn at_most(sweets: u32) -> impl Fn(&Jar, &[JarEvent]) -> Result<(), String> {
    move |jar, _| {
        if jar.sweets <= sweets { Ok(()) } else { Err(format!("{} sweets", jar.sweets)) }
    }
}

#[test]
fn a_rule_that_holds_is_found_to_hold() {
    check_decider::<Jar, _, _>(commands(), at_most(100));
}

#[test]
fn the_rule_sees_every_event_so_far() {
    check_decider::<Jar, _, _>(commands(), |jar, events| {
        let mut again = Jar::default();
        for event in events {
            again.evolve(event);
        }
        if again.sweets == jar.sweets { Ok(()) } else { Err("events are missing".into()) }
    });
}

/// No command can be left out, and no number be smaller: 60 sweets are the first too many. How
/// many commands share them is left to chance.
#[test]
fn a_broken_rule_shows_a_sequence_without_anything_needless() {
    let said = failure(|| check_decider::<Jar, _, _>(commands(), at_most(59)));
    says(&said, &["60 sweets", "minimal", "Fill("]);
    assert!(!said.contains("Empty"), "emptying does not help:\n{said}");
}

#[test]
fn a_rule_is_checked_before_the_first_command() {
    let said = failure(|| {
        check_decider::<Jar, _, _>(commands(), |_, events| {
            if events.is_empty() { Err("there is nothing".into()) } else { Ok(()) }
        });
    });
    says(&said, &["there is nothing", "minimal", "[]"]);
}

#[test]
fn an_event_that_does_not_come_back_is_found() {
    let said = failure(|| check_decider::<Jar, _, _>(Just(JarCommand::Shake), at_most(100)));
    says(&said, &["Shaken { times: 1 }", "Shaken { times: 0 }"]);
    assert_eq!(said.matches("Shake,").count() + said.matches("Shake]").count(), 1, "{said}");
}

#[test]
fn a_decider_that_panics_is_found() {
    let wild = prop_oneof![9 => commands(), 1 => Just(JarCommand::Drop)];
    let said = failure(|| check_decider::<Jar, _, _>(wild, at_most(100)));
    says(&said, &["it broke", "Drop"]);
    assert!(!said.contains("Fill("), "the shortest sequence is one command:\n{said}");
}

#[test]
fn proptest_is_told_how_much() {
    let counted = std::cell::Cell::new(0);
    check_decider_with::<Jar, _, _>(Config::with_cases(3), Just(JarCommand::Empty), |_, events| {
        counted.set(counted.get() + u32::from(events.is_empty()));
        Ok(())
    });
    assert_eq!(counted.get(), 3, "once in each case, before its first command");
}

/// Version 1 of it leads nowhere.
#[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
#[factum(crate = "factum_core")]
enum StaleEvent {
    #[factum(version = 2)]
    Grown,
}

#[derive(Default)]
struct Stale;

impl Decider for Stale {
    const CATEGORY: &'static str = "stale";
    type Command = ();
    type Event = StaleEvent;
    type Error = &'static str;

    fn decide(&self, (): ()) -> Result<Vec<StaleEvent>, &'static str> {
        Ok(vec![StaleEvent::Grown])
    }

    fn evolve(&mut self, _: &StaleEvent) {}
}

#[test]
fn events_that_contradict_each_other_are_found() {
    let said = failure(|| check_decider::<Stale, _, _>(Just(()), |_, _| Ok(())));
    says(&said, &["contradict", "stale.grown", "version 1"]);
}
