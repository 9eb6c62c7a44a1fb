//! Given events, then what became of them: what each `then_*` accepts, and what it says when it
//! does not. Tables are tested where a store has views.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use factum_core::{
    Codec, EventSubscriber, EventType, FailureKind, Fold, HandlerError, LiveHandlers,
    LiveProjection, LiveView, MemoryStore, NewEvent, Position, Project, Projection,
    ProjectionHandlers, QueryItem, Receive, RecordedEvent, SharedStore, Subscriber,
    SubscriberHandlers, Tag, TenantScope, ViewProjection, ViewTransaction,
};
use factum_derive::Event;
use factum_testkit::{
    ManualClock, SequentialIds, given_live, given_log, given_subscriber, given_view,
};
use futures::FutureExt;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", context = "till")]
enum Till {
    Paid {
        #[factum(tag)]
        by: String,
        amount: u64,
    },
    Closed,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", context = "weather")]
enum Weather {
    Rained,
}

fn paid(amount: u64) -> Till {
    Till::Paid { by: "ann".into(), amount }
}

/// An event whose payload nobody can read.
fn garbled() -> NewEvent {
    let paid = EventType::new("till.paid").unwrap();
    NewEvent::new(SequentialIds::id(99), paid, Codec::Json, "[")
}

/// What was paid. 13 panics, after it has changed the view.
#[derive(Default, Clone, Debug, PartialEq)]
struct Sum {
    sum: u64,
    closed: bool,
}

impl LiveView for Sum {
    const NAME: &'static str = "sum";

    fn handlers(on: LiveHandlers<Self>) -> LiveHandlers<Self> {
        on.events::<Till>()
    }
}

impl Fold<Till> for Sum {
    fn fold(&mut self, event: Till, _: &RecordedEvent) {
        match event {
            Till::Paid { amount, .. } => {
                self.sum += amount;
                assert!(amount != 13, "13 is unlucky");
            }
            Till::Closed => self.closed = true,
        }
    }
}

/// Adds up what was paid. 13 is refused, 66 panics.
#[derive(Default)]
struct Adding(Arc<AtomicU64>);

impl Subscriber for Adding {
    const NAME: &'static str = "adding";

