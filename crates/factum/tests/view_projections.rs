//! Tables that are kept in step with the log: equal to a fold of it, whatever happens.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod views;

use std::sync::Arc;

use factum::prelude::*;
use factum::{
    AdminRecord, DeadLetterList, DeadLetterSelection, DeadLetterStatus, InstructError, Instruction,
    SubscriptionError, SubscriptionSettings, SubscriptionState,
};
use views::{Place, Sums, Walk, append, fold, in_time, rows, settings, step, stored, sums};

#[tokio::test]
async fn the_view_equals_a_fold_of_the_log() {
    for place in Place::all() {
        let store = place.open().await;
        for round in 0..5_u64 {
            for walk in 0..50 {
                step(&store, walk, &[round + 1, 100 + walk]).await;
            }
        }
        for page_events_max in [1_000, 7] {
            let small = SubscriptionSettings { page_events_max, ..settings() };
            let running = sums(&store).with_settings(small).spawn();
            in_time(running.caught_up()).await.unwrap();
            // Live from here on, while more is appended.
            for walk in 0..20 {
                step(&store, walk, &[1]).await;
            }
            in_time(running.caught_up()).await.unwrap();
            in_time(running.stop()).await.unwrap();
            assert_eq!(rows(&store).await, fold(&store, None).await, "{}", place.name);
        }
    }
}

#[tokio::test]
async fn f17_a_poison_event_parks_its_key_and_leaves_no_trace_in_the_view() {
    for place in Place::all() {
        let store = place.open().await;
        for (walk, by) in [("unlucky", 13), ("panicking", 66)] {
            step(&store, walk, &[1, by, 2]).await;
        }
        let bad = NewEvent { payload: "[".into(), ..stored(&Walk::Rested) };
        append(&store, "garbled", vec![bad]).await.unwrap();
        step(&store, "garbled", &[5]).await;
        for walk in 0..300 {
            step(&store, walk, &[1, 2]).await;
        }
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        let status = in_time(running.wait_for(|it| it.dead_letters == 3)).await.unwrap();
        assert_eq!((status.parked_keys, status.waiting_events), (3, 3), "{}", place.name);
        let view = rows(&store).await;
        assert_eq!(view.len(), 302, "{}", place.name);
        assert!((0..300).all(|walk| view[&walk.to_string()] == (3, 0)));
        assert_eq!((view["unlucky"], view["panicking"]), ((1, 0), (1, 0)));
        let letters = store.dead_letters(DeadLetterList::default()).await.unwrap();
        let causes: Vec<&str> = letters.iter().map(|(_, letter)| letter.cause.as_str()).collect();
        assert_eq!(causes[0], "refused: 13 is unlucky");
        assert_eq!(causes[1], "panicked: 66 panics");
        assert!(causes[2].starts_with("undecodable: event walk.rested"), "{}", causes[2]);

        running.discard(DeadLetterSelection::All).await.unwrap();
        in_time(running.wait_for(|it| it.parked_keys == 0)).await.unwrap();
        in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
        let view = rows(&store).await;
        assert_eq!((view["unlucky"], view["garbled"]), ((3, 0), (5, 0)), "{}", place.name);
    }
}

/// Adds what a step is about to a table that refuses numbers above 9.
struct Strict;

impl Projection for Strict {
    const NAME: &'static str = "strict";
    const MIGRATIONS: &'static [ViewMigration] =
        &[ViewMigration::new("small", "CREATE TABLE small (by_ BIGINT NOT NULL CHECK (by_ < 10))")];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Walk>()
    }

    async fn reset(&self, _: Position, view: &mut dyn ViewTransaction) -> Result<(), HandlerError> {
        Ok(view.run("DELETE FROM small", &[]).await?)
    }
}

impl Project<Walk> for Strict {
    async fn project(
        &self,
        walk: Walk,
        _: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        let Walk::Stepped { by } = walk else { return Ok(()) };
        view.run("INSERT INTO small (by_) VALUES ($1)", &[0_u64.into()]).await?;
        Ok(view.run("INSERT INTO small (by_) VALUES ($1)", &[by.into()]).await?)
    }
}

#[tokio::test]
async fn a_failed_statement_is_the_failure_of_its_event() {
    for place in Place::all() {
        let store = place.open().await;
        step(&store, "a", &[1, 2]).await;
        step(&store, "b", &[99, 3]).await;
        step(&store, "a", &[4]).await;
        let projection = ViewProjection::new(Strict).unwrap();
        let policy = FailurePolicy::new(OnFailure::DeadLetter).retried(Retry::NEVER);
        let running = Subscription::project(Arc::clone(&store), projection).on_failure(policy);
        let running = running.spawn();
        in_time(running.caught_up()).await.unwrap();
        let found = store.query_view("SELECT by_ FROM small ORDER BY by_", &[]).await.unwrap();
        let found: Vec<u64> = found.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(found, [0, 0, 0, 0, 1, 2, 3, 4], "{}", place.name);
        let letters = store.dead_letters(DeadLetterList::default()).await.unwrap();
        let [(_, letter)] = &letters[..] else { panic!("one failed: {letters:?}") };
        assert_eq!((letter.position.get(), letter.status), (3, DeadLetterStatus::Dead));
        assert!(letter.cause.starts_with("statement failed: "), "{}", letter.cause);
        assert!(!letter.cause.contains("99"), "values are not repeated: {}", letter.cause);
    }
}

