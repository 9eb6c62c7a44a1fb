//! Queries by stream, and by how the names of streams begin.

use factum_core::{
    AppendRequest, Category, Direction, EventStoreExt, Expected, LogRead, NewEvent, Position,
    Query, QueryItem, SharedStore, StreamId, StreamPrefix, Tags,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, conflict, event, event_type, numbers, one, position, put, record, revision, tag,
    tenant,
};

conformance_cases!["stream_queries", ALWAYS;
    a_query_finds_by_stream,
    a_query_finds_by_the_beginning_of_names,
    names_are_compared_byte_by_byte,
    a_limit_counts_what_the_streams_hold,
    streams_and_everything_else_an_item_names_must_hold,
    a_long_stream_is_found_from_anywhere_on,
    many_streams_may_begin_alike,
    deleted_and_truncated_streams_are_found,
    streams_of_other_tenants_do_not_match,
    none_match_judges_by_stream,
    none_match_judges_by_the_beginning_of_names,
];

fn stream(name: &str) -> QueryItem {
    QueryItem::stream(name.parse().expect("the name is valid"))
}

fn starting(prefix: &str) -> QueryItem {
    QueryItem::stream_prefix(StreamPrefix::new(prefix).expect("the prefix is valid"))
}

async fn append(store: &SharedStore, name: &str, event: NewEvent) {
    let stream: StreamId = name.parse().expect("the name is valid");
    let request = AppendRequest::default().stream(stream, Expected::Any, [event]);
    store.append(request).await.expect("an append without guards succeeds");
}

/// One event for each name, numbered from 1.
async fn fill(store: &SharedStore, names: &[&str]) {
    for (number, name) in (1..).zip(names) {
        append(store, name, event(number)).await;
    }
}

/// What is found, which must be the same either way.
async fn found(store: &SharedStore, query: impl Into<Query>) -> Vec<u64> {
    let read = LogRead { page_events_max: 3, ..LogRead::after(query, Position::START) };
    let forward = store.collect(read.clone()).await.expect("the log can be read");
    let read = LogRead { direction: Direction::Backward, ..read };
    let mut backward = store.collect(read).await.expect("the log can be read");
    backward.reverse();
    assert_eq!(forward, backward);
    numbers(&forward)
}

async fn a_query_finds_by_stream(rig: &Rig) {
    let store = rig.open().await;
    let names = ["account/1", "account/2", "account/1", "order/1", "account/1/a", "account/11"];
    fill(&store, &names).await;
    assert_eq!(found(&store, stream("account/1")).await, [1, 3]);
    assert_eq!(found(&store, stream("order/1")).await, [4]);
    assert_eq!(found(&store, stream("account/3")).await, [0; 0]);
    assert_eq!(found(&store, stream("Account/1")).await, [0; 0]);
    let both = Query::any_of([stream("account/11"), stream("account/1"), stream("account/1")]);
    assert_eq!(found(&store, both).await, [1, 3, 6]);
}

async fn a_query_finds_by_the_beginning_of_names(rig: &Rig) {
    let store = rig.open().await;
    let names =
        ["order/2026-01", "order/2026-02", "order/2025-12", "orders/2026-01", "account/2026"];
    fill(&store, &names).await;
    assert_eq!(found(&store, starting("order/2026-")).await, [1, 2]);
    assert_eq!(found(&store, starting("order/")).await, [1, 2, 3]);
    assert_eq!(found(&store, starting("order")).await, [1, 2, 3, 4], "no slash, no end");
    assert_eq!(found(&store, starting("order/2026-01")).await, [1], "a whole name begins itself");
    assert_eq!(found(&store, starting("order/2026-011")).await, [0; 0]);
    assert_eq!(found(&store, starting("a")).await, [5]);
    let both =
        Query::any_of([starting("order/2026"), starting("order/2026-0"), stream("account/2026")]);
    assert_eq!(found(&store, both).await, [1, 2, 5]);
}