    fn handlers(on: SubscriberHandlers<Self>) -> SubscriberHandlers<Self> {
        on.events::<Till>()
    }
}

impl Receive<Till> for Adding {
    async fn receive(&self, event: Till, _: &RecordedEvent) -> Result<(), HandlerError> {
        match event {
            Till::Paid { amount: 13, .. } => return Err(HandlerError::new("13 is unlucky")),
            Till::Paid { amount: 66, .. } => panic!("66 panics"),
            Till::Paid { amount, .. } => self.0.fetch_add(amount, Ordering::SeqCst),
            Till::Closed => 0,
        };
        tokio::task::yield_now().await;
        Ok(())
    }
}

fn adding() -> (EventSubscriber, Arc<AtomicU64>) {
    let sum = Arc::<AtomicU64>::default();
    (EventSubscriber::new(Adding(Arc::clone(&sum))).unwrap(), sum)
}

/// What a test that has to fail says.
#[track_caller]
fn failure<T>(test: impl FnOnce() -> T) -> String {
    text(catch_unwind(AssertUnwindSafe(|| drop(test()))))
}

async fn later<T>(test: impl Future<Output = T>) -> String {
    text(AssertUnwindSafe(test.map(drop)).catch_unwind().await)
}

#[track_caller]
fn text(done: std::thread::Result<()>) -> String {
    match done.expect_err("the test has to fail").downcast::<String>() {
        Ok(said) => *said,
        Err(said) => (*said.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[track_caller]
fn says(said: &str, part: &str) {
    assert!(said.contains(part), "expected {part:?} to be said, found:\n{said}");
}

#[test]
fn given_events_stand_as_in_a_log() {
    let log = given_log().events("till/1", [paid(1), paid(2)]).events("till/2", [Till::Closed]);
    let log = log.new_events("till/1", [garbled()]);
    let [first, second, third, last] = log.recorded() else { panic!("there are four") };
    let place = |it: &RecordedEvent| (it.position.get(), it.revision.get(), it.stream.to_string());
    assert_eq!(place(first), (1, 0, "till/1".into()));
    assert_eq!(place(second), (2, 1, "till/1".into()));
    assert_eq!(place(third), (3, 0, "till/2".into()));
    assert_eq!(place(last), (4, 2, "till/1".into()));
    assert_eq!((second.id, last.id), (SequentialIds::id(2), SequentialIds::id(99)));
    assert!(first.tags.iter().eq(&["by:ann".parse::<Tag>().unwrap()]));
    assert_eq!(third.event_type.as_str(), "till.closed");
    assert_eq!(Vec::from(log.clone()), log.recorded());

    says(&failure(|| given_log().events("till", [paid(1)])), "the arrangement failed");
    let untagged = Till::Paid { by: String::new(), amount: 1 };
    says(&failure(|| given_log().events("till/1", [untagged])), "the arrangement failed: Paid");
}

#[test]
fn a_live_view_is_compared() {
    let given = || given_live::<Sum>().events("till/1", [paid(1)]).events("till/2", [paid(2)]);
    given().then(|view| view.sum == 3).then_is(&Sum { sum: 3, closed: false });
    given().events("till/1", [Till::Closed]).then(|view| view.closed);

    says(&failure(|| given().then(|view| view.sum == 4)), "the view is not as expected");
    let said = failure(|| given().then_is(&Sum { sum: 4, closed: false }));
    says(&said, "-     sum: 4,\n+     sum: 3,");
}

#[test]
fn what_a_live_view_does_not_take_is_asked_about() {
    let given = || given_live::<Sum>().events("till/1", [paid(1), paid(13), paid(2)]);
    given().then_error(FailureKind::Panicked).then(|view| view.sum == 3);
    says(&failure(|| given().then(|_| true)), "event 2 (till.paid of till/1) failed: panicked");
    let said = failure(|| given().then_error(FailureKind::Undecodable));
    says(&said, "expected another failure: undecodable");

    let given =
        || given_live::<Sum>().new_events("till/1", [garbled()]).events("till/1", [paid(1)]);
    given().then_error(FailureKind::Undecodable).then(|view| view.sum == 1);
    let twice = || given().then_error(FailureKind::Undecodable).then_error(FailureKind::Refused);
    says(&failure(twice), "expected an event that fails: refused, found none");
    let said = failure(|| {
        let both = given().new_events("till/1", [garbled()]);
        both.then_error(FailureKind::Undecodable)
    });
    says(&said, "event 3 (till.paid of till/1) failed");
}

#[test]
fn an_event_that_nobody_takes_breaks_the_arrangement() {
    let said = failure(|| given_live::<Sum>().events("sky/1", [Weather::Rained]));
    says(&said, "the arrangement failed: nobody takes event 1 (weather.rained of sky/1)");
    let (subscriber, _) = adding();
    let said = failure(|| given_subscriber(subscriber).events("sky/1", [Weather::Rained]));
    says(&said, "the arrangement failed: nobody takes event 1");

    let item = QueryItem { tags: ["by:bob".parse().unwrap()].into(), ..QueryItem::default() };
    let only = LiveProjection::<Sum>::new().unwrap().only(item).unwrap();
    let said = failure(|| factum_testkit::GivenLive::projection(only).events("till/1", [paid(1)]));
    says(&said, "nobody takes event 1");
}

#[test]
fn a_restriction_that_no_event_can_fit_is_refused() {
    let tagged = |tag: &str| QueryItem::default().tag(tag.parse().unwrap());
    let view = || LiveProjection::<Sum>::new().unwrap();
    let table = || ViewProjection::new(Nothing).unwrap();
    let subscriber = || EventSubscriber::new(Adding(Arc::default())).unwrap();
    for fits in ["by:bob", "seed:first"] {
        view().only(tagged(fits)).unwrap();
        table().only(tagged(fits).types([Till::PAID])).unwrap();
        subscriber().only(tagged(fits)).unwrap();
    }
    let strangers = || QueryItem::default().types([Weather::RAINED]);
    let closed = || tagged("by:bob").types([Till::CLOSED]);
    for slip in [tagged("buy:bob"), closed(), strangers()] {
        let errors = [
            view().only(slip.clone()).unwrap_err(),
            table().only(slip.clone()).unwrap_err(),
            subscriber().only(slip).unwrap_err(),
        ];
        assert!(errors.iter().all(|it| *it == errors[0]), "{errors:?}");
        says(&errors[0].to_string(), "query item 0 can match nothing: expected");
    }
}

#[test]
fn a_test_that_expects_nothing_fails() {
    says(&failure(|| given_live::<Sum>().events("till/1", [paid(1)])), "the test expects nothing");
    let (subscriber, _) = adding();
    says(&failure(|| given_subscriber(subscriber)), "the test expects nothing");
}

#[tokio::test]
async fn what_a_subscriber_handles_is_counted() {
    let (subscriber, sum) = adding();
    let given = given_subscriber(subscriber).events("till/1", [paid(1), paid(2)]);
    let given = given.then_handled(2).await.events("till/2", [paid(4)]).then_handled(3).await;
    drop(given.then_handled(3).await);
    assert_eq!(sum.load(Ordering::SeqCst), 7, "each is handled once");

    let (subscriber, _) = adding();
    let given = given_subscriber(subscriber).events("till/1", [paid(1)]);
    says(&later(given.then_handled(2)).await, "expected 2 handled events at");
}

#[tokio::test]
async fn what_a_subscriber_does_not_handle_is_asked_about() {
    let bad = || {
        let given = given_subscriber(adding().0).events("till/1", [paid(13), paid(1), paid(66)]);
        given.new_events("till/2", [garbled()])
    };
    let asked =
        bad().then_error(FailureKind::Refused).await.then_error(FailureKind::Panicked).await;
    asked.then_error(FailureKind::Undecodable).await.then_handled(1).await;
    let said = later(bad().then_handled(1)).await;
    says(&said, "event 1 (till.paid of till/1) failed: refused: 13 is unlucky");
    let said = later(bad().then_error(FailureKind::Statement)).await;
    says(&said, "expected another failure: statement failed");
    let said = later(bad().then_error(FailureKind::Refused)).await;
    says(&said, "event 3 (till.paid of till/1) failed: panicked: 66 panics");
}

struct Nothing;

impl Projection for Nothing {
    const NAME: &'static str = "nothing";

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Till>()
    }

    async fn reset(&self, _: Position, _: &mut dyn ViewTransaction) -> Result<(), HandlerError> {
        Ok(())
    }
}

impl Project<Till> for Nothing {
    async fn project(
        &self,
        _: Till,
        _: &RecordedEvent,
        _: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[tokio::test]
async fn tables_need_a_store_with_views() {
    let clock = Arc::new(ManualClock::default());
    let store: SharedStore = Arc::new(MemoryStore::new(TenantScope::default(), clock));
    let given = given_view(store, ViewProjection::new(Nothing).unwrap());
    let said = later(given.events("till/1", [paid(1)]).then_rows("SELECT 1", [])).await;
    says(&said, "the arrangement failed: expected a store with views, found one without");
}
