//! A shell that runs a server for us and ends it when this process is gone, even by a kill.
//!
//! It listens to a pipe whose other end only this process holds. What it does when the pipe closes
//! is in `supervisor.sh`. It is in a process group of its own, so that neither an interrupt from
//! the keyboard nor a test runner that kills a group reaches it before it has cleaned up.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::account::{self, command};
use super::error::ServerError;
use super::libraries;
use super::log::Log;
use super::processes::Signal;

/// The shell answers at once; a machine that is busy may make it wait for its turn.
const ANSWER: Duration = Duration::from_mins(1);

/// A folder, and perhaps a server in it, that go when this value or this process goes.
#[derive(Debug)]
pub(super) struct Supervisor {
    shell: Child,
    answers: Receiver<String>,
    folder: PathBuf,
    program: PathBuf,
    starts: u32,
}

/// A server as it was started.
#[derive(Debug)]
pub(super) struct Run {
    /// The process of the server; it is ours until it is reaped, so the number is not reused.
    pub(super) pid: u32,
    /// What it prints.
    pub(super) log: Log,
}

impl Supervisor {
    /// Begins to watch over a folder of [`account::folder`]. `server` is the command of the server,
    /// `signal` ends it at once.
    pub(super) fn new(
        folder: TempDir,
        signal: Signal,
        server: &[OsString],
    ) -> Result<Self, ServerError> {
        let mut shell = command("sh");
        shell.args(["-c", include_str!("supervisor.sh"), "factum-supervisor"]);
        shell.arg(folder.path()).arg(signal.name());
        let program = server.first().map_or_else(PathBuf::new, PathBuf::from);
        if let Some(folders) = libraries::beside(&program) {
            let mut setting = OsString::from(format!("{}=", libraries::VARIABLE));
            setting.push(folders);
            shell.arg("env").arg(setting); // Not for the shell itself.
        }
        shell.args(server);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut shell = shell.spawn().map_err(ServerError::io("start a shell"))?;
        let (sender, answers) = channel();
        if let Some(output) = shell.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    drop(sender.send(line)); // Fails when no one is left to hear it.
                }
            });
        }
        // From here on the shell removes the folder.
        Ok(Self { shell, answers, folder: folder.keep(), program, starts: 0 })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program of the server.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Starts the server. One that ran before must have been reaped.
    pub(super) fn start(&mut self) -> Result<Run, ServerError> {
        self.starts += 1;
        let fifo = self.folder.join(format!("log.{}", self.starts));
        finished(command("mkfifo").arg(&fifo))?;
        let pid = self.order(&format!("start {}", fifo.display()), "started ")?;
        let log = Log::follow(fifo);
        let pid = pid.parse().map_err(|_| self.unheard(&pid))?;
        Ok(Run { pid, log })
    }

    /// Takes note that the server has ended, so that it can be started again.
    pub(super) fn reap(&mut self) -> Result<(), ServerError> {
        self.order("reap", "ended ").map(drop)
    }

    /// Gives an order and waits for the answer that begins with `expected`.
    fn order(&mut self, order: &str, expected: &str) -> Result<String, ServerError> {
        let lost = || ServerError::io("reach the shell of a server");
        let orders = self
            .shell
            .stdin
            .as_mut()
            .ok_or_else(|| lost()(std::io::ErrorKind::BrokenPipe.into()))?;
        writeln!(orders, "{order}").map_err(lost())?;
        let mut other = String::new();
        while let Ok(answer) = self.answers.recv_timeout(ANSWER) {
            if let Some(rest) = answer.strip_prefix(expected) {
                return Ok(rest.to_owned());
            }
            other = answer;
        }
        Err(self.unheard(&other))
    }

    fn unheard(&self, said: &str) -> ServerError {
        ServerError::Program { program: self.program.clone(), said: said.to_owned() }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Waiting closes the pipe first, which is the sign to clean up. The shell takes a bounded
        // time over it.
        drop(self.shell.wait());
    }
}

/// Runs a program to its end; its output is in the error if it fails.
pub(super) fn finished(command: &mut Command) -> Result<(), ServerError> {
    let program = PathBuf::from(command.get_program());
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(ServerError::io(format!("start {}", program.display())))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ");
    Err(ServerError::Program { program, said })
}

/// Copies a file into a folder of a server as the server's own, closed to everyone else.
pub(super) fn lend(file: &Path, to: &Path) -> Result<(), ServerError> {
    use std::os::unix::fs::PermissionsExt;
    let action = || format!("copy {} for a server", file.display());
    fs::copy(file, to).map_err(ServerError::io(action()))?;
    let closed = fs::Permissions::from_mode(0o600);
    fs::set_permissions(to, closed).map_err(ServerError::io(action()))?;
    account::give(to)
}
