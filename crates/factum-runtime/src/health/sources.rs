//! Asks the sources of health without waiting for them for ever.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::check::{CheckHealth, HealthSource, HealthState};
use crate::ServiceStates;

/// The sources of a server, and how long they may take.
pub(super) struct Sources {
    all: Arc<Vec<Box<dyn HealthSource>>>,
    /// Services that know how they do. What a source says of something by that name counts instead.
    services: Option<ServiceStates>,
    within_ms: u64,
    /// One round of questions at a time: a source that hangs keeps one thread, not one for each
    /// probe that came since.
    turn: Arc<Semaphore>,
}

impl Sources {
    pub(super) fn new(
        sources: Vec<Box<dyn HealthSource>>,
        services: Option<ServiceStates>,
        within_ms: u64,
    ) -> Self {
        Self { all: Arc::new(sources), services, within_ms, turn: Arc::new(Semaphore::new(1)) }
    }

    /// What all of them say, or that they say nothing.
    pub(super) async fn ask(&self) -> Vec<CheckHealth> {
        if self.all.is_empty() && self.services.is_none() {
            return Vec::new();
        }
        let within_ms = self.within_ms;
        match tokio::time::timeout(Duration::from_millis(within_ms), self.ask_on_a_thread()).await {
            Ok(Ok(checks)) => checks,
            Ok(Err(error)) => vec![silent("sources", format!("no thread to ask them on: {error}"))],
            Err(_) => {
                let message = format!("expected an answer within {within_ms} ms, found none");
                vec![silent("sources", message)]
            }
        }
    }

    /// A thread of its own rather than one of the runtime's, whose end would wait for it.
    async fn ask_on_a_thread(&self) -> std::io::Result<Vec<CheckHealth>> {
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.expect("it is never closed");
        let (sources, services) = (Arc::clone(&self.all), self.services.clone());
        let (sender, receiver) = oneshot::channel();
        std::thread::Builder::new().name("factum-health".into()).spawn(move || {
            let mut all = Vec::new();
            for (number, source) in (1..).zip(&*sources) {
                all.extend(checks(&format!("source {number}"), || source.health()));
            }
            let of_services = services.iter().flat_map(|it| checks("services", || it.checks()));
            for check in of_services {
                if all.iter().all(|it| it.name != check.name) {
                    all.push(check);
                }
            }
            drop(turn);
            drop(sender.send(all)); // Fails once nobody waits for it any more.
        })?;
        Ok(receiver.await.expect("the thread answers, since panics are caught"))
    }
}

fn checks(name: &str, ask: impl FnOnce() -> Vec<CheckHealth>) -> Vec<CheckHealth> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| vec![silent(name, "it panicked".into())])
}

fn silent(name: &str, message: String) -> CheckHealth {
    CheckHealth::new(name, HealthState::Unhealthy).with_message(message)
}
