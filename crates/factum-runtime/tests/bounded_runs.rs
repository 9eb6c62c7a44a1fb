//! A run that ends by itself: at the head it began with, or at a position.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod reading;

use factum_core::{
    Category, Position, Progress, Query, QueryItem, SharedStore, SubscriptionName,
    SubscriptionState,
};
use reading::{Seen, in_time, memory, recording, take};

async fn stored(store: &SharedStore) -> Progress {
    let name = SubscriptionName::new("recording").unwrap();
    store.progress(&name).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_run_ends_at_the_head_it_began_with() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[1, 2, 3]).await;
    take(&store, "b", &[4, 5]).await;
    let run = recording(&store, &Query::all(), &seen).until_caught_up().spawn();
    let handle = (*run).clone();
    in_time(run.ended()).await.unwrap();
    let end = handle.status();
    assert_eq!(seen.positions(), [1, 2, 3, 4, 5]);
    assert_eq!((end.state, end.position.get()), (SubscriptionState::Stopped, 5));
    let kept = stored(&store).await;
    assert_eq!((kept.position.get(), kept.owner), (5, None), "stored, and the lease given up");

    take(&store, "a", &[6]).await;
    let next = recording(&store, &Query::all(), &seen).until_caught_up().spawn();
    in_time(next.ended()).await.unwrap();
    assert_eq!(seen.positions(), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_run_handles_nothing_after_its_position() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[1, 2, 3, 4, 5]).await;
    for (until, expected) in [(3, 3), (2, 3), (4, 4)] {
        let run = recording(&store, &Query::all(), &seen).until(Position::new(until)).spawn();
        in_time(run.ended()).await.unwrap();
        assert_eq!(seen.events().len(), expected, "until {until}");
        assert_eq!(stored(&store).await.position.get(), expected as u64, "until {until}");
    }
}

#[tokio::test]
async fn a_position_beyond_the_head_is_waited_for() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[1, 2]).await;
    let run = recording(&store, &Query::all(), &seen).until(Position::new(4)).spawn();
    in_time(run.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    take(&store, "a", &[3, 4, 5]).await;
    in_time(run.ended()).await.unwrap();
    assert_eq!(seen.positions(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn an_empty_log_and_a_filter_without_a_match_end_at_the_head() {
    let (store, seen) = (memory(), Seen::default());
    let nothing = QueryItem::default().category(Category::new("run").unwrap()).into();
    for count in [0, 3] {
        if count > 0 {
            take(&store, "a", &vec![1; count]).await;
        }
        let run = recording(&store, &nothing, &seen).until_caught_up().spawn();
        in_time(run.ended()).await.unwrap();
        assert_eq!(stored(&store).await.position.get(), count as u64);
    }
    assert!(seen.events().is_empty());
}

#[tokio::test]
async fn a_run_that_stands_by_ends_once_the_owner_is_there() {
    let (store, own, other) = (memory(), Seen::default(), Seen::default());
    let owner = recording(&store, &Query::all(), &own).spawn();
    in_time(owner.caught_up()).await.unwrap();
    let run = recording(&store, &Query::all(), &other).until(Position::new(2)).spawn();
    in_time(run.wait_for(|it| it.reason.is_some())).await.unwrap();
    take(&store, "a", &[1, 2, 3]).await;
    in_time(run.ended()).await.unwrap();
    in_time(owner.caught_up()).await.unwrap();
    assert_eq!(own.positions(), [1, 2, 3]);
    assert!(other.events().is_empty(), "the owner did the work");
}

#[tokio::test]
async fn a_paused_run_waits_for_being_resumed() {
    let (store, seen) = (memory(), Seen::default());
    in_time(recording(&store, &Query::all(), &seen).until_caught_up().spawn().ended())
        .await
        .unwrap();
    take(&store, "a", &[1]).await;
    let first = recording(&store, &Query::all(), &seen);
    first.handle().pause("maintenance").await.unwrap();
    let run = first.until_caught_up().spawn();
    in_time(run.wait_for(|it| it.state == SubscriptionState::Paused)).await.unwrap();
    assert!(seen.events().is_empty());
    run.resume().await.unwrap();
    in_time(run.ended()).await.unwrap();
    assert_eq!(seen.positions(), [1]);
}
