//! Sabotage of reads and queries.

use factum_core::{
    Direction, LogRead as LogReadRequest, Page, Position, Query, QueryItem, Refusal,
};
use futures::{StreamExt, stream};

use super::{Row, before, changed_query, lower};
use crate::sabotage::Sabotage::{
    self, LogPage, LogPages, LogRead, Read, ReadStream, StreamPage, StreamPages, StreamRead,
};

pub(super) fn rows() -> Vec<Row> {
    [log(), queries(), streams()].concat()
}

/// Puts everything on one page.
pub(super) fn one_page(pages: factum_core::PageStream) -> factum_core::PageStream {
    stream::once(async move {
        let pages: Vec<_> = pages.collect().await;
        let mut all = Page { events: Vec::new(), through: Position::START };
        for page in pages {
            let page = page?;
            all.events.extend(page.events);
            all.through = page.through;
        }
        Ok(all)
    })
    .boxed()
}

/// Reads on to the head of the end instead of the head of the first page.
const READS_ON: Sabotage = Read(|store, request| {
    let head = LogReadRequest { through: None, limit: Some(2), ..request.clone() };
    let rest = LogReadRequest { after: request.after.plus(2), ..request };
    store.read(head).chain(stream::once(async move { store.read(rest) }).flatten()).boxed()
});

fn log() -> Vec<Row> {
    vec![
        ("reads::f24_an_empty_log_reads_as_one_empty_page", LogPages(|_| stream::empty().boxed())),
        (
            "reads::f24_a_log_of_one_event_reads_as_one_event",
            LogRead(|it| it.after = it.after.plus(1)),
        ),
        ("reads::f24_sparse_matches_are_all_found", LogPages(|it| it.take(1).boxed())),
        ("reads::events_come_in_position_order", LogPage(|it| it.events.reverse())),
        ("reads::after_is_exclusive", LogRead(|it| it.after = before(it.after))),
        ("reads::through_is_inclusive", LogRead(|it| it.through = it.through.map(before))),
        (
            "reads::through_beyond_the_head_ends_at_the_head",
            LogPage(|it| it.through = it.through.plus(1)),
        ),
        (
            "reads::a_read_that_begins_beyond_its_end_says_where_it_began",
            LogPage(|it| it.through = it.through.min(factum_core::Position::new(3))),
        ),
        ("reads::a_limit_bounds_the_events", LogRead(|it| it.limit = None)),
        (
            "reads::filters_run_before_the_limit",
            LogRead(|it| {
                if let Some(limit) = it.limit.take() {
                    it.through = Some(it.after.plus(limit));
                }
            }),
        ),
        ("reads::pages_are_no_larger_than_asked", LogPages(one_page)),
        ("reads::the_page_size_is_clamped", LogPages(one_page)),
        (
            "reads::a_read_that_matches_nothing_delivers_one_page",
            LogPages(|it| {
                let filled = |page: &Result<Page, _>| {
                    std::future::ready(page.as_ref().is_ok_and(|it| !it.events.is_empty()))
                };
                it.filter(filled).boxed()
            }),
        ),
        (
            "reads::the_last_page_says_how_far_the_read_looked",
            LogPage(|it| it.through = it.events.last().map_or(it.through, |it| it.position)),
        ),
        ("reads::a_reader_may_go_on_after_any_page", LogPage(|it| it.through = it.through.plus(5))),
        ("reads::a_read_ends_at_the_head_of_its_first_page", READS_ON),
        (
            "reads::a_read_sees_the_log_when_its_first_page_is_asked_for",
            Read(|store, request| {
                let through = Some(store.watch().last());
                store.read(LogReadRequest { through, ..request })
            }),
        ),
        ("reads::a_read_outlives_its_handle", Sabotage::ReadsEndWithTheHandle),
        (
            "reads::deleted_and_truncated_streams_stay_in_the_log",
            LogPage(|it| it.events.retain(|it| !it.event_type.is_reserved())),
        ),
    ]
}

pub(super) fn each_item(request: &mut LogReadRequest, change: fn(QueryItem) -> QueryItem) {
    request.query = changed_query(&request.query, change);
}