async fn names_are_compared_byte_by_byte(rig: &Rig) {
    let store = rig.open().await;
    let names = [
        "x/a%b",
        "x/aab",
        "x/a_b",
        "x/A%b",
        "x/äb",
        "x/a\u{308}b",
        "x/a b",
        "x/ab",
        "x/a\u{10ffff}b",
        "x/a\u{10ffff}",
        "x/a\\b",
        "x/é",
        "x/ê",
        "x/a*",
    ];
    fill(&store, &names).await;
    for (prefix, expected) in [
        ("x/a%", &[1][..]),
        ("x/a_", &[3]),
        ("x/A", &[4]),
        ("x/ä", &[5]),
        ("x/a\u{308}", &[6]),
        ("x/a ", &[7]),
        ("x/a\u{10ffff}", &[9, 10]),
        ("x/a\\", &[11]),
        ("x/é", &[12]),
        ("x/a*", &[14]),
        ("x/%", &[]),
        ("x/a", &[1, 2, 3, 6, 7, 8, 9, 10, 11, 14]),
    ] {
        assert_eq!(found(&store, starting(prefix)).await, expected, "{prefix:?}");
    }
}

async fn a_limit_counts_what_the_streams_hold(rig: &Rig) {
    let store = rig.open().await;
    for number in 1..40 {
        append(&store, &format!("account/{}", number % 4), event(number)).await;
    }
    for query in [stream("account/2"), starting("account/2")] {
        let read = LogRead { limit: Some(2), ..LogRead::after(query.clone(), position(7)) };
        let found = store.collect(read).await.expect("the log can be read");
        assert_eq!(numbers(&found), [10, 14]);
        let read = LogRead { limit: Some(2), page_events_max: 1, ..LogRead::backward(query) };
        let found = store.collect(read).await.expect("the log can be read");
        assert_eq!(numbers(&found), [38, 34]);
    }
}

async fn streams_and_everything_else_an_item_names_must_hold(rig: &Rig) {
    let store = rig.open().await;
    for (number, (name, kind, tags)) in (1..).zip([
        ("account/1", "opened", "owner:ann"),
        ("account/1", "closed", "owner:ann"),
        ("account/2", "opened", "owner:ann"),
        ("account/1", "opened", "owner:bob"),
        ("order/1", "opened", "owner:ann"),
    ]) {
        let tags = Tags::from_iter([tag(tags)]);
        append(&store, name, NewEvent { event_type: event_type(kind), tags, ..event(number) })
            .await;
    }
    let category = |name| Category::new(name).expect("the name is valid");
    for streams in [stream("account/1"), starting("account/1")] {
        let opened = streams.clone().event_type(event_type("opened"));
        assert_eq!(found(&store, opened.clone()).await, [1, 4]);
        assert_eq!(found(&store, opened.tag(tag("owner:ann"))).await, [1]);
        assert_eq!(found(&store, streams.clone().tag(tag("owner:ann"))).await, [1, 2]);
        assert_eq!(found(&store, streams.clone().category(category("account"))).await, [1, 2, 4]);
        assert_eq!(found(&store, streams.category(category("order"))).await, [0; 0]);
    }
}

async fn a_long_stream_is_found_from_anywhere_on(rig: &Rig) {
    let store = rig.open().await;
    for number in (0..1_200).step_by(3) {
        let request = AppendRequest::default()
            .stream(account("long"), Expected::Any, [event(number), event(number + 1)])
            .stream(account("other"), Expected::Any, [event(number + 2)]);
        store.append(request).await.expect("an append without guards succeeds");
    }
    // The event at position p has the number p - 1.
    let of_long = |number: &u64| number % 3 != 2;
    for (after, through) in
        [(0, 1_200), (1, 3), (599, 601), (600, 602), (1_199, 1_200), (900, 1_100)]
    {
        let through_position = Some(position(through));
        let read = LogRead::after(stream("account/long"), position(after));
        let read = LogRead { through: through_position, page_events_max: 100, ..read };
        let expected: Vec<_> = (after..through).filter(of_long).collect();
        let forward = store.collect(read.clone()).await.expect("the log can be read");
        assert_eq!(numbers(&forward), expected, "after {after} through {through}");
        let read = LogRead { direction: Direction::Backward, ..read };
        let mut backward = store.collect(read).await.expect("the log can be read");
        backward.reverse();
        assert_eq!(numbers(&backward), expected, "backward, after {after} through {through}");
    }
}

