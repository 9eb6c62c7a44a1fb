//! A subscription hands every event that it reads to its handler, from wherever it begins, and goes
//! on where it stopped.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod reading;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use factum_core::{
    Category, CorrelationId, EventType, ImpossibleQuery, MemoryStore, Position, Query, QueryItem,
    SharedStore, SubscriptionState, Tag, TenantScope, Timestamp,
};
use factum_runtime::{StartFrom, SubscriptionError, SubscriptionSettings, settle};
use factum_testkit::ManualClock;
use factum_testkit::faults::{FaultyStore, Moment};
use reading::{Seen, append, in_time, memory, raw, recording, recording_as, settings, take};

#[tokio::test]
async fn everything_comes_once_and_in_order() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[1, 2, 3]).await;
    let running = recording(&store, &Query::all(), &seen).spawn();
    in_time(running.caught_up()).await.unwrap();
    take(&store, "b", &[4]).await;
    take(&store, "a", &[5]).await;
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.positions(), [1, 2, 3, 4, 5]);
    let status = in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    assert_eq!((status.position.get(), status.lag(), status.handled), (5, 0, 5));
    in_time(running.stop()).await.unwrap();
}

/// 2,500 events in pages of 1,000: the edges of pages are where events are lost or come twice.
#[tokio::test]
async fn page_edges_lose_and_double_nothing() {
    let store = memory();
    for stream in 0..25 {
        let numbers: Vec<u64> = (0..100).collect();
        take(&store, stream, &numbers).await;
    }
    for page_events_max in [1, 999, 1_000, 2_500] {
        let seen = Seen::default();
        let name = format!("pages-of-{page_events_max}");
        let subscription = recording_as(&name, &store, &Query::all(), &seen)
            .with_settings(SubscriptionSettings { page_events_max, lanes: 1, ..settings() });
        let running = subscription.spawn();
        in_time(running.caught_up()).await.unwrap();
        in_time(running.stop()).await.unwrap();
        assert_eq!(seen.positions(), (1..=2_500).collect::<Vec<u64>>(), "{page_events_max}");
    }
}

/// Seven types, and filters that match few of them, over 2,500 events.
#[tokio::test]
async fn sparse_filters_lose_and_double_nothing() {
    let store = memory();
    for number in 0..2_500_u64 {
        let event_type = format!("step.kind-{}", if number % 500 == 499 { 6 } else { number % 6 });
        append(&store, number % 10, vec![raw(&event_type, "{}".into())]).await;
    }
    for kinds in [vec![0], vec![6], vec![1, 6], (0..7).collect()] {
        let names = kinds.iter().map(|kind| format!("step.kind-{kind}"));
        let types: Vec<EventType> = names.map(|it| EventType::new(&it).unwrap()).collect();
        let query = Query::from(QueryItem::default().types(types.clone()));
        let seen = Seen::default();
        let name = format!("kinds-{}-{}", kinds[0], kinds.len());
        let running = recording_as(&name, &store, &query, &seen).spawn();
        in_time(running.caught_up()).await.unwrap();
        in_time(running.stop()).await.unwrap();
        let expected = (0..2_500_u64).filter(|number| {
            let kind = if number % 500 == 499 { 6 } else { number % 6 };
            kinds.contains(&kind)
        });
        assert_eq!(seen.events().len(), expected.count());
        assert!(seen.counts().values().all(|count| *count == 1));
        let found: HashSet<EventType> = seen.events().into_iter().map(|it| it.event_type).collect();
        assert_eq!(found, types.into_iter().collect());
    }
}

#[tokio::test]
async fn f24_no_event_and_one_event_end() {
    let (store, seen) = (memory(), Seen::default());
    let running = recording(&store, &Query::all(), &seen).spawn();
    assert_eq!(in_time(running.caught_up()).await.unwrap().position, Position::START);
    take(&store, "a", &[1]).await;
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.positions(), [1]);
}

#[tokio::test]
async fn it_goes_on_where_it_stopped() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[1, 2]).await;
    let running = recording(&store, &Query::all(), &seen).spawn();
    in_time(running.caught_up()).await.unwrap();
    in_time(running.stop()).await.unwrap();
    take(&store, "a", &[3]).await;
    let running = recording(&store, &Query::all(), &seen).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.positions(), [1, 2, 3]);
}

