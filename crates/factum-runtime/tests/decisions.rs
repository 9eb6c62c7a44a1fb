//! Decisions over tags: what is decided holds in some serial order, whatever happens at once.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::memory;
use factum_core::{
    CommandId, Decision, DecisionModel, EventStoreExt, Expected, ImpossibleQuery, InvalidName,
    LogRead, Query, QueryItem, Refusal,
};
use factum_derive::Event;
use factum_runtime::{Decisions, ExecuteError, LoadError, Options, Retry};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core")]
enum SeatEvent {
    Taken {
        #[factum(tag)]
        show: u8,
        #[factum(tag)]
        guest: u8,
    },
    Renamed {
        #[factum(tag)]
        show: u8,
    },
    Noted,
}

/// How many seats of a show are taken.
struct Taken {
    show: u8,
    count: u32,
}

impl DecisionModel for Taken {
    type Event = SeatEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("show", self.show)?.into()) // Renamings too.
    }

    fn evolve(&mut self, event: &SeatEvent) {
        self.count += u32::from(matches!(event, SeatEvent::Taken { .. }));
    }
}

/// How many shows a guest goes to.
struct Going {
    guest: u8,
    count: u32,
}

impl DecisionModel for Going {
    type Event = SeatEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("guest", self.guest)?.types([SeatEvent::TAKEN]).into())
    }

    fn evolve(&mut self, _: &SeatEvent) {
        self.count += 1;
    }
}

const SEATS: u32 = 3;
const SHOWS: u32 = 2;

#[derive(Clone, Copy, Debug)]
struct Take {
    show: u8,
    guest: u8,
}

impl Decision for Take {
    const NAME: &'static str = "take-seat";
    type Models = (Taken, Going);
    type Error = &'static str;

    fn models(&self) -> (Taken, Going) {
        (Taken { show: self.show, count: 0 }, Going { guest: self.guest, count: 0 })
    }

    fn decide(&self, (taken, going): &(Taken, Going)) -> Result<Vec<SeatEvent>, &'static str> {
        match () {
            () if taken.count >= SEATS => Err("sold out"),
            () if going.count >= SHOWS => Err("enough for one guest"),
            () => Ok(vec![SeatEvent::Taken { show: self.show, guest: self.guest }]),
        }
    }

    fn validation(&self) -> Result<Option<Query>, InvalidName> {
        let show = QueryItem::tagged("show", self.show)?.types([SeatEvent::TAKEN]);
        let guest = QueryItem::tagged("guest", self.guest)?.types([SeatEvent::TAKEN]);
        Ok(Some(Query::any_of([show, guest])))
    }
}

/// As [`Take`], without a narrower validation.
struct TakeStrictly(Take, Option<Decisions<SeatEvent>>);

impl Decision for TakeStrictly {
    const NAME: &'static str = "take-seat-strictly";
    type Models = (Taken, Going);
    type Error = &'static str;

    fn models(&self) -> (Taken, Going) {
        self.0.models()
    }

    fn decide(&self, models: &(Taken, Going)) -> Result<Vec<SeatEvent>, &'static str> {
        if let Some(other) = &self.1 {
            futures::executor::block_on(other.execute(&Rename(self.0.show))).unwrap();
        }
        self.0.decide(models)
    }
}

/// As [`Take`], while somebody renames the show.
struct TakeMeanwhile(Take, Decisions<SeatEvent>);

impl Decision for TakeMeanwhile {
    const NAME: &'static str = "take-seat-meanwhile";
    type Models = (Taken, Going);
    type Error = &'static str;

    fn models(&self) -> (Taken, Going) {
        self.0.models()
    }

    fn decide(&self, models: &(Taken, Going)) -> Result<Vec<SeatEvent>, &'static str> {
        futures::executor::block_on(self.1.execute(&Rename(self.0.show))).unwrap();
        self.0.decide(models)
    }

    fn validation(&self) -> Result<Option<Query>, InvalidName> {
        self.0.validation()
    }
}

struct Rename(u8);

impl Decision for Rename {
    const NAME: &'static str = "rename";
    type Models = Going;
    type Error = &'static str;

    fn models(&self) -> Going {
        Going { guest: 255, count: 0 }
    }

