//! The faulty store fails as it is told, and only then.

use std::sync::Arc;

use factum_core::{
    Advance, AppendError, AppendRequest, CheckpointStore, Codec, DeadLetterSelection, DeadLetters,
    EventStore, EventStoreExt, LeaseAnswer, LeaseClaim, LeaseStore, LogRead, Maintenance,
    MemoryStore, Position, Registration, Revision, SchemaVersion, Snapshot, SnapshotStore,
    StoreErrorKind, SubscriptionKind, SubscriptionReport, Timestamp, ViewStore,
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

#[tokio::test]
async fn a_change_of_what_readers_keep_fails_by_its_own_orders() {
    let store = store();
    let declared = Registration {
        name: "mails".parse().unwrap(),
        kind: SubscriptionKind::Subscription,
        version: 1,
        shape: "every event".into(),
        start: Position::START,
    };
    let claim =
        LeaseClaim { name: declared.name.clone(), owner: "runner".parse().unwrap(), expired: None };
    let register = || store.register(declared.clone());
    store.faults().writes([WriteFault::Before]);
    store.faults().checkpoints([WriteFault::Before, WriteFault::None]);
    assert_eq!(register().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(store.progress(&declared.name).await.unwrap(), None);
    let position = register().await.unwrap().position;

    store.faults().checkpoints([WriteFault::After, WriteFault::None]);
    let lost = store.claim_lease(claim.clone()).await.unwrap_err();
    assert_eq!(lost.kind(), StoreErrorKind::OutcomeUnknown);
    let LeaseAnswer::Granted(lease, _) = store.claim_lease(claim).await.unwrap() else {
        panic!("expected the lease to be granted again");
    };

    let step = Advance::new(lease.clone(), position, position.plus(1));
    let report = SubscriptionReport::default;
    store.faults().checkpoints([WriteFault::Before; 3]);
    let unavailable = StoreErrorKind::Unavailable;
    assert_eq!(store.advance(step.clone()).await.unwrap_err().kind(), unavailable);
    assert_eq!(store.renew_lease(&lease, report()).await.unwrap_err().kind(), unavailable);
    assert_eq!(store.release_lease(&lease, report()).await.unwrap_err().kind(), unavailable);
    store.faults().checkpoints([WriteFault::Before]);
    let changed = store.transact(Box::new(|_| Box::pin(async { None }))).await;
    assert_eq!(changed.unwrap_err().kind(), unavailable, "not as unsupported");

    store.faults().fill();
    let full = store.replay(&declared.name, DeadLetterSelection::All).await.unwrap_err();
    assert_eq!(full.kind(), StoreErrorKind::StorageFull);
    store.faults().clear();
    store.advance(step).await.unwrap();
}
