//! Many callers at once. Which of them wins is up to the store; what holds is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use factum_core::{
    AppendError, AppendRequest, Appended, Conflict, EventStoreExt, Expected, LogRead, NewEvent,
    Position, Query, QueryItem, Revision, SharedStore, Tags,
};
use futures::future::join_all;

use super::rig::{DENSE, Rig, conformance_cases};
use super::support::{
    account, all, command, event, log_numbers, numbers, one, owner, positions, put, record,
    stream_numbers, tag, takes, to,
};

conformance_cases!["concurrency", DENSE;
    of_many_appends_to_no_stream_one_wins,
    of_many_appends_at_a_revision_one_wins,
    of_many_appends_under_a_query_guard_one_wins,
    of_many_takers_of_a_value_one_wins,
    f14_many_uses_of_one_command_have_one_effect_and_answer,
    guards_alone_are_judged_in_one_order_with_appends,
    a_failing_request_fails_no_other,
    positions_are_dense_under_concurrency,
    appends_are_whole_under_concurrency,
    a_reader_never_sees_a_gap_or_goes_back,
    a_deletion_among_appends_is_the_last_word,
];

const CALLERS: u64 = 32;

/// Sends one request per caller at once and gives the answers in their order.
async fn together(
    store: &SharedStore,
    request: impl Fn(u64) -> AppendRequest,
) -> Vec<Result<Appended, AppendError>> {
    let calls = (0..CALLERS).map(|caller| {
        let (store, request) = (Arc::clone(store), request(caller));
        tokio::spawn(async move { store.append(request).await })
    });
    let ended = join_all(calls).await;
    ended.into_iter().map(|it| it.expect("an append does not panic")).collect()
}

/// The callers that won; the others must have met a conflict.
fn winners(answers: Vec<Result<Appended, AppendError>>) -> Vec<u64> {
    let won = |(caller, answer)| match answer {
        Ok(_) => Some(caller),
        Err(AppendError::Conflict(_)) => None,
        Err(other) => panic!("expected success or a conflict, found {other:?}"),
    };
    (0..).zip(answers).filter_map(won).collect()
}

async fn of_many_appends_to_no_stream_one_wins(rig: &Rig) {
    let store = rig.open().await;
    let request = |caller| to("ann", Expected::NoStream, caller..caller + 1);
    let winners = winners(together(&store, request).await);
    assert_eq!(winners.len(), 1);
    assert_eq!(log_numbers(&store).await, winners);
}

async fn of_many_appends_at_a_revision_one_wins(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 100..101).await;
    for round in 0..5 {
        let at = Expected::Revision(Revision::new(round));
        let request = |caller| to("ann", at, caller..caller + 1);
        assert_eq!(winners(together(&store, request).await).len(), 1);
    }
    assert_eq!(stream_numbers(&store, "ann").await.len(), 6);
}

async fn of_many_appends_under_a_query_guard_one_wins(rig: &Rig) {
    let store = rig.open().await;
    let tags = || Tags::from_iter([tag("seat:12a")]);
    let query = Query::from(QueryItem::default().tag(tag("seat:12a")));
    let request = |caller: u64| {
        let booked = NewEvent { tags: tags(), ..event(caller) };
        one(&format!("s{caller}"), booked).none_match(query.clone(), Position::START)
    };
    let answers = together(&store, request).await;
    assert!(
        answers
            .iter()
            .filter_map(|it| it.as_ref().err())
            .all(|error| matches!(error, AppendError::Conflict(Conflict::Query { .. })))
    );
    let winners = winners(answers);
    assert_eq!(winners.len(), 1);
    assert_eq!(log_numbers(&store).await, winners);
}

async fn of_many_takers_of_a_value_one_wins(rig: &Rig) {
    let store = rig.open().await;
    let request = |caller| one(&format!("s{caller}"), takes(caller, "a@x"));
    let winners = winners(together(&store, request).await);
    assert_eq!(winners.len(), 1);
    assert_eq!(owner(&store, "a@x").await, Some(account(&format!("s{}", winners[0]))));
    assert_eq!(log_numbers(&store).await, winners);
}

async fn f14_many_uses_of_one_command_have_one_effect_and_answer(rig: &Rig) {
    let store = rig.open().await;
    let request =
        |caller| to("ann", Expected::NoStream, caller..caller + 1).command(command("c1", "ann"));
    let answers = together(&store, request).await;
    let answers: Vec<_> = answers.into_iter().map(|it| it.expect("every use succeeds")).collect();
    assert_eq!(answers.iter().filter(|it| !it.repeated).count(), 1);
    let unmarked = |it: &Appended| Appended { repeated: false, ..it.clone() };
    assert!(answers.iter().all(|it| unmarked(it) == unmarked(&answers[0])));
    assert_eq!(log_numbers(&store).await.len(), 1);
}

