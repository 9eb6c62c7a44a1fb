//! Deciders and decisions on a file: across openings, and by two stores on one file at once.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use factum::SnapshotUse;
use factum::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
enum TillEvent {
    Opened {
        #[factum(tag)]
        till: String,
        #[factum(claim = "place")]
        place: String,
    },
    Taken {
        #[factum(tag)]
        till: String,
        cents: u64,
    },
}

#[derive(Default, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Till {
    name: String,
    cents: u64,
    takings: u64,
}

#[derive(Clone)]
enum TillCommand {
    Open { till: &'static str, place: &'static str },
    Take { cents: u64 },
}

impl Decider for Till {
    const CATEGORY: &'static str = "till";
    type Command = TillCommand;
    type Event = TillEvent;
    type Error = &'static str;

    fn decide(&self, command: TillCommand) -> Result<Vec<TillEvent>, &'static str> {
        match command {
            TillCommand::Open { till, place } if self.name.is_empty() => {
                Ok(vec![TillEvent::Opened { till: till.into(), place: place.into() }])
            }
            TillCommand::Take { cents } if !self.name.is_empty() => {
                Ok(vec![TillEvent::Taken { till: self.name.clone(), cents }])
            }
            _ => Err("not now"),
        }
    }

    fn evolve(&mut self, event: &TillEvent) {
        match event {
            TillEvent::Opened { till, .. } => self.name.clone_from(till),
            TillEvent::Taken { cents, .. } => {
                (self.cents, self.takings) = (self.cents + cents, self.takings + 1);
            }
        }
    }
}

async fn open(folder: &tempfile::TempDir) -> SharedStore {
    let address = format!("sqlite:{}", folder.path().join("log.db").display());
    factum::connect(address).await.unwrap()
}

fn form(name: &str) -> Options {
    Options::default().command_id(CommandId::new(name).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_remembered_across_openings() {
    let folder = tempfile::tempdir().unwrap();
    let command = TillCommand::Open { till: "t1", place: "by the door" };
    let tills = Repository::<Till>::new(open(&folder).await).unwrap();
    let first = tills.execute_with("t1", command.clone(), form("f1")).await.unwrap();
    drop(tills);
    let tills = Repository::<Till>::new(open(&folder).await).unwrap();
    let again = tills.execute_with("t1", command, form("f1")).await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!((again.events, again.position), (first.events, first.position));
    let taken = TillCommand::Open { till: "t2", place: "By the Door" };
    let error = tills.execute("t2", taken).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Conflict { conflict: Conflict::Claim { .. }, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_and_states_of_the_past_are_there_across_openings() {
    let folder = tempfile::tempdir().unwrap();
    let policy = || Snapshots::every(10).keep_last(1);
    let tills = Repository::<Till>::new(open(&folder).await).unwrap();
    let tills = tills.with_snapshots(policy()).unwrap().with_analytics();
    tills.execute("t1", TillCommand::Open { till: "t1", place: "here" }).await.unwrap();
    for cents in 1..=24 {
        tills.execute("t1", TillCommand::Take { cents }).await.unwrap();
    }
    tills.snapshots_settled().await;
    drop(tills);

    let tills = Repository::<Till>::new(open(&folder).await).unwrap();
    let tills = tills.with_snapshots(policy()).unwrap().with_analytics();
    let loaded = tills.load("t1").await.unwrap();
    assert_eq!(loaded.snapshot, SnapshotUse::Began(Revision::new(19)));
    assert_eq!((loaded.replayed, loaded.state.cents), (5, 300));
    assert_eq!(loaded.analytics.unwrap().events(), 25);
    let past = tills.load_at("t1", At::Revision(Revision::new(3))).await.unwrap();
    assert_eq!((past.state.cents, past.state.takings), (6, 3));
}

/// All tills together.
struct Safe(u64);

impl DecisionModel for Safe {
    type Event = TillEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::default().types([TillEvent::TAKEN]).into())
    }

    fn evolve(&mut self, event: &TillEvent) {
        if let TillEvent::Taken { cents, .. } = event {
            self.0 += cents;
        }
    }
}

/// Takes money while all tills together hold less than a hundred cents.
struct TakeSafely(&'static str);

impl Decision for TakeSafely {
    const NAME: &'static str = "take-safely";
    type Models = Safe;
    type Error = &'static str;

    fn models(&self) -> Safe {
        Safe(0)
    }

    fn decide(&self, safe: &Safe) -> Result<Vec<TillEvent>, &'static str> {
        if safe.0 + 10 > 100 {
            return Err("the insurance says no");
        }
        Ok(vec![TillEvent::Taken { till: self.0.into(), cents: 10 }])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_file_decide_in_one_order() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [open(&folder).await, open(&folder).await];
    let patient = Retry { attempts_max: 10_000, pause_ms_first: 1, pause_ms_max: 8 };
    let mut tasks = Vec::new();
    for (number, store) in stores.iter().cycle().take(24).enumerate() {
        let decisions = Decisions::<TillEvent>::new(store.clone()).unwrap().with_retry(patient);
        let till = if number % 3 == 0 { "t1" } else { "t2" };
        tasks.push(tokio::spawn(async move { decisions.execute(&TakeSafely(till)).await }));
    }
    let mut taken = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => taken += 1,
            Err(error) => assert_eq!(error.rejection(), Some(&"the insurance says no"), "{error}"),
        }
    }
    assert_eq!(taken, 10);
    assert_eq!(stores[0].head().await.unwrap(), Position::new(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_states_of_two_stores_on_one_file_lose_no_update() {
    let folder = tempfile::tempdir().unwrap();
    let patient = Retry { attempts_max: 10_000, pause_ms_first: 1, pause_ms_max: 8 };
    let till = async || {
        let tills = Repository::<Till>::new(open(&folder).await).unwrap();
        tills.with_retry(patient).with_cache(8.try_into().unwrap())
    };
    let (one, other) = (till().await, till().await);
    one.execute("t1", TillCommand::Open { till: "t1", place: "here" }).await.unwrap();
    let mut tasks = Vec::new();
    for number in 0..40 {
        let tills = if number % 2 == 0 { one.clone() } else { other.clone() };
        let take = TillCommand::Take { cents: 1 };
        tasks.push(tokio::spawn(async move { tills.execute("t1", take).await.map(drop) }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(one.load("t1").await.unwrap().state.cents, 40);
    // A rejection by a state that was kept before the other store went on would be wrong.
    assert_eq!(other.execute("t1", TillCommand::Take { cents: 2 }).await.unwrap().state.cents, 42);
}
