//! Sabotage of appends and guards.

use factum_core::{
    AppendError, AppendRequest, Codec, Conflict, Expected, Guard, Metadata, SchemaVersion,
    Timestamp,
};

use super::{Row, before, drop_guards, each_event, each_expected, each_item};
use crate::sabotage::Sabotage::{Answer, Append, LogPage, Request};
use crate::sabotage::{self, Sabotage};

pub(super) fn rows() -> Vec<Row> {
    [appends(), envelopes(), guards(), query_guards()].concat()
}

pub(super) fn changed(
    answer: sabotage::Answer,
    change: fn(&mut factum_core::Appended),
) -> sabotage::Answer {
    answer.map(|mut appended| {
        change(&mut appended);
        appended
    })
}

/// Stores the first event of an append that fails.
pub(super) const HALF_STORED: Sabotage = Append(|store, request| {
    Box::pin(async move {
        let half = AppendRequest {
            events: request.events.iter().take(1).cloned().collect(),
            ..AppendRequest::default()
        };
        let answer = store.append(request).await;
        if answer.is_err() {
            store.append(half).await?;
        }
        answer
    })
});

fn appends() -> Vec<Row> {
    vec![
        (
            "append::the_first_event_is_at_position_1",
            Answer(|it| changed(it, |it| it.first = it.first.map(before))),
        ),
        (
            "append::events_take_consecutive_positions_in_the_order_of_the_request",
            Request(|it| it.events.reverse()),
        ),
        (
            "append::events_take_consecutive_revisions_within_each_stream",
            Request(|it| it.events.sort_by_key(|it| std::cmp::Reverse(it.1.id))),
        ),
        (
            "append::an_append_says_where_its_events_are",
            Answer(|it| changed(it, |it| it.streams.reverse())),
        ),
        (
            "append::an_append_names_every_stream_it_wrote_to",
            Answer(|it| changed(it, |it| it.streams.truncate(8))),
        ),
        ("append::an_append_is_stored_whole_or_not_at_all", HALF_STORED),
        ("append::a_failed_append_leaves_no_hole", HALF_STORED),
        (
            "append::every_read_that_starts_later_sees_the_events",
            LogPage(|it| drop(it.events.pop())),
        ),
        (
            "append::streams_whose_names_differ_little_are_different",
            Request(|it| {
                for (stream, _) in &mut it.events {
                    *stream = stream.as_str().to_lowercase().parse().unwrap();
                }
            }),
        ),
    ]
}

fn envelopes() -> Vec<Row> {
    vec![
        (
            "envelope::every_field_comes_back",
            Request(|it| each_event(it, |it| it.principal = None)),
        ),
        (
            "envelope::a_bare_event_comes_back_bare",
            LogPage(|it| {
                for event in &mut it.events {
                    event.correlation = event.correlation.take().or_else(|| "none".parse().ok());
                }
            }),
        ),
        (
            "envelope::text_of_every_script_comes_back",
            Request(|it| {
                each_event(it, |it| {
                    if it.metadata.iter().any(|(key, _)| !key.is_ascii()) {
                        it.metadata = Metadata::default();
                    }
                });
            }),
        ),
        (
            "envelope::payload_bytes_come_back_untouched",
            Request(|it| {
                each_event(it, |it| {
                    let end = it.payload.iter().position(|byte| *byte == 0);
                    it.payload.truncate(end.unwrap_or(it.payload.len()));
                });
            }),
        ),
        (
            "envelope::every_codec_is_named",
            Request(|it| each_event(it, |it| it.codec = Codec::Json)),
        ),
        (
            "envelope::every_schema_version_is_kept",
            Request(|it| each_event(it, |it| it.schema_version = SchemaVersion::FIRST)),
        ),
        (
            "envelope::claim_changes_come_back_in_their_order",
            LogPage(|it| it.events.iter_mut().for_each(|it| it.claims.reverse())),
        ),
        (
            "envelope::an_event_takes_the_time_of_the_stores_clock",
            Request(|it| {
                each_event(it, |it| it.recorded_at = Some(Timestamp::from_micros(0)));
            }),
        ),
        (
            "envelope::a_time_that_an_event_brings_is_kept",
            Request(|it| each_event(it, |it| it.recorded_at = None)),
        ),
        (
            "envelope::order_does_not_come_from_clocks",
            LogPage(|it| it.events.sort_by_key(|it| it.recorded_at)),
        ),
    ]
}