    fn decide(&self, _: &Going) -> Result<Vec<SeatEvent>, &'static str> {
        Ok(vec![SeatEvent::Renamed { show: self.0 }])
    }
}

struct Note;

impl Decision for Note {
    const NAME: &'static str = "note";
    type Models = Going;
    type Error = &'static str;

    fn models(&self) -> Going {
        Going { guest: 255, count: 0 }
    }

    fn decide(&self, _: &Going) -> Result<Vec<SeatEvent>, &'static str> {
        Ok(vec![SeatEvent::Noted])
    }
}

fn decisions() -> Decisions<SeatEvent> {
    let patient = Retry { attempts_max: 1_000, pause_ms_first: 0, pause_ms_max: 0 };
    Decisions::new(memory()).unwrap().with_retry(patient)
}

#[tokio::test]
async fn each_model_sees_its_own_events() {
    let decisions = decisions();
    for (show, guest) in [(1, 1), (1, 2), (2, 1)] {
        decisions.execute(&Take { show, guest }).await.unwrap();
    }
    let error = decisions.execute(&Take { show: 3, guest: 1 }).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&"enough for one guest"));
    decisions.execute(&Take { show: 1, guest: 3 }).await.unwrap();
    let error = decisions.execute(&Take { show: 1, guest: 4 }).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&"sold out"));
}

#[tokio::test]
async fn an_event_goes_to_the_stream_of_its_first_tag() {
    let store = memory();
    let decisions = Decisions::<SeatEvent>::new(Arc::clone(&store)).unwrap();
    let decided = decisions.execute(&Take { show: 1, guest: 9 }).await.unwrap();
    assert_eq!((decided.events.len(), decided.position.get()), (1, 1));
    let events = store.collect(LogRead::default()).await.unwrap();
    assert_eq!(events[0].stream.as_str(), "show/1");
    let error = decisions.execute(&Note).await.unwrap_err().to_string();
    assert!(error.starts_with("event seat.noted: invalid stream of a decision"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_narrower_validation_lets_harmless_events_by() {
    let decisions = decisions().with_retry(Retry { attempts_max: 3, ..Retry::default() });
    let take = Take { show: 1, guest: 1 };
    let error = decisions.execute(&TakeStrictly(take, Some(decisions.clone()))).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Conflict { attempts: 3, .. }), "{error}");
    decisions.execute(&TakeStrictly(take, None)).await.unwrap();
    decisions.execute(&TakeMeanwhile(take, decisions.clone())).await.unwrap();
}

#[tokio::test]
async fn a_repeated_decision_gives_the_first_answer() {
    let decisions = decisions();
    let take = Take { show: 1, guest: 1 };
    let options = Options::default().command_id(CommandId::new("form-1").unwrap());
    let first = decisions.execute_with(&take, options.clone()).await.unwrap();
    decisions.execute(&take).await.unwrap();
    let again = decisions.execute_with(&take, options.clone()).await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!((again.events, again.position), (first.events, first.position));
    let elsewhere = decisions.execute_with(&Rename(1), options).await.unwrap_err();
    assert!(matches!(elsewhere, ExecuteError::Refused(Refusal::CommandReused { .. })));
}

#[tokio::test]
async fn a_command_id_with_another_decision_of_its_kind_is_refused() {
    let decisions = decisions();
    let asked = |guest: u32| {
        let options = Options::default().command_id(CommandId::new("form-1").unwrap());
        options.for_command(&guest).unwrap()
    };
    decisions.execute_with(&Take { show: 1, guest: 1 }, asked(1)).await.unwrap();
    let other = decisions.execute_with(&Take { show: 1, guest: 2 }, asked(2)).await.unwrap_err();
    assert!(matches!(other, ExecuteError::Refused(Refusal::CommandReused { .. })), "{other}");
    let again = decisions.execute_with(&Take { show: 1, guest: 1 }, asked(1)).await.unwrap();
    assert!(again.repeated);
}

/// Asks for a tag that no event carries, in its model or in its validation.
struct Misspelt {
    in_model: bool,
}

/// Nobody is `going`, whoever the guest is.
struct NobodyGoing(&'static str);

impl DecisionModel for NobodyGoing {
    type Event = SeatEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged(self.0, 1)?.into())
    }

    fn evolve(&mut self, _: &SeatEvent) {}
}