#[tokio::test]
async fn f22_a_rebuild_in_place_gives_the_same_view() {
    for place in Place::all() {
        let store = place.open().await;
        for walk in 0..100 {
            step(&store, walk, &[1, 2, 3]).await;
        }
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        running.rebuild(StartFrom::Beginning).await.unwrap();
        let again = running.rebuild(StartFrom::Beginning).await;
        let finished = again.is_ok(); // The first one may be done by now.
        let refused =
            matches!(again, Err(InstructError::Rebuilding { .. } | InstructError::Begun { .. }));
        assert!(finished || refused, "{again:?}");
        in_time(running.caught_up()).await.unwrap();
        assert!(running.status().handled >= 600, "waiting for it waits for the rebuild");
        assert_eq!(rows(&store).await, fold(&store, None).await, "{}", place.name);
    }
}

#[tokio::test]
async fn f22_a_rebuild_is_ordered_cancelled_and_done_whether_or_not_it_runs() {
    for place in Place::all() {
        let store = place.open().await;
        let name = sums(&store).reads().name().clone();
        step(&store, "a", &[1, 2]).await;
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        in_time(running.stop()).await.unwrap();
        let order = || Instruction::Rebuild { after: Position::new(1) };
        store.instruct(&name, order()).await.unwrap();
        let again = store.instruct(&name, order()).await.unwrap_err();
        assert!(matches!(again, InstructError::Rebuilding { .. }), "{again}");
        // Nobody runs it: the old view is still there, and the order can be taken back.
        assert_eq!(rows(&store).await["a"], (3, 0));
        store.instruct(&name, Instruction::CancelRebuild).await.unwrap();
        store.instruct(&name, order()).await.unwrap();
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(rows(&store).await["a"], (2, 0), "from after position 1: {}", place.name);
        assert_eq!(running.status().rebuild, None);
    }
}

#[tokio::test]
async fn f23_a_rebuild_replays_deleted_and_truncated_streams_too() {
    for place in Place::all() {
        let store = place.open().await;
        step(&store, "kept", &[1]).await;
        step(&store, "deleted", &[2, 3]).await;
        step(&store, "cut", &[4, 5]).await;
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        let record = || AdminRecord::new(RandomIds.next_id(), "asked for");
        let deleted = "walk/deleted".parse().unwrap();
        store.tombstone(&deleted, Expected::Any, record()).await.unwrap();
        let cut = "walk/cut".parse().unwrap();
        store.truncate_before(&cut, Revision::new(1), record()).await.unwrap();
        in_time(running.caught_up()).await.unwrap();
        let before = rows(&store).await;
        running.rebuild(StartFrom::Beginning).await.unwrap();
        in_time(running.wait_for(|it| it.handled == 10 && it.rebuild.is_none())).await.unwrap();
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(rows(&store).await, before, "{}", place.name);
        assert_eq!((before["deleted"], before["cut"]), ((5, 0), (9, 0)));
    }
}

/// The same view of a later version: it counts double.
struct Doubled;

impl Projection for Doubled {
    const NAME: &'static str = "sums";
    const VERSION: u32 = 2;
    const MIGRATIONS: &'static [ViewMigration] = Sums::MIGRATIONS;

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Walk>()
    }

    async fn reset(
        &self,
        at: Position,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        Sums.reset(at, view).await
    }
}

impl Project<Walk> for Doubled {
    async fn project(
        &self,
        walk: Walk,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        let Walk::Stepped { by } = walk else { return Ok(()) };
        let values = [recorded.stream.id().into(), (2 * by).into(), 0_u64.into()];
        Ok(view.run(views::ADD, &values).await?)
    }
}

#[tokio::test]
async fn a_newer_version_rebuilds_and_an_older_one_is_told() {
    for place in Place::all() {
        let store = place.open().await;
        step(&store, "a", &[1, 2]).await;
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        // A program of the newer version stands by until the older one ends.
        let newer = ViewProjection::new(Doubled).unwrap();
        let newer = Subscription::project(Arc::clone(&store), newer).with_settings(settings());
        let newer = newer.spawn();
        step(&store, "a", &[3]).await;
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(rows(&store).await["a"], (6, 0));
        in_time(running.stop()).await.unwrap();
        in_time(newer.caught_up()).await.unwrap();
        assert_eq!(rows(&store).await["a"], (12, 0), "{}", place.name);
        let older = in_time(sums(&store).spawn().ended()).await.unwrap_err();
        assert!(matches!(older, SubscriptionError::Shape(_)), "{older}");
    }
}

#[tokio::test]
async fn a_view_of_an_empty_log_has_its_tables_once_it_caught_up() {
    for place in Place::all() {
        let store = place.open().await;
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        assert!(rows(&store).await.is_empty(), "{}", place.name);
        in_time(running.stop()).await.unwrap();
        let again = sums(&place.open().await).spawn();
        in_time(again.wait_until(Position::START)).await.unwrap();
        assert!(again.status().opened, "{}", place.name);
    }
}

