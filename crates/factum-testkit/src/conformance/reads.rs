//! Reads over the whole log.

use factum_core::limits::PAGE_MAX;
use factum_core::{Expected, LogRead, NewEvent, Query, QueryItem, SharedStore, Tags};
use futures::StreamExt;

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, event, head, log_numbers, numbers, page_numbers, pages, position, put, record,
    revision, tag,
};

conformance_cases!["reads", ALWAYS;
    f24_an_empty_log_reads_as_one_empty_page,
    f24_a_log_of_one_event_reads_as_one_event,
    f24_sparse_matches_are_all_found,
    events_come_in_position_order,
    after_is_exclusive,
    through_is_inclusive,
    through_beyond_the_head_ends_at_the_head,
    a_read_that_begins_beyond_its_end_says_where_it_began,
    a_limit_bounds_the_events,
    filters_run_before_the_limit,
    pages_are_no_larger_than_asked,
    the_page_size_is_clamped,
    a_read_that_matches_nothing_delivers_one_page,
    the_last_page_says_how_far_the_read_looked,
    a_reader_may_go_on_after_any_page,
    a_read_ends_at_the_head_of_its_first_page,
    a_read_sees_the_log_when_its_first_page_is_asked_for,
    a_read_outlives_its_handle,
    deleted_and_truncated_streams_stay_in_the_log,
];

/// `count` events, each fifth of which is tagged `rare:yes`.
async fn fill(store: &SharedStore, count: u64) {
    let rare = |number: u64| match number % 5 {
        0 => NewEvent { tags: Tags::from_iter([tag("rare:yes")]), ..event(number) },
        _ => event(number),
    };
    let numbers: Vec<u64> = (1..=count).collect();
    for chunk in numbers.chunks(1_000) {
        let events = chunk.iter().copied().map(rare);
        let request = factum_core::AppendRequest::default();
        let request = request.stream(account("ann"), Expected::Any, events);
        store.append(request).await.expect("an append without guards succeeds");
    }
}

fn rare() -> Query {
    QueryItem::default().tag(tag("rare:yes")).into()
}

fn never() -> Query {
    QueryItem::default().tag(tag("rare:no")).into()
}

async fn f24_an_empty_log_reads_as_one_empty_page(rig: &Rig) {
    let store = rig.open().await;
    for query in [Query::all(), rare()] {
        let pages = pages(store.read(LogRead { query, ..LogRead::default() })).await;
        assert_eq!(pages.len(), 1);
        assert_eq!((pages[0].events.len(), pages[0].through.get()), (0, 0));
    }
}

async fn f24_a_log_of_one_event_reads_as_one_event(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    for page_events_max in [1, 2, 1_000] {
        let pages = pages(store.read(LogRead { page_events_max, ..LogRead::default() })).await;
        assert_eq!(page_numbers(&pages), [1]);
        assert_eq!(pages.last().map(|it| it.through), Some(position(1)));
    }
}

async fn f24_sparse_matches_are_all_found(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "bob", 1..1_001).await;
    fill(&store, 20).await;
    put(&store, "bob", 1_001..2_001).await;
    let read = LogRead { query: rare(), page_events_max: 2, ..LogRead::default() };
    let pages = pages(store.read(read)).await;
    assert_eq!(page_numbers(&pages), [5, 10, 15, 20]);
    assert_eq!(pages.last().map(|it| it.through), Some(position(2_020)));
}

async fn events_come_in_position_order(rig: &Rig) {
    let store = rig.open().await;
    for (number, id) in (1..30).zip(["ann", "bob", "zoe"].into_iter().cycle()) {
        put(&store, id, number..number + 1).await;
    }
    for page_events_max in [1, 7, 1_000] {
        let pages = pages(store.read(LogRead { page_events_max, ..LogRead::default() })).await;
        assert_eq!(page_numbers(&pages), (1..30).collect::<Vec<_>>());
    }
}

async fn after_is_exclusive(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..6).await;
    for after in 0..=5 {
        let found = pages(store.read(LogRead::after(Query::all(), position(after)))).await;
        assert_eq!(page_numbers(&found), (after + 1..6).collect::<Vec<_>>());
    }
}

async fn through_is_inclusive(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..6).await;
    for through in 0..=5 {
        let read = LogRead { through: Some(position(through)), ..LogRead::default() };
        let found = pages(store.read(read)).await;
        assert_eq!(page_numbers(&found), (1..=through).collect::<Vec<_>>());
        assert_eq!(found.last().map(|it| it.through), Some(position(through)));
    }
}

async fn a_read_that_begins_beyond_its_end_says_where_it_began(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    for (after, through) in [(100, None), (100, Some(200)), (3, Some(2)), (2, Some(1))] {
        for query in [Query::all(), rare()] {
            let through = through.map(position);
            let read = LogRead { through, ..LogRead::after(query, position(after)) };
            let found = pages(store.read(read)).await;
            assert_eq!(page_numbers(&found), [0; 0]);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].through, position(after));
        }
    }
}

