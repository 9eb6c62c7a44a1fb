//! Deleting a stream: the tombstone.

use factum_core::{
    AdminRecord, Appended, Conflict, EventStoreExt, EventType, Expected, Principal, Refusal,
    StoreErrorKind, StreamRead, Timestamp,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, all, conflict, event, failure, log_numbers, position, put, record, refusal, revision,
    to,
};

conformance_cases!["deletion", ALWAYS;
    a_deleted_stream_refuses_appends,
    a_deleted_stream_reads_as_deleted,
    a_deletion_is_recorded_as_the_streams_last_event,
    a_deletion_says_who_did_it_when_and_why,
    a_deletion_is_judged_by_what_it_expects,
    an_unknown_stream_cannot_be_deleted,
    a_stream_cannot_be_deleted_twice,
    a_refused_deletion_stores_nothing,
    a_deletion_touches_no_other_stream,
];

async fn a_deleted_stream_refuses_appends(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    store.tombstone(&account("ann"), Expected::Any, record(3)).await.expect("it exists");
    let mixed = to("bob", Expected::Any, 4..5).stream(account("ann"), Expected::Any, [event(5)]);
    for request in [to("ann", Expected::Any, 4..5), to("ann", Expected::Exists, 4..5), mixed] {
        let found = refusal(store.append(request).await);
        assert_eq!(found, Refusal::StreamDeleted { stream: account("ann") });
    }
    assert_eq!(log_numbers(&store).await, [1, 2, 3]);
}

async fn a_deleted_stream_reads_as_deleted(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    store.tombstone(&account("ann"), Expected::Any, record(3)).await.expect("it exists");
    for request in [StreamRead::forward(account("ann")), StreamRead::backward(account("ann"))] {
        let found = store.collect_stream(request).await;
        assert_eq!(failure(found), StoreErrorKind::StreamDeleted);
    }
    let described = store.stream(&account("ann")).await.expect("looked up").expect("known");
    assert!(described.tombstoned);
}

async fn a_deletion_is_recorded_as_the_streams_last_event(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    put(&store, "bob", 3..4).await;
    let appended = store.tombstone(&account("ann"), Expected::Any, record(4)).await;
    let streams = vec![(account("ann"), revision(2))];
    let (first, last) = (Some(position(4)), position(4));
    let expected = Appended { first, last, streams, outcome: None, repeated: false };
    assert_eq!(appended.expect("it exists"), expected);
    let found = all(&store).await.pop().expect("an event");
    assert_eq!((found.position.get(), found.revision.get(), found.id), (4, 2, record(4).id));
    assert_eq!(found.stream, account("ann"));
    assert_eq!(found.event_type.as_str(), EventType::STREAM_TOMBSTONED);
    let described = store.stream(&account("ann")).await.expect("looked up").expect("known");
    assert_eq!((described.last.get(), described.last_position.get()), (2, 4));
}

async fn a_deletion_says_who_did_it_when_and_why(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let record = AdminRecord {
        principal: Some(Principal::new("operator").expect("the name is valid")),
        recorded_at: Some(Timestamp::from_micros(42)),
        ..record(2)
    };
    store.tombstone(&account("ann"), Expected::Any, record.clone()).await.expect("it exists");
    let found = all(&store).await.pop().expect("an event");
    assert_eq!(
        (&found.principal, Some(found.recorded_at)),
        (&record.principal, record.recorded_at)
    );
    let payload = String::from_utf8(found.payload.to_vec()).expect("the record is JSON");
    assert!(payload.contains(&record.reason), "found {payload}");
}

async fn a_deletion_is_judged_by_what_it_expects(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    for expected in [Expected::NoStream, Expected::Revision(revision(1))] {
        let found = conflict(store.tombstone(&account("ann"), expected, record(9)).await);
        let (stream, actual) = (account("ann"), Some(revision(2)));
        assert_eq!(found, Conflict::Stream { stream, expected, actual });
    }
    let at_last = Expected::Revision(revision(2));
    store.tombstone(&account("ann"), at_last, record(9)).await.expect("the last revision is 2");
}

async fn an_unknown_stream_cannot_be_deleted(rig: &Rig) {
    let store = rig.open().await;
    let found = refusal(store.tombstone(&account("ann"), Expected::Any, record(1)).await);
    assert_eq!(found, Refusal::StreamUnknown { stream: account("ann") });
    assert_eq!(log_numbers(&store).await, [0; 0]);
}

async fn a_stream_cannot_be_deleted_twice(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    store.tombstone(&account("ann"), Expected::Any, record(2)).await.expect("it exists");
    let found = refusal(store.tombstone(&account("ann"), Expected::Any, record(3)).await);
    assert_eq!(found, Refusal::StreamDeleted { stream: account("ann") });
}

async fn a_refused_deletion_stores_nothing(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    conflict(store.tombstone(&account("ann"), Expected::NoStream, record(9)).await);
    refusal(store.tombstone(&account("bob"), Expected::Any, record(9)).await);
    assert_eq!(log_numbers(&store).await, [1, 2]);
    store.append(to("ann", Expected::Exists, 3..4)).await.expect("the stream is alive");
}

async fn a_deletion_touches_no_other_stream(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    put(&store, "ann2", 2..3).await;
    store.tombstone(&account("ann"), Expected::Any, record(3)).await.expect("it exists");
    let kept = store.stream(&account("ann2")).await.expect("looked up").expect("known");
    assert!(!kept.tombstoned);
    store.append(to("ann2", Expected::Exists, 4..5)).await.expect("the stream is alive");
}
