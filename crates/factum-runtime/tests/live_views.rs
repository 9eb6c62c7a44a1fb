//! A value in memory that is kept in step with the log.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;

use factum_core::{
    Fold, LiveHandlers, LiveProjection, LiveView, RecordedEvent, SharedStore, SubscriptionState,
};
use factum_runtime::{FailurePolicy, Live, OnFailure, Retry, StartFrom, Subscription};
use factum_testkit::faults::FaultyStore;
use reading::{Step, append, in_time, memory, raw, settings, take};

/// The sum of steps per walk; 13 panics half way.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sums(BTreeMap<String, u64>);

impl LiveView for Sums {
    const NAME: &'static str = "sums";

    fn handlers(on: LiveHandlers<Self>) -> LiveHandlers<Self> {
        on.events::<Step>()
    }
}

impl Fold<Step> for Sums {
    fn fold(&mut self, step: Step, recorded: &RecordedEvent) {
        let sum = self.0.entry(recorded.stream.id().into()).or_default();
        match step {
            Step::Taken { number } => *sum += number,
            Step::Undone { number } => *sum -= number,
        }
        assert_ne!(*sum, 13, "the view is changed by now");
    }
}

fn sums(store: &SharedStore) -> (Subscription, Live<Sums>) {
    let projection = LiveProjection::<Sums>::new().unwrap();
    let (subscription, live) = Subscription::live(Arc::clone(store), projection);
    let policy = FailurePolicy::new(OnFailure::Park).retried(Retry::NEVER);
    (subscription.with_settings(settings()).on_failure(policy), live)
}

fn expected(sums: &[(&str, u64)]) -> Sums {
    Sums(sums.iter().map(|(name, sum)| ((*name).to_owned(), *sum)).collect())
}

#[tokio::test]
async fn whoever_appends_finds_it_in_the_view() {
    let store = memory();
    take(&store, "a", &[1, 2]).await;
    let (subscription, live) = sums(&store);
    let _running = subscription.spawn();
    for number in 3..50 {
        let position = take(&store, "b", &[number]).await;
        in_time(live.wait_until(position)).await.unwrap();
        assert_eq!(live.read(|view| view.0["b"]), (3..=number).sum::<u64>());
    }
    assert_eq!(live.read(|view| view.0["a"]), 3);
}

#[tokio::test]
async fn a_snapshot_stays_as_it_was() {
    let store = memory();
    let (subscription, live) = sums(&store);
    let _running = subscription.spawn();
    in_time(live.wait_until(take(&store, "a", &[1]).await)).await.unwrap();
    let before = live.snapshot();
    in_time(live.wait_until(take(&store, "a", &[2]).await)).await.unwrap();
    assert_eq!((*before).clone(), expected(&[("a", 1)]));
    assert_eq!(*live.snapshot(), expected(&[("a", 3)]));
}

#[tokio::test]
async fn a_panic_half_way_leaves_no_half() {
    let store = memory();
    take(&store, "a", &[6, 2]).await;
    take(&store, "b", &[10, 3, 1]).await; // 13 at the second one, which panics.
    take(&store, "a", &[1]).await;
    let (subscription, live) = sums(&store);
    let running = subscription.spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(*live.snapshot(), expected(&[("a", 9), ("b", 10)]));
    let status = running.status();
    assert_eq!((status.parked_keys, status.waiting_events, status.dead_letters), (1, 1, 1));
    running.discard(factum_core::DeadLetterSelection::All).await.unwrap();
    in_time(running.wait_for(|it| it.parked_keys == 0)).await.unwrap();
    in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    assert_eq!(*live.snapshot(), expected(&[("a", 9), ("b", 11)]));
    take(&store, "b", &[4]).await;
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(*live.snapshot(), expected(&[("a", 9), ("b", 15)]));
}

#[tokio::test(start_paused = true)]
async fn a_view_that_could_not_be_made_anew_is_before_it_goes_on() {
    let inner = memory();
    take(&inner, "a", &[1, 2]).await;
    take(&inner, "b", &[13]).await;
    let faulty = FaultyStore::new(inner);
    // The log goes away just when the view is to be made anew.
    faulty.faults().reads([None, Some(0), None]);
    let store: SharedStore = Arc::new(faulty);
    let (subscription, live) = sums(&store);
    let running = subscription.spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(*live.snapshot(), expected(&[("a", 3)]));
}

#[tokio::test]
async fn bad_bytes_park_their_key_only() {
    let store = memory();
    append(&store, "a", vec![raw("step.taken", "no json".into())]).await;
    take(&store, "a", &[1]).await;
    take(&store, "b", &[2]).await;
    let (subscription, live) = sums(&store);
    let running = subscription.spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(*live.snapshot(), expected(&[("b", 2)]));
}

#[tokio::test]
async fn it_is_rebuilt_in_place() {
    let store = memory();
    take(&store, "a", &[1, 2]).await;
    let (subscription, live) = sums(&store);
    let running = subscription.spawn();
    in_time(running.caught_up()).await.unwrap();
    running.rebuild(StartFrom::After(factum_core::Position::new(1))).await.unwrap();
    in_time(running.wait_for(|it| it.handled == 3)).await.unwrap();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(*live.snapshot(), expected(&[("a", 2)]));
}
