//! What a reopened store still knows.

use factum_core::{
    Advance, AppendRequest, DeadLetterSelection, Expected, Instruction, LeaseAnswer, Refusal,
    SharedStore, StoreErrorKind, StreamRead,
};

use super::rig::{Need, Rig, conformance_cases};
use super::snapshots::{latest, save, snapshot};
use super::subscribers::{
    advance, answer, claim, dead, granted, handled, instruct, letters, named, parked, pause, run,
    set_aside, step, stored, waiting,
};
use super::support::{
    account, all, asking, command, conflict, event, failure, head, one, owner, position, put,
    put_one, record, refusal, revision, stream_numbers, takes, to,
};

const DURABLE: Need = Need { holds: |it| it.durable, reason: "the store is not durable" };

conformance_cases!["durability", DURABLE;
    acknowledged_events_survive_a_reopen,
    positions_and_revisions_go_on_after_a_reopen,
    guards_judge_events_from_before_a_reopen,
    claims_survive_a_reopen,
    f14_commands_survive_a_reopen,
    f14_digests_of_commands_survive_a_reopen,
    f14_commands_without_events_survive_a_reopen,
    deletions_survive_a_reopen,
    truncations_survive_a_reopen,
    snapshots_survive_a_reopen,
    checkpoints_survive_a_reopen,
    orders_survive_a_reopen,
    leases_survive_a_reopen,
    letters_survive_a_reopen,
    replays_survive_a_reopen,
    discards_survive_a_reopen,
    the_digest_survives_a_reopen,
    a_watch_starts_at_the_head_after_a_reopen,
];

/// Closes the store and opens it again.
async fn reopened(rig: &Rig, store: SharedStore) -> SharedStore {
    drop(store);
    rig.open().await
}

async fn acknowledged_events_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    put(&store, "bob", 4..6).await;
    let before = all(&store).await;
    let store = reopened(rig, store).await;
    assert_eq!(all(&store).await, before);
    assert_eq!(stream_numbers(&store, "bob").await, [4, 5]);
    assert_eq!(head(&*store).await, 5);
}

async fn positions_and_revisions_go_on_after_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    let store = reopened(rig, store).await;
    let appended = put(&store, "ann", 4..5).await;
    assert_eq!(appended.first, Some(position(4)));
    assert_eq!(appended.revision(&account("ann")), Some(revision(3)));
}

async fn guards_judge_events_from_before_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    let store = reopened(rig, store).await;
    conflict(store.append(to("ann", Expected::NoStream, 3..4)).await);
    let query = factum_core::QueryItem::default().event_type(event(1).event_type);
    conflict(store.append(one("bob", event(3)).none_match(query, position(1))).await);
    let at = Expected::Revision(revision(1));
    store.append(to("ann", at, 3..4)).await.expect("the stream is at revision 1");
}

async fn claims_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    let store = reopened(rig, store).await;
    assert_eq!(owner(&store, "a@x").await, Some(account("ann")));
    conflict(store.append(one("bob", takes(2, "a@x"))).await);
}

async fn f14_commands_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    let request = |target| to(target, Expected::Any, 1..3).command(command("c1", target));
    let mut first = store.append(request("ann")).await.expect("the first use of the command");
    put(&store, "ann", 3..4).await;
    let store = reopened(rig, store).await;
    first.repeated = true;
    assert_eq!(store.append(request("ann")).await.expect("the command is repeated"), first);
    let reused = refusal(store.append(request("bob")).await);
    assert!(matches!(reused, Refusal::CommandReused { .. }), "found {reused}");
    assert_eq!(head(&*store).await, 3);
}

async fn f14_digests_of_commands_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    let request = |asked| to("ann", Expected::Any, 1..2).command(asking("c1", asked));
    store.append(request("five")).await.expect("the first use of the command");
    let store = reopened(rig, store).await;
    let reused = refusal(store.append(request("seven")).await);
    assert!(matches!(reused, Refusal::CommandReused { .. }), "found {reused}");
    assert!(store.append(request("five")).await.expect("the command is repeated").repeated);
}

async fn f14_commands_without_events_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    let request = || AppendRequest::default().command(command("c1", "ann"));
    let mut first = store.append(request()).await.expect("a command needs no events");
    put(&store, "ann", 3..4).await;
    let store = reopened(rig, store).await;
    first.repeated = true;
    assert_eq!(store.append(request()).await.expect("the command is repeated"), first);
}

