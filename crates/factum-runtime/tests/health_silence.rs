//! Nothing listens unless it is asked to. Alone in its process, whose sockets it counts.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::HashSet;

use factum_runtime::{HealthServer, Runner, Stopper};

/// The state of a listening socket in the kernel's tables.
const LISTENING: &str = "0A";

/// How many sockets of this process listen for TCP connections.
fn listening() -> usize {
    let links = std::fs::read_dir("/proc/self/fd").unwrap();
    // One of them is the directory being read, which is gone by the time its link is.
    let targets = links.filter_map(|it| std::fs::read_link(it.unwrap().path()).ok());
    let own: HashSet<String> = targets
        .filter_map(|it| Some(it.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(std::fs::read_to_string);
    let tables: Vec<String> = tables.into_iter().filter_map(Result::ok).collect();
    let sockets = tables.iter().flat_map(|table| table.lines().skip(1));
    let sockets = sockets.map(|line| line.split_whitespace().collect::<Vec<_>>());
    sockets.filter(|columns| columns[3] == LISTENING && own.contains(columns[9])).count()
}

#[tokio::test]
async fn nothing_listens_unless_it_is_asked_to() {
    let stopper = Stopper::new();
    let runner = Runner::new().stop_on(stopper.signal());
    let runner = runner.service_fn("quiet", |started, stop| async move {
        started.ready();
        stop.requested().await;
        Ok(())
    });
    let states = runner.states();
    let run = tokio::spawn(runner.run());
    assert!(states.started().await);
    assert_eq!(listening(), 0);
    // And a socket that does listen is seen.
    let server = HealthServer::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert_eq!(listening(), 1);
    drop(server);
    assert_eq!(listening(), 0);
    stopper.stop();
    run.await.unwrap().unwrap();
}
