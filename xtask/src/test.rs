//! Every test of the workspace.
//!
//! A test that lacks something it needs says so: it is listed as ignored, ends as ignored with a
//! reason, or prints a line `not run: <what is missing>`. All are collected here, because a runner
//! that shows only failures would hide them.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::command::{cargo, has_subcommand, output, shown};
use crate::crash;
use crate::report::{Outcome, Report};
use crate::{servers, stores};

const MARK: &str = "not run: ";
const IGNORED: &str = "ignored here; the head of its file says what it needs";

/// Brings the servers that tests need, then runs all tests, the doctests and a bounded number of crash rounds.
pub(crate) fn run(report: &mut Report) {
    let mut environment = servers::bring(report);
    let results = stores::new_folder();
    environment.push((stores::FOLDER, results.clone().into()));
    let mut skipped = Vec::new();
    let mut tests = 0;
    if has_subcommand("nextest") {
        report.part("tests", || nextest(&environment, &mut skipped, &mut tests));
        report.tests_run(tests);
        skipped.extend(ignored());
    } else {
        report.part("tests", || plain(&environment, &mut skipped, &mut tests));
        report.tests_run(tests);
    }
    for (name, missing) in grouped(&skipped) {
        report.not_run(&format!("  {name}"), &missing);
    }
    stores::check(report, &results);
    let mut doctests = 0;
    report.part("doctests", || {
        let mut command = cargo(["test", "--workspace", "--all-features", "--locked", "--doc"]);
        listen(command.stderr(Stdio::inherit()).stdout(Stdio::piped()), |line| {
            doctests += tests_in(line);
            true
        })
    });
    report.tests_run(doctests);
    crash::run_in_tests(report);
}

