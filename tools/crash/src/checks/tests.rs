//! Each check fails when the log is broken in just its way.

use std::sync::{Arc, Mutex};

use factum_core::{
    ClaimChange, EventType, LogRead, MemoryStore, Position, RecordedEvent, Revision, SharedStore,
    SystemClock, TenantScope,
};

use super::{INVARIANTS, Log, claims, commands, judged, store_verifies, streams};
use crate::arguments::Arguments;
use crate::child::{Say, work};
use crate::sabotage::Sabotage;
use crate::witness::{End, Line, Witness};

/// Lets a few writers work on a store in memory; nobody dies.
async fn worked(sabotage: Option<Sabotage>) -> (SharedStore, Log, Witness) {
    let words = ["--seed", "11"].map(String::from);
    let parsed = Arguments::parse(words.into_iter()).expect("they are valid");
    let arguments = Arguments { sabotage, ..parsed };
    let witness = Arc::new(Mutex::new(Witness::new(arguments.seed)));
    let heard = Arc::clone(&witness);
    let say: Say = Arc::new(move |line: &Line| {
        heard.lock().expect("nobody panics").hear(0, line.clone());
    });
    let store: SharedStore = Arc::new(MemoryStore::new(TenantScope::All, Arc::new(SystemClock)));
    work(arguments, Arc::clone(&store), say, 32).await;
    let log = Log::read(&store).await.expect("memory is readable");
    let witness = Arc::into_inner(witness).expect("the writers are gone");
    (store, log, witness.into_inner().expect("nobody panicked"))
}

/// The names of the invariants that a change of the events breaks.
async fn broken_by(change: impl FnOnce(&mut Vec<RecordedEvent>, &Witness)) -> Vec<&'static str> {
    let (_, log, witness) = worked(None).await;
    let mut events = log.events;
    change(&mut events, &witness);
    names(&Log::new(events.len() as u64, events), &witness)
}

fn names(log: &Log, witness: &Witness) -> Vec<&'static str> {
    let broken = INVARIANTS.iter().filter(|(_, check)| !check(log, witness).is_empty());
    broken.map(|(name, _)| *name).collect()
}

/// The index of the first event of an append of at least two that was acknowledged.
fn pair(witness: &Witness) -> usize {
    let mut ends = witness.entries.values().filter(|it| it.request.events.len() > 1);
    let first = ends.find_map(|it| match &it.end {
        End::Acknowledged(answer) => answer.first,
        _ => None,
    });
    usize::try_from(first.expect("some append has two events") - 1).expect("the log is small")
}

fn renumber(events: &mut [RecordedEvent]) {
    for (event, position) in events.iter_mut().zip(1..) {
        event.position = Position::new(position);
    }
}

