//! The counts in a subscription's row are those of its letters, whatever happened to these.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::on_every_postgres;
use common::views::{letter, named, reached, run};
use factum_core::{
    Advance, CheckpointStore, DeadLetterList, DeadLetterSelection, DeadLetterStatus, DeadLetters,
    LaneKey, Lease, LetterChange, Position, RebuildStep,
};
use factum_postgres::PostgresStore;
use fastrand::Rng;

/// Changes of a few letters; some places are named twice.
fn changes(rng: &mut Rng) -> Vec<LetterChange> {
    let change = |rng: &mut Rng| {
        let position = rng.u64(1..30);
        let status = DeadLetterStatus::ALL[rng.usize(..3)];
        match rng.u8(..3) {
            0 => LetterChange::Remove(Position::new(position)),
            _ => LetterChange::Put(letter(position, rng.u64(..5), status)),
        }
    };
    (0..rng.usize(1..8)).map(|_| change(rng)).collect()
}

async fn advance(store: &PostgresStore, lease: &Lease, rng: &mut Rng) {
    let from = reached(store, "mails").await;
    let mut step = Advance::new(lease.clone(), Position::new(from), Position::new(from + 1));
    step.letters = changes(rng);
    if rng.u8(..20) == 0 {
        step.rebuild = Some(RebuildStep::Begin { target: Position::new(from) });
    }
    store.advance(step).await.unwrap();
}

fn selection(rng: &mut Rng) -> DeadLetterSelection {
    match rng.u8(..8) {
        0 => DeadLetterSelection::All,
        1..4 => DeadLetterSelection::Key(LaneKey::new(format!("key-{}", rng.u8(..5))).unwrap()),
        _ => DeadLetterSelection::At(Position::new(rng.u64(1..30))),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_those_of_the_letters() {
    on_every_postgres(async |place| {
        let (store, mut rng) = (place.open().await, Rng::with_seed(7));
        let lease = run(&store, "mails").await;
        let name = named("mails");
        for round in 0..200 {
            match rng.u8(..6) {
                0 => drop(store.discard(&name, selection(&mut rng)).await.unwrap()),
                1 => drop(store.replay(&name, selection(&mut rng)).await.unwrap()),
                _ => advance(&store, &lease, &mut rng).await,
            }
            let list = DeadLetterList { waiting: true, ..DeadLetterList::default() };
            let letters = store.dead_letters(list).await.unwrap();
            let of = |wanted: fn(DeadLetterStatus) -> bool| {
                letters.iter().map(|(_, it)| it).filter(move |it| wanted(it.status))
            };
            let waits = |it| it == DeadLetterStatus::Waiting;
            let mut keys: Vec<_> = of(DeadLetterStatus::blocks).map(|it| it.key.as_str()).collect();
            keys.sort_unstable();
            keys.dedup();
            let waiting = of(waits).count();
            let found = store.progress(&name).await.unwrap().unwrap();
            let counts = [found.parked_keys, found.waiting_events, found.dead_letters];
            let expected = [keys.len(), waiting, letters.len() - waiting].map(|it| it as u64);
            assert_eq!(counts, expected, "round {round}");
        }
    })
    .await;
}
