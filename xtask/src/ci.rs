//! Everything a change must pass, in one command; and the same without the tests.

use crate::command::{cargo, run as run_command};
use crate::report::Report;
use crate::{bench, examples, fuzz, test, tidy};

/// Runs every part, the quick ones first; a failure does not keep the others from running.
pub(crate) fn run(report: &mut Report) {
    before(report);
    test::run(report);
    after(report);
}

/// Runs every part but the tests.
pub(crate) fn run_checks(report: &mut Report) {
    before(report);
    after(report);
}

fn before(report: &mut Report) {
    report.part("format", || run_command(&mut cargo(["fmt", "--all", "--check"])));
    tidy::run(report);
    report.part("lints", || {
        let arguments = ["clippy", "--workspace", "--all-targets", "--all-features", "--locked"];
        run_command(cargo(arguments).args(["--", "-D", "warnings"]))
    });
}

fn after(report: &mut Report) {
    fuzz::run(report, &[]);
    report.part("docs", || {
        let arguments = ["doc", "--workspace", "--no-deps", "--all-features", "--locked"];
        run_command(cargo(arguments).env("RUSTDOCFLAGS", "-D warnings"))
    });
    examples::run(report);
    bench::compiles(report);
}
