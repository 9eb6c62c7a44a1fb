//! The order in which a request is judged: limits, command id, deleted streams, guards, claims.

use factum_core::limits::TAGS_PER_EVENT_MAX;
use factum_core::{AppendRequest, Conflict, Expected, NewEvent, Refusal, Tag};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, command, conflict, event, log_numbers, one, put, put_one, record, refusal, takes, to,
};

conformance_cases!["judging", ALWAYS;
    limits_come_before_the_command_id,
    the_command_id_comes_before_deleted_streams,
    the_command_id_comes_before_guards,
    the_command_id_comes_before_claims,
    deleted_streams_come_before_guards,
    guards_come_before_claims,
];

/// An event with one tag too many.
fn overloaded(number: u64) -> NewEvent {
    let tags = (0..=TAGS_PER_EVENT_MAX).map(|it| Tag::new("t", &it.to_string()));
    NewEvent { tags: tags.map(|it| it.expect("the tag is valid")).collect(), ..event(number) }
}

async fn limits_come_before_the_command_id(rig: &Rig) {
    let store = rig.open().await;
    let first = to("ann", Expected::Any, 1..2).command(command("c1", "ann"));
    store.append(first).await.expect("the first use of the command");
    let again = one("ann", overloaded(2)).command(command("c1", "ann"));
    let found = refusal(store.append(again).await);
    assert!(matches!(found, Refusal::TooManyTags { .. }), "found {found}");
}

async fn the_command_id_comes_before_deleted_streams(rig: &Rig) {
    let store = rig.open().await;
    let request = to("ann", Expected::Any, 1..2).command(command("c1", "ann"));
    store.append(request.clone()).await.expect("the first use of the command");
    store.tombstone(&account("ann"), Expected::Exists, record(9)).await.expect("it exists");
    assert!(store.append(request).await.expect("the command is known").repeated);
}

async fn the_command_id_comes_before_guards(rig: &Rig) {
    let store = rig.open().await;
    let request = to("ann", Expected::NoStream, 1..2).command(command("c1", "ann"));
    store.append(request.clone()).await.expect("the first use of the command");
    assert!(store.append(request).await.expect("the command is known").repeated);
    assert_eq!(log_numbers(&store).await, [1]);
}

async fn the_command_id_comes_before_claims(rig: &Rig) {
    let store = rig.open().await;
    let request = one("ann", takes(1, "a@x")).command(command("c1", "ann"));
    store.append(request.clone()).await.expect("the first use of the command");
    store.tombstone(&account("ann"), Expected::Exists, record(8)).await.expect("it exists");
    put_one(&store, "bob", takes(2, "a@x")).await;
    assert!(store.append(request).await.expect("the command is known").repeated);
}

async fn deleted_streams_come_before_guards(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    store.tombstone(&account("ann"), Expected::Exists, record(9)).await.expect("it exists");
    let found = refusal(store.append(to("ann", Expected::NoStream, 2..3)).await);
    assert_eq!(found, Refusal::StreamDeleted { stream: account("ann") });
}

async fn guards_come_before_claims(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    let both = AppendRequest::default().stream(account("bob"), Expected::Exists, [takes(2, "a@x")]);
    let found = conflict(store.append(both).await);
    assert!(matches!(found, Conflict::Stream { .. }), "found {found}");
}