#[tokio::test]
async fn it_begins_where_it_is_told() {
    let clock = Arc::new(ManualClock::default());
    let own: SharedStore = Arc::new(MemoryStore::new(TenantScope::default(), clock.clone()));
    for number in 0..10 {
        clock.set(Timestamp::from_micros(number * 1_000_000));
        take(&own, "a", &[number.unsigned_abs()]).await;
    }
    for (name, start, first) in [
        ("beginning", StartFrom::Beginning, 1),
        ("now", StartFrom::Now, 11),
        ("after", StartFrom::After(Position::new(4)), 5),
        ("at", StartFrom::At(Timestamp::from_micros(6_000_000)), 7),
        ("between", StartFrom::At(Timestamp::from_micros(6_000_001)), 8),
        ("before", StartFrom::At(Timestamp::from_micros(-5)), 1),
        ("later", StartFrom::At(Timestamp::from_micros(60_000_000)), 11),
    ] {
        let seen = Seen::default();
        let running = recording_as(name, &own, &Query::all(), &seen).starting(start).spawn();
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(seen.positions(), (first..=10).collect::<Vec<u64>>(), "{name}");
        in_time(running.stop()).await.unwrap();
    }
}

/// Imports keep the times of their source, so that times are in any order.
#[tokio::test]
async fn from_an_instant_is_before_the_first_event_from_then_on_whatever_the_order_of_times() {
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..200 {
        let store = memory();
        let times: Vec<i64> = (0..random.i64(0..60)).map(|_| random.i64(0..20)).collect();
        for time in &times {
            let mut event = raw("step.taken", "{}".into());
            event.recorded_at = Some(Timestamp::from_micros(*time));
            append(&store, "a", vec![event]).await;
        }
        for instant in -1..=20 {
            let first = times.iter().position(|time| *time >= instant);
            let before = first.unwrap_or(times.len()) as u64;
            let start = StartFrom::At(Timestamp::from_micros(instant));
            let found = start.position(&store).await.unwrap();
            assert_eq!(found.get(), before, "round {round}: {instant} in {times:?}");
        }
    }
}

#[tokio::test]
async fn it_reads_by_category_type_and_tag() {
    let store = memory();
    take(&store, "a", &[1]).await;
    let mut tagged = raw("step.taken", "{}".into());
    tagged.tags = [Tag::new("room", "7").unwrap()].into_iter().collect();
    append(&store, "b", vec![tagged]).await;
    append(&store, "b", vec![raw("step.undone", "{}".into())]).await;
    let category = |name| QueryItem::default().category(Category::new(name).unwrap());
    for (name, item, expected) in [
        ("walks", category("walk"), vec![1, 2, 3]),
        ("runs", category("run"), vec![]),
        (
            "undone",
            QueryItem::default().event_type(EventType::new("step.undone").unwrap()),
            vec![3],
        ),
        ("room", QueryItem::tagged("room", 7).unwrap(), vec![2]),
    ] {
        let seen = Seen::default();
        let running = recording_as(name, &store, &item.into(), &seen).spawn();
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(seen.positions(), expected, "{name}");
        in_time(running.stop()).await.unwrap();
    }
}

