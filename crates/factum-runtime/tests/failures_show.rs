//! A program that listens to no `tracing` events sees failures on standard error: this test binary runs
//! itself again and reads what its child wrote there.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod reading;

use std::process::Command;
use std::sync::Arc;

use factum_core::{HandlerError, SharedStore};
use factum_runtime::{FailurePolicy, OnFailure, Retry, Runner};
use factum_testkit::faults::{FaultyStore, WriteFault};
use reading::{handling, in_time, memory, number, take};

const ROLE: &str = "FACTUM_TEST_FAILURES_SHOW";

/// The other process. Does nothing as a test of its own.
#[tokio::test]
async fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    if role == "listens" {
        let nobody = tracing::subscriber::NoSubscriber::new();
        tracing::subscriber::set_global_default(nobody).unwrap();
    }
    let faulty = FaultyStore::new(memory());
    faulty.faults().checkpoints([WriteFault::Before]);
    let store: SharedStore = Arc::new(faulty);
    for walk in 0..5 {
        take(&store, walk, &[13]).await;
    }
    let subscription = handling(&store, |event| {
        let unlucky = HandlerError::new(format!("{} is unlucky", number(&event)));
        std::future::ready(Err(unlucky))
    });
    let policy = FailurePolicy::new(OnFailure::Park).retried(Retry::NEVER);
    let running = subscription.on_failure(policy).spawn();
    in_time(running.caught_up()).await.unwrap();
    in_time(running.stop()).await.unwrap();
    let runner = Runner::new().without_signals();
    let runner = runner.service_fn("port", |_, _| async { Err("in use".into()) });
    in_time(runner.run()).await.unwrap_err();
}

fn written_by_a_child_that(role: &str) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env(ROLE, role).env_remove("NEXTEST");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stderr).unwrap();
    lines.lines().filter(|it| it.starts_with("factum: ")).map(String::from).collect()
}

#[test]
fn failures_are_written_to_standard_error_without_a_subscriber() {
    let lines = written_by_a_child_that("listens to nothing");
    let all = lines.join("\n");
    for part in [
        "subscription handling: event at position 1, stream walk/0: refused: 13 is unlucky; set aside, \
         and its key waits",
        "(2 events so far)",
        "(4 events so far)",
        "subscription handling: interrupted, and tries again: ",
        "subscription handling: stopped; events set aside: 5 failed, 0 waiting; first: event at \
         position 1",
        "service port while starting: in use",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(!all.contains("(3 events so far)"), "not every one of many: {all}");
}

#[test]
fn a_program_with_a_subscriber_of_its_own_is_told_there_and_nowhere_else() {
    assert_eq!(written_by_a_child_that("listens"), Vec::<String>::new());
}