#[tokio::test]
async fn views_may_live_in_another_database_than_the_log() {
    for place in Place::all() {
        let (log, views) = (place.open().await, place.open().await);
        step(&log, "a", &[1, 2]).await;
        let projection = ViewProjection::new(Sums).unwrap();
        let subscription =
            Subscription::project_into(Arc::clone(&log), Arc::clone(&views), projection);
        let running = subscription.with_settings(settings()).spawn();
        in_time(running.caught_up()).await.unwrap();
        in_time(running.wait_until(step(&log, "a", &[3]).await)).await.unwrap();
        assert_eq!(rows(&views).await["a"], (6, 0), "{}", place.name);
        assert_eq!(log.progress(running.name()).await.unwrap(), None);
        assert_eq!(views.head().await.unwrap(), Position::START);
    }
}

#[tokio::test]
async fn an_inline_view_is_there_with_the_append() {
    for place in Place::all() {
        let store = place.open().await;
        step(&store, "a", &[1]).await;
        let running = sums(&store).inline().spawn();
        in_time(running.caught_up()).await.unwrap();
        in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
        for by in 2..13 {
            step(&store, "a", &[by]).await;
            assert_eq!(rows(&store).await["a"].0, (1..=by).sum::<u64>(), "{}", place.name);
        }
        // What it cannot handle is not stored at all.
        let refused = append(&store, "a", vec![stored(&Walk::Stepped { by: 13 })]).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("13 is unlucky"), "{refused}");
        assert_eq!(store.head().await.unwrap().get(), 12);
        step(&store, "b", &[5]).await;
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(rows(&store).await, fold(&store, None).await);
        // It may be stopped and started again by the same program.
        in_time(running.stop()).await.unwrap();
        step(&store, "b", &[1]).await;
        assert_eq!(rows(&store).await["b"], (5, 0), "nobody keeps it meanwhile");
        let again = sums(&store).inline().spawn();
        in_time(again.caught_up()).await.unwrap();
        in_time(again.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
        step(&store, "b", &[2]).await;
        assert_eq!(rows(&store).await["b"], (8, 0), "{}", place.name);
    }
}

/// Undoes what it has done, when it feels like it.
struct Fickle;

impl Projection for Fickle {
    const NAME: &'static str = "fickle";
    const MIGRATIONS: &'static [ViewMigration] = &[
        ViewMigration::new("fickle", "CREATE TABLE fickle (by_ BIGINT NOT NULL)"),
        ViewMigration::new("fickle_by", "CREATE INDEX fickle_by ON fickle (by_)"),
    ];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Walk>()
    }

    async fn reset(&self, _: Position, view: &mut dyn ViewTransaction) -> Result<(), HandlerError> {
        Ok(view.run("DELETE FROM fickle", &[]).await?)
    }
}

impl Project<Walk> for Fickle {
    async fn project(
        &self,
        walk: Walk,
        _: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        let Walk::Stepped { by } = walk else { return Ok(()) };
        view.run("INSERT INTO fickle (by_) VALUES ($1)", &[by.into()]).await?;
        match by {
            3 => Ok(view.undo().await?),
            4 => Ok(view.mark().await?),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_handler_cannot_undo_what_other_events_did() {
    for place in Place::all() {
        let store = place.open().await;
        step(&store, "a", &[1, 2, 3]).await;
        step(&store, "b", &[4]).await;
        step(&store, "c", &[5]).await;
        let projection = ViewProjection::new(Fickle).unwrap();
        let policy = FailurePolicy::new(OnFailure::DeadLetter).retried(Retry::NEVER);
        let running = Subscription::project(Arc::clone(&store), projection).on_failure(policy);
        let running = running.spawn();
        in_time(running.caught_up()).await.unwrap();
        let found = store.query_view("SELECT by_ FROM fickle ORDER BY by_", &[]).await.unwrap();
        let found: Vec<u64> = found.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(found, [1, 2, 5], "{}", place.name);
    }
}

#[tokio::test]
async fn an_inline_view_catches_up_with_what_others_append() {
    for place in Place::all() {
        let url = place.new_url();
        let store = factum::connect(&url).await.unwrap();
        let other = factum::connect(&url).await.unwrap();
        let running = sums(&store).inline().spawn();
        in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
        for round in 0..20 {
            step(&other, "a", &[round % 9]).await;
            step(&store, "b", &[1]).await;
        }
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(rows(&store).await, fold(&store, None).await, "{}", place.name);
    }
}

#[tokio::test]
async fn a_store_without_views_is_an_error_that_says_so() {
    let store = factum::connect("memory:").await.unwrap();
    step(&store, "a", &[1]).await;
    let error = in_time(sums(&store).spawn().ended()).await.unwrap_err();
    assert!(
        matches!(&error, SubscriptionError::Store { source, .. }
        if source.kind() == StoreErrorKind::Unsupported),
        "{error}"
    );
}
