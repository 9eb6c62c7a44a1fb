//! Deciders made of deciders run like any other.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::borrow::Cow;
use std::sync::Arc;

use common::memory;
use either::Either;
use factum_core::{Adapted, Adapter, Both, Decider, EventStoreExt, Part, StreamRead};
use factum_derive::Event;
use factum_runtime::Repository;
use factum_testkit::given;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core")]
enum LampEvent {
    TurnedOn,
    TurnedOff,
}

#[derive(Default, Debug, PartialEq)]
struct Lamp {
    on: bool,
}

impl Decider for Lamp {
    const CATEGORY: &'static str = "lamp";
    type Command = bool;
    type Event = LampEvent;
    type Error = &'static str;

    fn decide(&self, on: bool) -> Result<Vec<LampEvent>, &'static str> {
        match (self.on, on) {
            (false, true) => Ok(vec![LampEvent::TurnedOn]),
            (true, false) => Ok(vec![LampEvent::TurnedOff]),
            _ => Err("it is"),
        }
    }

    fn evolve(&mut self, event: &LampEvent) {
        self.on = *event == LampEvent::TurnedOn;
    }
}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core")]
enum DialEvent {
    Dialled { to: u8 },
}

#[derive(Default, Debug, PartialEq)]
struct Dial {
    at: u8,
}

impl Decider for Dial {
    const CATEGORY: &'static str = "dial";
    type Command = u8;
    type Event = DialEvent;
    type Error = String;

    fn decide(&self, to: u8) -> Result<Vec<DialEvent>, String> {
        if to > 10 { Err(format!("{to} is above 10")) } else { Ok(vec![DialEvent::Dialled { to }]) }
    }

    fn evolve(&mut self, DialEvent::Dialled { to }: &DialEvent) {
        self.at = *to;
    }
}

type Radio = Both<Lamp, Dial>;

#[tokio::test]
async fn a_pair_shares_a_stream() {
    let store = memory();
    let radios = Repository::<Radio>::new(Arc::clone(&store)).unwrap();
    radios.execute("r1", Either::Left(true)).await.unwrap();
    let executed = radios.execute("r1", Either::Right(7)).await.unwrap();
    assert_eq!((executed.state.first.on, executed.state.second.at), (true, 7));
    let error = radios.execute("r1", Either::Left(true)).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&Either::Left("it is")));
    let error = radios.execute("r1", Either::Right(11)).await.unwrap_err();
    assert_eq!(error.to_string(), "11 is above 10");

    let stream = StreamRead::forward("lamp/r1".parse().unwrap());
    let events = store.collect_stream(stream).await.unwrap();
    let names: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(names, ["lamp.turned-on", "dial.dialled"]);
    assert_eq!(radios.load("r1").await.unwrap().state, executed.state);
}

/// The events of a house, of which a lamp's are a part.
#[derive(Event, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", union)]
enum HouseEvent {
    Lamp(LampEvent),
    Dial(DialEvent),
}

/// A lamp as the house speaks of it.
struct InHouse;

#[derive(Clone, Copy, Debug)]
enum HouseCommand {
    Light(bool),
    Knock,
}

impl Adapter for InHouse {
    type Inner = Lamp;
    const CATEGORY: &'static str = "house-lamp";
    type Command = HouseCommand;
    type Event = HouseEvent;
    type Error = String;

    fn command(command: HouseCommand) -> Option<bool> {
        match command {
            HouseCommand::Light(on) => Some(on),
            HouseCommand::Knock => None,
        }
    }

    fn event(event: LampEvent) -> HouseEvent {
        event.into()
    }

    fn inner_event(event: &HouseEvent) -> Option<Cow<'_, LampEvent>> {
        LampEvent::part(event).map(Cow::Borrowed)
    }

    fn error(error: &'static str) -> String {
        format!("the lamp: {error}")
    }
}

type HouseLamp = Adapted<InHouse>;

#[test]
fn an_adapted_decider_speaks_the_other_language() {
    let on = HouseEvent::Lamp(LampEvent::TurnedOn);
    given::<HouseLamp>([]).when(HouseCommand::Light(true)).then([on.clone()]);
    given::<HouseLamp>([on.clone()])
        .when(HouseCommand::Light(true))
        .then_error("the lamp: it is".into());
    let dialled = HouseEvent::Dial(DialEvent::Dialled { to: 3 });
    given::<HouseLamp>([on, dialled])
        .when(HouseCommand::Knock)
        .then_nothing()
        .then_state(|lamp| lamp.0.on);
}

#[tokio::test]
async fn an_adapted_decider_has_streams_of_its_own() {
    let lamps = Repository::<HouseLamp>::new(memory()).unwrap();
    lamps.execute("hall", HouseCommand::Light(true)).await.unwrap();
    assert_eq!(lamps.stream("hall").unwrap().as_str(), "house-lamp/hall");
    assert!(lamps.load("hall").await.unwrap().state.0.on);
}
