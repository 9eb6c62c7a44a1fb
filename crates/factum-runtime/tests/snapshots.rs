//! Snapshots shorten loading and change no answer, whatever state they are in.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;

use common::{Account, AccountEvent, Deposit, Open, Withdraw, accounts, memory, opened};
use factum_core::{
    AdminRecord, Codec, EventId, MemoryStore, Recorded, Revision, SchemaVersion, SharedStore,
    Snapshot, SnapshotKind, SnapshotList, StreamId, Timestamp,
};
use factum_runtime::{Repository, SnapshotUse, Snapshots};

fn ann() -> StreamId {
    "account/ann".parse().unwrap()
}

fn kind() -> SnapshotKind {
    SnapshotKind::new("account").unwrap()
}

fn with(store: &SharedStore, policy: Snapshots) -> Repository<Account> {
    accounts(store).with_snapshots(policy).unwrap()
}

async fn revisions(store: &SharedStore) -> Vec<u64> {
    let list = store.snapshots(SnapshotList::default()).await.unwrap();
    list.iter().map(|it| it.revision.get()).collect()
}

#[tokio::test]
async fn crossing_a_multiple_takes_one() {
    let store = memory();
    let accounts = with(&store, Snapshots::every(3));
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    let deposits = |n: u64| {
        move |account: &mut Recorded<Account>| (0..n).try_for_each(|_| account.execute(Deposit(1)))
    };
    accounts.update("ann", deposits(3)).await.unwrap(); // 4 events: 3 was crossed
    accounts.update("ann", deposits(1)).await.unwrap(); // 5
    accounts.update("ann", deposits(1)).await.unwrap(); // 6
    accounts.update("ann", deposits(7)).await.unwrap(); // 13: 9 and 12 were crossed
    accounts.snapshots_settled().await;
    assert_eq!(revisions(&store).await, [3, 5, 12]);
}

#[tokio::test]
async fn loading_begins_with_the_newest() {
    let store = memory();
    let accounts = with(&store, Snapshots::every(4));
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    for _ in 0..5 {
        accounts.execute("ann", Deposit(2)).await.unwrap();
    }
    accounts.snapshots_settled().await;
    let loaded = accounts.load("ann").await.unwrap();
    assert_eq!(loaded.snapshot, SnapshotUse::Began(Revision::new(3)));
    assert_eq!((loaded.replayed, loaded.state.balance), (2, 10));
    assert_eq!(loaded.state, common::accounts(&store).load("ann").await.unwrap().state);
}

#[tokio::test]
async fn one_without_later_events_loads_at_its_own_revision() {
    let store = memory();
    let accounts = with(&store, Snapshots::every(2));
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    let executed = accounts.execute("ann", Deposit(2)).await.unwrap();
    accounts.snapshots_settled().await;
    let loaded = accounts.load("ann").await.unwrap();
    assert_eq!((loaded.revision, loaded.position), (executed.revision, executed.position));
    assert_eq!((loaded.replayed, loaded.revision), (0, Some(Revision::new(1))));
    accounts.execute("ann", Withdraw(2)).await.unwrap();
}

#[tokio::test]
async fn a_costly_replay_takes_one() {
    let store = memory();
    opened(&store, "ann", 10).await;
    let accounts = with(&store, Snapshots::after_replaying(5));
    accounts.execute("ann", Deposit(0)).await.unwrap();
    accounts.snapshots_settled().await;
    assert_eq!(revisions(&store).await, [10], "though the command had no events");
    accounts.execute("ann", Deposit(1)).await.unwrap();
    accounts.snapshots_settled().await;
    assert_eq!(revisions(&store).await, [10], "the replay was short");
}

#[tokio::test]
async fn they_bear_the_time_of_the_repositorys_clock() {
    let store = memory();
    let clock = Arc::new(factum_testkit::ManualClock::default());
    clock.set(Timestamp::from_micros(77));
    let accounts = with(&store, Snapshots::every(1)).with_clock(clock);
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    accounts.snapshots_settled().await;
    let list = store.snapshots(SnapshotList::default()).await.unwrap();
    assert_eq!(list[0].taken_at, Timestamp::from_micros(77));
}

