//! The crash harness, `tools/crash`.

use std::process::Command;

use crate::command::{built, cargo, root, run as run_command};
use crate::report::{Outcome, Report};

/// How many rounds the tests run.
pub(crate) const ROUNDS: &str = "25";

/// Runs the harness with the caller's arguments; see `--help` of the harness.
pub(crate) fn run(report: &mut Report, arguments: &[String]) {
    report.part("crash harness", || {
        let mut command = cargo(["run", "--quiet", "--package", "factum-crash", "--", "run"]);
        run_command(command.args(arguments))
    });
}

/// Runs the harness as part of the tests: the program that they were built with. Asking cargo for it
/// alone would build it, and what it depends on, a second time with fewer features.
pub(crate) fn run_in_tests(report: &mut Report) {
    report.part(&format!("crash harness, {ROUNDS} rounds"), || match built("factum-crash") {
        Ok(program) => {
            let mut command = Command::new(program);
            run_command(command.current_dir(root()).args(["run", "--rounds", ROUNDS]))
        }
        Err(error) => Outcome::Failed(error),
    });
}
