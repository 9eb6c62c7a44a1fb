//! The faulty store fails as it is told, and only then.

use std::sync::Arc;

use factum_core::{
    AppendError, AppendRequest, Codec, EventStore, EventStoreExt, LogRead, Maintenance,
    MemoryStore, Position, Revision, SchemaVersion, Snapshot, SnapshotStore, StoreErrorKind,
    Timestamp,
};
use factum_testkit::faults::{FaultyStore, WriteFault};
use factum_testkit::generators::{Generator, Shape};
use futures::FutureExt;

fn request(seed: u64) -> AppendRequest {
    Generator::new(seed, Shape::default()).append(1..2)
}

fn kind(error: AppendError) -> StoreErrorKind {
    match error {
        AppendError::Store(error) => error.kind(),
        other => panic!("expected a failure of the store, found {other}"),
    }
}

fn store() -> FaultyStore {
    FaultyStore::new(Arc::new(MemoryStore::default()))
}

#[tokio::test]
async fn a_write_fails_before_or_after_it_is_stored() {
    let store = store();
    store.faults().writes([WriteFault::None, WriteFault::Before, WriteFault::After]);
    store.append(request(1)).await.unwrap();
    assert_eq!(kind(store.append(request(2)).await.unwrap_err()), StoreErrorKind::Unavailable);
    assert_eq!(store.head().await.unwrap().get(), 1);
    assert_eq!(kind(store.append(request(3)).await.unwrap_err()), StoreErrorKind::OutcomeUnknown);
    assert_eq!(store.head().await.unwrap().get(), 2);
    store.append(request(4)).await.unwrap();
}

#[tokio::test]
async fn a_read_fails_at_the_page_it_is_told_to() {
    let store = store();
    for seed in 0..6 {
        store.append(request(seed)).await.unwrap();
    }
    store.faults().reads([None, Some(2), Some(0)]);
    let read = || LogRead { page_events_max: 2, ..LogRead::default() };
    assert_eq!(store.collect(read()).await.unwrap().len(), 6);
    let pages: Vec<_> = futures::StreamExt::collect(store.read(read())).await;
    assert_eq!(pages.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    assert!(store.collect(read()).await.is_err());
    assert_eq!(store.collect(read()).await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_snapshot_fails_by_its_own_orders() {
    let store = store();
    let snapshot = Snapshot {
        stream: "account/ann".parse().unwrap(),
        kind: "account".parse().unwrap(),
        revision: Revision::FIRST,
        position: Position::new(1),
        schema_version: SchemaVersion::FIRST,
        codec: Codec::Json,
        payload: "{}".into(),
        taken_at: Timestamp::from_micros(0),
    };
    let save = || store.save_snapshot(snapshot.clone());
    let latest = || store.latest_snapshot(&snapshot.stream, &snapshot.kind, None);
    store.faults().writes([WriteFault::Before]);
    store.faults().snapshots([WriteFault::Before, WriteFault::After]);
    assert_eq!(save().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(latest().await.unwrap(), None);
    assert_eq!(save().await.unwrap_err().kind(), StoreErrorKind::OutcomeUnknown);
    assert_eq!(latest().await.unwrap(), Some(snapshot.clone()));
    store.faults().fill();
    assert_eq!(save().await.unwrap_err().kind(), StoreErrorKind::StorageFull);
    store.faults().clear();
    save().await.unwrap();
    assert_eq!(kind(store.append(request(1)).await.unwrap_err()), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn full_storage_refuses_writes_until_it_is_cleared() {
    let store = store();
    store.append(request(1)).await.unwrap();
    store.faults().fill();
    assert_eq!(kind(store.append(request(2)).await.unwrap_err()), StoreErrorKind::StorageFull);
    assert!(!store.health().await.unwrap().writable);
    assert_eq!(store.collect(LogRead::default()).await.unwrap().len(), 1);
    store.faults().clear();
    store.append(request(2)).await.unwrap();
}

#[tokio::test]
async fn lost_wakes_never_come() {
    let store = store();
    store.faults().lose_wakes(true);
    let mut deaf = store.watch();
    store.faults().lose_wakes(false);
    let mut hearing = store.watch();
    store.append(request(1)).await.unwrap();
    assert_eq!(hearing.past(Position::START).await.unwrap().get(), 1);
    assert!(deaf.past(Position::START).now_or_never().is_none());
}