async fn many_streams_may_begin_alike(rig: &Rig) {
    let store = rig.open().await;
    for number in 1..=200 {
        let name = format!("{}/{number}", if number % 4 == 0 { "other" } else { "many" });
        append(&store, &name, NewEvent { tags: Tags::from_iter([tag("a:b")]), ..event(number) })
            .await;
    }
    let of_many: Vec<u64> = (1..=200).filter(|it| it % 4 != 0).collect();
    let tagged = |item: QueryItem| item.tag(tag("a:b"));
    for query in [starting("many/"), starting("ma"), tagged(starting("many/"))] {
        assert_eq!(found(&store, query.clone()).await, of_many);
        let read = LogRead { limit: Some(2), ..LogRead::backward(query) };
        let newest = store.collect(read).await.expect("the log can be read");
        assert_eq!(numbers(&newest), [199, 198]);
    }
    let hundreds: Vec<u64> = (1..=200).filter(|it| it % 4 != 0 && *it >= 100).collect();
    let query = Query::any_of([starting("many/1"), starting("many/2")]);
    let found = found(&store, query).await;
    assert_eq!(found.iter().filter(|it| **it >= 100).copied().collect::<Vec<_>>(), hundreds);
}

async fn deleted_and_truncated_streams_are_found(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    put(&store, "bob", 4..6).await;
    store.tombstone(&account("ann"), Expected::Exists, record(6)).await.expect("it exists");
    let cut = store.truncate_before(&account("bob"), revision(1), record(7)).await;
    cut.expect("revision 1 exists");
    assert_eq!(found(&store, stream("account/ann")).await, [1, 2, 3, 6]);
    assert_eq!(found(&store, starting("account/b")).await, [4, 5, 7]);
}

async fn streams_of_other_tenants_do_not_match(rig: &Rig) {
    let everybody = rig.open_all().await;
    let [a, b] = ["a", "b"].map(|it| everybody.for_tenant(&tenant(it)).expect("narrowed"));
    put(&a, "ann", 1..3).await;
    put(&b, "ann", 3..5).await;
    for query in [stream("account/ann"), starting("account/")] {
        assert_eq!(found(&a, query.clone()).await, [1, 2]);
        assert_eq!(found(&b, query.clone()).await, [3, 4]);
        assert_eq!(found(&everybody, query).await, [1, 2, 3, 4]);
    }
}

/// The append of event 100 under the guard that nothing after `after` matches.
async fn unless(
    store: &SharedStore,
    query: QueryItem,
    after: u64,
) -> Result<factum_core::Appended, factum_core::AppendError> {
    store.append(one("guarded", event(100)).none_match(query, position(after))).await
}

async fn none_match_judges_by_stream(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..30).await;
    put(&store, "bob", 30..31).await;
    for after in [0, 15, 28] {
        conflict(unless(&store, stream("account/ann"), after).await);
    }
    unless(&store, stream("account/ann"), 29).await.expect("the last event of ann is at 29");
    unless(&store, stream("account/an"), 0).await.expect("a part of a name is no name");
}

async fn none_match_judges_by_the_beginning_of_names(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, &["order/2026-01", "order/2025-12", "order/2026-02"]).await;
    conflict(unless(&store, starting("order/2026"), 2).await);
    conflict(unless(&store, starting("ord"), 2).await);
    unless(&store, starting("order/2025"), 2).await.expect("the last one is at position 2");
    unless(&store, starting("order/2024"), 0).await.expect("no name begins so");
}
