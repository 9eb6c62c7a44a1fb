//! A `PgBouncer` in front of a server: what an application meets where connections are pooled.

use std::fs;
use std::path::{Path, PathBuf};

use super::account::{command, folder, give};
use super::cache;
use super::cluster;
use super::error::ServerError;
use super::installs::on_path;
use super::life::Life;
use super::ports;
use super::postgres::PostgresServer;
use super::processes::Signal;

const PROGRAM: &str = "FACTUM_TEST_PGBOUNCER";
const READY: &str = "process up: PgBouncer";

/// For how long a connection to the server is a client's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// For one transaction: nothing that belongs to a session can be relied on.
    Transaction,
    /// Until the client disconnects.
    Session,
}

/// A `PgBouncer` that belongs to the test that started it, and ends as a [`PostgresServer`] does.
///
/// It lets everyone in and logs in to the server as `postgres`, whoever the client says it is.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    life: Life,
}

impl PgBouncer {
    /// Where `PgBouncer` is, if the servers' user can run it: the program in
    /// `FACTUM_TEST_PGBOUNCER`, on the path, in `/usr/sbin`, or what `cargo xtask test` has brought.
    pub fn find() -> Option<PathBuf> {
        let given = std::env::var_os(PROGRAM).filter(|it| !it.is_empty()).map(PathBuf::from);
        let installed = [on_path("pgbouncer"), Some("/usr/sbin/pgbouncer".into())];
        let brought = cache::packages().into_iter().map(|it| it.join("usr/sbin/pgbouncer"));
        given.into_iter().chain(installed.into_iter().flatten()).chain(brought).find(|it| runs(it))
    }

    /// Starts a `PgBouncer` for the databases of `server`.
    ///
    /// # Errors
    ///
    /// [`ServerError::Missing`] if it is not installed. Otherwise fails if it does not become ready
    /// within a minute. Nothing is left behind.
    pub fn start(server: &PostgresServer, mode: PoolMode) -> Result<Self, ServerError> {
        let program = Self::find().ok_or(ServerError::Missing("pgbouncer"))?;
        ports::tried_again(|| Self::start_once(&program, server, mode))
    }

    fn start_once(
        program: &Path,
        server: &PostgresServer,
        mode: PoolMode,
    ) -> Result<Self, ServerError> {
        let folder = folder(&cluster::in_memory(), "factum-pgbouncer-")?;
        let port = ports::free()?;
        let settings = folder.path().join("pgbouncer.ini");
        fs::write(&settings, configuration(server.port(), port, mode))
            .map_err(ServerError::io("write the configuration of PgBouncer"))?;
        give(&settings)?;
        let command = [program.into(), settings.into()];
        // It keeps nothing that an orderly end would save.
        let life = Life::begin(folder, Signal::Kill, READY, &command)?;
        Ok(Self { port, life })
    }

    /// The address of a database of the server, by way of the pool.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id.
    pub fn pid(&self) -> Option<u32> {
        self.life.pid()
    }

    /// What it has printed; of very many lines, the newest.
    pub fn log(&self) -> Vec<String> {
        self.life.log()
    }
}

/// The configuration. A failed login is remembered for a second instead of fifteen, so that tests
/// which restart the server need not wait; everything else is as `PgBouncer` has it.
fn configuration(server: u16, port: u16, mode: PoolMode) -> String {
    let mode = match mode {
        PoolMode::Transaction => "transaction",
        PoolMode::Session => "session",
    };
    format!(
        "[databases]\n\
         * = host=127.0.0.1 port={server} user=postgres\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         pool_mode = {mode}\n\
         server_login_retry = 1\n"
    )
}

fn runs(program: &Path) -> bool {
    command(program).arg("--version").output().is_ok_and(|it| it.status.success())
}
