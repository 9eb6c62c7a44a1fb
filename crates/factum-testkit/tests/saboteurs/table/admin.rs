//! Sabotage of listings, deletions, truncations, tenants and limits.

use factum_core::limits::{
    CLAIMS_PER_EVENT_MAX, EVENT_BYTES_MAX, EVENTS_PER_APPEND_MAX, GUARDS_PER_APPEND_MAX,
    OUTCOME_BYTES_MAX, PAGE_MAX, QUERY_ITEMS_MAX, QUERY_TERMS_MAX, TAGS_PER_EVENT_MAX,
};
use factum_core::{
    AppendError, AppendRequest, Direction, Expected, Guard, PageStream, Position, Query, QueryItem,
    Refusal, Revision, SharedStore, StreamRead, TenantId,
};
use futures::{StreamExt, stream};

use super::{Row, changed_query, each_event};
use crate::sabotage::Sabotage::{
    self, Act, Admin, Answer, Categories, Info, ListCategories, ListStreams, LogPage, LogRead,
    ReadStream, Request, Streams, Tenant, Tombstone, Truncate,
};

pub(super) fn rows() -> Vec<Row> {
    [listings(), deletions(), truncations(), tenants(), limits()].concat()
}

fn listings() -> Vec<Row> {
    vec![
        (
            "listings::a_stream_is_described",
            Info(|it| it.iter_mut().for_each(|it| it.last_position = Position::START)),
        ),
        (
            "listings::a_stream_that_never_had_an_event_is_unknown",
            Info(|it| {
                it.get_or_insert_with(|| factum_core::StreamInfo {
                    tenant: TenantId::default(),
                    stream: "account/ann".parse().unwrap(),
                    first: Revision::FIRST,
                    last: Revision::FIRST,
                    last_position: Position::START,
                    tombstoned: false,
                });
            }),
        ),
        ("listings::streams_are_listed_in_byte_order", Streams(|it| it.reverse())),
        (
            "listings::streams_are_listed_in_pages",
            Streams(|it| {
                if it.len() > 1 {
                    it.pop();
                }
            }),
        ),
        ("listings::streams_are_listed_by_category", ListStreams(|it| it.category = None)),
        ("listings::deleted_streams_are_listed", Streams(|it| it.retain(|it| !it.tombstoned))),
        (
            "listings::categories_are_listed_with_their_streams_counted",
            Categories(|it| it.iter_mut().for_each(|it| it.streams = 1)),
        ),
        ("listings::categories_are_listed_in_pages", Categories(|it| it.truncate(1))),
        (
            "listings::a_listing_limit_out_of_range_is_refused",
            ListCategories(|it| it.limit = it.limit.clamp(1, PAGE_MAX)),
        ),
    ]
}

/// Answers as if the act had been done.
pub(super) const NOTHING_DONE: Sabotage = Act(|store, stream, _, _| {
    Box::pin(async move {
        let last = store.head().await?;
        let streams = vec![(stream, Revision::FIRST)];
        Ok(factum_core::Appended { first: None, last, streams, outcome: None, repeated: false })
    })
});

/// Stores an event when an act is refused.
const TRACE_OF_REFUSALS: Sabotage = Act(|store, stream, record, deletes| {
    Box::pin(async move {
        let answer = if deletes {
            store.tombstone(&stream, Expected::NoStream, record.clone()).await
        } else {
            store.truncate_before(&stream, Revision::new(99), record.clone()).await
        };
        let event = factum_core::NewEvent::new(
            record.id,
            "trace".parse().unwrap(),
            factum_core::Codec::Json,
            "{}",
        );
        store.append(AppendRequest::default().stream(stream, Expected::Any, [event])).await?;
        answer
    })
});

/// Acts on every stream.
const EVERYTHING_AT_ONCE: Sabotage = Act(|store, _, record, deletes| {
    Box::pin(async move {
        let mut last = Err(Refusal::EmptyAppend.into());
        for info in store.streams(factum_core::StreamList::default()).await? {
            last = if deletes {
                store.tombstone(&info.stream, Expected::Any, record.clone()).await
            } else {
                store.truncate_before(&info.stream, Revision::new(2), record.clone()).await
            };
        }
        last
    })
});

