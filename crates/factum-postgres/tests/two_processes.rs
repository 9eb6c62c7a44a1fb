//! F14: several processes share one log. Order stays dense, each sees the others, and a command has
//! one effect, whoever sends it and however often.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::children::{ChildProcess, hear, say, task};
use common::requests::{append, claim, claiming, command, expecting, stream};
use common::session::Session;
use common::{all, assert_sound, numbers, on_every_postgres, soon, until};
use factum_core::{
    AppendError, AppendRequest, Appended, Conflict, EventStore, Expected, Position, Revision,
    StreamAdmin,
};
use factum_postgres::PostgresStore;

const COMMANDS: u64 = 60;
const APPENDS: u64 = 150;

/// The append of command `number` as process `who` sends it.
fn sent(who: u64, number: u64) -> AppendRequest {
    let mut command = command(&format!("command-{number}"), "target");
    command.outcome = format!("by {who}").into();
    append("shared", [1_000 * who + number]).command(command)
}

/// What everyone must be told, and whether it was told again.
fn told(appended: &Appended) -> (String, bool) {
    let Appended { first, last, streams, outcome, repeated } = appended;
    (format!("{first:?} {last} {streams:?} {outcome:?}"), *repeated)
}

/// Appends one by one to a stream of its own, each time where it left off.
async fn append_alone(store: &PostgresStore, id: &str, base: u64) {
    for number in 0..APPENDS {
        let expected = number
            .checked_sub(1)
            .map_or(Expected::NoStream, |last| Expected::Revision(Revision::new(last)));
        store.append(expecting(id, expected, [base + number])).await.unwrap();
    }
}

/// The other process. Does nothing as a test of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some((place, task)) = task() else { return };
    let (task, who) = task.split_once(' ').unwrap();
    let number: u64 = who.parse().unwrap();
    let store = place.open().await;
    say("ready");
    hear().await;
    match task {
        "append" => append_alone(&store, &format!("own-{who}"), 1_000 * number).await,
        "commands" => {
            for command in 0..COMMANDS {
                let (answer, repeated) = told(&store.append(sent(number, command)).await.unwrap());
                say(&format!("{repeated} {answer}"));
            }
        }
        "claim" => {
            store.append(claiming("theirs", number, "ann@example.org")).await.unwrap();
            store.append(append("theirs", [number + 1])).await.unwrap();
        }
        "endless" => {
            for command in 0.. {
                store.append(sent(number, command)).await.unwrap();
                say(&command.to_string());
            }
        }
        other => panic!("{other}"),
    }
}

fn start(place: &common::Place, task: &str) -> ChildProcess {
    let child = ChildProcess::start(place, task);
    assert_eq!(child.word(), "ready");
    child
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_stays_dense_over_four_processes() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let mut children = ["append 1", "append 2", "append 3"].map(|task| start(&place, task));
        for child in &mut children {
            child.tell("go");
        }
        append_alone(&store, "own-0", 0).await;
        for child in children {
            child.finish();
        }
        let numbers = numbers(&store).await;
        assert_eq!(numbers.len() as u64, 4 * APPENDS);
        for who in 0..4 {
            let own = all(&store).await.into_iter();
            let own = own.filter(|event| event.stream == stream(&format!("own-{who}")));
            let revisions: Vec<u64> = own.map(|event| event.revision.get()).collect();
            assert_eq!(revisions, (0..APPENDS).collect::<Vec<_>>());
            let mine = numbers.iter().filter(|it| **it / 1_000 == who).copied();
            assert!(mine.eq(1_000 * who..1_000 * who + APPENDS), "in the order of appends");
        }
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f14_a_command_of_several_processes_has_one_effect_and_one_answer() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let mut children = ["commands 1", "commands 2"].map(|task| start(&place, task));
        for child in &mut children {
            child.tell("go");
        }
        let mut effects = 0;
        let mut answers = Vec::new();
        for command in 0..COMMANDS {
            let (answer, repeated) = told(&store.append(sent(0, command)).await.unwrap());
            effects += u64::from(!repeated);
            answers.push(answer);
        }
        for child in children {
            for answer in &answers {
                let word = child.word();
                let (repeated, found) = word.split_once(' ').unwrap();
                assert_eq!(found, answer);
                effects += u64::from(repeated == "false");
            }
            child.finish();
        }
        assert_eq!(effects, COMMANDS, "each command was new once");
        assert_eq!(numbers(&store).await.len() as u64, COMMANDS);

        // A process that is started later is told the same.
        let mut late = start(&place, "commands 3");
        late.tell("go");
        for answer in &answers {
            assert_eq!(late.word(), format!("true {answer}"));
        }
        late.finish();
        assert_eq!(numbers(&store).await.len() as u64, COMMANDS);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f14_the_commands_of_a_process_that_is_killed_are_settled_by_another() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let mut child = start(&place, "endless 1");
        child.tell("go");
        for command in 0..20 {
            assert_eq!(child.word(), command.to_string());
        }
        child.signal("KILL");
        drop(child);
        // What it was about to say is stored, or not, once its session is gone.
        let observer = Session::connect(&place).await;
        let gone = async || observer.writers(&place).await.is_empty().then_some(());
        until("the session of the child to end", gone).await;
        let stored = numbers(&store).await.len() as u64;
        assert!(stored >= 20);
        for command in 0..stored + 3 {
            let appended = store.append(sent(2, command)).await.unwrap();
            assert_eq!((appended.last.get(), appended.repeated), (command + 1, command < stored));
        }
        assert_eq!(numbers(&store).await.len() as u64, stored + 3);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guards_and_claims_see_what_another_process_wrote() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        store.append(append("mine", [1])).await.unwrap();
        let mut child = start(&place, "claim 100");
        child.tell("go");
        child.finish();
        let stale = expecting("theirs", Expected::NoStream, [2]);
        let Err(AppendError::Conflict(conflict)) = store.append(stale).await else {
            panic!("expected a conflict");
        };
        let actual = Some(Revision::new(1));
        assert!(matches!(conflict, Conflict::Stream { actual: found, .. } if found == actual));
        let taken = store.append(claiming("mine", 3, "ann@example.org")).await;
        assert!(
            matches!(taken, Err(AppendError::Conflict(Conflict::Claim { ref owner, .. }))
                if *owner == stream("theirs")),
            "{taken:?}"
        );
        let owner = store.claim_owner(&claim("ann@example.org")).await.unwrap();
        assert_eq!(owner, Some(stream("theirs")));
        let after = Expected::Revision(Revision::new(1));
        assert_eq!(
            store.append(expecting("theirs", after, [4])).await.unwrap().last,
            Position::new(4)
        );
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_wakes_for_another_process() {
    on_every_postgres(async |place| {
        for notify in [true, false] {
            let config = factum_postgres::PostgresStoreConfig { notify, ..place.config() };
            let store = common::open(config).await;
            let seen = store.head().await.unwrap();
            let mut watch = store.watch();
            let task = if notify { "claim 1" } else { "append 1" };
            let mut child = start(&place, task);
            child.tell("go");
            assert!(soon("the watch to wake", watch.past(seen)).await.unwrap() > seen);
            child.finish();
        }
    })
    .await;
}