async fn deletions_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    store.tombstone(&account("ann"), Expected::Any, record(2)).await.expect("it exists");
    let store = reopened(rig, store).await;
    refusal(store.append(to("ann", Expected::Any, 3..4)).await);
    let read =
        factum_core::EventStoreExt::collect_stream(&*store, StreamRead::forward(account("ann")));
    assert_eq!(failure(read.await), StoreErrorKind::StreamDeleted);
    assert_eq!(owner(&store, "a@x").await, None);
}

async fn truncations_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 0..4).await;
    let cut = store.truncate_before(&account("ann"), revision(2), record(9)).await;
    cut.expect("revision 2 exists");
    let store = reopened(rig, store).await;
    assert_eq!(stream_numbers(&store, "ann").await, [2, 3, 9]);
    let found = store.stream(&account("ann")).await.expect("looked up").expect("known");
    assert_eq!(found.first, revision(2));
}

async fn snapshots_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    save(&store, "ann", 2).await;
    let store = reopened(rig, store).await;
    assert_eq!(latest(&store, "ann").await, Some(snapshot("ann", 2)));
}

async fn checkpoints_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, Advance { last: Some(handled(4)), ..step(&lease, 0, 5) }).await;
    let before = stored(&store, "mails").await;
    let store = reopened(rig, store).await;
    assert_eq!(stored(&store, "mails").await, before);
    advance(&store, step(&lease, 5, 6)).await;
}

async fn orders_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    run(&store, "mails").await;
    instruct(&store, "mails", pause("full")).await;
    let rebuild = Instruction::Rebuild { after: position(3) };
    let before = instruct(&store, "mails", rebuild).await;
    let store = reopened(rig, store).await;
    assert_eq!(stored(&store, "mails").await, before);
}

async fn leases_survive_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    let older = run(&store, "mails").await;
    let lease = granted(&store, claim("mails", "runner")).await;
    let store = reopened(rig, store).await;
    let found = answer(&store, claim("mails", "other")).await;
    assert!(matches!(found, LeaseAnswer::Held(_)), "found {found:?}");
    assert_eq!(failure(store.advance(step(&older, 0, 5)).await), StoreErrorKind::Fenced);
    advance(&store, step(&lease, 0, 5)).await;
}

/// A subscription with two letters that failed and one that waits.
async fn troubled(rig: &Rig) -> SharedStore {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    set_aside(&store, &lease, [parked(1, "k"), waiting(2, "k"), dead(3, "l")]).await;
    store
}

async fn letters_survive_a_reopen(rig: &Rig) {
    let store = troubled(rig).await;
    let store = reopened(rig, store).await;
    let expected = ["mails 1 k parked", "mails 2 k waiting", "mails 3 l dead"];
    assert_eq!(letters(&store).await, expected);
    assert_eq!(stored(&store, "mails").await.dead_letters, 2);
}

async fn replays_survive_a_reopen(rig: &Rig) {
    let store = troubled(rig).await;
    store.replay(&named("mails"), DeadLetterSelection::All).await.expect("replayed");
    let store = reopened(rig, store).await;
    let expected = ["mails 1 k parked due", "mails 2 k waiting", "mails 3 l dead due"];
    assert_eq!(letters(&store).await, expected);
}

async fn discards_survive_a_reopen(rig: &Rig) {
    let store = troubled(rig).await;
    store.discard(&named("mails"), DeadLetterSelection::All).await.expect("discarded");
    let store = reopened(rig, store).await;
    assert_eq!(letters(&store).await, ["mails 2 k waiting due"]);
}

async fn the_digest_survives_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    rig.clock.advance_ms(5_000);
    put(&store, "bob", 2..9).await;
    store.tombstone(&account("ann"), Expected::Any, record(9)).await.expect("it exists");
    let before = store.verify().await.expect("verified");
    rig.clock.advance_ms(5_000);
    let store = reopened(rig, store).await;
    assert_eq!(store.verify().await.expect("verified"), before);
}

async fn a_watch_starts_at_the_head_after_a_reopen(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    let store = reopened(rig, store).await;
    let mut watch = store.watch();
    let woken = watch.past(position(2));
    let woken = tokio::time::timeout(std::time::Duration::from_mins(1), woken).await;
    assert_eq!(woken.expect("the watch wakes").expect("the store is open"), position(3));
}
