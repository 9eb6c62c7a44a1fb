//! The crash harness, `tools/crash`.

use crate::command::{cargo, run as run_command};
use crate::report::{Outcome, Report};

/// How many rounds the tests run.
pub(crate) const ROUNDS: &str = "25";

/// Runs the harness with the caller's arguments; see `--help` of the harness.
pub(crate) fn run(report: &mut Report, arguments: &[String]) {
    report.part("crash harness", || rounds(arguments));
}

/// Runs the harness as part of the tests.
pub(crate) fn run_in_tests(report: &mut Report) {
    let name = format!("crash harness, {ROUNDS} rounds");
    report.part(&name, || rounds(&["--rounds".into(), ROUNDS.into()]));
}

fn rounds(arguments: &[String]) -> Outcome {
    let mut command = cargo(["run", "--quiet", "--package", "factum-crash", "--", "run"]);
    run_command(command.args(arguments))
}
