//! Which servers a test runs on: the one that was given, or one of each installed version.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::NO_POSTGRES;
use super::error::ServerError;
use super::installs::PostgresInstall;
use super::postgres::{PostgresOptions, PostgresServer};

const URL: &str = "FACTUM_TEST_POSTGRES_URL";

/// A PostgreSQL server that a test runs on.
pub struct TestPostgres {
    given: String,
    server: Option<PostgresServer>,
}

impl std::fmt::Debug for TestPostgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestPostgres").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl TestPostgres {
    /// What to call it in the output of a test. It does not repeat a given address, which may hold
    /// a password.
    pub fn name(&self) -> String {
        let named = self.server.as_ref().map(|it| it.install().to_string());
        named.unwrap_or_else(|| format!("the server of {URL}"))
    }

    /// The address to connect to: that of the database `postgres`, or the given one as it is.
    pub fn url(&self) -> String {
        self.server.as_ref().map_or_else(|| self.given.clone(), |it| it.url("postgres"))
    }

    /// The server, unless it was given; a given one is not ours to stop.
    pub fn server(&self) -> Option<&PostgresServer> {
        self.server.as_ref()
    }
}

/// The servers that a test runs on, one after the other: the one in `FACTUM_TEST_POSTGRES_URL` if
/// that is set, else one of each installed major version, started with `options`.
///
/// Says `not run: missing tool: postgres` and returns none if there is none.
///
/// # Errors
///
/// Fails if one of them does not start; see [`PostgresServer::start`].
pub fn postgres_under_test(options: &PostgresOptions) -> Result<Vec<TestPostgres>, ServerError> {
    let given = std::env::var(URL).unwrap_or_default();
    let servers = given_or_started(given, PostgresInstall::all(), options)?;
    if servers.is_empty() {
        println!("{NO_POSTGRES}");
    }
    Ok(servers)
}

fn given_or_started(
    given: String,
    installs: Vec<PostgresInstall>,
    options: &PostgresOptions,
) -> Result<Vec<TestPostgres>, ServerError> {
    if !given.is_empty() {
        return Ok(vec![TestPostgres { given, server: None }]);
    }
    let start = |install| {
        let server = Some(PostgresServer::start(&install, options)?);
        Ok(TestPostgres { given: String::new(), server })
    };
    installs.into_iter().map(start).collect()
}

/// The server of an installation that all tests of this process share, started at the first call.
/// It goes when the process ends. Tests keep apart by schemas, and must not stop it.
///
/// # Errors
///
/// Fails if it does not start; the next call tries again. See [`PostgresServer::start`].
pub fn shared_postgres(install: &PostgresInstall) -> Result<&'static PostgresServer, ServerError> {
    static SHARED: Mutex<Vec<(PathBuf, &'static PostgresServer)>> = Mutex::new(Vec::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, server)) = shared.iter().find(|(bin, _)| *bin == install.bin) {
        return Ok(server);
    }
    let server = PostgresServer::start(install, &PostgresOptions::default())?;
    let server: &'static PostgresServer = Box::leak(Box::new(server));
    shared.push((install.bin.clone(), server));
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_server_is_the_only_one() {
        let given = "postgres://me:secret@db.example/log".to_owned();
        let install = PostgresInstall { version: (15, 1), bin: "/nowhere".into() };
        let servers = given_or_started(given.clone(), vec![install], &PostgresOptions::default());
        let servers = servers.expect("nothing is started");
        assert_eq!(servers.len(), 1);
        assert_eq!(servers[0].url(), given);
        assert!(servers[0].server().is_none());
        assert!(!format!("{} {servers:?}", servers[0].name()).contains("secret"));
    }

    #[test]
    fn without_any_server_there_is_none() {
        let servers = given_or_started(String::new(), vec![], &PostgresOptions::default());
        assert!(servers.expect("nothing is started").is_empty());
    }
}
