//! A PostgreSQL server of the tests' own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::account::{folder, give};
use super::cluster;
use super::error::ServerError;
use super::installs::PostgresInstall;
use super::log::Waited;
use super::ports;
use super::processes::{self, Signal};
use super::supervisor::{Run, Supervisor, lend};

/// How long a server may take to become ready, or to stop.
const LIMIT: Duration = Duration::from_mins(1);
/// How long the processes of a killed server may take to notice.
const NOTICE: Duration = Duration::from_secs(5);
const READY: &str = "database system is ready to accept connections";
const PORT_TAKEN: &str = "Address already in use";
const PORT_TRIES: u32 = 5;

/// How a server is set up. The default is quick: its data is in memory, where there is such a
/// place. It flushes like any other.
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    /// Whether the data is on a disk, for tests and measurements of what flushing does. Flushing is
    /// on in both cases.
    pub durable: bool,
    /// Further settings, as name and value.
    pub settings: Vec<(String, String)>,
    /// Certificate and key in PEM files, of which the server gets copies. Clients may then use TLS;
    /// they need not.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// A PostgreSQL server that belongs to the test that started it.
///
/// It listens on the loopback interface only and lets everyone in; the superuser is `postgres`. It
/// stops, and its folder goes, when this value is dropped or this process ends, however it ends.
///
/// Its methods may be called from any thread. They block, and the waits are bounded.
#[derive(Debug)]
pub struct PostgresServer {
    install: PostgresInstall,
    port: u16,
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    supervisor: Supervisor,
    run: Option<Run>,
}

impl PostgresServer {
    /// Starts a server with an empty cluster: encoding UTF-8, collation C.
    ///
    /// # Errors
    ///
    /// Fails if the server does not become ready within a minute. Nothing is left behind.
    pub fn start(
        install: &PostgresInstall,
        options: &PostgresOptions,
    ) -> Result<Self, ServerError> {
        let mut tries = 1;
        loop {
            match Self::start_once(install, options) {
                // Another process took the port between our look and the server's.
                Err(ServerError::Ended { said, .. })
                    if said.contains(PORT_TAKEN) && tries < PORT_TRIES => {}
                outcome => return outcome,
            }
            tries += 1;
        }
    }

    fn start_once(
        install: &PostgresInstall,
        options: &PostgresOptions,
    ) -> Result<Self, ServerError> {
        let parents = if options.durable { cluster::on_disk() } else { cluster::in_memory() };
        let folder = folder(&parents, "factum-postgres-")?;
        cluster::create(install, &folder.path().join("data"))?;
        let port = ports::free()?;
        let command = command_line(install, options, folder.path(), port)?;
        let supervisor = Supervisor::new(folder, "QUIT", &command)?;
        let folder = supervisor.folder().to_owned();
        let state = Mutex::new(State { supervisor, run: None });
        let server = Self { install: install.clone(), port, folder, state };
        server.state().start()?;
        Ok(server)
    }

    /// The installation it runs from.
    pub fn install(&self) -> &PostgresInstall {
        &self.install
    }

    /// The address of a database, for any client. A new server has the database `postgres`.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The port; a restart keeps it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of everything the server has; the cluster is in `data` below it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process id of the postmaster, unless it was stopped or killed.
    pub fn pid(&self) -> Option<u32> {
        self.state().run.as_ref().map(|run| run.pid)
    }

    /// What the server has printed since it was started last; of very many lines, the newest.
    pub fn log(&self) -> Vec<String> {
        self.state().run.as_ref().map(|run| run.log.lines()).unwrap_or_default()
    }

    /// Kills the postmaster as a crash would, and waits until its other processes have noticed and
    /// gone. What they were doing may be finished, or not.
    ///
    /// # Errors
    ///
    /// Fails if the server is not running, or if a process of it cannot be got rid of.
    pub fn kill_postmaster(&self) -> Result<(), ServerError> {
        self.state().end(Signal::Kill)
    }