fn forgive(answer: crate::sabotage::Answer) -> crate::sabotage::Answer {
    answer.or_else(|error| match error {
        AppendError::Refused(_) => Ok(factum_core::Appended {
            first: None,
            last: Position::START,
            streams: Vec::new(),
            outcome: None,
            repeated: false,
        }),
        other => Err(other),
    })
}

fn deletions() -> Vec<Row> {
    vec![
        ("deletion::a_deleted_stream_refuses_appends", NOTHING_DONE),
        ("deletion::a_deleted_stream_reads_as_deleted", NOTHING_DONE),
        (
            "deletion::a_deletion_is_recorded_as_the_streams_last_event",
            LogPage(|it| it.events.retain(|it| !it.event_type.is_reserved())),
        ),
        (
            "deletion::a_deletion_says_who_did_it_when_and_why",
            Tombstone(|_, record| record.reason.clear()),
        ),
        (
            "deletion::a_deletion_is_judged_by_what_it_expects",
            Tombstone(|expected, _| *expected = Expected::Any),
        ),
        ("deletion::an_unknown_stream_cannot_be_deleted", Admin(forgive)),
        ("deletion::a_stream_cannot_be_deleted_twice", Admin(forgive)),
        ("deletion::a_refused_deletion_stores_nothing", TRACE_OF_REFUSALS),
        ("deletion::a_deletion_touches_no_other_stream", EVERYTHING_AT_ONCE),
    ]
}

/// Begins a read of its own for each page.
fn page_by_page(store: SharedStore, request: StreamRead) -> PageStream {
    let next = |(store, request): (SharedStore, Option<StreamRead>)| async move {
        let mut request = request?;
        let page = match store.read_stream(request.clone()).next().await? {
            Ok(page) => page,
            Err(error) => return Some((Err(error), (store, None))),
        };
        let last = page.events.last()?.revision;
        request.from = match request.direction {
            Direction::Forward => Some(Revision::new(last.get() + 1)),
            Direction::Backward => last.get().checked_sub(1).map(Revision::new),
        };
        let rest = request.from.is_some().then_some(request);
        Some((Ok(page), (store, rest)))
    };
    stream::unfold((store, Some(request)), next).boxed()
}

fn truncations() -> Vec<Row> {
    vec![
        ("truncation::earlier_revisions_are_left_out_of_reads", NOTHING_DONE),
        (
            "truncation::a_truncation_between_two_pages_of_a_read_leaves_no_gap",
            ReadStream(page_by_page),
        ),
        (
            "truncation::a_truncated_stream_is_described_by_what_is_left",
            Info(|it| it.iter_mut().for_each(|it| it.first = Revision::FIRST)),
        ),
        (
            "truncation::a_truncation_is_recorded_as_an_event_of_the_stream",
            LogPage(|it| it.events.retain(|it| !it.event_type.is_reserved())),
        ),
        (
            "truncation::a_truncation_says_who_did_it_when_and_why",
            Truncate(|record| record.principal = None),
        ),
        ("truncation::a_truncation_out_of_range_is_refused", Admin(forgive)),
        ("truncation::an_unknown_or_deleted_stream_cannot_be_truncated", Admin(forgive)),
        ("truncation::a_refused_truncation_stores_nothing", TRACE_OF_REFUSALS),
        (
            "truncation::revisions_go_on_after_a_truncation",
            Answer(|it| {
                it.map(|mut it| {
                    it.streams.iter_mut().for_each(|it| it.1 = Revision::FIRST);
                    it
                })
            }),
        ),
        ("truncation::a_truncation_touches_no_other_stream", EVERYTHING_AT_ONCE),
    ]
}

/// Every tenant is the same one.
pub(super) const ONE_FOR_ALL: Sabotage = Tenant(|_| TenantId::default());

