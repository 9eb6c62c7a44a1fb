//! Guards on streams.

use factum_core::{AppendRequest, Appended, Conflict, Expected, Query};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, command, conflict, event, guard, log_numbers, owner, position, put, revision,
    stream_numbers, takes, tenant, to,
};

conformance_cases!["guards", ALWAYS;
    any_always_holds,
    no_stream_holds_before_the_first_event_only,
    exists_holds_after_the_first_event_only,
    revision_holds_at_the_last_event_only,
    a_conflict_says_what_was_expected_and_found,
    a_guard_may_watch_a_stream_that_is_not_written,
    all_guards_must_hold,
    guards_are_judged_before_the_appends_own_events,
    guards_of_a_command_without_events_are_judged,
    guards_alone_are_judged,
    guards_alone_store_nothing_and_say_the_head_they_held_at,
    a_failed_guard_takes_no_claim,
];

async fn any_always_holds(rig: &Rig) {
    let store = rig.open().await;
    for number in 1..4 {
        let mut request = to("ann", Expected::Any, number..number + 1);
        request.guards = vec![guard("ann", Expected::Any), guard("nobody", Expected::Any)];
        store.append(request).await.expect("any stream is fine");
    }
    assert_eq!(stream_numbers(&store, "ann").await, [1, 2, 3]);
}

async fn no_stream_holds_before_the_first_event_only(rig: &Rig) {
    let store = rig.open().await;
    store.append(to("ann", Expected::NoStream, 1..2)).await.expect("there is no stream");
    conflict(store.append(to("ann", Expected::NoStream, 2..3)).await);
    assert_eq!(stream_numbers(&store, "ann").await, [1]);
}

async fn exists_holds_after_the_first_event_only(rig: &Rig) {
    let store = rig.open().await;
    conflict(store.append(to("ann", Expected::Exists, 1..2)).await);
    put(&store, "ann", 2..3).await;
    store.append(to("ann", Expected::Exists, 3..4)).await.expect("there is a stream");
    assert_eq!(stream_numbers(&store, "ann").await, [2, 3]);
}

async fn revision_holds_at_the_last_event_only(rig: &Rig) {
    let store = rig.open().await;
    let at = |number| Expected::Revision(revision(number));
    conflict(store.append(to("ann", at(0), 9..10)).await);
    put(&store, "ann", 1..4).await;
    for wrong in [0, 1, 3, u64::MAX] {
        conflict(store.append(to("ann", at(wrong), 9..10)).await);
    }
    store.append(to("ann", at(2), 4..5)).await.expect("the last revision is 2");
    assert_eq!(stream_numbers(&store, "ann").await, [1, 2, 3, 4]);
}

async fn a_conflict_says_what_was_expected_and_found(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    let told = |id, expected, actual| Conflict::Stream { stream: account(id), expected, actual };
    let found = conflict(store.append(to("ann", Expected::NoStream, 4..5)).await);
    assert_eq!(found, told("ann", Expected::NoStream, Some(revision(2))));
    let found = conflict(store.append(to("bob", Expected::Exists, 4..5)).await);
    assert_eq!(found, told("bob", Expected::Exists, None));
}

async fn a_guard_may_watch_a_stream_that_is_not_written(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let mut request = to("bob", Expected::Any, 2..3);
    request.guards.push(guard("ann", Expected::Revision(revision(0))));
    store.append(request.clone()).await.expect("the watched stream is at revision 0");
    put(&store, "ann", 3..4).await;
    conflict(store.append(request).await);
    assert_eq!(log_numbers(&store).await, [1, 2, 3]);
}

async fn all_guards_must_hold(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let holds = [guard("ann", Expected::Exists), guard("bob", Expected::NoStream)];
    let fails = guard("ann", Expected::NoStream);
    for place in 0..3 {
        let mut request = to("zoe", Expected::Any, 2..3);
        request.guards = holds.to_vec();
        request.guards.insert(place, fails.clone());
        conflict(store.append(request).await);
    }
    let mut request = to("zoe", Expected::Any, 2..3);
    request.guards = holds.to_vec();
    store.append(request).await.expect("both guards hold");
    assert_eq!(log_numbers(&store).await, [1, 2]);
}

async fn guards_are_judged_before_the_appends_own_events(rig: &Rig) {
    let store = rig.open().await;
    let twice =
        to("ann", Expected::NoStream, 1..4).stream(account("ann"), Expected::NoStream, [event(4)]);
    store.append(twice).await.expect("both guards see the log before the append");
    let mut exists = to("bob", Expected::Any, 5..7);
    exists.guards.push(guard("bob", Expected::Exists));
    conflict(store.append(exists).await);
    assert_eq!(log_numbers(&store).await, [1, 2, 3, 4]);
}

async fn guards_of_a_command_without_events_are_judged(rig: &Rig) {
    let store = rig.open().await;
    let answer = |id| AppendRequest::default().command(command(id, "ann"));
    let request = answer("c1").stream(account("ann"), Expected::Exists, []);
    conflict(store.append(request.clone()).await);
    put(&store, "ann", 1..2).await;
    store.append(request).await.expect("the stream exists now");
    assert_eq!(log_numbers(&store).await, [1]);
}

async fn guards_alone_are_judged(rig: &Rig) {
    let store = rig.open().await;
    let alone = |expected| AppendRequest::default().stream(account("ann"), expected, []);
    let none_after = |after| AppendRequest::default().none_match(Query::all(), position(after));
    store.append(alone(Expected::NoStream)).await.expect("there is no stream");
    conflict(store.append(alone(Expected::Exists)).await);
    put(&store, "ann", 1..4).await;
    store.append(alone(Expected::Revision(revision(2)))).await.expect("it ends at revision 2");
    let found = conflict(store.append(alone(Expected::Revision(revision(1)))).await);
    let (stream, expected) = (account("ann"), Expected::Revision(revision(1)));
    assert_eq!(found, Conflict::Stream { stream, expected, actual: Some(revision(2)) });
    store.append(none_after(3)).await.expect("nothing is behind position 3");
    let found = conflict(store.append(none_after(1)).await);
    let (query, after) = (Query::all(), position(1));
    assert_eq!(found, Conflict::Query { query, after, found: position(2) });
    let both = alone(Expected::Exists).none_match(Query::all(), position(2));
    conflict(store.append(both).await);
    assert_eq!(log_numbers(&store).await, [1, 2, 3]);
}

async fn guards_alone_store_nothing_and_say_the_head_they_held_at(rig: &Rig) {
    let all = rig.open_all().await;
    let new = all.for_tenant(&tenant("new")).expect("narrowed");
    let alone = || AppendRequest::default().stream(account("ann"), Expected::NoStream, []);
    for before in 0..3 {
        let held = new.append(alone()).await.expect("the tenant has no stream");
        let expected = Appended {
            first: None,
            last: position(before),
            streams: Vec::new(),
            outcome: None,
            repeated: false,
        };
        assert_eq!(held, expected);
        let stats = all.stats().await.expect("counted");
        assert_eq!((stats.tenants, stats.streams), (before.min(1), before.min(1)));
        let other = all.for_tenant(&tenant("other")).expect("narrowed");
        put(&other, "ann", before..before + 1).await;
    }
    assert_eq!(log_numbers(&all).await, [0, 1, 2]);
}

async fn a_failed_guard_takes_no_claim(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let request =
        AppendRequest::default().stream(account("ann"), Expected::NoStream, [takes(2, "a@x")]);
    conflict(store.append(request).await);
    assert_eq!(owner(&store, "a@x").await, None);
}
