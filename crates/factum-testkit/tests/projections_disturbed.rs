//! Subscribers and views in memory on a bad day: those that stand it, and for every way not to
//! stand it one that does not, and is found out.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use factum_core::{
    EventSubscriber, Fold, HandlerError, LiveHandlers, LiveView, Query, RecordedEvent, RoutesError,
};
use factum_derive::Event;
use factum_testkit::{Disturbance, Disturbed, GivenLog, LiveSpec, SubscriberSpec, given_log};
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::task::yield_now;

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", context = "till")]
enum Till {
    Paid { amount: u64 },
}

fn log() -> GivenLog {
    let paid = |amount| Till::Paid { amount };
    let log = given_log().events("till/a", [paid(1), paid(2)]).events("till/b", [paid(4)]);
    log.events("till/a", [paid(8)]).events("till/c", [paid(16), paid(32)])
}

/// What a subscriber writes to.
#[derive(Clone, Debug, Default)]
struct Side(Arc<Mutex<Kept>>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Kept {
    seen: BTreeSet<u64>,
    count: u64,
    last: Option<String>,
}

impl Side {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap()
    }
}

/// A subscriber that does this with every event.
fn doing<R>(
    receive: impl Fn(Side, RecordedEvent) -> R + Send + Sync + Copy + 'static,
) -> impl Fn(Side) -> Result<EventSubscriber, RoutesError>
where
    R: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    move |side: Side| {
        let receive = move |event| receive(side.clone(), event);
        Ok(EventSubscriber::raw("index", &Query::all(), receive))
    }
}

async fn check(spec: SubscriberSpec<impl Fn(Side) -> Result<EventSubscriber, RoutesError>>) {
    spec.check(async || Side::default(), async |side| side.lock().clone()).await;
}

async fn failure(
    spec: SubscriberSpec<impl Fn(Side) -> Result<EventSubscriber, RoutesError>>,
) -> String {
    said(AssertUnwindSafe(check(spec)).catch_unwind().await)
}

#[track_caller]
fn said(done: std::thread::Result<()>) -> String {
    let said = done.expect_err("the check has to fail").downcast::<String>();
    *said.expect("checks say text")
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "expected {part:?} to be said, found:\n{said}");
    }
}

/// Enters each event by its identity, in one go.
async fn enter(side: Side, event: RecordedEvent) -> Result<(), HandlerError> {
    yield_now().await;
    side.lock().seen.insert(event.position.get());
    yield_now().await;
    Ok(())
}

#[tokio::test]
async fn a_subscriber_that_goes_by_the_id_stands_everything() {
    check(SubscriberSpec::new(doing(enter), log()).rounds(300)).await;
}

/// Counts what comes.
async fn count(side: Side, _: RecordedEvent) -> Result<(), HandlerError> {
    side.lock().count += 1;
    Ok(())
}

#[tokio::test]
async fn a_subscriber_that_counts_twice_is_found() {
    let spec = || SubscriberSpec::new(doing(count), log());
    let whole = failure(spec()).await;
    says(&whole, &["does not stand what may happen", "\n1 of its", "-     count: 6,"]);
    says(&failure(spec().in_order()).await, &["\n1 of its"]);

    // The seed that is named fails alone, with the same disturbances.
    let seed = whole.split("seed ").nth(1).unwrap().split(' ').next().unwrap();
    let again = failure(spec().seed(seed.parse().unwrap()).rounds(1)).await;
    let words = |text: &str| text.split_once("\n\n").unwrap().1.to_owned();
    assert_eq!(words(&whole), words(&again));
}

/// Looks at what is there, waits, and writes all of it: what others wrote meanwhile is lost.
async fn overwrite(side: Side, event: RecordedEvent) -> Result<(), HandlerError> {
    let mut seen = side.lock().seen.clone();
    yield_now().await;
    seen.insert(event.position.get());
    side.lock().seen = seen;
    Ok(())
}

#[tokio::test]
async fn a_subscriber_that_overwrites_what_others_do_is_found() {
    check(SubscriberSpec::new(doing(overwrite), log()).in_order()).await;
    let said = failure(SubscriberSpec::new(doing(overwrite), log())).await;
    says(&said, &["\n1 of its", "is handled together with the one before"]);
}

/// Notes that an event was handled before it is.
async fn note_first(side: Side, event: RecordedEvent) -> Result<(), HandlerError> {
    if !side.lock().seen.insert(event.position.get()) {
        return Ok(());
    }
    yield_now().await;
    side.lock().count += 1;
    Ok(())
}

#[tokio::test]
async fn a_subscriber_that_is_interrupted_at_the_wrong_place_is_found() {
    let said = failure(SubscriberSpec::new(doing(note_first), log()).rounds(200)).await;
    says(&said, &["\n1 of its", "at statement or wait 1 of", "-     count: 6,", "+     count: 5,"]);
}

#[tokio::test]
async fn a_subscriber_that_remembers_in_memory_is_found() {
    let make = |side: Side| {
        let known = Mutex::new(BTreeSet::new());
        Ok(EventSubscriber::raw("index", &Query::all(), move |event: RecordedEvent| {
            let new = known.lock().unwrap().insert(event.id);
            side.lock().count += u64::from(new);
            async { Ok(()) }
        }))
    };
    let said = failure(SubscriberSpec::new(make, log())).await;
    says(&said, &["\n1 of its", "the process ends", "everything since the checkpoint comes again"]);
}

/// Keeps what came last, of whatever stream.
async fn keep_last(side: Side, event: RecordedEvent) -> Result<(), HandlerError> {
    side.lock().last = Some(event.stream.to_string());
    Ok(())
}