#[tokio::test]
async fn a_slow_writer_does_not_put_an_older_one_back() {
    let inner = memory();
    let faulty = factum_testkit::faults::FaultyStore::new(Arc::clone(&inner));
    // Another program takes a newer one just before ours is written.
    let newer = Snapshot {
        stream: ann(),
        kind: kind(),
        revision: Revision::new(7),
        position: factum_core::Position::new(8),
        schema_version: SchemaVersion::FIRST,
        codec: Codec::Json,
        payload: "{}".into(),
        taken_at: Timestamp::from_micros(0),
    };
    let other = Arc::clone(&inner);
    faulty.faults().observe(move |operation, moment| {
        if (operation, moment) == ("save snapshot", factum_testkit::faults::Moment::Before) {
            let saved = futures::executor::block_on(other.save_snapshot(newer.clone()));
            assert_eq!(saved.unwrap(), factum_core::SnapshotSaved::Stored);
        }
    });
    let ours: SharedStore = Arc::new(faulty);
    let accounts = with(&ours, Snapshots::every(2));
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    accounts.execute("ann", Deposit(1)).await.unwrap();
    accounts.snapshots_settled().await;
    assert_eq!(revisions(&inner).await, [7], "not the one at revision 1 too");
}

#[tokio::test]
async fn only_the_newest_are_kept() {
    let store = memory();
    let accounts = with(&store, Snapshots::every(1).keep_last(2));
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    for _ in 0..4 {
        accounts.execute("ann", Deposit(1)).await.unwrap();
    }
    accounts.snapshots_settled().await;
    assert_eq!(revisions(&store).await, [3, 4]);
}

#[tokio::test]
async fn one_of_another_version_is_reported_and_not_used() {
    let store = memory();
    let old = with(&store, Snapshots::every(2));
    old.execute("ann", Open("a@x.org")).await.unwrap();
    old.execute("ann", Deposit(2)).await.unwrap();
    old.snapshots_settled().await;
    for (own, found) in [(2, 1), (0, 1)] {
        let new = with(&store, Snapshots::every(2).version(own));
        let loaded = new.load("ann").await.unwrap();
        let (found, expected) = (SchemaVersion::new(found), SchemaVersion::new(own));
        assert_eq!(loaded.snapshot, SnapshotUse::OtherVersion { found, expected });
        assert_eq!((loaded.replayed, loaded.state.balance), (2, 2));
    }
}

async fn plant(store: &SharedStore, change: impl FnOnce(&mut Snapshot)) {
    let mut snapshot = Snapshot {
        stream: ann(),
        kind: kind(),
        revision: Revision::new(2),
        position: factum_core::Position::new(3),
        schema_version: SchemaVersion::FIRST,
        codec: Codec::Json,
        payload: r#"{"state":{"email":"a@x.org","balance":2,"events":3}}"#.into(),
        taken_at: Timestamp::from_micros(0),
    };
    change(&mut snapshot);
    store.save_snapshot(snapshot).await.unwrap();
}

