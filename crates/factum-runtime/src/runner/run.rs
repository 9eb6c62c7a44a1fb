//! One run, from the first start to the last end.
//!
//! ```text
//! starting --all are ready--> running --a request, a service ends--> stopping --> over
//!     `--- a request, a service ends, one is not ready in time ---------^
//! ```
//!
//! Services start one after the other, each when the one before is ready, and stop one after the
//! other in the reverse order, so that each can use those before it for as long as it runs.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::{AbortHandle, JoinSet};
use tracing::Instrument;

use super::Registered;
use super::error::{RunError, RunFailure, ServiceFailure, ServicePhase};
use super::requests::Requests;
use super::service::{ServiceError, Started};
use super::states::{ServiceState, States};
use crate::{Stopper, stderr};

/// How long the end of an aborted service is awaited, in milliseconds, before those that it uses
/// are stopped. One that never waits cannot be aborted, and must not keep the run from its end.
const ABORT_MS: u64 = 1_000;

/// How a service ended; `None` if it was aborted.
type Outcome = Option<Result<Result<(), ServiceError>, Box<dyn Any + Send>>>;

pub(super) struct Run {
    requests: Requests,
    states: States,
    tasks: JoinSet<Outcome>,
    /// The services that were started, in that order: the first of those that were registered.
    begun: Vec<Begun>,
    failures: Vec<RunFailure>,
    /// Whether no service should run any longer.
    stopping: bool,
}

struct Begun {
    stopper: Stopper,
    abort: AbortHandle,
    stop_within_ms: u64,
}

/// What came of waiting for one service to end.
enum Waited {
    Ended,
    TooLong,
    Forced,
}

impl Run {
    pub(super) fn new(requests: Requests, states: States) -> Self {
        let (tasks, begun, failures) = (JoinSet::new(), Vec::new(), Vec::new());
        Self { requests, states, tasks, begun, failures, stopping: false }
    }

    pub(super) async fn until_over(mut self, services: Vec<Registered>) -> Result<(), RunError> {
        if self.start_all(services).await.is_continue() {
            tracing::info!("all services are ready");
            self.keep_running().await;
        }
        self.stop_all().await;
        RunError::from_failures(std::mem::take(&mut self.failures))
    }

    async fn start_all(&mut self, services: Vec<Registered>) -> ControlFlow<()> {
        for (index, service) in services.into_iter().enumerate() {
            self.start(index, service).await?;
        }
        ControlFlow::Continue(())
    }

    /// Starts one service and waits until it is ready, or until the run has to stop.
    async fn start(&mut self, index: usize, service: Registered) -> ControlFlow<()> {
        let Registered { name, service, start_within_ms, stop_within_ms } = service;
        let within_ms = start_within_ms;
        tracing::info!(service = name, "starting");
        self.states.set(index, ServiceState::Starting);
        let (started, ready) = Started::pair();
        let stopper = Stopper::new();
        let span = tracing::info_span!("service", name);
        // Called inside the task, so that what it does before it waits cannot panic here.
        let stop = stopper.signal();
        let work = async move { service.run(started, stop).await };
        let work = AssertUnwindSafe(work).catch_unwind().map(Some).instrument(span);
        let abort = self.tasks.spawn(work);
        self.begun.push(Begun { stopper, abort, stop_within_ms });
        let deadline = tokio::time::sleep(Duration::from_millis(within_ms));
        // In this order: a request counts before all else, and a service that was ready and ended
        // did start.
        tokio::select! {
            biased;
            () = self.requests.stop() => ControlFlow::Break(()),
            () = ready => {
                tracing::info!(service = name, "ready");
                self.states.set(index, ServiceState::Running);
                ControlFlow::Continue(())
            }
            (ended, outcome) = next_end(&mut self.tasks, &self.begun) => {
                self.note(ended, outcome);
                ControlFlow::Break(())
            }
            () = deadline => {
                self.fail(index, ServiceFailure::NotReady { within_ms });
                ControlFlow::Break(())
            }
        }
    }

    /// Waits for a request, or for any service to end.
    async fn keep_running(&mut self) {
        tokio::select! {
            biased;
            () = self.requests.stop() => {}
            (ended, outcome) = next_end(&mut self.tasks, &self.begun) => self.note(ended, outcome),
        }
    }