#[tokio::test]
async fn a_subscriber_that_needs_order_across_keys_is_found() {
    let log = || log().events("till/a", [Till::Paid { amount: 64 }]);
    check(SubscriberSpec::new(doing(keep_last), log()).in_order().rounds(300)).await;
    let said = failure(SubscriberSpec::new(doing(keep_last), log())).await;
    says(&said, &["\n1 of its", "events of other keys pass", "+         \"till/"]);
    // All in one key: there is nothing that could pass.
    let one = |side| Ok(doing(keep_last)(side)?.keyed(|_| "all".into()));
    check(SubscriberSpec::new(one, log()).rounds(300)).await;
}

#[tokio::test]
async fn what_proves_nothing_is_no_proof() {
    let idle = doing(|_, _| async { Ok(()) });
    says(&failure(SubscriberSpec::new(idle, log())).await, &["leave no trace in what is read"]);
    let failing = doing(|_, _| async { Err(HandlerError::new("it is full")) });
    let said = failure(SubscriberSpec::new(failing, log())).await;
    says(&said, &["the arrangement failed", "event 1 (till.paid of till/a)", "it is full"]);
    let said = failure(SubscriberSpec::new(doing(enter), given_log())).await;
    says(&said, &["leave no trace"]);
}

#[tokio::test]
async fn a_failure_on_the_way_is_told() {
    let make = |side: Side| {
        Ok(EventSubscriber::raw("once", &Query::all(), move |event: RecordedEvent| {
            let new = side.lock().seen.insert(event.position.get());
            let done = if new { Ok(()) } else { Err(HandlerError::new("it is there already")) };
            async { done }
        }))
    };
    let said = failure(SubscriberSpec::new(make, log())).await;
    says(&said, &["\n1 of its", "failed: refused: it is there already"]);
}

#[tokio::test]
async fn a_given_plan_is_followed() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let make = || {
        let order = Arc::clone(&order);
        Ok(EventSubscriber::raw("order", &Query::all(), move |event: RecordedEvent| {
            let order = Arc::clone(&order);
            async move {
                order.lock().unwrap().push(event.position.get());
                yield_now().await;
                yield_now().await;
                order.lock().unwrap().push(event.position.get() + 10);
                Ok(())
            }
        }))
    };
    let plan = [
        Disturbance::Cut { place: 1 },
        Disturbance::Crash { place: 2, at: Some(2), restart: true },
        Disturbance::Overlap { place: 2 },
        Disturbance::Delay { place: 1, turns: 3 },
    ];
    let events: Vec<RecordedEvent> = log().into();
    Disturbed::by(plan).subscriber(make, &events[..3]).await.unwrap();
    // The third is under way before the second; both are dropped, and come again.
    assert_eq!(*order.lock().unwrap(), [1, 11, 3, 3, 13, 2, 12]);
}

/// What was paid, stream by stream.
#[derive(Default, Clone, Debug, PartialEq)]
struct Sums(BTreeMap<String, u64>);

impl LiveView for Sums {
    const NAME: &'static str = "sums";

    fn handlers(on: LiveHandlers<Self>) -> LiveHandlers<Self> {
        on.events::<Till>()
    }
}

impl Fold<Till> for Sums {
    fn fold(&mut self, Till::Paid { amount }: Till, event: &RecordedEvent) {
        *self.0.entry(event.stream.to_string()).or_default() += amount;
    }
}

#[test]
fn a_live_view_that_is_a_fold_stands_everything() {
    LiveSpec::<Sums>::new(log()).rounds(300).check();
    LiveSpec::<Sums>::new(log()).across_keys().rounds(300).check();
}

/// A sum that all copies share.
#[derive(Default, Clone, Debug)]
struct Shared(Arc<AtomicU64>);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.0.load(Ordering::SeqCst) == other.0.load(Ordering::SeqCst)
    }
}

impl LiveView for Shared {
    const NAME: &'static str = "shared";

    fn handlers(on: LiveHandlers<Self>) -> LiveHandlers<Self> {
        on.events::<Till>()
    }
}

impl Fold<Till> for Shared {
    fn fold(&mut self, Till::Paid { amount }: Till, _: &RecordedEvent) {
        self.0.fetch_add(amount, Ordering::SeqCst);
    }
}

/// The stream that was paid into last.
#[derive(Default, Clone, Debug, PartialEq)]
struct Last(String);

impl LiveView for Last {
    const NAME: &'static str = "last";

    fn handlers(on: LiveHandlers<Self>) -> LiveHandlers<Self> {
        on.events::<Till>()
    }
}

impl Fold<Till> for Last {
    fn fold(&mut self, _: Till, event: &RecordedEvent) {
        self.0 = event.stream.to_string();
    }
}

fn live_failure<V: LiveView + PartialEq + std::fmt::Debug>(spec: LiveSpec<V>) -> String {
    said(std::panic::catch_unwind(AssertUnwindSafe(|| spec.check())))
}

#[test]
fn a_live_view_that_shares_with_its_copies_is_found() {
    let said = live_failure(LiveSpec::<Shared>::new(log()));
    says(&said, &["the view shared is no fold of the log", "\n1 of its", "and then again"]);
}

#[test]
fn a_live_view_that_needs_order_across_keys_is_found_where_that_is_asked() {
    let paid = |stream| given_log().events(stream, [Till::Paid { amount: 1 }]);
    let log = || paid("till/a").events("till/b", [Till::Paid { amount: 2 }]);
    let later = Disturbed::by([Disturbance::Later { place: 0, by: 1 }]);
    assert_eq!(later.live::<Last>(log().recorded()).unwrap().0, "till/a");
    LiveSpec::<Last>::new(log()).rounds(300).check();
    let said = live_failure(LiveSpec::<Last>::new(log()).across_keys());
    says(&said, &["\n1 of its", "event 1 (till.paid of till/a) lets up to"]);
}
