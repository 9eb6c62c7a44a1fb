//! Which events a query finds.

use factum_core::{
    Category, CorrelationId, EventStoreExt, Expected, LogRead, NewEvent, Position, Query,
    QueryItem, SharedStore, StreamId, Tags,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{all, event, event_type, numbers, tag};
use crate::generators::{Generator, Shape};

conformance_cases!["queries", ALWAYS;
    a_query_finds_by_type,
    a_query_finds_by_tag,
    all_tags_of_an_item_must_be_there,
    a_query_finds_by_category,
    a_query_finds_by_correlation,
    everything_an_item_names_must_hold,
    an_event_is_found_once_however_many_items_match,
    unknown_names_match_nothing,
    an_item_that_names_nothing_matches_everything,
    every_query_answers_as_matches_does,
];

/// Six events that differ in type, tags, category and correlation.
async fn fill(store: &SharedStore) {
    let events = [
        ("account/1", "opened", "owner:ann", "x"),
        ("account/1", "closed", "owner:ann year:y1", "y"),
        ("account/2", "opened", "owner:bob", "x"),
        ("order/1", "opened", "owner:ann year:y1", "y"),
        ("order/1", "paid", "year:y1", "x"),
        ("order-line/1", "paid", "owner:ann:x", "xx"),
    ];
    for (number, (stream, name, tags, correlation)) in (1..).zip(events) {
        let event = NewEvent {
            event_type: event_type(name),
            tags: tags.split(' ').map(tag).collect::<Tags>(),
            correlation: Some(correlation_id(correlation)),
            ..event(number)
        };
        let stream: StreamId = stream.parse().expect("the name is valid");
        let request = factum_core::AppendRequest::default();
        let appended = store.append(request.stream(stream, Expected::Any, [event])).await;
        appended.expect("an append without guards succeeds");
    }
}

fn correlation_id(text: &str) -> CorrelationId {
    CorrelationId::new(text).expect("the text is valid")
}

fn category(name: &str) -> QueryItem {
    QueryItem::default().category(Category::new(name).expect("the name is valid"))
}

fn typed(name: &str) -> QueryItem {
    QueryItem::default().event_type(event_type(name))
}

fn tagged(text: &str) -> QueryItem {
    QueryItem::default().tag(tag(text))
}

async fn found(store: &SharedStore, query: impl Into<Query>) -> Vec<u64> {
    let read = LogRead::after(query, Position::START);
    numbers(&store.collect(read).await.expect("the log can be read"))
}

async fn a_query_finds_by_type(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(found(&store, typed("opened")).await, [1, 3, 4]);
    assert_eq!(found(&store, typed("closed").event_type(event_type("paid"))).await, [2, 5, 6]);
}

async fn a_query_finds_by_tag(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(found(&store, tagged("owner:ann")).await, [1, 2, 4]);
    assert_eq!(found(&store, tagged("owner:ann:x")).await, [6]);
}

async fn all_tags_of_an_item_must_be_there(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(found(&store, tagged("owner:ann").tag(tag("year:y1"))).await, [2, 4]);
    assert_eq!(found(&store, tagged("owner:bob").tag(tag("year:y1"))).await, [0; 0]);
}

async fn a_query_finds_by_category(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(found(&store, category("account")).await, [1, 2, 3]);
    assert_eq!(found(&store, category("order")).await, [4, 5]);
}

async fn a_query_finds_by_correlation(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let by = |text| QueryItem::default().correlation(correlation_id(text));
    assert_eq!(found(&store, by("x")).await, [1, 3, 5]);
    assert_eq!(found(&store, by("y")).await, [2, 4]);
}

async fn everything_an_item_names_must_hold(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let item = category("account").event_type(event_type("opened")).tag(tag("owner:ann"));
    assert_eq!(found(&store, item.clone()).await, [1]);
    assert_eq!(found(&store, item.clone().correlation(correlation_id("x"))).await, [1]);
    assert_eq!(found(&store, item.correlation(correlation_id("y"))).await, [0; 0]);
}

async fn an_event_is_found_once_however_many_items_match(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let items = [typed("opened"), tagged("owner:ann"), category("account"), typed("opened")];
    assert_eq!(found(&store, Query::any_of(items)).await, [1, 2, 3, 4]);
}

async fn unknown_names_match_nothing(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for item in [typed("open"), tagged("owner:an"), category("Account")] {
        assert_eq!(found(&store, item.clone()).await, [0; 0]);
        assert_eq!(found(&store, Query::any_of([item, typed("paid")])).await, [5, 6]);
    }
    let none = QueryItem::default().correlation(correlation_id("z"));
    assert_eq!(found(&store, none).await, [0; 0]);
    assert_eq!(found(&store, typed("paid").tag(tag("owner:nobody"))).await, [0; 0]);
}

async fn an_item_that_names_nothing_matches_everything(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let everything = [1, 2, 3, 4, 5, 6];
    assert_eq!(found(&store, Query::any_of([])).await, everything);
    assert_eq!(found(&store, QueryItem::default()).await, everything);
    assert_eq!(found(&store, Query::any_of([typed("x"), QueryItem::default()])).await, everything);
}

async fn every_query_answers_as_matches_does(rig: &Rig) {
    let store = rig.open().await;
    let mut generator = Generator::new(7, Shape::default());
    for _ in 0..60 {
        let request = generator.append(1..6);
        store.append(request).await.expect("an append without guards succeeds");
    }
    let everything = all(&store).await;
    for _ in 0..200 {
        let query = generator.query();
        let expected = everything.iter().filter(|it| query.matches(it)).cloned();
        let expected = numbers(&expected.collect::<Vec<_>>());
        assert_eq!(found(&store, query.clone()).await, expected, "{query:?}");
    }
}
