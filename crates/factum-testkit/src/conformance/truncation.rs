//! Hiding the beginning of a stream.

use factum_core::{
    AdminRecord, EventType, Expected, Principal, Refusal, Revision, SharedStore, StreamRead,
    Timestamp,
};
use futures::TryStreamExt;

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, all, conflict, log_numbers, numbers, page_numbers, pages, position, put, record,
    refusal, revision, stream_numbers, to,
};

conformance_cases!["truncation", ALWAYS;
    earlier_revisions_are_left_out_of_reads,
    a_truncation_between_two_pages_of_a_read_leaves_no_gap,
    a_truncated_stream_is_described_by_what_is_left,
    a_truncation_is_recorded_as_an_event_of_the_stream,
    a_truncation_says_who_did_it_when_and_why,
    a_truncation_out_of_range_is_refused,
    an_unknown_or_deleted_stream_cannot_be_truncated,
    a_refused_truncation_stores_nothing,
    revisions_go_on_after_a_truncation,
    a_truncation_touches_no_other_stream,
];

async fn truncate(store: &SharedStore, first: u64) {
    let cut = store.truncate_before(&account("ann"), revision(first), record(100 + first)).await;
    cut.expect("the revision is in range");
}

async fn earlier_revisions_are_left_out_of_reads(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..6).await;
    truncate(&store, 3).await;
    assert_eq!(stream_numbers(&store, "ann").await, [3, 4, 5, 103]);
    for (from, expected) in [(0, &[3, 4, 5, 103][..]), (4, &[4, 5, 103])] {
        let read = StreamRead { from: Some(revision(from)), ..StreamRead::forward(account("ann")) };
        assert_eq!(page_numbers(&pages(store.read_stream(read)).await), expected);
    }
    let read = StreamRead { page_events_max: 2, ..StreamRead::backward(account("ann")) };
    assert_eq!(page_numbers(&pages(store.read_stream(read)).await), [103, 5, 4, 3]);
    let read = StreamRead { from: Some(revision(2)), ..StreamRead::backward(account("ann")) };
    assert_eq!(page_numbers(&pages(store.read_stream(read)).await), [0; 0]);
}

async fn a_truncation_between_two_pages_of_a_read_leaves_no_gap(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..6).await;
    put(&store, "bob", 6..12).await;
    let forward = StreamRead::forward(account("ann"));
    let backward =
        StreamRead { through: Some(position(12)), ..StreamRead::backward(account("bob")) };
    for (read, expected) in [(forward, [0, 1, 2, 3, 4, 5]), (backward, [11, 10, 9, 8, 7, 6])] {
        let stream = read.stream.clone();
        let mut pages = store.read_stream(StreamRead { page_events_max: 2, ..read });
        let mut seen = pages.try_next().await.expect("it reads").expect("a page").events;
        let number = 100 + expected[0];
        let cut = store.truncate_before(&stream, revision(5), record(number)).await;
        cut.expect("the revision is in range");
        while let Some(page) = pages.try_next().await.expect("it reads on") {
            seen.extend(page.events);
        }
        assert_eq!(numbers(&seen), expected);
    }
}

async fn a_truncated_stream_is_described_by_what_is_left(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..6).await;
    truncate(&store, 2).await;
    truncate(&store, 4).await;
    let found = store.stream(&account("ann")).await.expect("looked up").expect("known");
    assert_eq!((found.first, found.last), (revision(4), revision(7)));
    assert_eq!((found.last_position, found.tombstoned), (position(8), false));
}

async fn a_truncation_is_recorded_as_an_event_of_the_stream(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..3).await;
    put(&store, "bob", 3..4).await;
    let cut = store.truncate_before(&account("ann"), revision(1), record(9)).await;
    let cut = cut.expect("revision 1 exists");
    assert_eq!((cut.first, cut.last), (Some(position(5)), position(5)));
    assert_eq!(cut.streams, [(account("ann"), revision(3))]);
    let found = all(&store).await.pop().expect("an event");
    assert_eq!(
        (found.stream, found.revision, found.id),
        (account("ann"), revision(3), record(9).id)
    );
    assert_eq!(found.event_type.as_str(), EventType::STREAM_TRUNCATED);
}

async fn a_truncation_says_who_did_it_when_and_why(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..3).await;
    let record = AdminRecord {
        principal: Some(Principal::new("operator").expect("the name is valid")),
        recorded_at: Some(Timestamp::from_micros(42)),
        ..record(9)
    };
    let cut = store.truncate_before(&account("ann"), revision(1), record.clone()).await;
    cut.expect("revision 1 exists");
    let found = all(&store).await.pop().expect("an event");
    assert_eq!(
        (&found.principal, Some(found.recorded_at)),
        (&record.principal, record.recorded_at)
    );
    let payload = String::from_utf8(found.payload.to_vec()).expect("the record is JSON");
    assert!(payload.contains(&record.reason), "found {payload}");
}

async fn a_truncation_out_of_range_is_refused(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..4).await;
    truncate(&store, 0).await;
    truncate(&store, 2).await;
    let refused = async |found: Revision| {
        let told = refusal(store.truncate_before(&account("ann"), found, record(9)).await);
        let (stream, first, last) = (account("ann"), revision(2), revision(5));
        assert_eq!(told, Refusal::TruncateOutOfRange { stream, first, last, found });
    };
    refused(revision(1)).await;
    refused(revision(6)).await;
    refused(revision(u64::MAX)).await;
    truncate(&store, 2).await;
    truncate(&store, 6).await;
    assert_eq!(stream_numbers(&store, "ann").await, [102, 106]);
}

async fn an_unknown_or_deleted_stream_cannot_be_truncated(rig: &Rig) {
    let store = rig.open().await;
    let (stream, first) = (account("ann"), revision(0));
    let found = refusal(store.truncate_before(&stream, first, record(1)).await);
    assert_eq!(found, Refusal::StreamUnknown { stream: stream.clone() });
    put(&store, "ann", 1..2).await;
    store.tombstone(&stream, Expected::Any, record(2)).await.expect("it exists");
    let found = refusal(store.truncate_before(&stream, first, record(3)).await);
    assert_eq!(found, Refusal::StreamDeleted { stream });
}

async fn a_refused_truncation_stores_nothing(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..3).await;
    refusal(store.truncate_before(&account("ann"), revision(3), record(9)).await);
    refusal(store.truncate_before(&account("bob"), revision(0), record(9)).await);
    assert_eq!(log_numbers(&store).await, [0, 1, 2]);
    assert_eq!(stream_numbers(&store, "ann").await, [0, 1, 2]);
}

async fn revisions_go_on_after_a_truncation(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..3).await;
    truncate(&store, 2).await;
    conflict(store.append(to("ann", Expected::NoStream, 4..5)).await);
    let at = Expected::Revision(revision(3));
    let appended = store.append(to("ann", at, 4..5)).await.expect("the record has revision 3");
    assert_eq!(appended.revision(&account("ann")), Some(revision(4)));
}

async fn a_truncation_touches_no_other_stream(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..3).await;
    put(&store, "ann2", 3..6).await;
    truncate(&store, 2).await;
    assert_eq!(stream_numbers(&store, "ann2").await, [3, 4, 5]);
    let kept = store.stream(&account("ann2")).await.expect("looked up").expect("known");
    assert_eq!(kept.first, revision(0));
}
