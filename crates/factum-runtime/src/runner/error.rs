//! What can go wrong in a run.

use std::fmt;

use super::service::ServiceError;

/// Why a run did not end well: everything that failed, in the order in which it did. Nothing runs
/// any more, except for work that never waits and so cannot be aborted.
#[derive(Debug)]
pub struct RunError {
    /// What failed first, which is mostly the cause of the others.
    pub first: RunFailure,
    /// What failed afterwards, mostly while the services were stopped.
    pub others: Vec<RunFailure>,
}

impl RunError {
    pub(super) fn from_failures(failures: Vec<RunFailure>) -> Result<(), Self> {
        let mut failures = failures.into_iter();
        match failures.next() {
            Some(first) => Err(Self { first, others: failures.collect() }),
            None => Ok(()),
        }
    }

    /// All failures, the first one first.
    pub fn failures(&self) -> impl Iterator<Item = &RunFailure> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether a second signal ended the run at once.
    pub fn is_forced(&self) -> bool {
        self.failures().any(|it| matches!(it, RunFailure::Forced { .. }))
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        self.others.iter().try_for_each(|other| write!(f, "; then {other}"))
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.first {
            RunFailure::Service { reason, .. } => reason.source(),
            _ => None, // Shown in full already.
        }
    }
}

/// One thing that went wrong in a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunFailure {
    /// Two services have the same name. Nothing was started.
    #[error("expected services with different names, found two named {service:?}")]
    Duplicate {
        /// The name.
        service: String,
    },
    /// The process cannot listen for signals. Nothing was started.
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
    /// A service failed.
    #[error("service {service} {phase}: {reason}")]
    Service {
        /// Its name.
        service: String,
        /// What it was doing.
        phase: ServicePhase,
        /// What it did.
        reason: ServiceFailure,
    },
    /// A second signal came, and everything that still ran was aborted.
    #[error("forced to end by a second signal; aborted: {}", aborted.join(", "))]
    Forced {
        /// The services that had not ended yet, in the order of their start.
        aborted: Vec<String>,
    },
}

/// What a service was doing when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServicePhase {
    /// It had not said yet that it is ready.
    Starting,
    /// It was ready, and nobody had asked it to stop.
    Running,
    /// It had been asked to stop.
    Stopping,
}

impl fmt::Display for ServicePhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "while starting",
            Self::Running => "while running",
            Self::Stopping => "while stopping",
        })
    }
}

/// How a service failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceFailure {
    /// It returned an error.
    #[error(transparent)]
    Failed(ServiceError),
    /// It panicked. A formatted message may hold anything and is withheld.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// It returned without an error, though nobody had asked it to stop.
    #[error("expected it to run until it is asked to stop, found that it returned")]
    Returned,
    /// It did not say in time that it is ready.
    #[error("expected it to be ready within {within_ms} ms, found that it is not")]
    NotReady {
        /// Its deadline, in milliseconds.
        within_ms: u64,
    },
    /// It did not stop in time and was aborted.
    #[error("expected it to stop within {within_ms} ms, found that it did not; aborted")]
    NotStopped {
        /// Its deadline, in milliseconds.
        within_ms: u64,
    },
}
