//! Reads over the whole log, newest first.

use factum_core::{
    Direction, EventStoreExt, Expected, LogRead, NewEvent, Page, Query, QueryItem, SharedStore,
    Tags,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, all, event, numbers, page_numbers, pages, position, put, put_one, tag,
};
use crate::generators::{Generator, Shape};

conformance_cases!["backward_reads", ALWAYS;
    the_newest_event_comes_first,
    after_and_through_bound_the_same_events_either_way,
    a_limit_bounds_the_events_from_the_newest,
    filters_run_before_the_limit,
    pages_are_no_larger_than_asked,
    where_nothing_matches_one_page_says_that_all_was_looked_at,
    the_last_page_says_that_all_was_looked_at,
    a_limit_of_nothing_has_looked_at_nothing,
    a_reader_may_go_on_through_any_page,
    a_read_sees_the_log_when_its_first_page_is_asked_for,
    large_events_end_a_page_early_and_none_is_lost,
    every_query_finds_backward_what_it_finds_forward,
];

fn backward() -> LogRead {
    LogRead::backward(Query::all())
}

fn rare() -> Query {
    QueryItem::default().tag(tag("rare:yes")).into()
}

/// `count` events of two streams, each fifth of which is tagged `rare:yes`.
async fn fill(store: &SharedStore, count: u64) {
    for number in 1..=count {
        let tags = (number % 5 == 0).then(|| tag("rare:yes")).into_iter().collect::<Tags>();
        let id = if number % 3 == 0 { "bob" } else { "ann" };
        put_one(store, id, NewEvent { tags, ..event(number) }).await;
    }
}

async fn found(store: &SharedStore, read: LogRead) -> Vec<u64> {
    page_numbers(&pages(store.read(read)).await)
}

async fn the_newest_event_comes_first(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 20).await;
    for page_events_max in [1, 7, 20, 1_000] {
        let read = LogRead { page_events_max, ..backward() };
        assert_eq!(found(&store, read).await, (1..=20).rev().collect::<Vec<_>>());
    }
}

async fn after_and_through_bound_the_same_events_either_way(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 12).await;
    for (after, through) in [(0, 0), (0, 1), (3, 9), (4, 5), (5, 5), (9, 3), (7, 99), (12, 99)] {
        for (query, page_events_max) in [(Query::all(), 2), (rare(), 1), (rare(), 9)] {
            let through = Some(position(through));
            let read =
                LogRead { through, page_events_max, ..LogRead::after(query, position(after)) };
            let mut forward = found(&store, read.clone()).await;
            forward.reverse();
            let read = LogRead { direction: Direction::Backward, ..read };
            assert_eq!(found(&store, read.clone()).await, forward, "{read:?}");
        }
    }
}

async fn a_limit_bounds_the_events_from_the_newest(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 19).await;
    for (limit, page_events_max) in [(1, 1_000), (5, 2), (5, 5), (19, 4), (99, 7)] {
        let read = LogRead { limit: Some(limit), page_events_max, ..backward() };
        let expected: Vec<_> = (1..=19).rev().take(usize::try_from(limit).unwrap_or(99)).collect();
        assert_eq!(found(&store, read).await, expected);
    }
}

async fn filters_run_before_the_limit(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 43).await;
    for page_events_max in [1, 2, 1_000] {
        let read = LogRead { limit: Some(3), page_events_max, ..LogRead::backward(rare()) };
        assert_eq!(found(&store, read).await, [40, 35, 30]);
    }
}

async fn pages_are_no_larger_than_asked(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 30).await;
    for page_events_max in [1, 3, 29] {
        for query in [Query::all(), rare()] {
            let read = LogRead { page_events_max, ..LogRead::backward(query) };
            for page in pages(store.read(read)).await {
                assert!(page.events.len() <= page_events_max);
            }
        }
    }
}

