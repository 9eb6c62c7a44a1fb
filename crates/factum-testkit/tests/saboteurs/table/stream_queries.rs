//! Sabotage of queries by stream, and of reads that begin with the newest event.

use factum_core::{
    Direction, EventStoreExt, LogRead as LogReadRequest, Page, QueryItem, StreamFilter,
    StreamPrefix,
};
use futures::{StreamExt, stream};

use super::reads::{each_item, one_page};
use super::{Row, before};
use crate::sabotage::Sabotage::{self, LogPage, LogPages, LogRead, NoWallForReads, Read, Request};

pub(super) fn rows() -> Vec<Row> {
    [backward(), streams()].concat()
}

/// Looks at as many events as are wanted, and delivers those that match.
const LIMITED_FIRST: Sabotage = Read(|store, request| {
    let all = LogReadRequest { query: factum_core::Query::all(), ..request.clone() };
    let pages = store.read(all).map(move |page| {
        page.map(|page| {
            let wanted = |it: &factum_core::RecordedEvent| request.query.matches(it);
            Page { events: page.events.into_iter().filter(wanted).collect(), ..page }
        })
    });
    pages.boxed()
});

/// A backward read is done by reading forward and turning that round, pages as they come.
fn only_backward(request: &mut LogReadRequest, change: fn(&mut LogReadRequest)) {
    if request.direction == Direction::Backward {
        change(request);
    }
}

fn backward() -> Vec<Row> {
    vec![
        (
            "backward_reads::the_newest_event_comes_first",
            LogRead(|it| it.direction = Direction::Forward),
        ),
        (
            "backward_reads::after_and_through_bound_the_same_events_either_way",
            LogRead(|it| only_backward(it, |it| it.through = it.through.map(before))),
        ),
        (
            "backward_reads::a_limit_bounds_the_events_from_the_newest",
            LogRead(|it| only_backward(it, |it| it.limit = None)),
        ),
        ("backward_reads::filters_run_before_the_limit", LIMITED_FIRST),
        ("backward_reads::pages_are_no_larger_than_asked", LogPages(one_page)),
        (
            "backward_reads::where_nothing_matches_one_page_says_that_all_was_looked_at",
            LogPages(|_| stream::empty().boxed()),
        ),
        (
            "backward_reads::the_last_page_says_that_all_was_looked_at",
            LogPage(|it| it.through = it.events.last().map_or(it.through, |it| it.position)),
        ),
        (
            "backward_reads::a_limit_of_nothing_has_looked_at_nothing",
            LogPage(|it| it.through = factum_core::Position::START),
        ),
        (
            "backward_reads::a_reader_may_go_on_through_any_page",
            LogPage(|it| it.through = before(it.through)),
        ),
        (
            "backward_reads::a_read_sees_the_log_when_its_first_page_is_asked_for",
            Read(|store, request| {
                let through = Some(store.watch().last());
                store.read(LogReadRequest { through, ..request })
            }),
        ),
        (
            "backward_reads::large_events_end_a_page_early_and_none_is_lost",
            LogPage(|it| it.events.truncate(4)),
        ),
        (
            "backward_reads::every_query_finds_backward_what_it_finds_forward",
            LogRead(|it| {
                only_backward(it, |it| {
                    each_item(it, |it| QueryItem { streams: None, ..it });
                });
            }),
        ),
    ]
}

fn any_stream(item: QueryItem) -> QueryItem {
    QueryItem { streams: None, ..item }
}

/// One stream is taken for all whose name begins like it.
fn as_beginning(item: QueryItem) -> QueryItem {
    let streams = item.streams.map(|it| match it {
        StreamFilter::Is(stream) => StreamPrefix::new(stream.as_str()).unwrap().into(),
        starting @ StreamFilter::StartsWith(_) => starting,
    });
    QueryItem { streams, ..item }
}

/// A beginning is taken for a whole name, where it is one.
fn as_whole(item: QueryItem) -> QueryItem {
    let streams = item.streams.map(|it| match it {
        StreamFilter::StartsWith(prefix) => match prefix.as_str().parse() {
            Ok(stream) => StreamFilter::Is(stream),
            Err(_) => prefix.into(),
        },
        one @ StreamFilter::Is(_) => one,
    });
    QueryItem { streams, ..item }
}

/// What SQL's LIKE takes for any character ends the beginning.
fn as_pattern(item: QueryItem) -> QueryItem {
    let streams = item.streams.map(|it| match it {
        StreamFilter::StartsWith(prefix) => {
            let text = prefix.as_str();
            let end = text.find(['%', '_']).unwrap_or(text.len());
            StreamPrefix::new(&text[..end]).unwrap().into()
        }
        one @ StreamFilter::Is(_) => one,
    });
    QueryItem { streams, ..item }
}

/// Forgets all but 64 streams that begin alike.
const FIRST_STREAMS_ONLY: Sabotage = Read(|store, request| {
    let reading = std::sync::Arc::clone(&store);
    let pages = stream::once(async move {
        let mut kept: Vec<_> = Vec::new();
        for event in reading.collect(request.clone()).await? {
            if kept.contains(&event.stream) || kept.len() == 64 {
                continue;
            }
            kept.push(event.stream);
        }
        let all = reading.collect(request).await?;
        let events = all.into_iter().filter(|it| kept.contains(&it.stream)).collect();
        Ok(Page { events, through: reading.head().await? })
    });
    drop(store);
    pages.boxed()
});

fn streams() -> Vec<Row> {
    vec![
        ("stream_queries::a_query_finds_by_stream", LogRead(|it| each_item(it, as_beginning))),
        (
            "stream_queries::a_query_finds_by_the_beginning_of_names",
            LogRead(|it| each_item(it, as_whole)),
        ),
        (
            "stream_queries::names_are_compared_byte_by_byte",
            LogRead(|it| each_item(it, as_pattern)),
        ),
        ("stream_queries::a_limit_counts_what_the_streams_hold", LIMITED_FIRST),
        (
            "stream_queries::streams_and_everything_else_an_item_names_must_hold",
            LogRead(|it| each_item(it, |it| QueryItem { category: None, ..it })),
        ),
        (
            "stream_queries::a_long_stream_is_found_from_anywhere_on",
            LogRead(|it| it.after = before(it.after)),
        ),
        ("stream_queries::many_streams_may_begin_alike", FIRST_STREAMS_ONLY),
        (
            "stream_queries::deleted_and_truncated_streams_are_found",
            LogPage(|it| it.events.retain(|it| !it.event_type.is_reserved())),
        ),
        ("stream_queries::streams_of_other_tenants_do_not_match", NoWallForReads),
        (
            "stream_queries::none_match_judges_by_stream",
            Request(|it| super::each_item(it, as_beginning)),
        ),
        (
            "stream_queries::none_match_judges_by_the_beginning_of_names",
            Request(|it| super::each_item(it, any_stream)),
        ),
    ]
}