/// What the tests find in their environment.
type Environment = [(&'static str, OsString)];

fn nextest(
    environment: &Environment,
    skipped: &mut Vec<(String, String)>,
    tests: &mut usize,
) -> Outcome {
    let arguments = ["nextest", "run", "--workspace", "--all-features", "--locked"];
    let mut command = cargo(arguments);
    command.envs(environment.iter().cloned());
    command.args(["--no-fail-fast", "--success-output", "immediate", "--color", "never"]);
    let mut passes = Passes::default();
    listen(command.stdout(Stdio::inherit()).stderr(Stdio::piped()), |line| {
        let show = passes.shows(line);
        *tests += tests_in(line);
        if let Some(missing) = missing_in(line) {
            skipped.push((passes.test.clone(), missing.into()));
        }
        show
    })
}

/// The tests that are listed as ignored, which the runner passes over.
fn ignored() -> Vec<(String, String)> {
    let mut command = cargo(["nextest", "list", "--workspace", "--all-features", "--locked"]);
    command.args(["--run-ignored", "only", "--message-format", "oneline"]);
    // If the listing fails, the run before it has failed for the same reason.
    let list = output(&mut command).unwrap_or_default();
    list.lines().map(|test| (test.to_owned(), IGNORED.to_owned())).collect()
}

fn plain(
    environment: &Environment,
    skipped: &mut Vec<(String, String)>,
    tests: &mut usize,
) -> Outcome {
    let arguments = ["test", "--workspace", "--all-features", "--locked", "--no-fail-fast"];
    let mut command = cargo(arguments);
    command.envs(environment.iter().cloned());
    // One thread, so that a line can be laid at the door of the test that printed it.
    command.args(["--bins", "--lib", "--tests", "--", "--nocapture", "--test-threads", "1"]);
    let mut test = String::new();
    listen(command.stderr(Stdio::inherit()).stdout(Stdio::piped()), |line| {
        *tests += tests_in(line);
        if let Some(named) = line.strip_prefix("test ") {
            named.split(" ...").next().unwrap_or_default().clone_into(&mut test);
        }
        if let Some(missing) = missing_in(line) {
            skipped.push((test.clone(), missing.into()));
        }
        true
    })
}

/// How many tests ran, in the line with which a runner ends: `Summary [ 0.1s] 3 tests run: ...`, or
/// `test result: ok. 2 passed; 1 failed; ...` per program.
fn tests_in(line: &str) -> usize {
    let line = line.trim();
    let before = |word: &str, text: &str| -> usize {
        let number = text.split(word).next().and_then(|it| it.split_whitespace().last());
        number.and_then(|it| it.split('/').next()?.parse().ok()).unwrap_or_default()
    };
    if let Some((_, result)) = line.strip_prefix("Summary [").and_then(|it| it.split_once(']')) {
        let word = if result.contains(" tests run") { " tests run" } else { " test run" };
        return before(word, result);
    }
    match line.strip_prefix("test result: ") {
        Some(result) => before(" passed", result) + before(" failed", result),
        None => 0,
    }
}

/// What a line says is missing, if it says so.
fn missing_in(line: &str) -> Option<&str> {
    let line = line.trim();
    let outcome = line.strip_prefix("test ").and_then(|it| it.split_once(" ... "));
    if let Some(reason) = outcome.and_then(|(_, it)| it.strip_prefix("ignored")) {
        let reason = reason.trim_matches([' ', ',', '(', ')']);
        return Some(if reason.is_empty() { IGNORED } else { reason });
    }
    outcome.map_or(line, |(_, it)| it).strip_prefix(MARK).map(str::trim)
}

/// One row per test, or one per test program where many of its tests miss the same thing.
fn grouped(skipped: &[(String, String)]) -> Vec<(String, String)> {
    let program = |test: &str| test.split(' ').next().unwrap_or_default().to_owned();
    let mut rows: Vec<(String, String)> = Vec::new();
    for (test, missing) in skipped {
        let (program, same) = (program(test), |it: &&(String, String)| it.1 == *missing);
        let alike = skipped.iter().filter(same).filter(|it| it.0.starts_with(&program)).count();
        let name = if alike > 3 { format!("{program}, {alike} tests") } else { test.clone() };
        if !rows.contains(&(name.clone(), missing.clone())) {
            rows.push((name, missing.clone()));
        }
    }
    rows
}

/// Follows the output of the test runner: which test is speaking, and whether it passed.
#[derive(Debug, Default)]
struct Passes {
    test: String,
    passed: bool,
}

impl Passes {
    /// Whether a line is shown: everything but what passing tests printed.
    fn shows(&mut self, line: &str) -> bool {
        let line = line.trim_end();
        match line.trim_start().split_once(" [") {
            Some((status, rest)) if is_status(status) => {
                let after_time = rest.split_once(']').map_or(rest, |(_, after)| after).trim();
                let after_count = match after_time.split_once(") ") {
                    Some((count, after)) if count.starts_with('(') => after,
                    _ => after_time,
                };
                after_count.clone_into(&mut self.test);
                self.passed = status == "PASS";
                true
            }
            _ if line.starts_with("────") => {
                self.passed = false;
                true
            }
            _ => !self.passed,
        }
    }
}

fn is_status(word: &str) -> bool {
    let word = word.trim();
    word == "Summary"
        || (word.len() > 3
            && word.bytes().all(|it| it.is_ascii_uppercase() || b"+- 0123456789".contains(&it)))
}

/// Runs a command and hands each line of its one piped output to `hear`, which says whether to
/// print it.
fn listen(command: &mut Command, mut hear: impl FnMut(&str) -> bool) -> Outcome {
    println!("  $ {}", shown(command));
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Outcome::Failed(format!("could not start: {error}")),
    };
    let piped: Option<Box<dyn std::io::Read>> = match (child.stdout.take(), child.stderr.take()) {
        (Some(output), _) => Some(Box::new(output)),
        (None, Some(errors)) => Some(Box::new(errors)),
        (None, None) => None,
    };
    for line in piped.into_iter().flat_map(|it| BufReader::new(it).split(b'\n')) {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line);
        if hear(&line) {
            println!("{line}");
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(status.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_output_of_passing_tests_is_hidden() {
        let mut passes = Passes::default();
        assert!(passes.shows("   Compiling factum-core v0.1.0"));
        assert!(passes.shows("        PASS [   0.004s] (1/2) factum-core name::tests::short"));
        assert_eq!(passes.test, "factum-core name::tests::short");
        assert!(!passes.shows("    not run: a small file system"));
        assert!(passes.shows("        FAIL [   0.004s] (2/2) factum-core name::tests::long"));
        assert!(passes.shows("    assertion failed"));
        assert!(passes.shows("     Summary [   0.010s] 2 tests run"));
    }

    #[test]
    fn the_number_of_tests_is_read_from_either_runner() {
        assert_eq!(
            tests_in("     Summary [ 602.113s] 2417 tests run: 2415 passed, 2 failed"),
            2417
        );
        assert_eq!(tests_in("     Summary [   0.010s] 1 test run: 1 passed, 30 skipped"), 1);
        assert_eq!(tests_in("     Summary [   9.010s] 17/20 tests run: 16 passed, 1 failed"), 17);
        assert_eq!(tests_in("test result: FAILED. 2 passed; 3 failed; 1 ignored; 0 measured"), 5);
        assert_eq!(tests_in("test name::of::a::test ... ok"), 0);
    }

    #[test]
    fn many_tests_that_miss_the_same_become_one_row() {
        let skip = |test: &str| (test.to_owned(), "durability".to_owned());
        let names = ["a::conformance x", "a::conformance y", "a::conformance z", "b::other w"];
        assert_eq!(grouped(&names.map(skip)).len(), 4);
        let more: Vec<_> = names.map(skip).into_iter().chain([skip("a::conformance v")]).collect();
        let rows = grouped(&more);
        assert_eq!(rows, [skip("a::conformance, 4 tests"), skip("b::other w")]);
    }

    #[test]
    fn a_missing_thing_is_heard_at_the_start_of_a_line_only() {
        assert_eq!(missing_in("    not run: a small disk "), Some("a small disk"));
        assert_eq!(missing_in("test full ... not run: a small disk"), Some("a small disk"));
        assert_eq!(missing_in("    test case ... ignored (no disk)"), Some("no disk"));
        assert_eq!(missing_in("test case ... ignored"), Some(IGNORED));
        assert_eq!(missing_in("the part is not run: why"), None);
        assert_eq!(missing_in("test case ... ok"), None);
    }
}
