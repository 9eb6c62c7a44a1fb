//! The project's own rules, beyond what the compiler and its lints check.
//!
//! Each rule is a function from the files of the checkout to findings, one line each.

mod decisions;
mod edges;
mod foreign;
mod headers;
mod invariants;
mod links;
mod programs;
mod readme;
mod sizes;
mod source;
mod words;

use crate::report::{Outcome, Report};
use source::Source;

/// A rule: what it is called and how it is checked.
type Rule = (&'static str, fn(&[Source]) -> Vec<String>);

const RULES: &[Rule] = &[
    ("a header on every source file", headers::check),
    ("sizes of files and functions", sizes::check),
    ("words that do not belong", words::check),
    ("links between documents", links::check),
    ("code in the documents compiles", readme::check),
    ("invariants name their tests", invariants::check),
    ("decisions are numbered", decisions::check),
    ("arrows between crates", edges::check),
    ("drivers stay inside", foreign::check),
    ("every file of tests is in a program", programs::check),
];

/// Checks every rule and prints what breaks it.
pub(crate) fn run(report: &mut Report) {
    report.part("tidy", || match source::load() {
        Ok(sources) => checked(&sources),
        Err(error) => Outcome::Failed(format!("could not read the checkout: {error}")),
    });
}

fn checked(sources: &[Source]) -> Outcome {
    let mut findings = 0;
    for (rule, check) in RULES {
        let broken = check(sources);
        println!("  {rule}: {}", if broken.is_empty() { "kept" } else { "BROKEN" });
        for finding in &broken {
            println!("    {finding}");
        }
        findings += broken.len();
    }
    match findings {
        0 => Outcome::Passed,
        _ => Outcome::Failed(format!("{findings} findings")),
    }
}
