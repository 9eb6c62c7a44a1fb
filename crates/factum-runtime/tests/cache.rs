//! Kept states change no answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{AccountError, Deposit, Withdraw, accounts, memory, opened};
use factum_core::{Expected, Revision};
use factum_runtime::{ExecuteError, Options};

#[tokio::test]
async fn a_kept_state_behind_the_log_rejects_nothing() {
    let store = memory();
    let kept = opened(&store, "ann", 1).await.with_cache(8.try_into().unwrap());
    kept.execute("ann", Deposit(1)).await.unwrap(); // Keeps a balance of 2.
    accounts(&store).execute("ann", Deposit(10)).await.unwrap(); // Elsewhere.
    let executed = kept.execute("ann", Withdraw(12)).await.unwrap();
    assert_eq!((executed.state.balance, executed.revision), (0, Some(Revision::new(4))));
}

#[tokio::test]
async fn a_kept_state_behind_the_log_allows_nothing() {
    let store = memory();
    let kept = opened(&store, "ann", 5).await.with_cache(8.try_into().unwrap());
    kept.execute("ann", Deposit(1)).await.unwrap(); // Keeps a balance of 6.
    accounts(&store).execute("ann", Withdraw(6)).await.unwrap(); // Elsewhere.
    let error = kept.execute("ann", Withdraw(1)).await.unwrap_err();
    let reason = AccountError::TooLittle { balance: 0, asked: 1 };
    assert_eq!(error.rejection(), Some(&reason));
}

#[tokio::test]
async fn a_kept_state_behind_the_log_answers_commands_without_events() {
    let store = memory();
    let kept = opened(&store, "ann", 1).await.with_cache(8.try_into().unwrap());
    kept.execute("ann", Deposit(1)).await.unwrap();
    accounts(&store).execute("ann", Deposit(10)).await.unwrap();
    assert_eq!(kept.execute("ann", Deposit(0)).await.unwrap().state.balance, 12);
}

#[tokio::test]
async fn a_caller_that_holds_an_answer_does_not_see_it_change() {
    let store = memory();
    let kept = opened(&store, "ann", 1).await.with_cache(8.try_into().unwrap());
    let first = kept.execute("ann", Deposit(1)).await.unwrap();
    let second = kept.execute("ann", Deposit(1)).await.unwrap();
    assert_eq!((first.state.balance, second.state.balance), (2, 3));
}

#[tokio::test]
async fn a_stale_edit_is_judged_by_the_log() {
    let store = memory();
    let kept = opened(&store, "ann", 1).await.with_cache(8.try_into().unwrap());
    kept.execute("ann", Deposit(1)).await.unwrap();
    accounts(&store).execute("ann", Deposit(10)).await.unwrap(); // Revision 3.
    let seen = |revision| Options::default().expecting(Expected::Revision(Revision::new(revision)));
    kept.execute_with("ann", Deposit(1), seen(3)).await.unwrap();
    let error = kept.execute_with("ann", Deposit(1), seen(3)).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Conflict { attempts: 1, .. }), "{error}");
}

#[tokio::test]
async fn more_entities_than_places_are_fine() {
    let store = memory();
    opened(&store, "ann", 1).await;
    opened(&store, "bob", 1).await;
    let kept = accounts(&store).with_cache(1.try_into().unwrap());
    for round in 2..6 {
        for id in ["ann", "bob"] {
            assert_eq!(kept.execute(id, Deposit(1)).await.unwrap().state.balance, round);
        }
    }
}

#[tokio::test]
async fn an_expectation_that_holds_is_no_conflict_on_a_kept_state() {
    let store = memory();
    let kept = opened(&store, "ann", 1).await.with_cache(8.try_into().unwrap());
    kept.execute("ann", Deposit(1)).await.unwrap();
    accounts(&store).execute("ann", Deposit(1)).await.unwrap(); // Elsewhere.
    let there = Options::default().expecting(Expected::Exists);
    assert_eq!(kept.execute_with("ann", Deposit(1), there).await.unwrap().state.balance, 4);
}

#[tokio::test]
async fn a_kept_state_behind_the_log_refuses_nothing() {
    let store = memory();
    let kept = opened(&store, "ann", 1).await.with_cache(8.try_into().unwrap());
    kept.execute("ann", Deposit(1)).await.unwrap(); // Keeps a balance of 2.
    accounts(&store).execute("ann", Deposit(1)).await.unwrap();
    let work = |account: &mut factum_core::Recorded<common::Account>| {
        let deposits = if account.balance == 2 { 5_000 } else { 1 };
        (0..deposits).try_for_each(|_| account.execute(Deposit(1)))
    };
    assert_eq!(kept.update("ann", work).await.unwrap().state.balance, 4);
}

#[tokio::test]
async fn a_large_bound_costs_nothing_until_it_is_used() {
    let store = memory();
    let kept = opened(&store, "ann", 1).await.with_cache(std::num::NonZeroUsize::MAX);
    kept.execute("ann", Deposit(1)).await.unwrap();
}