    /// Stops the server in good order, disconnecting its clients.
    ///
    /// # Errors
    ///
    /// Fails if the server is not running, or does not stop within a minute.
    pub fn stop(&self) -> Result<(), ServerError> {
        self.state().end(Signal::Interrupt)
    }

    /// Starts the server again, on the same port and data. One that is running is stopped first.
    ///
    /// # Errors
    ///
    /// As [`PostgresServer::stop`] and [`PostgresServer::start`], except that the port is not
    /// changed if another process has taken it.
    pub fn restart(&self) -> Result<(), ServerError> {
        let mut state = self.state();
        if state.run.is_some() {
            state.end(Signal::Interrupt)?;
        }
        state.start()
    }

    /// Sends a signal to one process of the server, such as that of a connection; SQL tells its
    /// number with `pg_backend_pid()`. To kill one makes the server drop all connections and
    /// recover.
    ///
    /// # Errors
    ///
    /// Fails if the process is not one of this server's, or if the server is not running.
    pub fn signal_backend(&self, pid: u32, signal: Signal) -> Result<(), ServerError> {
        let state = self.state();
        let run = state.run.as_ref().ok_or(ServerError::Stopped)?;
        if !processes::children(run.pid).contains(&pid) {
            return Err(ServerError::NotOurs(pid));
        }
        processes::send(pid, signal)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn start(&mut self) -> Result<(), ServerError> {
        let run = self.supervisor.start()?;
        let (program, said) = (self.supervisor.program().to_owned(), run.log.clone());
        let waited = run.log.wait_for(READY, LIMIT);
        self.run = Some(run);
        match waited {
            Waited::Came => Ok(()),
            Waited::Ended => {
                self.run = None;
                self.supervisor.reap()?;
                Err(ServerError::Ended { program, said: said.tail() })
            }
            Waited::Late => {
                self.end(Signal::Kill)?;
                let expected = "become ready";
                Err(ServerError::Late { program, expected, limit: LIMIT, said: said.tail() })
            }
        }
    }

    /// Ends the server by a signal to the postmaster, and waits for all its processes.
    fn end(&mut self, signal: Signal) -> Result<(), ServerError> {
        let run = self.run.as_ref().ok_or(ServerError::Stopped)?;
        // Once the postmaster is gone, nothing says any more whose they were.
        let children = processes::children(run.pid);
        processes::send(run.pid, signal)?;
        if signal == Signal::Kill && !run.log.wait_for_end(NOTICE) {
            // Such as one that a test has stopped. It would keep the next start from the memory
            // that the server's processes share.
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
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(run) = &self.run {
            // Quicker than leaving it to the shell, which does the same if this fails.
            drop(processes::send(run.pid, Signal::Quit));
            if run.log.wait_for_end(NOTICE) {
                drop(self.supervisor.reap());
            }
        }
    }
}

fn command_line(
    install: &PostgresInstall,
    options: &PostgresOptions,
    folder: &Path,
    port: u16,
) -> Result<Vec<OsString>, ServerError> {
    let mut settings: Vec<(String, String)> = [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        // Files below the data folder: the other kinds would outlive a killed server.
        ("dynamic_shared_memory_type", "mmap"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    settings.push(("port".into(), port.to_string()));
    if let Some((certificate, key)) = &options.tls {
        let tls = folder.join("tls");
        fs::create_dir(&tls).map_err(ServerError::io("create a folder for keys"))?;
        give(&tls)?;
        settings.push(("ssl".into(), "on".into()));
        for (name, file) in [("ssl_cert_file", certificate), ("ssl_key_file", key)] {
            lend(file, &tls.join(name))?;
            settings.push((name.into(), tls.join(name).display().to_string()));
        }
    }
    settings.extend(options.settings.iter().cloned());
    let mut command: Vec<OsString> = vec![install.bin.join("postgres").into()];
    command.extend(["-D".into(), folder.join("data").into()]);
    for (name, value) in settings {
        command.extend(["-c".into(), format!("{name}={value}").into()]);
    }
    Ok(command)
}
