//! Why a server could not be started or controlled.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a server could not be started or controlled. None of these is a finding about the code
/// under test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// A file, a folder or a program could not be used.
    #[error("could not {action}: {source}")]
    Io {
        /// What was tried, as the rest of "could not".
        action: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A program of the server ended with a failure.
    #[error("{program} failed: {said}")]
    Program {
        /// The program.
        program: PathBuf,
        /// The last lines that it printed.
        said: String,
    },
    /// The server ended instead of becoming ready.
    #[error("expected {program} to become ready, found that it ended: {said}")]
    Ended {
        /// The program.
        program: PathBuf,
        /// The last lines that it printed.
        said: String,
    },
    /// The server did not do what it was told in time.
    #[error("expected {program} to {expected} within {} s: {said}", limit.as_secs())]
    Late {
        /// The program.
        program: PathBuf,
        /// What was expected, as the rest of "to".
        expected: &'static str,
        /// How long it was waited for.
        limit: Duration,
        /// The last lines that the server printed.
        said: String,
    },
    /// The server is not running: it was stopped or killed and not started again.
    #[error("expected a running server, found one that was stopped")]
    Stopped,
    /// A signal was meant for a process that is not the server's.
    #[error("expected a process of the server, found process {0}")]
    NotOurs(u32),
    /// A program is not installed.
    #[error("missing tool: {0}")]
    Missing(&'static str),
}

impl ServerError {
    /// Makes an error of a failed step; `action` completes "could not".
    pub(super) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        |source| Self::Io { action, source }
    }
}