    /// Stops what runs, the last that was started first.
    async fn stop_all(&mut self) {
        self.stopping = true;
        for index in (0..self.begun.len()).rev() {
            if self.states.get(index) == ServiceState::Ended {
                continue;
            }
            let stopped = match self.stop(index).await {
                Waited::TooLong => self.abort(index).await,
                other => other,
            };
            if matches!(stopped, Waited::Forced) {
                return self.force().await;
            }
        }
    }

    async fn stop(&mut self, index: usize) -> Waited {
        tracing::info!(service = self.states.name(index), "stopping");
        self.states.set(index, ServiceState::Stopping);
        self.begun[index].stopper.stop();
        self.until_ended(index, self.begun[index].stop_within_ms).await
    }

    async fn abort(&mut self, index: usize) -> Waited {
        let within_ms = self.begun[index].stop_within_ms;
        self.fail(index, ServiceFailure::NotStopped { within_ms });
        self.begun[index].abort.abort();
        self.until_ended(index, ABORT_MS).await
    }

    /// Aborts everything at once.
    async fn force(&mut self) {
        let remaining = 0..self.begun.len();
        let remaining = remaining.filter(|it| self.states.get(*it) != ServiceState::Ended);
        let aborted = remaining.map(|index| self.states.name(index)).collect();
        self.failures.push(RunFailure::Forced { aborted });
        self.tasks.abort_all();
        let ends = async { while self.tasks.join_next().await.is_some() {} };
        // Those that cannot be aborted are left to themselves.
        drop(tokio::time::timeout(Duration::from_millis(ABORT_MS), ends).await);
    }

    /// Waits until a service has ended, and notes what else ends meanwhile.
    async fn until_ended(&mut self, index: usize, within_ms: u64) -> Waited {
        let mut deadline = std::pin::pin!(tokio::time::sleep(Duration::from_millis(within_ms)));
        while self.states.get(index) != ServiceState::Ended {
            tokio::select! {
                biased;
                () = self.requests.force() => return Waited::Forced,
                (ended, outcome) = next_end(&mut self.tasks, &self.begun) => {
                    self.note(ended, outcome);
                }
                () = &mut deadline => return Waited::TooLong,
            }
        }
        Waited::Ended
    }

    /// Writes down that a service has ended, and that it failed if it did.
    fn note(&mut self, index: usize, outcome: Outcome) {
        let asked = self.states.get(index) == ServiceState::Stopping;
        let failure = match outcome {
            Some(Ok(Ok(()))) if asked || self.stopping => None,
            Some(Ok(Ok(()))) => Some(ServiceFailure::Returned),
            Some(Ok(Err(error))) => Some(ServiceFailure::Failed(error)),
            Some(Err(panic)) => Some(ServiceFailure::Panicked(words_of(&*panic))),
            None => None, // Aborted, which was written down when it was done.
        };
        if let Some(failure) = failure {
            self.fail(index, failure);
        }
        tracing::info!(service = self.states.name(index), "ended");
        self.states.set(index, ServiceState::Ended);
    }

    fn fail(&mut self, index: usize, reason: ServiceFailure) {
        let service = self.states.name(index);
        let phase = match self.states.get(index) {
            ServiceState::Waiting | ServiceState::Starting => ServicePhase::Starting,
            ServiceState::Running => ServicePhase::Running,
            ServiceState::Stopping | ServiceState::Ended => ServicePhase::Stopping,
        };
        tracing::error!(service, "failed {phase}: {reason}");
        let failure = RunFailure::Service { service, phase, reason };
        stderr::print(format_args!("{failure}"));
        self.failures.push(failure);
    }
}

/// Waits for any service to end; never returns if none runs. Cancel safe.
async fn next_end(tasks: &mut JoinSet<Outcome>, begun: &[Begun]) -> (usize, Outcome) {
    let (id, outcome) = match tasks.join_next_with_id().await {
        Some(Ok(ended)) => ended,
        Some(Err(error)) => (error.id(), error.try_into_panic().map(Err).ok()),
        None => std::future::pending().await,
    };
    let index = begun.iter().position(|it| it.abort.id() == id);
    (index.expect("every task is a service that was started"), outcome)
}

/// What a panic said; a formatted message may hold anything and is withheld.
fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&'static str>().copied();
    words.unwrap_or("its message is withheld").to_owned()
}
