//! A PostgreSQL server of the tests' own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::account::{folder, give};
use super::cluster;
use super::error::ServerError;
use super::installs::PostgresInstall;
use super::life::Life;
use super::ports;
use super::processes::{self, Signal};
use super::supervisor::lend;

/// A standby goes on to say "read-only connections".
const READY: &str = "database system is ready to accept ";

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
    life: Mutex<Life>,
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
        ports::tried_again(|| Self::start_once(install, options))
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
        let life = Life::begin(folder, Signal::Quit, READY, &command)?;
        let folder = life.folder().to_owned();
        Ok(Self { install: install.clone(), port, folder, life: Mutex::new(life) })
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
        self.life().pid()
    }

    /// What the server has printed since it was started last; of very many lines, the newest.
    pub fn log(&self) -> Vec<String> {
        self.life().log()
    }

    /// Kills the postmaster as a crash would, and waits until its other processes have noticed and
    /// gone. What they were doing may be finished, or not.
    ///
    /// # Errors
    ///
    /// Fails if the server is not running, or if a process of it cannot be got rid of.
    pub fn kill_postmaster(&self) -> Result<(), ServerError> {
        self.life().end(Signal::Kill)
    }

    /// Stops the server in good order, disconnecting its clients.
    ///
    /// # Errors
    ///
    /// Fails if the server is not running, or does not stop within a minute.
    pub fn stop(&self) -> Result<(), ServerError> {
        self.life().end(Signal::Interrupt)
    }

    /// Starts the server again, on the same port and data. One that is running is stopped first.
    ///
    /// # Errors
    ///
    /// As [`PostgresServer::stop`] and [`PostgresServer::start`], except that the port is not
    /// changed if another process has taken it.
    pub fn restart(&self) -> Result<(), ServerError> {
        let mut life = self.life();
        if life.pid().is_some() {
            life.end(Signal::Interrupt)?;
        }
        life.start()
    }

    /// Sends a signal to one process of the server, such as that of a connection; SQL tells its
    /// number with `pg_backend_pid()`. To kill one makes the server drop all connections and
    /// recover.
    ///
    /// # Errors
    ///
    /// Fails if the process is not one of this server's, which only a system with `/proc` can tell, or
    /// if the server is not running.
    pub fn signal_backend(&self, pid: u32, signal: Signal) -> Result<(), ServerError> {
        let postmaster = self.pid().ok_or(ServerError::Stopped)?;
        if !processes::children(postmaster).contains(&pid) {
            return Err(ServerError::NotOurs(pid));
        }
        processes::send(pid, signal)
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
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
