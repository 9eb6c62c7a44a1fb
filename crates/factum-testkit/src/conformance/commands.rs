//! Commands: the same id has one effect and one answer.

use factum_core::{
    AppendRequest, Clock, Command, CommandReuse, Expected, Position, Query, Recalled, Refusal,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, asking, command, conflict, log_numbers, put, refusal, revision, stream_numbers, to,
};

conformance_cases!["commands", ALWAYS;
    a_first_answer_is_not_marked_as_repeated,
    a_repetition_stores_nothing,
    a_repetition_gives_the_first_answer,
    a_repetition_may_bring_other_events,
    a_command_without_events_is_remembered,
    a_command_without_events_says_the_head_it_was_judged_at,
    a_command_on_another_target_is_refused,
    a_command_with_another_digest_is_refused,
    a_command_without_a_digest_is_answered_whatever_it_asks,
    a_failed_append_remembers_no_command,
    an_expired_command_is_forgotten,
    a_command_is_remembered_until_it_expires,
    a_command_without_expiry_is_never_forgotten,
    recall_gives_the_stored_answer,
    recall_knows_no_unknown_command,
    recall_forgets_an_expired_command,
];

fn expiring(rig: &Rig, id: &str, millis: i64) -> Command {
    Command { expires_at: Some(rig.clock.now().plus_millis(millis)), ..command(id, "ann") }
}

async fn a_first_answer_is_not_marked_as_repeated(rig: &Rig) {
    let store = rig.open().await;
    let request = to("ann", Expected::Any, 1..2).command(command("c1", "ann"));
    let first = store.append(request).await.expect("the first use of the command");
    assert!(!first.repeated);
    assert_eq!(first.outcome, Some(command("c1", "ann").outcome));
}

async fn a_repetition_stores_nothing(rig: &Rig) {
    let store = rig.open().await;
    let request = to("ann", Expected::Any, 1..3).command(command("c1", "ann"));
    for _ in 0..3 {
        store.append(request.clone()).await.expect("the command is repeated");
    }
    assert_eq!(log_numbers(&store).await, [1, 2]);
}

async fn a_repetition_gives_the_first_answer(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "bob", 90..93).await;
    let request = to("ann", Expected::Any, 1..3)
        .stream(account("bob"), Expected::Exists, [super::support::event(3)])
        .command(command("c1", "ann"));
    let first = store.append(request.clone()).await.expect("the first use of the command");
    put(&store, "ann", 4..9).await;
    let mut again = store.append(request).await.expect("the command is repeated");
    assert!(again.repeated);
    again.repeated = false;
    assert_eq!(again, first);
}

async fn a_repetition_may_bring_other_events(rig: &Rig) {
    let store = rig.open().await;
    let request = |numbers| to("ann", Expected::Any, numbers).command(command("c1", "ann"));
    store.append(request(1..2)).await.expect("the first use of the command");
    let other = Command { outcome: b"another".to_vec().into(), ..command("c1", "ann") };
    let again = store.append(to("ann", Expected::Any, 5..9).command(other)).await;
    let again = again.expect("the command is repeated");
    assert_eq!(again.outcome, Some(command("c1", "ann").outcome));
    assert_eq!(again.revision(&account("ann")), Some(revision(0)));
    assert_eq!(stream_numbers(&store, "ann").await, [1]);
}

async fn a_command_without_events_is_remembered(rig: &Rig) {
    let store = rig.open().await;
    let request = || AppendRequest::default().command(command("c1", "ann"));
    let first = store.append(request()).await.expect("a command needs no events");
    assert!(!first.repeated);
    let again = store.append(to("ann", Expected::Any, 1..2).command(command("c1", "ann"))).await;
    let again = again.expect("the command is repeated");
    assert_eq!((again.repeated, again.outcome), (true, Some(command("c1", "ann").outcome)));
    assert_eq!(log_numbers(&store).await, [0; 0]);
}

async fn a_command_without_events_says_the_head_it_was_judged_at(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    let request = || AppendRequest::default().command(command("c1", "ann"));
    let first = store.append(request()).await.expect("a command needs no events");
    put(&store, "ann", 4..6).await;
    let again = store.append(request()).await.expect("the command is repeated");
    for answer in [first, again] {
        assert_eq!((answer.first, answer.last.get()), (None, 3));
        assert_eq!(answer.streams, []);
    }
}

async fn a_command_on_another_target_is_refused(rig: &Rig) {
    let store = rig.open().await;
    let request = |target| to(target, Expected::Any, 1..2).command(command("c1", target));
    store.append(request("ann")).await.expect("the first use of the command");
    let found = refusal(store.append(request("bob")).await);
    let (first, again) = (command("c1", "ann"), command("c1", "bob"));
    let reuse = CommandReuse::Target { first: first.target, found: again.target };
    assert_eq!(found, Refusal::CommandReused { id: first.id, reuse });
    assert_eq!(stream_numbers(&store, "bob").await, [0; 0]);
}

