//! Starts what a program runs, in order, and stops it in the reverse order.

mod error;
mod requests;
mod run;
mod service;
mod states;

pub use error::{RunError, RunFailure, ServiceFailure, ServicePhase};
pub use service::{Service, ServiceError, Started};
pub use states::{ServiceState, ServiceStates, ServiceStatus};

use requests::Requests;
use run::Run;
use service::ServiceFn;
use states::States;

use crate::Stop;

/// How long a service may take to become ready, in milliseconds.
const START_WITHIN_MS: u64 = 30_000;
/// How long a service may take to stop, in milliseconds.
const STOP_WITHIN_MS: u64 = 10_000;

/// Runs the services of a program.
///
/// They start in the order in which they were added, each once the one before is
/// [ready](Started::ready). They run until `SIGTERM` or `SIGINT` comes, until the
/// [signal to stop](Self::stop_on) of the caller does, or until one of them ends, which none should.
/// Then they stop in the reverse order, each after the one that was started later has ended. A
/// service that does not stop in time is aborted. A second signal of the process aborts all of them
/// at once; two that come at the same moment may count as one.
///
/// On systems other than Unix, control-C stands in for both signals.
///
/// # Examples
///
/// ```
/// use factum_runtime::{Runner, Stopper};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let stopper = Stopper::new();
/// let runner = Runner::new()
///     .stop_on(stopper.signal())
///     .service_fn("clock", |started, stop| async move {
///         started.ready();
///         stop.requested().await;
///         Ok(())
///     })
///     .service_fn("visitor", |started, stop| async move {
///         started.ready();
///         stop.requested().await;
///         Ok(())
///     })
///     .stop_within_ms(60_000);
/// let states = runner.states();
/// let run = tokio::spawn(runner.run());
/// assert!(states.started().await);
/// stopper.stop();
/// run.await??;
/// # Ok(())
/// # }
/// ```
///
/// A service that returns by itself ends the run:
///
/// ```
/// use factum_runtime::Runner;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let runner = Runner::new().service_fn("port", |_started, _stop| async { Err("in use".into()) });
/// let error = runner.run().await.unwrap_err();
/// assert_eq!(error.to_string(), "service port while starting: in use");
/// # }
/// ```
#[must_use = "nothing starts before it is run"]
pub struct Runner {
    services: Vec<Registered>,
    states: States,
    stop: Stop,
    with_signals: bool,
    start_within_ms: u64,
    stop_within_ms: u64,
}

/// A service that was added to a runner.
struct Registered {
    name: String,
    service: Box<dyn Service>,
    start_within_ms: u64,
    stop_within_ms: u64,
}

impl Runner {
    /// One without services, which listens for the signals of the process once it is run.
    pub fn new() -> Self {
        Self {
            services: Vec::new(),
            states: States::new(),
            stop: Stop::never(),
            with_signals: true,
            start_within_ms: START_WITHIN_MS,
            stop_within_ms: STOP_WITHIN_MS,
        }
    }

    /// Adds a service, to be started after those that were added before. Its name stands in errors,
    /// logs and the report of health, and must be its own.
    pub fn service(mut self, name: impl Into<String>, service: impl Service) -> Self {
        let name = name.into();
        self.states.add(name.clone(), service.health());
        let (start_within_ms, stop_within_ms) = (self.start_within_ms, self.stop_within_ms);
        let service = Box::new(service);
        self.services.push(Registered { name, service, start_within_ms, stop_within_ms });
        self
    }

    /// Adds a closure as a service; see [`Service::run`] for what it has to do.
    pub fn service_fn<F, R>(self, name: impl Into<String>, run: F) -> Self
    where
        F: FnOnce(Started, Stop) -> R + Send + 'static,
        R: Future<Output = Result<(), ServiceError>> + Send + 'static,
    {
        self.service(name, ServiceFn { run })
    }

    /// Within how many milliseconds the service that was added last has to be ready: 30,000 unless
    /// set. Before the first service, this sets it for all that do not say otherwise.
    pub fn start_within_ms(mut self, within_ms: u64) -> Self {
        match self.services.last_mut() {
            Some(service) => service.start_within_ms = within_ms,
            None => self.start_within_ms = within_ms,
        }
        self
    }

    /// Within how many milliseconds of being asked the service that was added last has to stop:
    /// 10,000 unless set. Before the first service, this sets it for all that do not say otherwise.
    pub fn stop_within_ms(mut self, within_ms: u64) -> Self {
        match self.services.last_mut() {
            Some(service) => service.stop_within_ms = within_ms,
            None => self.stop_within_ms = within_ms,
        }
        self
    }

    /// Stops the run also when `stop` is requested. It replaces one that was given before.
    pub fn stop_on(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Leaves the signals of the process alone, for a program that deals with them itself.
    pub fn without_signals(mut self) -> Self {
        self.with_signals = false;
        self
    }

    /// How far each service is, now and during the run; also those that are added later.
    pub fn states(&self) -> ServiceStates {
        self.states.view()
    }

    /// Runs the services until they are asked to stop and have stopped.
    ///
    /// Once it has listened for signals, the process no longer dies of them, not even after the
    /// run: return from `main` then.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropping the future aborts all services at once, in no order.
    ///
    /// # Errors
    ///
    /// A [`RunError`] with everything that failed: two services of one name or signals that cannot
    /// be listened for, with nothing started; a service that was not ready in time, failed,
    /// panicked or returned before it was asked to stop; one that did not stop in time; a second
    /// signal. All services were stopped or aborted.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has its time and, with signals, its I/O enabled.
    pub async fn run(self) -> Result<(), RunError> {
        if let Some(service) = self.duplicate() {
            return RunError::from_failures(vec![RunFailure::Duplicate { service }]);
        }
        let requests = match Requests::listen(self.stop, self.with_signals) {
            Ok(requests) => requests,
            Err(error) => return RunError::from_failures(vec![RunFailure::Signals(error)]),
        };
        Run::new(requests, self.states).until_over(self.services).await
    }

    fn duplicate(&self) -> Option<String> {
        let mut names: Vec<&str> = self.services.iter().map(|it| it.name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_owned())
    }
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.services.iter().map(|it| it.name.as_str()).collect();
        f.debug_struct("Runner").field("services", &names).finish_non_exhaustive()
    }
}
