//! The past of an entity, by revision, position and time.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;

use common::{Deposit, Open, Withdraw, accounts};
use factum_core::{MemoryStore, Position, Revision, SharedStore, TenantScope, Timestamp};
use factum_runtime::{At, Repository, Snapshots};
use factum_testkit::ManualClock;
use serde_json::json;

/// Opened at second 10 (position 1), +5 at 20 (position 3), -2 at 15 (position 4): a clock that was
/// set back. Position 2 is somebody else's.
async fn history() -> Repository<common::Account> {
    let clock = Arc::new(ManualClock::default());
    let store: SharedStore = Arc::new(MemoryStore::new(TenantScope::default(), clock.clone()));
    let accounts = accounts(&store).with_snapshots(Snapshots::every(2)).unwrap();
    clock.set(at(10));
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    accounts.execute("bob", Open("b@x.org")).await.unwrap();
    clock.set(at(20));
    accounts.execute("ann", Deposit(5)).await.unwrap();
    clock.set(at(15));
    accounts.execute("ann", Withdraw(2)).await.unwrap();
    accounts.snapshots_settled().await;
    accounts
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

#[tokio::test]
async fn a_state_is_as_it_was() {
    let accounts = history().await;
    for (moment, balance, revision) in [
        (At::Beginning, 0, None),
        (At::Revision(Revision::new(0)), 0, Some(0)),
        (At::Revision(Revision::new(1)), 5, Some(1)),
        (At::Revision(Revision::new(2)), 3, Some(2)),
        (At::Revision(Revision::new(99)), 3, Some(2)),
        (At::Position(Position::START), 0, None),
        (At::Position(Position::new(2)), 0, Some(0)),
        (At::Position(Position::new(3)), 5, Some(1)),
        (At::Time(at(9)), 0, None),
        (At::Time(at(10)), 0, Some(0)),
        (At::Time(at(16)), 0, Some(0)), // The withdrawal comes after an event of second 20.
        (At::Time(at(20)), 3, Some(2)),
        (At::Now, 3, Some(2)),
    ] {
        let loaded = accounts.load_at("ann", moment).await.unwrap();
        let found = (loaded.state.balance, loaded.revision.map(Revision::get));
        assert_eq!(found, (balance, revision), "{moment:?}");
    }
}

#[tokio::test]
async fn what_changed_is_a_json_patch() {
    let accounts = history().await;
    let patch = accounts.diff("ann", At::Revision(Revision::FIRST), At::Now).await.unwrap();
    assert_eq!(
        serde_json::to_value(&patch).unwrap(),
        json!([
            { "op": "replace", "path": "/balance", "value": 3 },
            { "op": "replace", "path": "/events", "value": 3 },
        ])
    );
    assert!(accounts.diff("ann", At::Now, At::Now).await.unwrap().0.is_empty());
}

#[tokio::test]
async fn what_comes_after_a_later_event_is_later_over_many_pages() {
    let clock = Arc::new(ManualClock::default());
    let store: SharedStore = Arc::new(MemoryStore::new(TenantScope::default(), clock.clone()));
    let accounts = accounts(&store);
    let deposits = |count: u64| {
        move |account: &mut factum_core::Recorded<common::Account>| {
            (0..count).try_for_each(|_| account.execute(Deposit(1)))
        }
    };
    clock.set(at(10));
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    accounts.update("ann", deposits(400)).await.unwrap();
    clock.set(at(20));
    accounts.execute("ann", Deposit(1)).await.unwrap();
    clock.set(at(10)); // Set back.
    accounts.update("ann", deposits(2_000)).await.unwrap();
    let loaded = accounts.load_at("ann", At::Time(at(15))).await.unwrap();
    assert_eq!((loaded.state.balance, loaded.revision), (400, Some(Revision::new(400))));
}