async fn through_beyond_the_head_ends_at_the_head(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    for query in [Query::all(), never()] {
        let read = LogRead { query, through: Some(position(9)), ..LogRead::default() };
        let found = pages(store.read(read)).await;
        assert_eq!(found.last().map(|it| it.through), Some(position(3)));
    }
}

async fn a_limit_bounds_the_events(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..20).await;
    for (limit, page_events_max) in [(1, 1_000), (5, 1_000), (5, 2), (5, 5), (19, 4), (99, 7)] {
        let read = LogRead { limit: Some(limit), page_events_max, ..LogRead::default() };
        let found = pages(store.read(read)).await;
        assert_eq!(page_numbers(&found), (1..=limit.min(19)).collect::<Vec<_>>());
    }
}

async fn filters_run_before_the_limit(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 40).await;
    for page_events_max in [1, 2, 1_000] {
        let read = LogRead { query: rare(), limit: Some(3), page_events_max, ..LogRead::default() };
        assert_eq!(page_numbers(&pages(store.read(read)).await), [5, 10, 15]);
    }
}

async fn pages_are_no_larger_than_asked(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 50).await;
    for page_events_max in [1, 3, 10, 49] {
        for query in [Query::all(), rare()] {
            let read = LogRead { query, page_events_max, ..LogRead::default() };
            for page in pages(store.read(read)).await {
                assert!(page.events.len() <= page_events_max);
            }
        }
    }
}

async fn the_page_size_is_clamped(rig: &Rig) {
    let store = rig.open().await;
    let count = PAGE_MAX as u64 + 10;
    fill(&store, count).await;
    let read = LogRead { page_events_max: usize::MAX, ..LogRead::default() };
    let found = pages(store.read(read)).await;
    assert!(found.iter().all(|page| page.events.len() <= PAGE_MAX));
    assert_eq!(page_numbers(&found).len() as u64, count);
    let read = LogRead { page_events_max: 0, limit: Some(3), ..LogRead::default() };
    let found = pages(store.read(read)).await;
    assert!(found.iter().all(|page| page.events.len() <= 1));
    assert_eq!(page_numbers(&found), [1, 2, 3]);
}

async fn a_read_that_matches_nothing_delivers_one_page(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 30).await;
    for after in [0, 7, 30] {
        let found = pages(store.read(LogRead::after(never(), position(after)))).await;
        assert_eq!((found.len(), page_numbers(&found).len()), (1, 0));
        assert_eq!(found[0].through, position(30));
    }
}

async fn the_last_page_says_how_far_the_read_looked(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 33).await;
    for page_events_max in [1, 2, 3, 6, 1_000] {
        for through in [None, Some(position(17)), Some(position(20))] {
            let read = LogRead { query: rare(), through, page_events_max, ..LogRead::default() };
            let found = pages(store.read(read)).await;
            let end = through.unwrap_or(position(33));
            assert_eq!(found.last().map(|it| it.through), Some(end));
        }
    }
}

async fn a_reader_may_go_on_after_any_page(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 40).await;
    for (query, page_events_max) in [(Query::all(), 7), (rare(), 1), (rare(), 3)] {
        let read = LogRead { query: query.clone(), page_events_max, ..LogRead::default() };
        let found = pages(store.read(read.clone())).await;
        let everything = page_numbers(&found);
        let mut seen = 0;
        for page in &found {
            seen += page.events.len();
            let rest = pages(store.read(LogRead { after: page.through, ..read.clone() })).await;
            assert_eq!(page_numbers(&rest), everything[seen..]);
        }
    }
}

async fn a_read_ends_at_the_head_of_its_first_page(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..7).await;
    let mut read = store.read(LogRead { page_events_max: 2, ..LogRead::default() });
    let first = read.next().await.expect("a page").expect("the read succeeds");
    put(&store, "ann", 7..20).await;
    let rest = pages(read).await;
    assert_eq!((numbers(&first.events), page_numbers(&rest)), (vec![1, 2], vec![3, 4, 5, 6]));
    assert_eq!(rest.last().map(|it| it.through), Some(position(6)));
}

async fn a_read_sees_the_log_when_its_first_page_is_asked_for(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    let read = store.read(LogRead::default());
    put(&store, "ann", 3..5).await;
    assert_eq!(page_numbers(&pages(read).await), [1, 2, 3, 4]);
}

async fn a_read_outlives_its_handle(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..10).await;
    let mut read = store.read(LogRead { page_events_max: 3, ..LogRead::default() });
    let first = read.next().await.expect("a page").expect("the read succeeds");
    drop(store);
    assert_eq!(numbers(&first.events), [1, 2, 3]);
    assert_eq!(page_numbers(&pages(read).await), [4, 5, 6, 7, 8, 9]);
}

async fn deleted_and_truncated_streams_stay_in_the_log(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    put(&store, "bob", 4..6).await;
    store.tombstone(&account("ann"), Expected::Exists, record(6)).await.expect("it exists");
    let cut = store.truncate_before(&account("bob"), revision(1), record(7)).await;
    cut.expect("revision 1 exists");
    assert_eq!(log_numbers(&store).await, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(head(&*store).await, 7);
}
