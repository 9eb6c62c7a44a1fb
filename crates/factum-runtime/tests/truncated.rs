//! What is left of a truncated stream is never taken for all of it, and a snapshot stands in for
//! what is gone wherever it can.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;

use common::{Account, Deposit, Open, accounts, memory};
use factum_core::{
    AdminRecord, CommandId, EventId, Position, Revision, SharedStore, TenantId, TenantScope,
};
use factum_runtime::{At, LoadError, Options, Repository, Snapshots};

/// Opened, four deposits of 1; a snapshot at revision 2; truncated before revision 3.
async fn truncated(store: &SharedStore) -> Repository<Account> {
    let accounts = accounts(store).with_snapshots(Snapshots::every(3)).unwrap();
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    for number in 1..=4 {
        let id = CommandId::new(format!("c{number}")).unwrap();
        let options = Options::default().command_id(id);
        accounts.execute_with("ann", Deposit(1), options).await.unwrap();
    }
    accounts.snapshots_settled().await;
    let record = AdminRecord::new(EventId::from_content(&[]), "retention");
    let stream = accounts.stream("ann").unwrap();
    store.truncate_before(&stream, Revision::new(3), record).await.unwrap();
    accounts
}

fn is_truncated<T>(loaded: &Result<T, LoadError>) -> bool {
    matches!(loaded, Err(LoadError::Truncated { found, .. }) if *found == Revision::new(3))
}

#[tokio::test]
async fn a_snapshot_stands_in_for_the_past_up_to_itself() {
    let accounts = truncated(&memory()).await;
    for (at, balance, revision) in [
        (At::Now, 4, 5), // The truncation is recorded in the stream.
        (At::Revision(Revision::new(2)), 2, 2),
        (At::Revision(Revision::new(3)), 3, 3),
        (At::Position(Position::new(3)), 2, 2),
        (At::Position(Position::new(4)), 3, 3),
        (At::Revision(Revision::new(u64::MAX)), 4, 5),
    ] {
        let loaded = accounts.load_at("ann", at).await.unwrap();
        let found = (loaded.state.balance, loaded.revision.map(Revision::get));
        assert_eq!(found, (balance, Some(revision)), "{at:?}");
    }
}

#[tokio::test]
async fn a_past_that_is_gone_is_an_error() {
    let store = memory();
    let accounts = truncated(&store).await;
    let plain = common::accounts(&store);
    for at in [At::Position(Position::new(2)), At::Revision(Revision::new(1))] {
        assert!(is_truncated(&accounts.load_at("ann", at).await), "{at:?}");
        assert!(is_truncated(&plain.load_at("ann", at).await), "{at:?}");
    }
    let long_ago = At::Time(factum_core::Timestamp::from_micros(0));
    assert!(is_truncated(&plain.load_at("ann", long_ago).await));
    assert!(!plain.load_at("bob", long_ago).await.unwrap().exists());
}

#[tokio::test]
async fn a_first_answer_is_found_through_a_snapshot_or_is_an_error() {
    let accounts = truncated(&memory()).await;
    let repeat = |id: &str| {
        let options = Options::default().command_id(CommandId::new(id).unwrap());
        let accounts = accounts.clone();
        async move { accounts.execute_with("ann", Deposit(99), options).await }
    };
    let last = repeat("c3").await.unwrap();
    assert!(last.repeated && last.events.len() == 1 && last.state.balance == 3);
    repeat("c1").await.expect_err("its event is gone");
}

#[tokio::test]
async fn an_older_snapshot_does_where_the_newest_does_not() {
    let store = memory();
    let accounts = accounts(&store).with_snapshots(Snapshots::every(2)).unwrap();
    accounts.execute("ann", Open("a@x.org")).await.unwrap();
    accounts.execute("ann", Deposit(1)).await.unwrap();
    accounts.snapshots_settled().await;
    let newer = common::accounts(&store).with_snapshots(Snapshots::every(1).version(2)).unwrap();
    newer.execute("ann", Deposit(1)).await.unwrap();
    newer.snapshots_settled().await;
    let loaded = accounts.load("ann").await.unwrap();
    assert_eq!((loaded.replayed, loaded.state.balance), (1, 2));
}

#[tokio::test]
async fn snapshots_apart_from_the_log_are_apart_for_each_tenant() {
    let every_tenant = || -> SharedStore {
        let clock = Arc::new(factum_core::SystemClock);
        Arc::new(factum_core::MemoryStore::new(TenantScope::All, clock))
    };
    let (store, apart) = (every_tenant(), every_tenant());
    let policy = Snapshots::every(1).in_store(Arc::clone(&apart));
    let accounts = accounts(&store).with_snapshots(policy).unwrap();
    let of = |tenant| {
        let tenant = Some(TenantId::new(tenant).unwrap());
        let context = factum_core::Context { tenant, ..factum_core::Context::default() };
        accounts.in_context(context).unwrap()
    };
    let (acme, umbrella) = (of("acme"), of("umbrella"));
    acme.execute("x", Open("a@x.org")).await.unwrap();
    acme.execute("x", Deposit(100)).await.unwrap();
    umbrella.execute("x", Open("u@x.org")).await.unwrap();
    umbrella.execute("x", Deposit(1)).await.unwrap();
    accounts.snapshots_settled().await;
    for (tenant, accounts, balance) in [("acme", &acme, 100), ("umbrella", &umbrella, 1)] {
        let loaded = accounts.load("x").await.unwrap();
        assert_eq!((loaded.state.balance, loaded.replayed), (balance, 0), "{tenant}");
    }
}
