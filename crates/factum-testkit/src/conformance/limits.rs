//! F25: every limit, at its edge: the largest is stored, one more is refused by name.

use factum_core::limits::{
    APPEND_BYTES_MAX, CLAIMS_PER_EVENT_MAX, EVENT_BYTES_MAX, EVENTS_PER_APPEND_MAX,
    GUARDS_PER_APPEND_MAX, OUTCOME_BYTES_MAX, QUERY_ITEMS_MAX, QUERY_TERMS_MAX, TAGS_PER_EVENT_MAX,
};
use factum_core::{
    AppendRequest, ClaimChange, Command, EventStoreExt, EventType, Expected, LogRead, NewEvent,
    Position, Query, QueryItem, Refusal, SharedStore, StoreErrorKind, Tags,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, all, command, email, event, event_type, failure, guard, head, one, put, put_one,
    refusal, tag, to,
};

conformance_cases!["limits", ALWAYS;
    f25_an_append_without_events_guards_or_command_is_refused,
    f25_a_reserved_event_type_is_refused,
    f25_events_per_append,
    f25_bytes_per_event,
    f25_bytes_per_append,
    f25_tags_per_event,
    f25_claims_per_event,
    f25_guards_per_append,
    f25_bytes_per_outcome,
    f25_items_per_query,
    f25_terms_per_query_item,
    f25_a_query_guard_obeys_the_limits_of_queries,
    f25_the_longest_names_are_stored,
];

/// The refusal of a request, which must have stored nothing.
async fn refused(store: &SharedStore, request: AppendRequest) -> Refusal {
    let before = head(&**store).await;
    let refusal = refusal(store.append(request).await);
    assert_eq!(head(&**store).await, before);
    refusal
}

fn sized(number: u64, bytes: usize) -> NewEvent {
    NewEvent { payload: vec![b'x'; bytes].into(), ..event(number) }
}

async fn f25_an_append_without_events_guards_or_command_is_refused(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    assert_eq!(refused(&store, AppendRequest::default()).await, Refusal::EmptyAppend);
    let anything = AppendRequest::default().stream(account("ann"), Expected::Any, []);
    assert_eq!(refused(&store, anything).await, Refusal::EmptyAppend);
    let guarded = AppendRequest::default().stream(account("ann"), Expected::Exists, []);
    store.append(guarded).await.expect("guards alone are enough");
}

async fn f25_a_reserved_event_type_is_refused(rig: &Rig) {
    let store = rig.open().await;
    for name in [EventType::STREAM_TOMBSTONED, EventType::STREAM_TRUNCATED, "factum.x"] {
        let event_type = event_type(name);
        let reserved = NewEvent { event_type: event_type.clone(), ..event(1) };
        let found = refused(&store, one("ann", reserved)).await;
        assert_eq!(found, Refusal::ReservedType { event_type });
    }
    let like = NewEvent { event_type: event_type("factumx"), ..event(1) };
    put_one(&store, "ann", like).await;
}

async fn f25_events_per_append(rig: &Rig) {
    let store = rig.open().await;
    let most = EVENTS_PER_APPEND_MAX as u64;
    let found = refused(&store, to("ann", Expected::Any, 0..most + 1)).await;
    assert_eq!(found, Refusal::TooManyEvents { found: EVENTS_PER_APPEND_MAX + 1 });
    assert_eq!(put(&store, "ann", 0..most).await.last.get(), most);
}

async fn f25_bytes_per_event(rig: &Rig) {
    let store = rig.open().await;
    let found = refused(&store, one("ann", sized(1, EVENT_BYTES_MAX + 1))).await;
    let (stream, found_bytes) = (account("ann"), EVENT_BYTES_MAX + 1);
    assert_eq!(found, Refusal::EventTooLarge { stream, index: 0, found: found_bytes });
    let tagged = NewEvent { tags: Tags::from_iter([tag("a:b")]), ..sized(1, EVENT_BYTES_MAX - 2) };
    assert!(matches!(
        refused(&store, one("ann", tagged)).await,
        Refusal::EventTooLarge { found, .. } if found == EVENT_BYTES_MAX + 1
    ));
    put_one(&store, "ann", sized(1, EVENT_BYTES_MAX)).await;
    assert!(all(&store).await[0].payload == vec![b'x'; EVENT_BYTES_MAX]);
}

