//! What a runner promises: order, deadlines, and that no failure goes unsaid. Time is paused.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::future::pending;
use std::sync::{Arc, Mutex};

use factum_runtime::{
    RunError, RunFailure, Runner, Service, ServiceError, ServiceFailure, ServicePhase,
    ServiceState, ServiceStates, ServiceStatus, Started, Stop, Stopper,
};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, what: &str, name: &str) {
        self.0.lock().unwrap().push(format!("{what} {name}"));
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A service that starts and stops as it should, and writes down that it does.
struct Good {
    name: &'static str,
    log: Log,
}

#[async_trait::async_trait]
impl Service for Good {
    async fn run(self: Box<Self>, started: Started, stop: Stop) -> Result<(), ServiceError> {
        self.log.add("start", self.name);
        // Another service that did not wait for this one to be ready would come first.
        tokio::task::yield_now().await;
        self.log.add("ready", self.name);
        started.ready();
        stop.requested().await;
        self.log.add("stop", self.name);
        tokio::task::yield_now().await;
        self.log.add("end", self.name);
        Ok(())
    }
}

/// A runner that listens to nobody but the stopper.
fn runner() -> (Stopper, Runner) {
    let stopper = Stopper::new();
    let runner = Runner::new().without_signals().stop_on(stopper.signal());
    (stopper, runner)
}

fn good(name: &'static str, log: &Log) -> Good {
    Good { name, log: log.clone() }
}

/// The name, the phase and the reason of a failure of a service.
fn parts(failure: &RunFailure) -> (&str, ServicePhase, &ServiceFailure) {
    match failure {
        RunFailure::Service { service, phase, reason } => (service, *phase, reason),
        other => panic!("expected a service's failure, found {other}"),
    }
}

async fn failed(runner: Runner) -> RunError {
    runner.run().await.unwrap_err()
}

const ALL_WELL: [&str; 8] = [
    "start a", "ready a", "start b", "ready b", // One after the other,
    "stop b", "end b", "stop a", "end a", // and back.
];

#[tokio::test(start_paused = true)]
async fn services_start_in_order_and_stop_in_reverse() {
    let log = Log::default();
    let (stopper, runner) = runner();
    let runner = runner.service("a", good("a", &log)).service("b", good("b", &log));
    let states = runner.states();
    let run = tokio::spawn(runner.run());
    assert!(states.started().await);
    assert_eq!(log.all(), ALL_WELL[..4]);
    stopper.stop();
    run.await.unwrap().unwrap();
    assert_eq!(log.all(), ALL_WELL);
}

#[tokio::test(start_paused = true)]
async fn states_follow_the_services() {
    let (stopper, runner) = runner();
    let states = runner.states();
    let (gate, opened) = oneshot::channel::<()>();
    let (seen, see) = oneshot::channel();
    let (inside, late) = (states.clone(), states.clone());
    let runner = runner
        .service_fn("a", |started, stop| async move {
            started.ready();
            stop.requested().await;
            drop(seen.send(inside.list()));
            Ok(())
        })
        .service_fn("b", |started, stop| async move {
            opened.await?;
            started.ready();
            stop.requested().await;
            Ok(())
        });
    let are = |list: Vec<ServiceStatus>| -> Vec<(String, ServiceState)> {
        list.into_iter().map(|it| (it.name, it.state)).collect()
    };
    let both = |a, b| vec![("a".to_owned(), a), ("b".to_owned(), b)];
    assert_eq!(are(states.list()), both(ServiceState::Waiting, ServiceState::Waiting));
    let run = tokio::spawn(runner.run());
    // Paused time does not pass while anything can go on, so both are where they stay.
    tokio::time::advance(std::time::Duration::from_millis(1)).await;
    assert_eq!(are(states.list()), both(ServiceState::Running, ServiceState::Starting));
    assert!(!states.all_run());
    gate.send(()).unwrap();
    assert!(states.started().await && states.all_run());
    stopper.stop();
    run.await.unwrap().unwrap();
    assert_eq!(are(see.await.unwrap()), both(ServiceState::Stopping, ServiceState::Ended));
    assert_eq!(are(states.list()), both(ServiceState::Ended, ServiceState::Ended));
    assert!(!late.started().await);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_before_it_is_ready_is_named_and_the_next_never_starts() {
    let log = Log::default();
    let (_stopper, runner) = runner();
    let runner = runner
        .service("a", good("a", &log))
        .service_fn("bad", |_started, _stop| async { Err("no port".into()) })
        .service("b", good("b", &log));
    let error = failed(runner).await;
    assert_eq!(error.to_string(), "service bad while starting: no port");
    assert!(error.others.is_empty() && !error.is_forced());
    assert_eq!(log.all(), ["start a", "ready a", "stop a", "end a"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_returns_before_it_is_ready_is_a_failed_start() {
    let (_stopper, runner) = runner();
    let error = failed(runner.service_fn("a", |_started, _stop| async { Ok(()) })).await;
    let (name, phase, reason) = parts(&error.first);
    assert_eq!((name, phase), ("a", ServicePhase::Starting));
    assert!(matches!(reason, ServiceFailure::Returned));
}

#[tokio::test(start_paused = true)]
async fn each_service_has_its_own_deadline_for_the_start() {
    let stuck = |started: Started, stop: Stop| async move {
        stop.requested().await;
        drop(started);
        Ok(())
    };
    for (own, expected) in [(None, 30_000), (Some(7), 7)] {
        let log = Log::default();
        let (_stopper, runner) = runner();
        let mut runner = runner.service("a", good("a", &log)).service_fn("stuck", stuck);
        if let Some(within_ms) = own {
            runner = runner.start_within_ms(within_ms);
        }
        let begun = Instant::now();
        let error = failed(runner.service("b", good("b", &log))).await;
        assert_eq!(begun.elapsed().as_millis(), u128::from(expected));
        let (name, phase, reason) = parts(&error.first);
        assert_eq!((name, phase), ("stuck", ServicePhase::Starting));
        assert!(matches!(reason, ServiceFailure::NotReady { within_ms } if *within_ms == expected));
        assert!(error.others.is_empty(), "it stopped when it was asked to");
        assert_eq!(log.all(), ["start a", "ready a", "stop a", "end a"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_stop_in_time_is_aborted_before_the_next_one_stops() {
    struct Held(Log, ServiceStates);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.add("drop stuck while a is", self.1.list()[0].state.as_str());
        }
    }
    for (own, expected) in [(None, 10_000), (Some(3), 3)] {
        let log = Log::default();
        let (stopper, runner) = runner();
        let held = Held(log.clone(), runner.states());
        let stuck = |started: Started, _stop| async move {
            let _held = held;
            started.ready();
            pending().await
        };
        let mut runner = runner.service("a", good("a", &log)).service_fn("stuck", stuck);
        if let Some(within_ms) = own {
            runner = runner.stop_within_ms(within_ms);
        }
        let states = runner.states();
        let run = tokio::spawn(runner.run());
        assert!(states.started().await);
        let begun = Instant::now();
        stopper.stop();
        let error = run.await.unwrap().unwrap_err();
        assert_eq!(begun.elapsed().as_millis(), u128::from(expected));
        let (name, phase, reason) = parts(&error.first);
        assert_eq!((name, phase), ("stuck", ServicePhase::Stopping));
        assert!(
            matches!(reason, ServiceFailure::NotStopped { within_ms } if *within_ms == expected)
        );
        assert!(error.others.is_empty());
        let dropped = "drop stuck while a is running";
        assert_eq!(log.all(), ["start a", "ready a", dropped, "stop a", "end a"]);
    }
}

#[tokio::test(start_paused = true)]
async fn deadlines_set_before_the_first_service_hold_for_all() {
    let (_stopper, runner) = runner();
    let runner = runner
        .start_within_ms(5)
        .stop_within_ms(11)
        .service_fn("stuck", |_started, _stop| pending());
    let error = failed(runner).await;
    let text = error.to_string();
    assert!(text.contains("ready within 5 ms") && text.contains("stop within 11 ms"), "{text}");
    assert_eq!(error.failures().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_during_the_start_stops_what_was_started() {
    let log = Log::default();
    let (stopper, runner) = runner();
    let runner = runner
        .service("a", good("a", &log))
        .service_fn("slow", |_started, stop| async move {
            stopper.stop();
            stop.requested().await;
            Ok(())
        })
        .service("b", good("b", &log));
    runner.run().await.unwrap();
    assert_eq!(log.all(), ["start a", "ready a", "stop a", "end a"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_ends_later_ends_the_run_with_its_error() {
    type End = fn() -> Result<(), ServiceError>;
    let ends: [(End, &str); 4] = [
        (|| Err("disk gone".into()), "service bad while running: disk gone"),
        (|| panic!("a literal"), "service bad while running: it panicked: a literal"),
        (
            || panic!("secret {}", std::process::id()),
            "service bad while running: it panicked: its message is withheld",
        ),
        (
            || Ok(()),
            "service bad while running: expected it to run until it is asked to stop, found that \
             it returned",
        ),
    ];
    for (end, expected) in ends {
        let log = Log::default();
        let (_stopper, runner) = runner();
        let (fail, failing) = oneshot::channel::<()>();
        let runner = runner
            .service("a", good("a", &log))
            .service_fn("bad", move |started, _stop| async move {
                started.ready();
                failing.await?;
                end()
            })
            .service("b", good("b", &log));
        let states = runner.states();
        let run = tokio::spawn(runner.run());
        assert!(states.started().await);
        fail.send(()).unwrap();
        let error = run.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.others.is_empty());
        assert_eq!(log.all(), ALL_WELL);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_ends_while_another_starts_ends_the_run() {
    let (_stopper, runner) = runner();
    let (fail, failing) = oneshot::channel::<()>();
    let runner = runner
        .service_fn("bad", |started, _stop| async move {
            started.ready();
            failing.await?;
            Err("gone".into())
        })
        .service_fn("slow", |_started, stop| async move {
            fail.send(()).unwrap();
            stop.requested().await;
            Ok(())
        });
    assert_eq!(failed(runner).await.to_string(), "service bad while running: gone");
}

#[tokio::test(start_paused = true)]
async fn everything_that_fails_is_said_in_order() {
    let (stopper, runner) = runner();
    let runner = runner
        .service_fn("a", |started, stop| async move {
            started.ready();
            stop.requested().await;
            panic!("third")
        })
        .service_fn("b", |started, _stop| async move {
            started.ready();
            pending().await
        })
        .service_fn("c", |started, stop| async move {
            started.ready();
            stop.requested().await;
            Err("first".into())
        });
    let states = runner.states();
    let run = tokio::spawn(runner.run());
    assert!(states.started().await);
    stopper.stop();
    let error = run.await.unwrap().unwrap_err();
    let names: Vec<&str> = error.failures().map(|it| parts(it).0).collect();
    assert_eq!(names, ["c", "b", "a"]);
    assert!(error.failures().all(|it| parts(it).1 == ServicePhase::Stopping));
    assert_eq!(
        error.to_string(),
        "service c while stopping: first; then service b while stopping: expected it to stop \
         within 10000 ms, found that it did not; aborted; then service a while stopping: it \
         panicked: third"
    );
}

#[tokio::test(start_paused = true)]
async fn two_services_of_one_name_start_nothing() {
    let log = Log::default();
    let (_stopper, runner) = runner();
    let runner = ["a", "b", "a"]
        .into_iter()
        .fold(runner, |runner, name| runner.service(name, good(name, &log)));
    let error = failed(runner).await;
    assert!(matches!(&error.first, RunFailure::Duplicate { service } if service == "a"));
    assert!(log.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_aborts_everything() {
    let (_stopper, runner) = runner();
    let (held, dropped) = oneshot::channel::<()>();
    let runner = runner.service_fn("a", |started, _stop| async move {
        let _held = held;
        started.ready();
        pending().await
    });
    let states = runner.states();
    let run = tokio::spawn(runner.run());
    assert!(states.started().await);
    run.abort();
    assert!(dropped.await.is_err());
    assert!(run.await.unwrap_err().is_cancelled());
    assert_eq!(states.list()[0].state, ServiceState::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_never_runs_never_starts() {
    let (_stopper, runner) = runner();
    let runner = runner.service_fn("a", |_started, _stop| pending());
    let states = runner.states();
    drop(runner);
    assert!(!states.started().await);
}

#[tokio::test(start_paused = true)]
async fn a_boxed_service_runs_as_itself() {
    let (stopper, runner) = runner();
    let log = Log::default();
    let boxed: Box<dyn Service> = Box::new(good("a", &log));
    let runner = runner.service("a", boxed);
    let states = runner.states();
    let run = tokio::spawn(runner.run());
    assert!(states.started().await);
    drop(stopper);
    run.await.unwrap().unwrap();
    assert_eq!(log.all(), ["start a", "ready a", "stop a", "end a"]);
}
