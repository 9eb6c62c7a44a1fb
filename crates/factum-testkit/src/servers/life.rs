//! The life of one server: not running, running until a signal ends it, and again.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::error::ServerError;
use super::log::Waited;
use super::processes::{self, Signal};
use super::supervisor::{Run, Supervisor};

/// How long a server may take to become ready, or to stop.
const LIMIT: Duration = Duration::from_mins(1);
/// How long the processes of a killed server may take to notice.
const NOTICE: Duration = Duration::from_secs(5);

/// A server that runs, or can be started again.
#[derive(Debug)]
pub(super) struct Life {
    supervisor: Supervisor,
    run: Option<Run>,
    at_once: Signal,
    ready: &'static str,
}

impl Life {
    /// Starts a server for the first time. `at_once` ends it without delay, `ready` is what it
    /// prints when it is.
    pub(super) fn begin(
        folder: TempDir,
        at_once: Signal,
        ready: &'static str,
        command: &[OsString],
    ) -> Result<Self, ServerError> {
        let supervisor = Supervisor::new(folder, at_once, command)?;
        let mut life = Self { supervisor, run: None, at_once, ready };
        life.start()?;
        Ok(life)
    }

    /// Starts the server, which is not running, and waits until it is ready.
    pub(super) fn start(&mut self) -> Result<(), ServerError> {
        let run = self.supervisor.start()?;
        let (program, log) = (self.supervisor.program().to_owned(), run.log.clone());
        let waited = log.wait_for(self.ready, LIMIT);
        self.run = Some(run);
        match waited {
            Waited::Came => Ok(()),
            Waited::Ended => {
                self.run = None;
                self.supervisor.reap()?;
                Err(ServerError::Ended { program, said: log.tail() })
            }
            Waited::Late => {
                self.end(Signal::Kill)?;
                let expected = "become ready";
                Err(ServerError::Late { program, expected, limit: LIMIT, said: log.tail() })
            }
        }
    }

    /// Ends the server by a signal to its first process, and waits for all its processes.
    pub(super) fn end(&mut self, signal: Signal) -> Result<(), ServerError> {
        let run = self.run.as_ref().ok_or(ServerError::Stopped)?;
        // Once the first process is gone, nothing says any more whose the others were.
        let children = processes::children(run.pid);
        processes::send(run.pid, signal)?;
        if signal == Signal::Kill && !run.log.wait_for_end(NOTICE) {
            // Such as one that a test has made to stand still. It would keep the next start from
            // the memory that the server's processes share.
            for pid in children {
                drop(processes::send(pid, Signal::Kill));
            }
        }
        if !run.log.wait_for_end(LIMIT) {
            let program = self.supervisor.program().to_owned();
            let said = run.log.tail();
            return Err(ServerError::Late { program, expected: "end", limit: LIMIT, said });
        }
        self.run = None;
        self.supervisor.reap()
    }

    /// The first process of the server, if it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.run.as_ref().map(|run| run.pid)
    }

    /// What the server has printed since it was started last.
    pub(super) fn log(&self) -> Vec<String> {
        self.run.as_ref().map(|run| run.log.lines()).unwrap_or_default()
    }

    /// The folder of the server.
    pub(super) fn folder(&self) -> &Path {
        self.supervisor.folder()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if let Some(run) = &self.run {
            // Quicker than leaving it to the shell, which does the same if this fails.
            drop(processes::send(run.pid, self.at_once));
            if run.log.wait_for_end(NOTICE) {
                drop(self.supervisor.reap());
            }
        }
    }
}