async fn a_command_with_another_digest_is_refused(rig: &Rig) {
    let store = rig.open().await;
    let request = |asked| to("ann", Expected::Any, 1..2).command(asking("c1", asked));
    store.append(request("five")).await.expect("the first use of the command");
    let reuse = CommandReuse::Content { target: asking("c1", "seven").target };
    let reused = Refusal::CommandReused { id: asking("c1", "seven").id, reuse };
    assert_eq!(refusal(store.append(request("seven")).await), reused);
    assert!(store.append(request("five")).await.expect("the command is repeated").repeated);

    // Nor is one without events, or one that guards would refuse.
    let empty = AppendRequest::default().command(asking("c2", "five"));
    store.append(empty).await.expect("the first use of the command");
    let other = AppendRequest::default().none_match(Query::all(), Position::START);
    let found = refusal(store.append(other.command(asking("c2", "seven"))).await);
    assert!(matches!(found, Refusal::CommandReused { .. }), "found {found}");
    assert_eq!(log_numbers(&store).await, [1]);
}

async fn a_command_without_a_digest_is_answered_whatever_it_asks(rig: &Rig) {
    let store = rig.open().await;
    let known = || to("ann", Expected::Any, 1..2).command(asking("c1", "five"));
    let unknown = |id| to("ann", Expected::Any, 2..3).command(command(id, "ann"));
    store.append(known()).await.expect("the first use of the command");
    assert!(store.append(unknown("c1")).await.expect("the command is repeated").repeated);
    store.append(unknown("c2")).await.expect("the first use of the command");
    let again = to("ann", Expected::Any, 3..4).command(asking("c2", "five"));
    assert!(store.append(again).await.expect("the command is repeated").repeated);
    assert_eq!(log_numbers(&store).await, [1, 2]);
}

async fn a_failed_append_remembers_no_command(rig: &Rig) {
    let store = rig.open().await;
    let request = to("ann", Expected::Exists, 2..3).command(command("c1", "ann"));
    conflict(store.append(request.clone()).await);
    put(&store, "ann", 1..2).await;
    let first = store.append(request).await.expect("the stream exists now");
    assert!(!first.repeated);
    assert_eq!(log_numbers(&store).await, [1, 2]);
}

async fn an_expired_command_is_forgotten(rig: &Rig) {
    let store = rig.open().await;
    let request = |numbers| to("ann", Expected::Any, numbers).command(expiring(rig, "c1", 1_000));
    store.append(request(1..2)).await.expect("the first use of the command");
    rig.clock.advance_ms(1_001);
    let anew = store.append(request(2..3)).await.expect("the command is new again");
    assert!(!anew.repeated);
    let again = store.append(request(3..4)).await.expect("the command is repeated");
    assert!(again.repeated);
    assert_eq!(again.revision(&account("ann")), Some(revision(1)));
    assert_eq!(log_numbers(&store).await, [1, 2]);
}

async fn a_command_is_remembered_until_it_expires(rig: &Rig) {
    let store = rig.open().await;
    let request = to("ann", Expected::Any, 1..2).command(expiring(rig, "c1", 1_000));
    store.append(request.clone()).await.expect("the first use of the command");
    rig.clock.advance_ms(999);
    assert!(store.append(request).await.expect("the command is repeated").repeated);
    assert_eq!(log_numbers(&store).await, [1]);
}

async fn a_command_without_expiry_is_never_forgotten(rig: &Rig) {
    let store = rig.open().await;
    let request = to("ann", Expected::Any, 1..2).command(command("c1", "ann"));
    store.append(request.clone()).await.expect("the first use of the command");
    rig.clock.advance_ms(1_000_000_000_000);
    assert!(store.append(request).await.expect("the command is repeated").repeated);
}

async fn recall_gives_the_stored_answer(rig: &Rig) {
    let store = rig.open().await;
    for sent in [command("c1", "ann"), asking("c2", "five")] {
        let request = to("ann", Expected::Any, 1..3).command(sent.clone());
        let mut appended = store.append(request).await.expect("the first use of the command");
        appended.repeated = true;
        let recalled = store.recall(&sent.id).await.expect("the command can be looked up");
        let (target, digest) = (sent.target, sent.digest);
        assert_eq!(recalled, Some(Recalled { target, digest, appended }));
    }
}

async fn recall_knows_no_unknown_command(rig: &Rig) {
    let store = rig.open().await;
    let request = to("ann", Expected::Any, 1..2).command(command("c1", "ann"));
    store.append(request).await.expect("the first use of the command");
    let unknown = store.recall(&command("C1", "ann").id).await;
    assert_eq!(unknown.expect("the command can be looked up"), None);
}

async fn recall_forgets_an_expired_command(rig: &Rig) {
    let store = rig.open().await;
    let sent = expiring(rig, "c1", 1_000);
    let request = to("ann", Expected::Any, 1..2).command(sent.clone());
    store.append(request).await.expect("the first use of the command");
    rig.clock.advance_ms(999);
    assert!(store.recall(&sent.id).await.expect("looked up").is_some());
    rig.clock.advance_ms(2);
    assert_eq!(store.recall(&sent.id).await.expect("looked up"), None);
}