#[tokio::test]
async fn two_programs_that_claim_one_name_with_different_shapes_are_told() {
    let (store, seen) = (memory(), Seen::default());
    let running = recording(&store, &Query::all(), &seen).spawn();
    in_time(running.caught_up()).await.unwrap();
    let walks = QueryItem::default().category(Category::new("walk").unwrap()).into();
    let other = recording(&store, &walks, &seen).spawn();
    let error = in_time(other.ended()).await.unwrap_err();
    assert!(matches!(error, SubscriptionError::Shape(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("reading every event") && text.contains("reading category walk"),
        "{text}"
    );
    assert_eq!(running.status().state, SubscriptionState::Live, "the first one goes on");
}

#[tokio::test]
async fn settling_waits_for_what_subscriptions_append_themselves() {
    let store = memory();
    let (seen, own) = (Seen::default(), Arc::clone(&store));
    let echo = factum_core::EventSubscriber::raw("echo", &Query::all(), move |event| {
        let store = Arc::clone(&own);
        async move {
            if event.stream.category() == "walk" && event.revision.get() < 3 {
                take(&store, event.stream.id(), &[event.revision.get()]).await;
            }
            Ok(())
        }
    });
    let echo = factum_runtime::Subscription::deliver(Arc::clone(&store), echo).spawn();
    let all = recording(&store, &Query::all(), &seen).spawn();
    take(&store, "a", &[0]).await;
    in_time(settle(&[echo.clone(), all.clone()])).await.unwrap();
    assert_eq!(seen.positions(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_restriction_narrows_what_a_raw_subscriber_reads() {
    let store = memory();
    take(&store, "a", &[1]).await;
    append(&store, "a", vec![raw("step.undone", "{}".into())]).await;
    let kind = |name: &str| QueryItem::default().event_type(EventType::new(name).unwrap());
    let walks = || QueryItem::default().category(Category::new("walk").unwrap());
    for (name, base, only, expected) in
        [("both", walks(), kind("step.undone"), vec![2]), ("either", walks(), walks(), vec![1, 2])]
    {
        let seen = Seen::default();
        let own = seen.clone();
        let subscriber = factum_core::EventSubscriber::raw(name, &base.into(), move |event| {
            own.note(event);
            std::future::ready(Ok(()))
        });
        let narrowed = subscriber.only(only).unwrap();
        let running = factum_runtime::Subscription::deliver(Arc::clone(&store), narrowed).spawn();
        in_time(running.caught_up()).await.unwrap();
        let mut positions = seen.positions();
        positions.sort_unstable();
        assert_eq!(positions, expected, "{name}");
        in_time(running.stop()).await.unwrap();
    }
}

#[test]
fn a_restriction_that_leaves_nothing_is_refused() {
    let item = || QueryItem::default();
    let kind = |name: &str| item().event_type(EventType::new(name).unwrap());
    let raw = |base: QueryItem| {
        factum_core::EventSubscriber::raw("raw", &base.into(), |_| std::future::ready(Ok(())))
    };
    let category = |name| item().category(Category::new(name).unwrap());
    let of = |name| item().correlation(CorrelationId::new(name).unwrap());
    for (base, only) in [
        (kind("step.taken"), kind("step.undone")),
        (category("walk"), category("run")),
        (of("a"), of("b")),
    ] {
        let error = raw(base).only(only).unwrap_err();
        assert_eq!(error, ImpossibleQuery::Disjoint { item: 0 });
    }
    let two = raw(category("walk")).only(kind("step.taken")).unwrap();
    let error = two.only(category("run")).unwrap_err();
    assert_eq!(error, ImpossibleQuery::Disjoint { item: 1 });
}

/// While a new subscription goes through what is there, more is appended: where catching up ends and
/// living begins, nothing is lost and nothing comes twice.
#[tokio::test]
async fn nothing_is_lost_or_doubled_where_catching_up_becomes_live() {
    let (store, seen) = (memory(), Seen::default());
    let numbers: Vec<u64> = (0..500).collect();
    take(&store, "before", &numbers).await;
    let small = SubscriptionSettings { page_events_max: 16, ..settings() };
    let running = recording(&store, &Query::all(), &seen).with_settings(small).spawn();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..250 {
                    take(&store, writer, &[number]).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for writer in writers {
        in_time(writer).await.unwrap();
    }
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.positions(), (1..=1_500).collect::<Vec<u64>>());
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_is_stored_after_so_many_events_or_so_long() {
    let inner = memory();
    let faulty = FaultyStore::new(inner.clone());
    let checkpoints = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&checkpoints);
    faulty.faults().observe(move |operation, moment| {
        let stored = (operation, moment) == ("advance subscription", Moment::After);
        counted.fetch_add(u64::from(stored), Ordering::SeqCst);
    });
    let store: SharedStore = Arc::new(faulty);
    let numbers: Vec<u64> = (0..25).collect();
    take(&inner, "a", &numbers).await;
    let cadence = SubscriptionSettings {
        page_events_max: 1,
        checkpoint_events_max: 10,
        checkpoint_ms_max: 60_000,
        ..settings()
    };
    let running = recording(&store, &Query::all(), &Seen::default()).with_settings(cadence).spawn();
    in_time(running.caught_up()).await.unwrap();
    let stored = async || inner.progress(running.name()).await.unwrap().unwrap().position.get();
    assert_eq!((checkpoints.load(Ordering::SeqCst), stored().await), (2, 20));
    let never = std::future::pending::<()>();
    tokio::time::timeout(std::time::Duration::from_mins(1), never).await.unwrap_err();
    assert_eq!((checkpoints.load(Ordering::SeqCst), stored().await), (3, 25));
}