fn guards() -> Vec<Row> {
    vec![
        (
            "guards::any_always_holds",
            Request(|it| {
                each_expected(it, |it| match it {
                    Expected::Any => Expected::NoStream,
                    other => other,
                });
            }),
        ),
        ("guards::no_stream_holds_before_the_first_event_only", Request(drop_guards)),
        ("guards::exists_holds_after_the_first_event_only", Request(drop_guards)),
        (
            "guards::revision_holds_at_the_last_event_only",
            Request(|it| {
                each_expected(it, |it| match it {
                    Expected::Revision(_) => Expected::Exists,
                    other => other,
                });
            }),
        ),
        (
            "guards::a_conflict_says_what_was_expected_and_found",
            Answer(|it| match it {
                Err(AppendError::Conflict(Conflict::Stream { stream, expected, .. })) => {
                    Err(Conflict::Stream { stream, expected, actual: None }.into())
                }
                other => other,
            }),
        ),
        (
            "guards::a_guard_may_watch_a_stream_that_is_not_written",
            Request(|it| {
                let written: Vec<_> = it.events.iter().map(|it| it.0.clone()).collect();
                it.guards.retain(|guard| match guard {
                    Guard::Stream { stream, .. } => written.contains(stream),
                    Guard::NoneMatch { .. } => true,
                });
            }),
        ),
        ("guards::all_guards_must_hold", Request(|it| it.guards.truncate(1))),
        ("guards::guards_are_judged_before_the_appends_own_events", ONE_BY_ONE),
        (
            "guards::guards_of_a_command_without_events_are_judged",
            Request(|it| {
                if it.events.is_empty() {
                    it.guards.clear();
                }
            }),
        ),
        ("guards::guards_alone_are_judged", ALONE_ALWAYS_HOLD),
        ("guards::guards_alone_store_nothing_and_say_the_head_they_held_at", ALONE_ARE_NOTED),
        ("guards::a_failed_guard_takes_no_claim", HALF_STORED),
    ]
}

/// Takes guards alone for an append of nothing.
const ALONE_ALWAYS_HOLD: Sabotage = Append(|store, mut request| {
    Box::pin(async move {
        if request.is_guards_alone() {
            let stream = "account/nobody".parse().unwrap();
            request.guards = vec![Guard::Stream { stream, expected: Expected::Any }];
        }
        store.append(request).await
    })
});

/// Notes in the log that guards alone were judged.
const ALONE_ARE_NOTED: Sabotage = Append(|store, mut request| {
    Box::pin(async move {
        if request.is_guards_alone() {
            let id = factum_core::EventId::from_bytes([9; 16]);
            let judged = "judged".parse().unwrap();
            let note = factum_core::NewEvent::new(id, judged, Codec::Json, "{}");
            request.events.push(("judged/here".parse().unwrap(), note));
        }
        store.append(request).await
    })
});

/// Judges the guards again before each event.
const ONE_BY_ONE: Sabotage = Append(|store, request| {
    Box::pin(async move {
        let mut last = store.append(AppendRequest::default()).await;
        for event in &request.events {
            let one = AppendRequest { events: vec![event.clone()], ..request.clone() };
            last = Ok(store.append(one).await?);
        }
        last
    })
});

fn query_guards() -> Vec<Row> {
    vec![
        ("query_guards::none_match_of_everything_sees_any_event", Request(drop_guards)),
        (
            "query_guards::none_match_judges_by_type",
            Request(|it| each_item(it, |it| factum_core::QueryItem { types: vec![], ..it })),
        ),
        (
            "query_guards::none_match_judges_by_tag",
            Request(|it| each_item(it, |it| factum_core::QueryItem { tags: vec![], ..it })),
        ),
        (
            "query_guards::none_match_needs_all_tags_of_an_item",
            Request(|it| {
                each_item(it, |mut it| {
                    it.tags.truncate(1);
                    it
                });
            }),
        ),
        (
            "query_guards::none_match_judges_by_category",
            Request(|it| each_item(it, |it| factum_core::QueryItem { category: None, ..it })),
        ),
        (
            "query_guards::none_match_judges_by_correlation",
            Request(|it| each_item(it, |it| factum_core::QueryItem { correlation: None, ..it })),
        ),
        (
            "query_guards::none_match_judges_every_alternative",
            Request(|it| {
                for guard in &mut it.guards {
                    if let Guard::NoneMatch { query, .. } = guard {
                        *query = query.items()[0].clone().into();
                    }
                }
            }),
        ),
        (
            "query_guards::none_match_looks_strictly_after_its_position",
            Request(|it| {
                for guard in &mut it.guards {
                    if let Guard::NoneMatch { after, .. } = guard {
                        *after = before(*after);
                    }
                }
            }),
        ),
        (
            "query_guards::none_match_says_what_was_found_first",
            Answer(|it| match it {
                Err(AppendError::Conflict(Conflict::Query { query, after, found })) => {
                    Err(Conflict::Query { query, after, found: found.plus(1) }.into())
                }
                other => other,
            }),
        ),
        (
            "query_guards::none_match_sees_events_of_deleted_and_truncated_streams",
            Append(|store, mut request| {
                Box::pin(async move {
                    let streams = store.streams(factum_core::StreamList::default()).await?;
                    if streams.iter().any(|it| it.tombstoned) {
                        drop_guards(&mut request);
                    }
                    store.append(request).await
                })
            }),
        ),
        ("query_guards::none_match_is_judged_before_the_appends_own_events", ONE_BY_ONE),
        (
            "query_guards::none_match_and_stream_guards_must_both_hold",
            Request(|it| it.guards.retain(|it| matches!(it, Guard::Stream { .. }))),
        ),
    ]
}