async fn f25_bytes_per_append(rig: &Rig) {
    let store = rig.open().await;
    let largest = || (0..APPEND_BYTES_MAX / EVENT_BYTES_MAX).map(|_| sized(1, EVENT_BYTES_MAX));
    let request = || AppendRequest::default().stream(account("ann"), Expected::Any, largest());
    let more = request().stream(account("bob"), Expected::Any, [sized(9, 1)]);
    let found = refused(&store, more).await;
    assert_eq!(found, Refusal::AppendTooLarge { found: APPEND_BYTES_MAX + 1 });
    store.append(request()).await.expect("the largest append is stored");
}

async fn f25_tags_per_event(rig: &Rig) {
    let store = rig.open().await;
    let tagged = |count: usize| {
        let tags = (0..count).map(|it| tag(&format!("tag{it}:{it}"))).collect::<Tags>();
        NewEvent { tags, ..event(1) }
    };
    let found = refused(&store, one("ann", tagged(TAGS_PER_EVENT_MAX + 1))).await;
    let (stream, too_many) = (account("ann"), TAGS_PER_EVENT_MAX + 1);
    assert_eq!(found, Refusal::TooManyTags { stream, index: 0, found: too_many });
    put_one(&store, "ann", tagged(TAGS_PER_EVENT_MAX)).await;
    assert_eq!(all(&store).await[0].tags, tagged(TAGS_PER_EVENT_MAX).tags);
}

async fn f25_claims_per_event(rig: &Rig) {
    let store = rig.open().await;
    let claiming = |count: usize| {
        let claims = (0..count).map(|it| ClaimChange::Take(email(&format!("a{it}@x"))));
        NewEvent { claims: claims.collect(), ..event(1) }
    };
    let found = refused(&store, one("ann", claiming(CLAIMS_PER_EVENT_MAX + 1))).await;
    let (stream, too_many) = (account("ann"), CLAIMS_PER_EVENT_MAX + 1);
    assert_eq!(found, Refusal::TooManyClaims { stream, index: 0, found: too_many });
    put_one(&store, "ann", claiming(CLAIMS_PER_EVENT_MAX)).await;
    assert_eq!(all(&store).await[0].claims, claiming(CLAIMS_PER_EVENT_MAX).claims);
}

async fn f25_guards_per_append(rig: &Rig) {
    let store = rig.open().await;
    let guarded = |count: usize| {
        let guards = (0..count).map(|it| guard(&format!("s{it}"), Expected::NoStream));
        AppendRequest { guards: guards.collect(), ..to("ann", Expected::Any, 1..2) }
    };
    let found = refused(&store, guarded(GUARDS_PER_APPEND_MAX + 1)).await;
    assert_eq!(found, Refusal::TooManyGuards { found: GUARDS_PER_APPEND_MAX + 1 });
    store.append(guarded(GUARDS_PER_APPEND_MAX)).await.expect("the most guards are judged");
}

async fn f25_bytes_per_outcome(rig: &Rig) {
    let store = rig.open().await;
    let with = |bytes: usize| Command { outcome: vec![7; bytes].into(), ..command("c1", "ann") };
    let request = |bytes| AppendRequest::default().command(with(bytes));
    let found = refused(&store, request(OUTCOME_BYTES_MAX + 1)).await;
    assert_eq!(found, Refusal::OutcomeTooLarge { found: OUTCOME_BYTES_MAX + 1 });
    store.append(request(OUTCOME_BYTES_MAX)).await.expect("the largest outcome is stored");
    let again = store.append(request(0)).await.expect("the command is repeated");
    assert!(again.outcome == Some(with(OUTCOME_BYTES_MAX).outcome));
}