async fn guards_alone_are_judged_in_one_order_with_appends(rig: &Rig) {
    let store = rig.open().await;
    let alone = |at: Option<u64>| {
        let expected = at.map_or(Expected::NoStream, |at| Expected::Revision(Revision::new(at)));
        AppendRequest::default().stream(account("ann"), expected, [])
    };
    for round in 0..5 {
        let first = round * CALLERS / 2;
        let request = |caller: u64| match caller % 2 {
            0 => to("ann", Expected::Any, caller..caller + 1),
            _ => alone((first + caller / 2).checked_sub(1)),
        };
        for (caller, answer) in (0..).zip(together(&store, request).await) {
            match answer {
                Ok(appended) if caller % 2 == 0 => assert!(appended.first.is_some()),
                // Nothing but this stream is written: its events are all there is up to the head.
                Ok(held) => assert_eq!(held.last.get(), first + caller / 2),
                Err(AppendError::Conflict(Conflict::Stream { actual, .. })) => {
                    assert_ne!(actual.map(|it| it.get() + 1), Some(first + caller / 2));
                }
                Err(other) => panic!("expected success or a conflict, found {other:?}"),
            }
        }
        let written = first + CALLERS / 2;
        let held = store.append(alone(written.checked_sub(1))).await.expect("nobody else writes");
        assert_eq!(held.last.get(), written);
    }
}

async fn a_failing_request_fails_no_other(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "taken", 100..101).await;
    let request = |caller: u64| match caller % 4 {
        0 => to("taken", Expected::NoStream, caller..caller + 1),
        1 => AppendRequest::default(),
        _ => to(&format!("s{caller}"), Expected::NoStream, caller..caller + 1),
    };
    let answers = together(&store, request).await;
    for (caller, answer) in (0..).zip(&answers) {
        assert_eq!(answer.is_ok(), caller % 4 > 1, "caller {caller}: {answer:?}");
    }
    let mut stored = log_numbers(&store).await.split_off(1);
    stored.sort_unstable();
    assert_eq!(stored, (0..CALLERS).filter(|it| it % 4 > 1).collect::<Vec<_>>());
}

async fn positions_are_dense_under_concurrency(rig: &Rig) {
    let store = rig.open().await;
    for _ in 0..5 {
        let request = |caller: u64| match caller % 3 {
            0 => to("ann", Expected::NoStream, caller..caller + 2),
            _ => to(&format!("s{}", caller % 5), Expected::Any, caller..caller + 2),
        };
        together(&store, request).await;
    }
    let events = all(&store).await;
    assert_eq!(positions(&events), (1..=events.len() as u64).collect::<Vec<_>>());
    for stream in ["ann", "s0", "s1", "s2", "s3", "s4"].map(account) {
        let of_stream = events.iter().filter(|it| it.stream == stream);
        let revisions: Vec<_> = of_stream.map(|it| it.revision.get()).collect();
        assert_eq!(revisions, (0..revisions.len() as u64).collect::<Vec<_>>());
    }
}

async fn appends_are_whole_under_concurrency(rig: &Rig) {
    let store = rig.open().await;
    let request = |caller: u64| {
        let first = to("shared", Expected::Any, caller * 10..caller * 10 + 3);
        let own = (caller * 10 + 3..caller * 10 + 6).map(event);
        first.stream(account(&format!("s{caller}")), Expected::NoStream, own)
    };
    let answers = together(&store, request).await;
    let events = all(&store).await;
    for (caller, answer) in (0..).zip(answers) {
        let appended = answer.expect("no guard is in the way");
        let first = appended.first.expect("events were stored").get();
        assert_eq!(appended.last.get(), first + 5);
        let stored = &events[usize::try_from(first - 1).expect("small")..][..6];
        assert_eq!(numbers(stored), (caller * 10..caller * 10 + 6).collect::<Vec<_>>());
    }
}

async fn a_reader_never_sees_a_gap_or_goes_back(rig: &Rig) {
    let store = rig.open().await;
    let ended = Arc::new(AtomicBool::new(false));
    let readers = [1, 7, 1_000].map(|page_events_max| {
        let (store, ended) = (Arc::clone(&store), Arc::clone(&ended));
        tokio::spawn(async move { follow(&store, page_events_max, &ended).await })
    });
    for round in 0..10 {
        let request = |caller: u64| {
            let first = (round * CALLERS + caller) * 3;
            to(&format!("s{}", caller % 4), Expected::Any, first..first + 3)
        };
        together(&store, request).await.into_iter().for_each(|it| drop(it.expect("stored")));
    }
    ended.store(true, Ordering::SeqCst);
    for reader in readers {
        assert_eq!(reader.await.expect("no gap, no way back"), CALLERS * 30);
    }
}

/// Reads on and on until the writers have ended; gives the last position that was seen.
async fn follow(store: &SharedStore, page_events_max: usize, ended: &AtomicBool) -> u64 {
    let mut after = Position::START;
    loop {
        let last_round = ended.load(Ordering::SeqCst);
        let read = LogRead { after, page_events_max, ..LogRead::default() };
        for event in store.collect(read).await.expect("the log can be read") {
            assert_eq!(event.position, after.plus(1), "a gap, or a way back");
            after = event.position;
        }
        if last_round {
            return after.get();
        }
        tokio::task::yield_now().await;
    }
}

async fn a_deletion_among_appends_is_the_last_word(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 100..101).await;
    let deleting = {
        let store = Arc::clone(&store);
        tokio::spawn(
            async move { store.tombstone(&account("ann"), Expected::Any, record(999)).await },
        )
    };
    let answers = together(&store, |it| to("ann", Expected::Any, it..it + 1)).await;
    deleting.await.expect("no panic").expect("the stream exists");
    let stored = answers.iter().filter(|it| it.is_ok()).count();
    let found = log_numbers(&store).await;
    assert_eq!((found.len(), found.last()), (stored + 2, Some(&999)));
    let refused = answers.into_iter().filter_map(Result::err);
    refused.for_each(|error| assert!(matches!(error, AppendError::Refused(_)), "found {error}"));
}