fn tenants() -> Vec<Row> {
    vec![
        ("tenants::a_handle_says_whose_data_it_sees", ONE_FOR_ALL),
        ("tenants::streams_are_per_tenant", ONE_FOR_ALL),
        ("tenants::reads_see_one_tenant", Sabotage::NoWallForReads),
        ("tenants::queries_and_their_guards_see_one_tenant", ONE_FOR_ALL),
        ("tenants::claims_are_per_tenant", ONE_FOR_ALL),
        ("tenants::command_ids_are_per_tenant", ONE_FOR_ALL),
        ("tenants::deletion_and_truncation_are_per_tenant", ONE_FOR_ALL),
        (
            "tenants::positions_and_the_head_are_of_the_whole_log",
            Sabotage::Head(|head| Position::new(head.get().saturating_sub(1))),
        ),
        ("tenants::listings_and_counts_see_one_tenant", ONE_FOR_ALL),
        ("tenants::a_handle_of_all_tenants_reads_everything", Sabotage::AllActsAs("a")),
        (
            "tenants::a_handle_of_all_tenants_lists_everything_by_tenant",
            // Continues within the tenant that comes first, whichever the page before ended with.
            ListStreams(|it| it.after.iter_mut().for_each(|it| it.0 = "a".parse().unwrap())),
        ),
        ("tenants::a_handle_of_all_tenants_writes_nothing", Sabotage::AllActsAs("a")),
        ("tenants::what_names_a_stream_needs_a_handle_of_one_tenant", Sabotage::AllActsAs("a")),
        ("tenants::a_handle_of_one_tenant_reaches_no_other", Sabotage::NoWallForHandles),
    ]
}

/// Cuts a query down to its limits instead of refusing it.
fn within(query: &Query) -> Query {
    let cut = |mut item: QueryItem| {
        item.tags.truncate(QUERY_TERMS_MAX);
        item.types.truncate(QUERY_TERMS_MAX);
        item
    };
    let query = changed_query(query, cut);
    Query::any_of(query.items().iter().take(QUERY_ITEMS_MAX).cloned())
}

fn limits() -> Vec<Row> {
    vec![
        ("limits::f25_an_append_without_events_guards_or_command_is_refused", Answer(forgive)),
        (
            "limits::f25_a_reserved_event_type_is_refused",
            Request(|it| {
                each_event(it, |it| {
                    if it.event_type.is_reserved() {
                        it.event_type = "renamed".parse().unwrap();
                    }
                });
            }),
        ),
        ("limits::f25_events_per_append", Request(|it| it.events.truncate(EVENTS_PER_APPEND_MAX))),
        (
            "limits::f25_bytes_per_event",
            Request(|it| each_event(it, |it| it.payload.truncate(EVENT_BYTES_MAX - 8))),
        ),
        ("limits::f25_bytes_per_append", Request(|it| it.events.truncate(4))),
        (
            "limits::f25_tags_per_event",
            Request(|it| {
                each_event(it, |it| {
                    it.tags = it.tags.iter().take(TAGS_PER_EVENT_MAX).cloned().collect();
                });
            }),
        ),
        (
            "limits::f25_claims_per_event",
            Request(|it| each_event(it, |it| it.claims.truncate(CLAIMS_PER_EVENT_MAX))),
        ),
        ("limits::f25_guards_per_append", Request(|it| it.guards.truncate(GUARDS_PER_APPEND_MAX))),
        (
            "limits::f25_bytes_per_outcome",
            Request(|it| {
                it.command.iter_mut().for_each(|it| it.outcome.truncate(OUTCOME_BYTES_MAX));
            }),
        ),
        ("limits::f25_items_per_query", LogRead(|it| it.query = within(&it.query))),
        ("limits::f25_terms_per_query_item", LogRead(|it| it.query = within(&it.query))),
        (
            "limits::f25_a_query_guard_obeys_the_limits_of_queries",
            Request(|it| {
                for guard in &mut it.guards {
                    if let Guard::NoneMatch { query, .. } = guard {
                        *query = within(query);
                    }
                }
            }),
        ),
        (
            "limits::f25_the_longest_names_are_stored",
            Request(|it| each_event(it, |it| it.tags = factum_core::Tags::default())),
        ),
    ]
}
