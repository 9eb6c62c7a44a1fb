//! Order, places and wholeness of an append.

use factum_core::{AppendRequest, EventStoreExt, Expected, LogRead, StreamId, StreamRead};

use super::rig::{DENSE, Rig, conformance_cases};
use super::support::{
    account, all, conflict, event, guard, head, log_numbers, numbers, one, position, positions,
    put, revision, stream_numbers, to,
};

conformance_cases!["append", DENSE;
    the_first_event_is_at_position_1,
    events_take_consecutive_positions_in_the_order_of_the_request,
    events_take_consecutive_revisions_within_each_stream,
    an_append_says_where_its_events_are,
    an_append_names_every_stream_it_wrote_to,
    an_append_is_stored_whole_or_not_at_all,
    a_failed_append_leaves_no_hole,
    every_read_that_starts_later_sees_the_events,
    streams_whose_names_differ_little_are_different,
];

async fn the_first_event_is_at_position_1(rig: &Rig) {
    let store = rig.open().await;
    assert_eq!(head(&*store).await, 0);
    let appended = put(&store, "ann", 1..2).await;
    assert_eq!(appended.first, Some(position(1)));
    let events = all(&store).await;
    assert_eq!((events[0].position.get(), events[0].revision.get()), (1, 0));
}

async fn events_take_consecutive_positions_in_the_order_of_the_request(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    let mixed = to("bob", Expected::Any, 4..6).stream(account("ann"), Expected::Any, [event(6)]);
    store.append(mixed).await.expect("an append without guards succeeds");
    let events = all(&store).await;
    assert_eq!(numbers(&events), [1, 2, 3, 4, 5, 6]);
    assert_eq!(positions(&events), [1, 2, 3, 4, 5, 6]);
    assert_eq!(head(&*store).await, 6);
}

async fn events_take_consecutive_revisions_within_each_stream(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    let zipped = [("ann", 3), ("bob", 4), ("ann", 5), ("bob", 6)];
    let events = zipped.map(|(id, number)| (account(id), event(number))).into();
    let request = AppendRequest { events, ..AppendRequest::default() };
    store.append(request).await.expect("an append without guards succeeds");
    for (id, expected) in [("ann", &[1, 2, 3, 5][..]), ("bob", &[4, 6][..])] {
        let read = store.collect_stream(StreamRead::forward(account(id))).await;
        let events = read.expect("the stream can be read");
        assert_eq!(numbers(&events), expected);
        let revisions: Vec<_> = events.iter().map(|it| it.revision.get()).collect();
        assert_eq!(revisions, (0..expected.len() as u64).collect::<Vec<_>>());
    }
}

async fn an_append_says_where_its_events_are(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "bob", 1..4).await;
    let request = to("zoe", Expected::Any, 4..6).stream(account("bob"), Expected::Any, [event(6)]);
    let appended = store.append(request).await.expect("an append without guards succeeds");
    assert_eq!((appended.first, appended.last), (Some(position(4)), position(6)));
    assert_eq!(appended.streams, [(account("zoe"), revision(1)), (account("bob"), revision(3))]);
    assert_eq!((appended.outcome, appended.repeated), (None, false));
}

async fn an_append_names_every_stream_it_wrote_to(rig: &Rig) {
    let store = rig.open().await;
    let names: Vec<StreamId> = (0..40).map(|it| account(&format!("s{}", 39 - it))).collect();
    let mut request = AppendRequest::default();
    for round in 0..2 {
        for (number, name) in names.iter().enumerate() {
            request.events.push((name.clone(), event(number as u64 + round * 100)));
        }
    }
    let appended = store.append(request).await.expect("an append without guards succeeds");
    let expected: Vec<_> = names.into_iter().map(|name| (name, revision(1))).collect();
    assert_eq!(appended.streams, expected);
}

async fn an_append_is_stored_whole_or_not_at_all(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let request = to("bob", Expected::Any, 2..4).stream(
        account("ann"),
        Expected::NoStream,
        [event(4), event(5)],
    );
    conflict(store.append(request).await);
    assert_eq!(log_numbers(&store).await, [1]);
    assert_eq!(stream_numbers(&store, "bob").await, [0; 0]);
}

async fn a_failed_append_leaves_no_hole(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    for _ in 0..3 {
        conflict(store.append(to("ann", Expected::NoStream, 2..5)).await);
    }
    assert_eq!(head(&*store).await, 1);
    assert_eq!(put(&store, "ann", 5..6).await.first, Some(position(2)));
    assert_eq!(positions(&all(&store).await), [1, 2]);
}

async fn every_read_that_starts_later_sees_the_events(rig: &Rig) {
    let store = rig.open().await;
    let other = store.for_tenant(&factum_core::TenantId::default()).expect("its own tenant");
    for number in 1..50 {
        let appended = put(&store, "ann", number..number + 1).await;
        assert_eq!(head(&*other).await, number);
        let newest = LogRead { after: position(number - 1), ..LogRead::default() };
        let newest = other.collect(newest).await.expect("the log can be read");
        assert_eq!(numbers(&newest), [number]);
        assert_eq!(newest[0].position, appended.last);
        assert_eq!(stream_numbers(&other, "ann").await.last(), Some(&number));
    }
}

async fn streams_whose_names_differ_little_are_different(rig: &Rig) {
    let store = rig.open().await;
    let ids = ["ann", "Ann", "ann ann", "ann/x", "ann%", "ann_", "änn", "a\u{308}nn"];
    for (number, id) in (1..).zip(ids) {
        let mut request = one(id, event(number));
        request.guards.push(guard(id, Expected::NoStream));
        store.append(request).await.expect("each is a new stream");
    }
    for (number, id) in (1..).zip(ids) {
        assert_eq!(stream_numbers(&store, id).await, [number]);
    }
}
