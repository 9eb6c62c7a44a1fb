//! A store that fails: what can be settled is settled, and nothing happens twice.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;

use common::{Account, Deposit, accounts, memory, opened};
use factum_core::{CommandId, SharedStore, StoreErrorKind};
use factum_runtime::{ExecuteError, Options, Repository, SnapshotUse, Snapshots};
use factum_testkit::faults::{Faults, FaultyStore, WriteFault};

async fn faulty() -> (Repository<Account>, Arc<Faults>, SharedStore) {
    let sound = memory();
    opened(&sound, "ann", 1).await;
    let store = FaultyStore::new(Arc::clone(&sound));
    let faults = store.faults();
    let store: SharedStore = Arc::new(store);
    (accounts(&store), faults, sound)
}

fn form() -> Options {
    Options::default().command_id(CommandId::new("form-1").unwrap())
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_was_lost_is_settled_by_the_command_id() {
    let (accounts, faults, _) = faulty().await;
    faults.writes([WriteFault::After]);
    let executed = accounts.execute_with("ann", Deposit(7), form()).await.unwrap();
    assert!(executed.repeated, "it had been stored");
    assert_eq!((executed.state.balance, executed.events.len()), (8, 1));

    faults.writes([WriteFault::Before]);
    let other = Options::default().command_id(CommandId::new("form-2").unwrap());
    let executed = accounts.execute_with("ann", Deposit(7), other).await.unwrap();
    assert!(!executed.repeated, "it had not");
    assert_eq!(executed.state.balance, 15);
}

#[tokio::test]
async fn an_outcome_that_was_lost_is_the_callers_without_a_command_id() {
    let (accounts, faults, _) = faulty().await;
    faults.writes([WriteFault::After]);
    let error = accounts.execute("ann", Deposit(7)).await.unwrap_err();
    let ExecuteError::Store(error) = error else { panic!("{error}") };
    assert_eq!(error.kind(), StoreErrorKind::OutcomeUnknown);
    assert_eq!(accounts.load("ann").await.unwrap().state.balance, 8, "once, not twice");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_a_moment_is_asked_again() {
    let (accounts, faults, _) = faulty().await;
    faults.writes([WriteFault::Before, WriteFault::Before]);
    faults.reads([Some(0), None, Some(0)]);
    assert_eq!(accounts.execute("ann", Deposit(7)).await.unwrap().state.balance, 8);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_is_an_error() {
    let (accounts, faults, sound) = faulty().await;
    faults.writes([WriteFault::Before; 100]);
    let error = accounts.execute("ann", Deposit(7)).await.unwrap_err();
    let ExecuteError::Store(error) = error else { panic!("{error}") };
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(common::accounts(&sound).load("ann").await.unwrap().state.balance, 1);
}

#[tokio::test]
async fn a_kept_state_is_not_kept_through_a_failure() {
    let (accounts, faults, _) = faulty().await;
    let accounts = accounts.with_cache(8.try_into().unwrap());
    accounts.execute("ann", Deposit(1)).await.unwrap();
    faults.writes([WriteFault::After]);
    accounts.execute("ann", Deposit(7)).await.unwrap_err();
    assert_eq!(accounts.execute("ann", Deposit(1)).await.unwrap().state.balance, 10);
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_written_harms_nothing() {
    let (accounts, faults, sound) = faulty().await;
    let accounts = accounts.with_snapshots(Snapshots::every(1)).unwrap();
    faults.snapshots([WriteFault::Before, WriteFault::None]);
    accounts.execute("ann", Deposit(1)).await.unwrap();
    accounts.snapshots_settled().await;
    let loaded = accounts.load("ann").await.unwrap();
    assert_eq!((loaded.snapshot, loaded.state.balance), (SnapshotUse::None, 2));
    accounts.execute("ann", Deposit(1)).await.unwrap();
    accounts.snapshots_settled().await;
    assert_eq!(sound.snapshots(factum_core::SnapshotList::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_copy_of_the_command_that_was_quicker_gives_the_answer() {
    let (accounts, _, sound) = faulty().await;
    let quicker = common::accounts(&sound);
    let mut first = true;
    let work = |account: &mut factum_core::Recorded<Account>| {
        if std::mem::take(&mut first) {
            let other = quicker.execute_with("ann", Deposit(7), form());
            futures::executor::block_on(other).unwrap();
        }
        account.execute(common::Withdraw(99)) // Which the rules reject.
    };
    let executed = accounts.update_with("ann", work, form()).await.unwrap();
    assert!(executed.repeated && executed.state.balance == 8);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_not_settled_by_a_command_that_is_forgotten_soon() {
    let (accounts, faults, _) = faulty().await;
    faults.writes([WriteFault::After]);
    let soon = factum_core::Clock::now(&factum_core::SystemClock).plus_millis(5_000);
    let error =
        accounts.execute_with("ann", Deposit(7), form().expires_at(soon)).await.unwrap_err();
    let ExecuteError::Store(error) = error else { panic!("{error}") };
    assert_eq!(error.kind(), StoreErrorKind::OutcomeUnknown);
}
