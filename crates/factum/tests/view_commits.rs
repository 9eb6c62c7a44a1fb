//! A projection is told after each commit: what it is told of can be read by then.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod views;

use std::sync::{Arc, Mutex};

use factum::prelude::*;
use factum::{SubscriptionSettings, SubscriptionState};
use views::{Place, Rows, Sums, Walk, fold, in_time, rows, settings, step};

/// [`Sums`], which looks at its own tables after each commit.
struct Watched {
    store: SharedStore,
    told: Arc<Mutex<Vec<(Position, Rows)>>>,
}

impl Projection for Watched {
    const NAME: &'static str = Sums::NAME;
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

    async fn committed(&self, checkpoint: Position) {
        let seen = rows(&self.store).await;
        self.told.lock().unwrap().push((checkpoint, seen));
        assert_ne!(checkpoint.get(), 4, "a panic in the hook changes nothing");
    }
}

impl Project<Walk> for Watched {
    async fn project(
        &self,
        walk: Walk,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        Sums.project(walk, recorded, view).await
    }
}

#[tokio::test]
async fn a_projection_is_told_of_what_can_be_read() {
    for place in Place::all() {
        let store = place.open().await;
        let told = Arc::default();
        step(&store, "a", &[1, 2]).await;
        step(&store, "b", &[3, 4, 5]).await;
        let watched = Watched { store: Arc::clone(&store), told: Arc::clone(&told) };
        let small = SubscriptionSettings { page_events_max: 2, ..settings() };
        let running =
            Subscription::project(Arc::clone(&store), ViewProjection::new(watched).unwrap())
                .with_settings(small)
                .spawn();
        in_time(running.caught_up()).await.unwrap();
        in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
        step(&store, "a", &[6]).await;
        in_time(running.caught_up()).await.unwrap();
        running.rebuild(StartFrom::Beginning).await.unwrap();
        in_time(running.caught_up()).await.unwrap();
        in_time(running.stop()).await.unwrap();

        let told = std::mem::take(&mut *told.lock().unwrap());
        let checkpoints: Vec<u64> = told.iter().map(|(at, _)| at.get()).collect();
        assert_eq!(checkpoints, [0, 2, 4, 5, 6, 0, 2, 4, 6], "{}", place.name);
        for (checkpoint, seen) in told {
            let expected = match checkpoint {
                Position::START => Rows::new(),
                through => fold(&store, Some(through)).await,
            };
            assert_eq!(seen, expected, "{} at {checkpoint}", place.name);
        }
    }
}

/// Appends keep the view by themselves; the hook hears of it all the same.
#[tokio::test]
async fn a_projection_is_told_of_what_appends_commit() {
    for place in Place::all() {
        let store = place.open().await;
        let told = Arc::default();
        let watched = Watched { store: Arc::clone(&store), told: Arc::clone(&told) };
        let running =
            Subscription::project(Arc::clone(&store), ViewProjection::new(watched).unwrap())
                .with_settings(settings())
                .inline()
                .spawn();
        in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
        let last = step(&store, "a", &[1, 2, 3]).await;
        in_time(running.wait_until(last)).await.unwrap();
        in_time(running.stop()).await.unwrap();
        let told = told.lock().unwrap();
        let (checkpoint, seen) = told.last().unwrap();
        assert_eq!((*checkpoint, &seen["a"]), (last, &(6, 0)), "{}", place.name);
    }
}
