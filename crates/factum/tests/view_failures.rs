//! A projection whose events fail: how often each is tried, and that nobody can overlook it.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use factum::prelude::*;
use factum::{
    HealthSource, HealthState, LagThresholds, Reaction, RunFailure, Runner, ServicePhase,
    SubscriptionError, SubscriptionState, SubscriptionsHealth,
};
use views::{Place, Walk, in_time, settings, step};

/// What fails, and how. Everything else is well.
const REFUSED: u64 = 13;
const PANICS: u64 = 66;
const WRONG_RUN: u64 = 99;
const WRONG_QUERY: u64 = 77;

/// How often the handler ran for each number.
#[derive(Clone, Debug, Default)]
struct Runs(Arc<Mutex<BTreeMap<u64, u32>>>);

impl Runs {
    fn of(&self, by: u64) -> u32 {
        self.0.lock().unwrap().get(&by).copied().unwrap_or_default()
    }
}

struct Counted(Runs);

impl Projection for Counted {
    const NAME: &'static str = "counted";
    const MIGRATIONS: &'static [ViewMigration] =
        &[ViewMigration::new("counted", "CREATE TABLE counted (by_ BIGINT CHECK (by_ < 90))")];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Walk>()
    }

    async fn reset(&self, _: Position, view: &mut dyn ViewTransaction) -> Result<(), HandlerError> {
        Ok(view.run("DELETE FROM counted", &[]).await?)
    }
}

impl Project<Walk> for Counted {
    async fn project(
        &self,
        walk: Walk,
        _: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        let Walk::Stepped { by } = walk else { return Ok(()) };
        *self.0.0.lock().unwrap().entry(by).or_default() += 1;
        match by {
            REFUSED => return Err(HandlerError::new("13 is unlucky")),
            PANICS => panic!("66 panics"),
            WRONG_QUERY => drop(view.query("SELECT nothing FROM nowhere", &[]).await?),
            _ => {}
        }
        Ok(view.run("INSERT INTO counted (by_) VALUES ($1)", &[by.into()]).await?)
    }
}

fn counted(store: &SharedStore, runs: &Runs) -> Subscription {
    let projection = ViewProjection::new(Counted(runs.clone())).unwrap();
    Subscription::project(Arc::clone(store), projection).with_settings(settings())
}

fn at_once(attempts_max: u32) -> Retry {
    Retry { attempts_max, pause_ms_first: 0, pause_ms_max: 0 }
}