#[tokio::test]
async fn an_honest_store_breaks_nothing() {
    let (store, log, mut witness) = worked(None).await;
    assert!(log.events.len() > 100, "{} events", log.events.len());
    assert_eq!(judged(&log, &witness), Vec::<String>::new());
    assert_eq!(commands::commands_answer_again(&store, &mut witness).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_hole_is_caught() {
    let broken = broken_by(|events, _| drop(events.remove(20))).await;
    assert!(broken.contains(&"positions are dense"), "{broken:?}");
}

#[tokio::test]
async fn a_lost_acknowledged_append_is_caught() {
    let broken = broken_by(|events, _| drop(events.pop())).await;
    assert!(broken.contains(&"acknowledged appends are there"), "{broken:?}");
    assert!(broken.contains(&"the history checker agrees"), "{broken:?}");
}

#[tokio::test]
async fn a_torn_append_is_caught_though_nobody_was_told_of_it() {
    let (_, log, mut witness) = worked(None).await;
    let mut events = log.events;
    let torn = pair(&witness);
    let id = events.remove(torn).id;
    renumber(&mut events);
    for entry in witness.entries.values_mut() {
        if entry.request.events.iter().any(|(_, event)| event.id == id) {
            entry.end = End::Unknown;
        }
    }
    let broken = names(&Log::new(events.len() as u64, events), &witness);
    assert!(broken.contains(&"appends are whole or absent"), "{broken:?}");
}

#[tokio::test]
async fn a_changed_event_is_caught() {
    let broken = broken_by(|events, _| events[5].payload = "{}".into()).await;
    assert!(broken.contains(&"acknowledged appends are there"), "{broken:?}");
}

#[tokio::test]
async fn changed_history_is_caught() {
    let (_, log, mut witness) = worked(None).await;
    witness.begin_round(log.head, log.digest(log.head));
    let mut events = log.events;
    events[5].payload = "{}".into();
    let broken = names(&Log::new(log.head, events), &witness);
    assert!(broken.contains(&"history does not change"), "{broken:?}");
}

#[tokio::test]
async fn a_second_effect_is_caught() {
    let broken = broken_by(|events, _| {
        events.push(events[3].clone());
        renumber(events);
    });
    let broken = broken.await;
    assert!(broken.contains(&"every event was asked for once"), "{broken:?}");
    assert!(broken.contains(&"revisions are dense"), "{broken:?}");
}

#[tokio::test]
async fn a_stored_refusal_is_caught() {
    let (_, log, mut witness) = worked(None).await;
    for entry in witness.entries.values_mut() {
        entry.end = End::Refused;
    }
    let broken = names(&log, &witness);
    assert!(broken.contains(&"refused appends left nothing"), "{broken:?}");
}

#[tokio::test]
async fn a_wrong_order_is_caught() {
    let (_, log, mut witness) = worked(None).await;
    for entry in witness.entries.values_mut() {
        entry.floor = log.head;
    }
    assert_eq!(names(&log, &witness), ["order follows the acknowledgements"]);
}

#[tokio::test]
async fn a_value_taken_twice_is_caught() {
    let broken = broken_by(|events, _| {
        let taken = |it: &&RecordedEvent| matches!(it.claims.first(), Some(ClaimChange::Take(_)));
        let mut thief = events.iter().find(taken).expect("some value was taken").clone();
        let at = events.iter().position(|it| it.id == thief.id).expect("it is there");
        thief.stream = "holder/thief".parse().expect("the name is valid");
        thief.revision = Revision::FIRST;
        events.insert(at, thief);
        renumber(events);
    });
    assert!(broken.await.contains(&"claims have one holder"));
}

#[tokio::test]
async fn an_event_after_a_tombstone_is_caught() {
    let broken = broken_by(|events, _| {
        let dead = |it: &RecordedEvent| it.event_type.as_str() == EventType::STREAM_TOMBSTONED;
        let at = events.iter().position(dead).expect("some stream was tombstoned");
        let mut late = events[at].clone();
        late.event_type = EventType::new("crash.noted").expect("the name is valid");
        late.revision = late.revision.next();
        events.insert(at + 1, late);
        renumber(events);
    });
    assert!(broken.await.contains(&"nothing follows a tombstone"));
}

#[tokio::test]
async fn a_truncation_that_the_store_does_not_know_is_caught() {
    let (store, mut log, _) = worked(None).await;
    assert_eq!(streams::streams_follow_the_events(&store, &log).await, Vec::<String>::new());
    log.events.retain(|it| it.event_type.as_str() != EventType::STREAM_TRUNCATED);
    assert!(!streams::streams_follow_the_events(&store, &log).await.is_empty());
}

#[tokio::test]
async fn an_index_or_a_digest_that_differs_from_the_events_is_caught() {
    let (store, mut log, _) = worked(None).await;
    assert_eq!(claims::index_follows_the_events(&store, &log).await, Vec::<String>::new());
    assert_eq!(store_verifies(&store, &log).await, Vec::<String>::new());
    log.events.retain(|it| it.claims.is_empty());
    assert!(!claims::index_follows_the_events(&store, &log).await.is_empty());
    assert!(!store_verifies(&store, &log).await.is_empty());
}

#[tokio::test]
async fn guards_that_are_not_judged_are_caught() {
    let (_, log, witness) = worked(Some(Sabotage::Blind)).await;
    assert!(names(&log, &witness).contains(&"guards held"));
}

#[tokio::test]
async fn forgotten_commands_are_caught() {
    let (store, _, mut witness) = worked(Some(Sabotage::Forget)).await;
    assert!(!commands::commands_answer_again(&store, &mut witness).await.is_empty());
}

#[tokio::test]
async fn the_workload_meets_conflicts_and_repetitions() {
    let (store, _, witness) = worked(None).await;
    let refused = witness.entries.values().filter(|it| it.end == End::Refused).count();
    let commands = witness.entries.values().filter(|it| it.request.command.is_some()).count();
    assert!(refused > 10 && commands > 50, "{refused} refused, {commands} commands");
    drop(store.read(LogRead::default()));
}
