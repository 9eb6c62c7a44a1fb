//! A real process, real signals: this test binary runs itself again and signals its child.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::future::pending;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use factum_runtime::{Runner, Started, Stop};
use rustix::process::{Pid, Signal, kill_process};

/// Says to a child what to do.
const TASK: &str = "FACTUM_TEST_CHILD_TASK";
/// Begins the lines that are meant for the parent; the runner of tests writes others.
const WORD: &str = "child says ";

fn say(word: &str) {
    // The runner of tests may have written the beginning of a line.
    println!("\n{WORD}{word}");
}

/// Says so when it is dropped.
struct Held(&'static str);

impl Drop for Held {
    fn drop(&mut self) {
        say(&format!("{} is gone", self.0));
    }
}

/// The other process. Does nothing as a test of its own.
#[tokio::test]
async fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let stubborn = task == "stubborn";
    let well = |name: &'static str| {
        move |started: Started, stop: Stop| async move {
            let _held = stubborn.then(|| Held(name));
            started.ready();
            stop.requested().await;
            say(&format!("{name} stops"));
            if stubborn {
                pending::<()>().await;
            }
            Ok(())
        }
    };
    // Nothing but a second signal ends the stubborn ones in the time of a test.
    let runner = Runner::new()
        .stop_within_ms(3_600_000)
        .service_fn("a", well("a"))
        .service_fn("b", well("b"))
        .service_fn("listener", |started, stop| async move {
            started.ready();
            say("ready");
            stop.requested().await;
            Ok(())
        });
    match runner.run().await {
        Ok(()) => say("ended well"),
        Err(error) => say(&format!("{error}")),
    }
}

struct Other {
    process: Child,
    words: std::io::Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(task: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(TASK, task)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let words = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, words }
    }

    /// The next word; ends the test if the child ended without one.
    fn word(&mut self) -> String {
        let word = self
            .words
            .by_ref()
            .find_map(|line| line.unwrap().strip_prefix(WORD).map(str::to_owned));
        word.expect("the child says something")
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // Fails if it has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn each_signal_stops_the_services_in_reverse() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut other = Other::start("willing");
        assert_eq!(other.word(), "ready");
        other.signal(signal);
        assert_eq!(other.word(), "b stops");
        assert_eq!(other.word(), "a stops");
        assert_eq!(other.word(), "ended well");
        assert!(other.process.wait().unwrap().success());
    }
}

#[test]
fn a_second_signal_forces_the_end() {
    for (first, second) in [(Signal::TERM, Signal::TERM), (Signal::INT, Signal::TERM)] {
        let mut other = Other::start("stubborn");
        assert_eq!(other.word(), "ready");
        other.signal(first);
        assert_eq!(other.word(), "b stops"); // And does not end; `a` is not asked yet.
        other.signal(second);
        let mut gone = [other.word(), other.word()];
        gone.sort();
        assert_eq!(gone, ["a is gone", "b is gone"]);
        assert_eq!(other.word(), "forced to end by a second signal; aborted: a, b");
        assert!(other.process.wait().unwrap().success());
    }
}