#[tokio::test]
async fn an_unreadable_one_is_reported_and_not_used() {
    let store = memory();
    opened(&store, "ann", 3).await;
    let accounts = with(&store, Snapshots::every(100));
    plant(&store, |_| {}).await;
    let begun = accounts.load("ann").await.unwrap();
    assert_eq!((begun.replayed, begun.state.balance), (1, 3), "the plant itself is fine");

    plant(&store, |it| it.payload = r#"{"state":{"email":"secret""#.into()).await;
    let loaded = accounts.load("ann").await.unwrap();
    let SnapshotUse::Unreadable(why) = &loaded.snapshot else { panic!("{loaded:?}") };
    assert!(!why.contains("secret"), "{why}");
    assert_eq!((loaded.replayed, loaded.state.balance), (4, 3));
}

#[tokio::test]
async fn one_of_another_history_is_reported_and_not_used() {
    let store = memory();
    opened(&store, "ann", 3).await;
    let accounts = with(&store, Snapshots::every(100));
    for (revision, position) in [(2, 4), (9, 10)] {
        plant(&store, |it| {
            it.revision = Revision::new(revision);
            it.position = factum_core::Position::new(position);
            it.payload = r#"{"state":{"email":"a@x.org","balance":999,"events":3}}"#.into();
        })
        .await;
        let loaded = accounts.load("ann").await.unwrap();
        assert_eq!((&loaded.snapshot, loaded.state.balance), (&SnapshotUse::Foreign, 3));
    }
}

#[tokio::test]
async fn a_snapshot_stands_in_for_what_was_truncated() {
    let store = memory();
    let accounts = with(&store, Snapshots::every(4));
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    for _ in 0..5 {
        accounts.execute("ann", Deposit(1)).await.unwrap();
    }
    accounts.snapshots_settled().await; // At revision 3.
    for first in [3, 4] {
        let record = AdminRecord::new(EventId::from_content(&[&[first]]), "retention");
        store.truncate_before(&ann(), Revision::new(first.into()), record).await.unwrap();
        let loaded = accounts.load("ann").await.unwrap();
        assert_eq!(
            (loaded.state.balance, &loaded.snapshot),
            (5, &SnapshotUse::Began(Revision::new(3)))
        );
    }
    let record = AdminRecord::new(EventId::from_content(&[b"far"]), "retention");
    store.truncate_before(&ann(), Revision::new(5), record).await.unwrap();
    accounts.load("ann").await.expect_err("revision 4 is part of neither");
}

#[tokio::test]
async fn they_may_be_kept_apart_and_as_cbor() {
    let store = memory();
    let apart: SharedStore = Arc::new(MemoryStore::default());
    let accounts = with(&store, Snapshots::every(2).cbor().in_store(Arc::clone(&apart)));
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    accounts.execute("ann", Deposit(2)).await.unwrap();
    accounts.snapshots_settled().await;
    assert_eq!(revisions(&store).await, [0; 0]);
    assert_eq!(revisions(&apart).await, [1]);
    assert_eq!(accounts.load("ann").await.unwrap().snapshot, SnapshotUse::Began(Revision::new(1)));
}

#[tokio::test]
async fn counts_are_kept_through_snapshots() {
    let store = memory();
    let accounts = with(&store, Snapshots::every(3)).with_analytics();
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    for _ in 0..3 {
        accounts.execute("ann", Deposit(2)).await.unwrap();
    }
    let executed = accounts.execute("ann", Withdraw(1)).await.unwrap();
    accounts.snapshots_settled().await;
    let counted = executed.analytics.unwrap();
    assert_eq!(counted.events(), 5);
    let by_type: Vec<_> = counted.by_type().collect();
    let deposited = common::name(&AccountEvent::Deposited { amount: 0 });
    assert_eq!(
        by_type,
        [("account.deposited", 3), ("account.opened", 1), ("account.withdrawn", 1)]
    );
    assert!((counted.share(deposited) - 0.6).abs() < 1e-9 && counted.share("nothing") == 0.0);
    assert!(counted.first().unwrap() <= counted.last().unwrap());

    let loaded = accounts.load("ann").await.unwrap();
    assert_eq!(loaded.snapshot, SnapshotUse::Began(Revision::new(2)));
    let replayed = common::accounts(&store).with_analytics().load("ann").await.unwrap();
    assert_eq!((&loaded.analytics, &loaded.analytics), (&replayed.analytics, &Some(counted)));

    let off = common::accounts(&store).load("ann").await.unwrap();
    assert!(off.analytics.is_none());
}

#[tokio::test]
async fn a_snapshot_without_counts_does_not_count_short() {
    let store = memory();
    let plain = with(&store, Snapshots::every(2));
    plain.execute("ann", Open("a@x.org")).await.unwrap();
    plain.execute("ann", Deposit(2)).await.unwrap();
    plain.snapshots_settled().await;
    let counting = with(&store, Snapshots::every(2)).with_analytics();
    let loaded = counting.load("ann").await.unwrap();
    assert_eq!(loaded.snapshot, SnapshotUse::WithoutAnalytics);
    assert_eq!(loaded.analytics.unwrap().events(), 2);
}
