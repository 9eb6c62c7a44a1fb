//! Servers for tests: PostgreSQL and `PgBouncer`, started from what is installed, each for the test
//! process that starts it.
//!
//! A server runs on a free port of the loopback interface, with its data in a folder of its own,
//! and as an unprivileged user where the tests run as the superuser. It is gone when its value is
//! dropped, and also when the process of the test ends in any way: a shell watches over it.
//!
//! Tests that kill or restart a server start their own:
//!
//! ```no_run
//! use factum_testkit::servers::{NO_POSTGRES, PostgresInstall, PostgresOptions, PostgresServer};
//!
//! # fn main() -> Result<(), factum_testkit::servers::ServerError> {
//! let Some(install) = PostgresInstall::newest() else {
//!     println!("{NO_POSTGRES}");
//!     return Ok(());
//! };
//! let server = PostgresServer::start(&install, &PostgresOptions::default())?;
//! println!("connect to {}", server.url("postgres"));
//! server.kill_postmaster()?;
//! server.restart()?;
//! # Ok(())
//! # }
//! ```
//!
//! A server has no database but `postgres` in the beginning. Tests that share one keep apart by
//! schemas that they create.

mod account;
mod cache;
mod cluster;
mod error;
mod installs;
mod libraries;
mod life;
mod log;
mod pgbouncer;
mod ports;
mod postgres;
mod processes;
mod supervisor;
mod under_test;

pub use error::ServerError;
pub use installs::PostgresInstall;
pub use pgbouncer::{PgBouncer, PoolMode};
pub use postgres::{PostgresOptions, PostgresServer};
pub use processes::Signal;
pub use under_test::{TestPostgres, postgres_under_test, shared_postgres};

/// What a test prints when there is no PostgreSQL to run it on; the runner collects such lines.
pub const NO_POSTGRES: &str = "not run: missing tool: postgres";

/// What a test prints when there is no `PgBouncer` to run it with.
pub const NO_PGBOUNCER: &str = "not run: missing tool: pgbouncer";