/// A query of `items` items with `terms` tags each, of which only the last item matches `x:1`.
fn query(items: usize, terms: usize) -> Query {
    let absent = || QueryItem::default().tag(tag("absent:1"));
    let wide = |mut item: QueryItem| {
        while item.tags.len() < terms {
            item.tags.push(tag("x:1"));
        }
        item
    };
    let mut all: Vec<_> = (1..items).map(|_| wide(absent())).collect();
    all.push(wide(QueryItem::default()));
    Query::any_of(all)
}

async fn read(store: &SharedStore, query: Query) -> Result<usize, factum_core::StoreError> {
    store.collect(LogRead::after(query, Position::START)).await.map(|found| found.len())
}

async fn f25_items_per_query(rig: &Rig) {
    let store = rig.open().await;
    let tagged = NewEvent { tags: Tags::from_iter([tag("x:1")]), ..event(1) };
    put_one(&store, "ann", tagged).await;
    let found = read(&store, query(QUERY_ITEMS_MAX + 1, 1)).await;
    assert_eq!(failure(found), StoreErrorKind::LimitExceeded);
    assert_eq!(read(&store, query(QUERY_ITEMS_MAX, 1)).await.expect("the most items"), 1);
}

async fn f25_terms_per_query_item(rig: &Rig) {
    let store = rig.open().await;
    let tagged = NewEvent { tags: Tags::from_iter([tag("x:1")]), ..event(1) };
    put_one(&store, "ann", tagged).await;
    let found = read(&store, query(1, QUERY_TERMS_MAX + 1)).await;
    assert_eq!(failure(found), StoreErrorKind::LimitExceeded);
    assert_eq!(read(&store, query(1, QUERY_TERMS_MAX)).await.expect("the most tags"), 1);
    let types = (0..QUERY_TERMS_MAX).map(|it| event_type(&format!("t{it}"))).collect();
    let item = QueryItem { types, ..QueryItem::default() };
    let more = item.clone().event_type(event_type("thing.happened"));
    assert_eq!(failure(read(&store, more.into()).await), StoreErrorKind::LimitExceeded);
    assert_eq!(read(&store, item.into()).await.expect("the most types"), 0);
}

async fn f25_a_query_guard_obeys_the_limits_of_queries(rig: &Rig) {
    let store = rig.open().await;
    let guarded = |query| to("ann", Expected::Any, 1..2).none_match(query, Position::START);
    let found = refused(&store, guarded(query(QUERY_ITEMS_MAX + 1, 2))).await;
    assert_eq!(found, Refusal::QueryTooLarge { items: QUERY_ITEMS_MAX + 1, terms: 2 });
    let most = guarded(query(QUERY_ITEMS_MAX, QUERY_TERMS_MAX));
    store.append(most).await.expect("the largest query is judged");
}

async fn f25_the_longest_names_are_stored(rig: &Rig) {
    use factum_core::limits::{EVENT_TYPE_BYTES_MAX, STREAM_ID_BYTES_MAX, TAG_VALUE_BYTES_MAX};
    let store = rig.open().await;
    let id = "i".repeat(STREAM_ID_BYTES_MAX);
    let longest = NewEvent {
        event_type: event_type(&"t".repeat(EVENT_TYPE_BYTES_MAX)),
        tags: Tags::from_iter([tag(&format!("v:{}", "v".repeat(TAG_VALUE_BYTES_MAX)))]),
        ..event(1)
    };
    put_one(&store, &id, longest.clone()).await;
    let found = all(&store).await.remove(0);
    assert_eq!((found.stream, found.event_type), (account(&id), longest.event_type));
    assert_eq!(found.tags, longest.tags);
}
