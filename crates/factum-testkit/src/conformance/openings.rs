//! Several openings of one store, as several processes have them.

use std::sync::Arc;
use std::time::Duration;

use factum_core::{Expected, LeaseAnswer, Position, Query, SharedStore};
use futures::future::join_all;

use super::rig::{Need, Rig, conformance_cases};
use super::subscribers::{
    advance, answer, claim, declared, instruct, parked, pause, register, renew, run, set_aside,
    step, stored,
};
use super::support::{
    account, all, command, conflict, event, head, log_numbers, one, owner, position, positions,
    put, put_one, record, refusal, stream_numbers, takes, to,
};

const MULTI_PROCESS: Need =
    Need { holds: |it| it.multi_process, reason: "the store belongs to one process at a time" };

conformance_cases!["openings", MULTI_PROCESS;
    each_opening_sees_the_others_events,
    guards_see_the_other_openings_events,
    claims_see_the_other_openings_events,
    f14_commands_are_known_to_every_opening,
    deletions_are_known_to_every_opening,
    positions_are_dense_across_openings,
    of_many_openings_one_wins_a_race,
    subscriptions_are_known_to_every_opening,
    of_many_openings_one_is_granted_a_lease,
    an_append_wakes_the_other_openings_watch,
];

async fn two(rig: &Rig) -> (SharedStore, SharedStore) {
    (rig.open().await, rig.open().await)
}

async fn each_opening_sees_the_others_events(rig: &Rig) {
    let (left, right) = two(rig).await;
    for number in 0..20 {
        let (writer, reader) = if number % 2 == 0 { (&left, &right) } else { (&right, &left) };
        put(writer, "ann", number..number + 1).await;
        assert_eq!(head(&**reader).await, number + 1);
        assert_eq!(log_numbers(reader).await, (0..=number).collect::<Vec<_>>());
        assert_eq!(stream_numbers(reader, "ann").await.len() as u64, number + 1);
    }
}

async fn guards_see_the_other_openings_events(rig: &Rig) {
    let (left, right) = two(rig).await;
    conflict(right.append(to("ann", Expected::Exists, 9..10)).await);
    put(&left, "ann", 1..2).await;
    conflict(right.append(to("ann", Expected::NoStream, 2..3)).await);
    let request = one("bob", event(3)).none_match(Query::all(), Position::START);
    conflict(right.append(request).await);
    right.append(to("ann", Expected::Exists, 2..3)).await.expect("the stream exists");
    assert_eq!(log_numbers(&left).await, [1, 2]);
}

async fn claims_see_the_other_openings_events(rig: &Rig) {
    let (left, right) = two(rig).await;
    put_one(&left, "ann", takes(1, "a@x")).await;
    assert_eq!(owner(&right, "a@x").await, Some(account("ann")));
    conflict(right.append(one("bob", takes(2, "a@x"))).await);
}

async fn f14_commands_are_known_to_every_opening(rig: &Rig) {
    let (left, right) = two(rig).await;
    let request = || to("ann", Expected::NoStream, 1..3).command(command("c1", "ann"));
    let mut first = left.append(request()).await.expect("the first use of the command");
    first.repeated = true;
    assert_eq!(right.append(request()).await.expect("the command is repeated"), first);
}

async fn deletions_are_known_to_every_opening(rig: &Rig) {
    let (left, right) = two(rig).await;
    put(&left, "ann", 1..2).await;
    put(&right, "ann", 2..3).await;
    left.tombstone(&account("ann"), Expected::Any, record(3)).await.expect("it exists");
    refusal(right.append(to("ann", Expected::Any, 4..5)).await);
}

async fn positions_are_dense_across_openings(rig: &Rig) {
    let (left, right) = two(rig).await;
    let calls = (0..40).map(|number| {
        let store = Arc::clone(if number % 2 == 0 { &left } else { &right });
        let request = to(&format!("s{}", number % 3), Expected::Any, number * 2..number * 2 + 2);
        tokio::spawn(async move { store.append(request).await.map(drop) })
    });
    for call in join_all(calls).await {
        call.expect("no panic").expect("no guard is in the way");
    }
    let events = all(&left).await;
    assert_eq!(positions(&events), (1..=80).collect::<Vec<_>>());
    assert_eq!(all(&right).await, events);
}

async fn of_many_openings_one_wins_a_race(rig: &Rig) {
    let openings = [rig.open().await, rig.open().await, rig.open().await];
    for round in 0..10 {
        let id = format!("s{round}");
        let calls = openings.iter().map(|store| {
            let (store, request) = (Arc::clone(store), to(&id, Expected::NoStream, 0..1));
            tokio::spawn(async move { store.append(request).await.is_ok() })
        });
        let won = join_all(calls).await.into_iter().filter(|it| matches!(it, Ok(true)));
        assert_eq!(won.count(), 1);
    }
    assert_eq!(head(&*openings[0]).await, 10);
}

async fn subscriptions_are_known_to_every_opening(rig: &Rig) {
    let (left, right) = two(rig).await;
    let lease = run(&left, "mails").await;
    let found = answer(&right, claim("mails", "other")).await;
    assert!(matches!(found, LeaseAnswer::Held(_)), "found {found:?}");
    advance(&left, step(&lease, 0, 5)).await;
    set_aside(&left, &lease, [parked(3, "k")]).await;
    assert_eq!(stored(&right, "mails").await, stored(&left, "mails").await);
    instruct(&right, "mails", pause("full")).await;
    assert_eq!(renew(&left, &lease).await.instructions, 1);
}

async fn of_many_openings_one_is_granted_a_lease(rig: &Rig) {
    let openings = [rig.open().await, rig.open().await, rig.open().await];
    for round in 0..10 {
        let name = format!("s{round}");
        register(&openings[0], declared(&name)).await;
        let calls = (0..).zip(&openings).map(|(owner, store)| {
            let (store, claim) = (Arc::clone(store), claim(&name, &format!("owner {owner}")));
            tokio::spawn(async move { store.claim_lease(claim).await })
        });
        let answers = join_all(calls).await.into_iter().map(|it| it.expect("no panic"));
        let granted = answers.filter(|it| matches!(it, Ok(LeaseAnswer::Granted(..))));
        assert_eq!(granted.count(), 1);
    }
}

async fn an_append_wakes_the_other_openings_watch(rig: &Rig) {
    let (left, right) = two(rig).await;
    let mut watch = right.watch();
    put(&left, "ann", 1..2).await;
    let woken = tokio::time::timeout(Duration::from_mins(1), watch.past(Position::START)).await;
    assert_eq!(woken.expect("the watch wakes").expect("the store is open"), position(1));
}
