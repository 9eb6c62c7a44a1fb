//! Processes of servers: signals to them, and who their children are.

use std::fs;

use rustix::process::{Pid, kill_process};

use super::cache::entries;
use super::error::ServerError;

/// A signal to a process of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// `SIGINT`: PostgreSQL cancels the query of a connection.
    Interrupt,
    /// `SIGTERM`: PostgreSQL ends a connection.
    Terminate,
    /// `SIGQUIT`: PostgreSQL ends at once, without cleaning up.
    Quit,
    /// `SIGKILL`: the process is gone.
    Kill,
    /// `SIGSTOP`: the process stands still, as on a machine that hangs.
    Stop,
    /// `SIGCONT`: the process goes on.
    Continue,
}

impl Signal {
    /// The name that a shell knows it by.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
            Self::Quit => "QUIT",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }

    fn number(self) -> rustix::process::Signal {
        match self {
            Self::Interrupt => rustix::process::Signal::INT,
            Self::Terminate => rustix::process::Signal::TERM,
            Self::Quit => rustix::process::Signal::QUIT,
            Self::Kill => rustix::process::Signal::KILL,
            Self::Stop => rustix::process::Signal::STOP,
            Self::Continue => rustix::process::Signal::CONT,
        }
    }
}

/// Sends a signal to one process.
pub(super) fn send(pid: u32, signal: Signal) -> Result<(), ServerError> {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let process = process.ok_or(ServerError::NotOurs(pid))?;
    let action = || format!("send a signal to process {pid}");
    kill_process(process, signal.number()).map_err(|it| ServerError::io(action())(it.into()))
}

/// The processes that a process has started and that still run. None are found where the system
/// has no `/proc`.
pub(super) fn children(parent: u32) -> Vec<u32> {
    let processes = entries("/proc".as_ref());
    let numbers = processes.iter().filter_map(|it| it.file_name()?.to_str()?.parse().ok());
    numbers.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    // `pid (name) state parent ...`; the name may contain anything.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
