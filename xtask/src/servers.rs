//! The servers that tests talk to, brought into a cache once and found there ever after.
//!
//! Nothing is installed into the system. The tests look into the same cache by themselves, so that
//! a plain `cargo test` finds what an earlier `cargo xtask test` has brought; the rule of where it
//! is stands in `servers/cache.rs` of `factum-testkit` too, on which this program may not depend.

mod cache;
mod debian;
mod npm;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::output;
use crate::report::{Outcome, Report};

const BINS: &str = "FACTUM_TEST_POSTGRES_BINS";
const PGBOUNCER: &str = "FACTUM_TEST_PGBOUNCER";

/// Brings the servers that are not there. The answer goes into the environment of the tests.
pub(crate) fn bring(report: &mut Report) -> Vec<(&'static str, OsString)> {
    let mut environment = Vec::new();
    let mut bins: Vec<PathBuf> = given(BINS).iter().flat_map(std::env::split_paths).collect();
    part(report, "PostgreSQL of this system", || debian::postgres(&mut bins));
    part(report, "PostgreSQL 18", || npm::postgres(&mut bins));
    if let Ok(bins) = std::env::join_paths(bins) {
        environment.push((BINS, bins));
    }
    part(report, "PgBouncer", || match given(PGBOUNCER) {
        Some(program) => runs(Path::new(&program), &[]),
        None => debian::pgbouncer().map(|program| environment.push((PGBOUNCER, program.into()))),
    });
    environment
}

/// Runs one part; a server that cannot be had is a missing tool, never a failure of the code.
fn part(report: &mut Report, name: &str, run: impl FnOnce() -> Result<(), Outcome>) {
    report.part(&format!("server {name}"), || run().err().unwrap_or(Outcome::Passed));
}

fn given(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|it| !it.is_empty())
}

fn missing(what: impl std::fmt::Display) -> Outcome {
    Outcome::MissingTool(what.to_string())
}

/// Checks that a server starts far enough to say its version, with the libraries in `libraries`.
fn runs(program: &Path, libraries: &[PathBuf]) -> Result<(), Outcome> {
    let mut version = Command::new(program);
    version.arg("--version");
    if !libraries.is_empty() {
        let folders = std::env::join_paths(libraries).map_err(missing)?;
        version.env("LD_LIBRARY_PATH", folders);
    }
    match output(&mut version) {
        Ok(said) => {
            println!("  {} in {}", said.lines().next().unwrap_or_default(), program.display());
            Ok(())
        }
        Err(error) => Err(missing(format!("{}: {error}", program.display()))),
    }
}