impl Decision for Misspelt {
    const NAME: &'static str = "misspelt";
    type Models = NobodyGoing;
    type Error = &'static str;

    fn models(&self) -> NobodyGoing {
        NobodyGoing(if self.in_model { "guests" } else { "guest" })
    }

    fn decide(&self, _: &NobodyGoing) -> Result<Vec<SeatEvent>, &'static str> {
        Ok(vec![SeatEvent::Taken { show: 1, guest: 1 }])
    }

    fn validation(&self) -> Result<Option<Query>, InvalidName> {
        // Renamings have no guest.
        let item = QueryItem::tagged("guest", 1)?.types([SeatEvent::RENAMED]);
        Ok((!self.in_model).then(|| item.into()))
    }
}

#[tokio::test]
async fn a_decision_whose_query_can_match_nothing_is_refused() {
    let decisions = decisions();
    for (in_model, asked, carried) in [(true, "guests", "guest, show"), (false, "guest", "show")] {
        let error = decisions.execute(&Misspelt { in_model }).await.unwrap_err();
        let ExecuteError::Load(LoadError::Query(ImpossibleQuery::Tags { known, found, .. })) =
            &error
        else {
            panic!("{error}")
        };
        assert_eq!((found.as_str(), known.as_str()), (asked, carried));
    }
    let taken = decisions.execute(&Take { show: 1, guest: 1 }).await.unwrap();
    assert_eq!(taken.position.get(), 1, "nothing was stored before");
}

#[tokio::test]
async fn a_decision_has_no_revision_to_expect() {
    let options = Options::default().expecting(Expected::NoStream);
    let error = decisions().execute_with(&Rename(1), options).await.unwrap_err();
    assert!(matches!(error, ExecuteError::NoRevision { decision: "rename" }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Real tasks at once. The log is the serial order: played back one by one, in it, every
    /// seat that was given was free, and every rejection is true at the end, as seats are only
    /// ever taken.
    #[test]
    fn the_outcome_equals_a_serial_order(
        wanted in prop::collection::vec((0_u8..3, 0_u8..4), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build();
        runtime.unwrap().block_on(async {
            let store = memory();
            let decisions = Decisions::<SeatEvent>::new(Arc::clone(&store)).unwrap();
            let patient = Retry { attempts_max: 10_000, pause_ms_first: 0, pause_ms_max: 0 };
            let decisions = decisions.with_retry(patient);
            let tasks: Vec<_> = wanted.iter().map(|&(show, guest)| {
                let decisions = decisions.clone();
                tokio::spawn(async move {
                    let answer = decisions.execute(&Take { show, guest }).await;
                    (show, guest, answer.map(drop).map_err(|it| it.rejection().copied()))
                })
            }).collect();
            let mut given = 0;
            let mut refused = Vec::new();
            for task in tasks {
                match task.await.unwrap() {
                    (_, _, Ok(())) => given += 1,
                    (show, guest, Err(reason)) => refused.push((show, guest, reason.unwrap())),
                }
            }
            let mut shows = BTreeMap::<String, u32>::new();
            let mut guests = BTreeMap::<String, u32>::new();
            let log = store.collect(LogRead::default()).await.unwrap();
            assert_eq!(log.len(), given, "a seat for each yes");
            for event in &log {
                let tag = |name| {
                    event.tags.iter().find(|it| it.name() == name).unwrap().value().to_owned()
                };
                let (show, guest) = (tag("show"), tag("guest"));
                *shows.entry(show).or_default() += 1;
                *guests.entry(guest).or_default() += 1;
            }
            assert!(shows.values().all(|it| *it <= SEATS), "{shows:?}");
            assert!(guests.values().all(|it| *it <= SHOWS), "{guests:?}");
            for (show, guest, reason) in refused {
                let full = shows.get(&show.to_string()).is_some_and(|it| *it == SEATS);
                let enough = guests.get(&guest.to_string()).is_some_and(|it| *it == SHOWS);
                assert!(if reason == "sold out" { full } else { enough }, "{show} {guest} {reason}");
            }
        });
    }
}