fn queries() -> Vec<Row> {
    vec![
        (
            "queries::a_query_finds_by_type",
            LogRead(|it| each_item(it, |it| QueryItem { types: vec![], ..it })),
        ),
        (
            "queries::a_query_finds_by_tag",
            LogRead(|it| each_item(it, |it| QueryItem { tags: vec![], ..it })),
        ),
        (
            "queries::all_tags_of_an_item_must_be_there",
            LogRead(|it| {
                each_item(it, |mut it| {
                    it.tags.truncate(1);
                    it
                });
            }),
        ),
        (
            "queries::a_query_finds_by_category",
            LogRead(|it| each_item(it, |it| QueryItem { category: None, ..it })),
        ),
        (
            "queries::a_query_finds_by_correlation",
            LogRead(|it| each_item(it, |it| QueryItem { correlation: None, ..it })),
        ),
        (
            "queries::everything_an_item_names_must_hold",
            LogRead(|it| each_item(it, |it| QueryItem { category: None, tags: vec![], ..it })),
        ),
        (
            "queries::an_event_is_found_once_however_many_items_match",
            Read(|store, request| {
                let parts = request.query.items().to_vec().into_iter().map(move |item| {
                    store.read(LogReadRequest { query: item.into(), ..request.clone() })
                });
                stream::iter(parts.collect::<Vec<_>>()).flatten().boxed()
            }),
        ),
        (
            "queries::unknown_names_match_nothing",
            LogRead(|it| {
                each_item(it, |mut it| {
                    it.types.retain(|it| it.as_str() != "open");
                    it
                });
            }),
        ),
        (
            "queries::an_item_that_names_nothing_matches_everything",
            LogRead(|it| {
                let named = it.query.items().iter().filter(|it| !it.is_all()).cloned();
                let named: Vec<_> = named.collect();
                if !named.is_empty() {
                    it.query = Query::any_of(named);
                }
            }),
        ),
        (
            "queries::every_query_answers_as_matches_does",
            LogRead(|it| each_item(it, |it| QueryItem { correlation: None, ..it })),
        ),
    ]
}

fn streams() -> Vec<Row> {
    vec![
        (
            "stream_reads::a_stream_reads_forward_in_revision_order",
            StreamPage(|it| it.events.reverse()),
        ),
        (
            "stream_reads::a_stream_reads_backward_in_reverse",
            StreamRead(|it| it.direction = Direction::Forward),
        ),
        (
            "stream_reads::a_read_holds_one_streams_events_only",
            ReadStream(|store, _| store.read(LogReadRequest::default())),
        ),
        (
            "stream_reads::from_is_inclusive_forward",
            StreamRead(|it| it.from = it.from.map(factum_core::Revision::next)),
        ),
        ("stream_reads::from_is_inclusive_backward", StreamRead(|it| it.from = it.from.map(lower))),
        (
            "stream_reads::through_ignores_events_above_a_position",
            StreamRead(|it| it.through = None),
        ),
        ("stream_reads::a_limit_bounds_the_events", StreamRead(|it| it.limit = None)),
        ("stream_reads::pages_are_no_larger_than_asked", StreamPages(one_page)),
        ("stream_reads::the_page_size_is_clamped", StreamPages(one_page)),
        (
            "stream_reads::a_stream_without_events_reads_as_empty",
            ReadStream(|_, request| {
                crate::saboteur::failed(&Refusal::StreamUnknown { stream: request.stream })
            }),
        ),
        (
            "stream_reads::a_read_ends_at_the_head_of_its_first_page",
            ReadStream(|store, request| {
                let mut head = request.clone();
                head.limit = Some(2);
                let mut rest = request;
                rest.from = Some(factum_core::Revision::new(2));
                let first = store.read_stream(head);
                first.chain(stream::once(async move { store.read_stream(rest) }).flatten()).boxed()
            }),
        ),
        (
            "stream_reads::events_are_the_same_as_in_the_log",
            StreamPage(|it| it.events.iter_mut().for_each(|it| it.payload.clear())),
        ),
    ]
}