#[tokio::test]
async fn a_handler_runs_as_often_as_its_policy_says() {
    for place in Place::all() {
        for failing in [REFUSED, PANICS, WRONG_RUN, WRONG_QUERY] {
            for attempts_max in [1, 2, 3] {
                for then in [OnFailure::Park, OnFailure::DeadLetter, OnFailure::Skip] {
                    // Alone in its page, in the middle, at the end, and behind one that failed too.
                    for (before, after) in [(1, 0), (3, 5), (5, 0)] {
                        let (store, runs) = (place.open().await, Runs::default());
                        for by in 0..before {
                            step(&store, "before", &[by]).await;
                        }
                        step(&store, "failing", &[failing]).await;
                        for by in 0..after {
                            step(&store, "after", &[20 + by]).await;
                        }
                        let policy = FailurePolicy::new(then).retried(at_once(attempts_max));
                        let running = counted(&store, &runs).on_failure(policy).spawn();
                        in_time(running.caught_up()).await.unwrap();
                        let tried = runs.of(failing);
                        let what = format!("{failing}, {then:?}, {before} before, {}", place.name);
                        assert_eq!(tried, attempts_max, "{what}");
                        in_time(running.stop()).await.unwrap();
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn of_several_that_fail_each_is_tried_as_often() {
    for place in Place::all() {
        let (store, runs) = (place.open().await, Runs::default());
        step(&store, "a", &[1]).await;
        for (walk, by) in [("b", REFUSED), ("c", WRONG_RUN), ("d", 2), ("e", WRONG_QUERY)] {
            step(&store, walk, &[by, 3]).await;
        }
        let reaction = Reaction { retry: at_once(2), then: OnFailure::DeadLetter };
        let refused = |failure: &factum::EventFailure| failure.to_string().contains("unlucky");
        let policy =
            FailurePolicy::new(OnFailure::Park).retried(Retry::NEVER).when(refused, reaction);
        let running = counted(&store, &runs).on_failure(policy).spawn();
        let caught_up = in_time(running.caught_up()).await.unwrap();
        let tried = [REFUSED, WRONG_RUN, WRONG_QUERY].map(|by| runs.of(by));
        assert_eq!(tried, [2, 1, 1], "{}", place.name);
        let aside = caught_up.set_aside;
        assert_eq!((aside.failed_events, aside.parked_keys, aside.waiting_events), (3, 2, 2));
        let first = aside.first.unwrap();
        assert_eq!((first.position.get(), first.attempts), (2, 2), "{first}");
        in_time(running.stop()).await.unwrap();
    }
}

#[tokio::test]
async fn the_first_failure_of_a_new_projection_ends_it() {
    for place in Place::all() {
        for failing in [REFUSED, WRONG_RUN] {
            let (store, runs) = (place.open().await, Runs::default());
            step(&store, "a", &[failing, 1]).await;
            let policy = || FailurePolicy::new(OnFailure::Park).retried(at_once(2));
            for start in 1..=2 {
                let running = counted(&store, &runs).on_failure(policy()).spawn();
                let waited = in_time(running.caught_up()).await.unwrap_err().to_string();
                assert!(waited.contains("the first event, at position 1"), "{waited}");
                let error = in_time(running.ended()).await.unwrap_err();
                assert!(matches!(error, SubscriptionError::FirstEvent { .. }), "{error}");
                assert_eq!(runs.of(failing), 2 * start, "each start tries it anew");
            }
            // The runner does not call it started.
            let runner = Runner::new()
                .without_signals()
                .service("counted", counted(&store, &runs).on_failure(policy()));
            let error = in_time(runner.run()).await.unwrap_err();
            let RunFailure::Service { phase, .. } = &error.first else { panic!("{error}") };
            assert_eq!(*phase, ServicePhase::Starting, "{error}");
            let letters = store.dead_letters(factum::DeadLetterList::default()).await.unwrap();
            assert!(letters.is_empty(), "nothing was set aside: {letters:?}");
        }
    }
}

#[tokio::test]
async fn it_goes_on_where_it_is_allowed_to_and_says_what_is_set_aside() {
    for place in Place::all() {
        let (store, runs) = (place.open().await, Runs::default());
        step(&store, "a", &[REFUSED, 1, 2]).await;
        let policy = || FailurePolicy::new(OnFailure::Park).retried(Retry::NEVER).fail_fast(false);
        let running = counted(&store, &runs).on_failure(policy()).spawn();
        let caught_up = in_time(running.caught_up()).await.unwrap();
        let aside = caught_up.set_aside.clone();
        assert_eq!(
            (caught_up.position.get(), aside.failed_events, aside.waiting_events),
            (3, 1, 2)
        );
        let status = in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await;
        assert_eq!(status.unwrap().set_aside(), aside);
        assert_eq!(in_time(running.wait_until(caught_up.position)).await.unwrap(), aside);
        let lags = LagThresholds { degraded_above: 10, unhealthy_above: 20 };
        let health = |most| {
            let health = SubscriptionsHealth::new(lags).set_aside_max(most).with(running.clone());
            health.health()[0].state
        };
        assert_eq!([health(1), health(0)], [HealthState::Degraded, HealthState::Unhealthy]);
        let summary = in_time(running.stop()).await.unwrap();
        assert_eq!((summary.position, summary.set_aside), (caught_up.position, aside.clone()));
        // Another start has not set it aside, and says so all the same.
        let running = counted(&store, &runs).on_failure(policy()).spawn();
        assert_eq!(in_time(running.caught_up()).await.unwrap().set_aside, aside);
    }
}

#[tokio::test]
async fn one_that_handled_something_goes_on_after_a_failure() {
    for place in Place::all() {
        let (store, runs) = (place.open().await, Runs::default());
        step(&store, "a", &[1]).await;
        let policy = || FailurePolicy::new(OnFailure::DeadLetter).retried(Retry::NEVER);
        let running = counted(&store, &runs).on_failure(policy()).spawn();
        in_time(running.caught_up()).await.unwrap();
        in_time(running.stop()).await.unwrap();
        step(&store, "a", &[REFUSED]).await;
        let running = counted(&store, &runs).on_failure(policy()).spawn();
        assert_eq!(in_time(running.caught_up()).await.unwrap().set_aside.failed_events, 1);
        // Built again from the beginning, it has handled nothing; from elsewhere, it is not new.
        running.rebuild(StartFrom::After(Position::new(1))).await.unwrap();
        assert_eq!(in_time(running.caught_up()).await.unwrap().set_aside.failed_events, 1);
        in_time(running.stop()).await.unwrap();
    }
}

#[tokio::test]
async fn a_reaction_that_was_chosen_counts_even_for_the_first_event() {
    for place in Place::all() {
        let (store, runs) = (place.open().await, Runs::default());
        step(&store, "a", &[REFUSED, 1]).await;
        let policy = FailurePolicy::default().when(|_| true, Reaction::at_once(OnFailure::Skip));
        let running = counted(&store, &runs).on_failure(policy).spawn();
        let aside = in_time(running.caught_up()).await.unwrap().set_aside;
        assert_eq!((aside.failed_events, aside.skipped_events), (0, 1), "{}", place.name);
        assert!(!aside.is_empty());
        let summary = in_time(running.stop()).await.unwrap();
        assert_eq!((summary.handled, summary.set_aside.skipped_events), (1, 1));
    }
}