async fn where_nothing_matches_one_page_says_that_all_was_looked_at(rig: &Rig) {
    let store = rig.open().await;
    let never = || Query::from(QueryItem::default().tag(tag("rare:no")));
    let only = |found: Vec<Page>| {
        assert_eq!((found.len(), page_numbers(&found).len()), (1, 0));
        found[0].through.get()
    };
    for query in [Query::all(), never()] {
        assert_eq!(only(pages(store.read(LogRead::backward(query))).await), 0);
    }
    fill(&store, 30).await;
    for after in [0, 7, 30] {
        let read = LogRead { after: position(after), ..LogRead::backward(never()) };
        assert_eq!(only(pages(store.read(read)).await), after);
    }
    let read = LogRead { after: position(30), ..backward() };
    assert_eq!(only(pages(store.read(read)).await), 30);
}

async fn the_last_page_says_that_all_was_looked_at(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 33).await;
    for page_events_max in [1, 2, 3, 6, 1_000] {
        for (query, after) in [(rare(), 0), (rare(), 12), (Query::all(), 0), (Query::all(), 12)] {
            let after = position(after);
            let read = LogRead { after, page_events_max, ..LogRead::backward(query) };
            let found = pages(store.read(read)).await;
            assert_eq!(found.last().map(|it| it.through), Some(after));
        }
    }
}

async fn a_limit_of_nothing_has_looked_at_nothing(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 9).await;
    for (through, looked) in [(None, 9), (Some(position(5)), 5), (Some(position(99)), 9)] {
        let found = pages(store.read(LogRead { through, limit: Some(0), ..backward() })).await;
        assert_eq!((found.len(), page_numbers(&found).len()), (1, 0));
        assert_eq!(found[0].through, position(looked));
    }
}

async fn a_reader_may_go_on_through_any_page(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 40).await;
    for (query, page_events_max) in [(Query::all(), 7), (rare(), 1), (rare(), 3)] {
        let read = LogRead { page_events_max, ..LogRead::backward(query) };
        let pages_of = pages(store.read(read.clone())).await;
        let everything = page_numbers(&pages_of);
        put(&store, "late", 100..103).await;
        let mut seen = 0;
        for page in &pages_of {
            seen += page.events.len();
            let rest = LogRead { through: Some(page.through), ..read.clone() };
            assert_eq!(found(&store, rest).await, everything[seen..]);
        }
    }
}

async fn a_read_sees_the_log_when_its_first_page_is_asked_for(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    let read = store.read(LogRead { page_events_max: 2, ..backward() });
    put(&store, "ann", 3..6).await;
    assert_eq!(page_numbers(&pages(read).await), [5, 4, 3, 2, 1]);
}

async fn large_events_end_a_page_early_and_none_is_lost(rig: &Rig) {
    let store = rig.open().await;
    let large = |number| NewEvent { payload: vec![b'x'; 400_000].into(), ..event(number) };
    let events = (1..12).map(large);
    let request = factum_core::AppendRequest::default();
    let stored = store.append(request.stream(account("ann"), Expected::Any, events)).await;
    stored.expect("an append without guards succeeds");
    let category = QueryItem::default().event_type(super::support::event_type("thing.happened"));
    for query in [Query::all(), category.into()] {
        let read = LogRead { page_events_max: 5, ..LogRead::backward(query) };
        assert_eq!(found(&store, read).await, (1..12).rev().collect::<Vec<_>>());
    }
}

async fn every_query_finds_backward_what_it_finds_forward(rig: &Rig) {
    let store = rig.open().await;
    let mut generator = Generator::new(8, Shape::default());
    for _ in 0..60 {
        let request = generator.append(1..6);
        store.append(request).await.expect("an append without guards succeeds");
    }
    let everything = all(&store).await;
    for round in 0..200 {
        let query = generator.query();
        let expected = everything.iter().rev().filter(|it| query.matches(it)).cloned();
        let expected = numbers(&expected.collect::<Vec<_>>());
        let page_events_max = [1, 3, 1_000][round % 3];
        let read = LogRead { page_events_max, ..LogRead::backward(query) };
        let found = store.collect(read.clone()).await.expect("the log can be read");
        assert_eq!(numbers(&found), expected, "{read:?}");
    }
}
