//! Guards on queries: the dynamic consistency boundary.

use factum_core::{
    Category, Conflict, CorrelationId, Expected, NewEvent, Position, Query, QueryItem, Tags,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, conflict, event, event_type, log_numbers, one, position, put, put_one, record,
    revision, tag, to,
};

conformance_cases!["query_guards", ALWAYS;
    none_match_of_everything_sees_any_event,
    none_match_judges_by_type,
    none_match_judges_by_tag,
    none_match_needs_all_tags_of_an_item,
    none_match_judges_by_category,
    none_match_judges_by_correlation,
    none_match_judges_every_alternative,
    none_match_looks_strictly_after_its_position,
    none_match_says_what_was_found_first,
    none_match_sees_events_of_deleted_and_truncated_streams,
    none_match_is_judged_before_the_appends_own_events,
    none_match_and_stream_guards_must_both_hold,
];

/// The append of event 100 under the guard that nothing after `after` matches.
async fn unless(
    store: &factum_core::SharedStore,
    query: impl Into<Query>,
    after: u64,
) -> Result<factum_core::Appended, factum_core::AppendError> {
    store.append(one("guarded", event(100)).none_match(query, position(after))).await
}

fn tagged(number: u64, tags: &[&str]) -> NewEvent {
    NewEvent { tags: tags.iter().map(|it| tag(it)).collect::<Tags>(), ..event(number) }
}

async fn none_match_of_everything_sees_any_event(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    conflict(unless(&store, Query::all(), 0).await);
    conflict(unless(&store, QueryItem::default(), 0).await);
    unless(&store, Query::all(), 1).await.expect("nothing came after position 1");
}

async fn none_match_judges_by_type(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let item = |name| QueryItem::default().event_type(event_type(name));
    conflict(unless(&store, item("thing.happened"), 0).await);
    conflict(unless(&store, item("other").event_type(event_type("thing.happened")), 0).await);
    unless(&store, item("other"), 0).await.expect("no event has this type");
    unless(&store, item("thing"), 0).await.expect("a part of a type is no type");
}

async fn none_match_judges_by_tag(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", tagged(1, &["course:c1"])).await;
    let item = |text| QueryItem::default().tag(tag(text));
    conflict(unless(&store, item("course:c1"), 0).await);
    unless(&store, item("course:c2"), 0).await.expect("no event has this tag");
    unless(&store, item("course:c"), 0).await.expect("a part of a tag is no tag");
}

async fn none_match_needs_all_tags_of_an_item(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", tagged(1, &["course:c1", "student:s1"])).await;
    put_one(&store, "ann", tagged(2, &["student:s2"])).await;
    let both = |a, b| QueryItem::default().tag(tag(a)).tag(tag(b));
    conflict(unless(&store, both("course:c1", "student:s1"), 0).await);
    unless(&store, both("course:c1", "student:s2"), 0).await.expect("no event has both tags");
}

async fn none_match_judges_by_category(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let item =
        |name| QueryItem::default().category(Category::new(name).expect("the name is valid"));
    conflict(unless(&store, item("account"), 0).await);
    unless(&store, item("invoice"), 0).await.expect("no event is in this category");
}

async fn none_match_judges_by_correlation(rig: &Rig) {
    let store = rig.open().await;
    let id = |text| CorrelationId::new(text).expect("the text is valid");
    put_one(&store, "ann", NewEvent { correlation: Some(id("order-1")), ..event(1) }).await;
    let item = |text| QueryItem::default().correlation(id(text));
    conflict(unless(&store, item("order-1"), 0).await);
    unless(&store, item("order-2"), 0).await.expect("no event belongs to this correlation");
}

async fn none_match_judges_every_alternative(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", tagged(1, &["course:c1"])).await;
    let absent = || QueryItem::default().event_type(event_type("absent"));
    let present = QueryItem::default().tag(tag("course:c1"));
    conflict(unless(&store, Query::any_of([absent(), present.clone()]), 0).await);
    conflict(unless(&store, Query::any_of([present, absent()]), 0).await);
    unless(&store, Query::any_of([absent(), absent()]), 0).await.expect("neither matches");
}

async fn none_match_looks_strictly_after_its_position(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", tagged(1, &["course:c1"])).await;
    put_one(&store, "ann", tagged(2, &["course:c1"])).await;
    let item = || QueryItem::default().tag(tag("course:c1"));
    conflict(unless(&store, item(), 0).await);
    conflict(unless(&store, item(), 1).await);
    unless(&store, item(), 2).await.expect("the last match is at position 2");
}

async fn none_match_says_what_was_found_first(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    put_one(&store, "ann", tagged(4, &["course:c1"])).await;
    put_one(&store, "ann", tagged(5, &["course:c1"])).await;
    let query = Query::from(QueryItem::default().tag(tag("course:c1")));
    let found = conflict(unless(&store, query.clone(), 1).await);
    assert_eq!(found, Conflict::Query { query, after: position(1), found: position(4) });
}

async fn none_match_sees_events_of_deleted_and_truncated_streams(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", tagged(1, &["course:c1"])).await;
    put_one(&store, "bob", tagged(2, &["course:c2"])).await;
    put(&store, "bob", 3..4).await;
    store.tombstone(&account("ann"), Expected::Exists, record(8)).await.expect("it exists");
    let cut = store.truncate_before(&account("bob"), revision(1), record(9)).await;
    cut.expect("revision 1 exists");
    for text in ["course:c1", "course:c2"] {
        conflict(unless(&store, QueryItem::default().tag(tag(text)), 0).await);
    }
}

async fn none_match_is_judged_before_the_appends_own_events(rig: &Rig) {
    let store = rig.open().await;
    let request = to("ann", Expected::Any, 1..4).none_match(Query::all(), Position::START);
    store.append(request).await.expect("the log was empty before the append");
    assert_eq!(log_numbers(&store).await, [1, 2, 3]);
}

async fn none_match_and_stream_guards_must_both_hold(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", tagged(1, &["course:c1"])).await;
    let query = |text| QueryItem::default().tag(tag(text));
    let request =
        |expected, text| to("ann", expected, 2..3).none_match(query(text), Position::START);
    conflict(store.append(request(Expected::Exists, "course:c1")).await);
    conflict(store.append(request(Expected::NoStream, "course:c2")).await);
    store.append(request(Expected::Exists, "course:c2")).await.expect("both guards hold");
    assert_eq!(log_numbers(&store).await, [1, 2]);
}
