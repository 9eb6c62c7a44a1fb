//! The watch on the head.

use std::time::Duration;

use factum_core::{Expected, HeadWatch, Position, StoreErrorKind, TenantId};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{account, failure, position, put, record, revision, to};

conformance_cases!["watch", ALWAYS;
    an_append_wakes_a_watch,
    a_deletion_or_truncation_wakes_a_watch,
    an_append_through_any_handle_wakes_every_watch,
    a_watch_does_not_wait_for_what_has_happened,
    a_watch_knows_no_position_beyond_the_head,
    a_failed_append_wakes_nobody,
    a_watch_ends_when_the_store_is_closed,
];

/// Turns a wake that never comes into a failure; the wake itself may take its time.
async fn woken(watch: &mut HeadWatch, seen: u64) -> Position {
    let wake = tokio::time::timeout(Duration::from_mins(1), watch.past(position(seen))).await;
    wake.expect("the watch wakes").expect("the store is open")
}

async fn an_append_wakes_a_watch(rig: &Rig) {
    let store = rig.open().await;
    for number in 1..20 {
        let mut watch = store.watch();
        let waiting = tokio::spawn(async move { woken(&mut watch, number - 1).await });
        tokio::task::yield_now().await;
        put(&store, "ann", number..number + 1).await;
        assert_eq!(waiting.await.expect("the watch wakes"), position(number));
    }
}

async fn a_deletion_or_truncation_wakes_a_watch(rig: &Rig) {
    let store = rig.open().await;
    let mut watch = store.watch();
    put(&store, "ann", 1..3).await;
    let cut = store.truncate_before(&account("ann"), revision(1), record(3)).await;
    cut.expect("revision 1 exists");
    assert_eq!(woken(&mut watch, 2).await, position(3));
    store.tombstone(&account("ann"), Expected::Any, record(4)).await.expect("it exists");
    assert_eq!(woken(&mut watch, 3).await, position(4));
}

async fn an_append_through_any_handle_wakes_every_watch(rig: &Rig) {
    let all = rig.open_all().await;
    let narrowed =
        |name| all.for_tenant(&TenantId::new(name).expect("the name is valid")).expect("narrowed");
    let (a, b) = (narrowed("a"), narrowed("b"));
    let mut watches = [a.watch(), b.watch(), all.watch()];
    put(&a, "ann", 1..2).await;
    for watch in &mut watches {
        assert_eq!(woken(watch, 0).await, position(1));
    }
    put(&b, "bob", 2..3).await;
    for watch in &mut watches {
        assert_eq!(woken(watch, 1).await, position(2));
    }
}

async fn a_watch_does_not_wait_for_what_has_happened(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..6).await;
    let mut watch = store.watch();
    for seen in 0..5 {
        assert_eq!(woken(&mut watch, seen).await, position(5));
    }
    assert_eq!(watch.last(), position(5));
}

async fn a_watch_knows_no_position_beyond_the_head(rig: &Rig) {
    let store = rig.open().await;
    let mut watch = store.watch();
    assert_eq!(watch.last(), Position::START);
    for number in 1..10 {
        put(&store, "ann", number..number + 1).await;
        assert_eq!(woken(&mut watch, number - 1).await, position(number));
    }
}

async fn a_failed_append_wakes_nobody(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let mut watch = store.watch();
    woken(&mut watch, 0).await;
    super::support::conflict(store.append(to("ann", Expected::NoStream, 2..3)).await);
    assert_eq!(watch.last(), position(1));
}

async fn a_watch_ends_when_the_store_is_closed(rig: &Rig) {
    let store = rig.open().await;
    let mut watch = store.watch();
    put(&store, "ann", 1..2).await;
    woken(&mut watch, 0).await;
    drop(store);
    let ended = tokio::time::timeout(Duration::from_mins(1), watch.past(position(1))).await;
    assert_eq!(failure(ended.expect("the watch ends")), StoreErrorKind::Unavailable);
}
