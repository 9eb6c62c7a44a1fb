//! Probes over a real socket: before and after everything is ready, and when something is not well.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use factum_runtime::{
    CheckHealth, HealthReport, HealthServer, HealthSource, HealthState, LagThresholds, RunError,
    Runner, ServiceState, Stopper,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Longer than any test takes; what waits for so long has failed.
const NEVER_MS: u64 = 600_000;

struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// Asks on a connection that was opened before.
async fn ask_on(mut socket: TcpStream, request: &str) -> Answer {
    let text = format!("{request} HTTP/1.1\r\nhost: probe\r\n\r\n");
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // To its end: the server closes a connection after one answer.
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

async fn ask(address: SocketAddr, request: &str) -> Answer {
    ask_on(TcpStream::connect(address).await.unwrap(), request).await
}

async fn statuses(address: SocketAddr) -> [u16; 3] {
    let live = ask(address, "GET /live").await.status;
    [live, ask(address, "GET /ready").await.status, ask(address, "GET /health").await.status]
}

async fn bound() -> HealthServer {
    HealthServer::bind("127.0.0.1:0".parse().unwrap()).await.unwrap().answer_within_ms(NEVER_MS)
}

/// A running server and how to end it.
struct Running {
    address: SocketAddr,
    stopper: Stopper,
    run: JoinHandle<Result<(), RunError>>,
}

/// Runs a server alone.
async fn run(server: HealthServer) -> Running {
    let (address, stopper) = (server.local_address(), Stopper::new());
    let runner = Runner::new().without_signals().stop_on(stopper.signal());
    let runner = runner.service("health", server).stop_within_ms(NEVER_MS);
    let states = runner.states();
    let run = tokio::spawn(runner.run());
    assert!(states.started().await);
    Running { address, stopper, run }
}

impl Running {
    async fn end(self) {
        self.stopper.stop();
        self.run.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn readiness_follows_the_services_and_liveness_does_not() {
    let (open, gate) = oneshot::channel::<()>();
    let (stopping, told) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let stopper = Stopper::new();
    let runner = Runner::new().without_signals().stop_on(stopper.signal());
    let states = runner.states();
    let server = bound().await.with_services(states.clone());
    let address = server.local_address();
    let runner = runner.service("health", server).service_fn("slow", |started, stop| async move {
        gate.await?;
        started.ready();
        stop.requested().await;
        stopping.send(()).unwrap();
        Ok(released.await?)
    });
    let run = tokio::spawn(runner.run());
    assert_eq!(statuses(address).await, [200, 503, 503]);
    let starting = ask(address, "GET /ready").await;
    assert_eq!((starting.status, starting.body.as_str()), (503, "not ready\n"));
    let report: HealthReport =
        serde_json::from_str(&ask(address, "GET /health").await.body).unwrap();
    let are: Vec<_> = report.services.iter().map(|it| (it.name.as_str(), it.state)).collect();
    assert_eq!(are, [("health", ServiceState::Running), ("slow", ServiceState::Starting)]);
    assert_eq!(report.status, HealthState::Unhealthy);

    open.send(()).unwrap();
    assert!(states.started().await);
    assert_eq!(statuses(address).await, [200, 200, 200]);
    assert_eq!(ask(address, "GET /ready").await.body, "ready\n");

    stopper.stop();
    told.await.unwrap();
    assert_eq!(statuses(address).await, [200, 503, 503]);
    release.send(()).unwrap();
    run.await.unwrap().unwrap();
}

#[tokio::test]
async fn readiness_follows_the_sources_and_liveness_does_not() {
    let state = Arc::new(Mutex::new(HealthState::Healthy));
    let shown = Arc::clone(&state);
    let source = move || {
        vec![
            CheckHealth::new("disk", HealthState::Healthy),
            CheckHealth::new("database", *shown.lock().unwrap()),
        ]
    };
    let running = run(bound().await.with_source(source)).await;
    for (set, expected) in [
        (HealthState::Healthy, [200, 200, 200]),
        (HealthState::Degraded, [200, 200, 200]),
        (HealthState::Unhealthy, [200, 503, 503]),
        (HealthState::Healthy, [200, 200, 200]),
    ] {
        *state.lock().unwrap() = set;
        assert_eq!(statuses(running.address).await, expected, "{set:?}");
    }
    running.end().await;
}

#[tokio::test]
async fn the_report_shows_services_checks_lags_and_thresholds() {
    struct Seats;
    impl HealthSource for Seats {
        fn health(&self) -> Vec<CheckHealth> {
            let thresholds = LagThresholds { degraded_above: 10, unhealthy_above: 100 };
            vec![CheckHealth::of_lag("seats", 11, thresholds)]
        }
    }
    let letters = || {
        let parked = CheckHealth::new("letters", HealthState::Degraded);
        vec![parked.with_message("2 are parked")]
    };
    let runner = Runner::new().service_fn("http", |_, _| std::future::pending());
    let server = bound().await.with_services(runner.states());
    let running = run(server.with_source(Arc::new(Seats)).with_source(letters)).await;
    let answer = ask(running.address, "GET /health").await;
    assert_eq!(
        answer.body,
        concat!(
            r#"{"status":"unhealthy","services":[{"name":"http","state":"waiting"}],"checks":["#,
            r#"{"name":"seats","state":"degraded","lag":11,"#,
            r#""thresholds":{"degraded_above":10,"unhealthy_above":100}},"#,
            r#"{"name":"letters","state":"degraded","message":"2 are parked"}]}"#,
        )
    );
    assert!(answer.head.contains("content-type: application/json\r\n"), "{}", answer.head);
    running.end().await;
}

#[tokio::test]
async fn methods_and_paths_that_are_none_are_refused_and_no_answer_is_stored() {
    let running = run(bound().await).await;
    for (request, status, body) in [
        ("GET /live", 200, "live\n"),
        ("HEAD /live", 200, ""),
        ("HEAD /ready", 200, ""),
        ("HEAD /health", 200, ""),
        ("POST /ready", 405, ""),
        ("DELETE /health", 405, ""),
        ("OPTIONS /live", 405, ""),
        ("GET /", 404, ""),
        ("GET /healthy", 404, ""),
        ("HEAD /nothing", 404, ""),
    ] {
        let answer = ask(running.address, request).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{request}");
        assert!(answer.head.contains("cache-control: no-store"), "{request}: {}", answer.head);
    }
    running.end().await;
}

/// A source that tells that it was asked, and answers once the gate says so.
fn gated() -> (impl HealthSource, Receiver<()>, Sender<()>) {
    let (asked, was_asked) = channel();
    let (open, gate) = channel();
    let gate = Mutex::new(gate);
    let source = move || {
        asked.send(()).unwrap();
        gate.lock().unwrap().recv().unwrap();
        Vec::new()
    };
    (source, was_asked, open)
}

#[tokio::test]
async fn a_source_that_hangs_keeps_nothing_else_from_being_answered() {
    let (source, was_asked, open) = gated();
    let running = run(bound().await.with_source(source).answer_within_ms(1)).await;
    for _ in 0..3 {
        assert_eq!(statuses(running.address).await, [200, 503, 503]);
    }
    let report = ask(running.address, "GET /health").await.body;
    assert!(report.contains("expected an answer within 1 ms, found none"), "{report}");
    was_asked.recv().unwrap();
    assert!(was_asked.try_recv().is_err(), "it is not asked again while it hangs");
    drop(open); // It panics now.
    running.end().await;
}

#[tokio::test]
async fn a_source_that_panics_is_unhealthy_and_the_others_are_shown() {
    let good = || vec![CheckHealth::new("disk", HealthState::Healthy)];
    let bad = || -> Vec<CheckHealth> { panic!("no answer") };
    let running = run(bound().await.with_source(good).with_source(bad)).await;
    let answer = ask(running.address, "GET /health").await;
    assert_eq!(answer.status, 503);
    let report: HealthReport = serde_json::from_str(&answer.body).unwrap();
    let names: Vec<&str> = report.checks.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["disk", "source 2"]);
    assert_eq!(statuses(running.address).await, [200, 503, 503]);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_what_was_asked_and_hears_nobody_else() {
    let (source, was_asked, open) = gated();
    let running = run(bound().await.with_source(source)).await;
    let address = running.address;
    let silent = TcpStream::connect(address).await.unwrap();
    let asking = tokio::spawn(async move { ask(address, "GET /ready").await.status });
    tokio::task::spawn_blocking(move || was_asked.recv().unwrap()).await.unwrap();
    running.stopper.stop();
    // The silent connection is closed, and not because its time is over.
    let mut silent = silent;
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0);
    open.send(()).unwrap();
    assert_eq!(asking.await.unwrap(), 200);
    running.end().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let server = bound().await;
    assert!(HealthServer::bind(server.local_address()).await.is_err());
}
