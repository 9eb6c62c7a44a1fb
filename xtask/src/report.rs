//! What ran, what did not, and the table that says so at the end.

use std::process::ExitCode;
use std::time::Instant;

/// How a part ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Everything in it held.
    Passed,
    /// Something did not; in a few words.
    Failed(String),
    /// It could not run: something is missing that this machine cannot offer.
    NotRun(String),
    /// It could not run: a tool is missing that could be installed. Fails under `CI=true`.
    MissingTool(String),
}

#[derive(Debug)]
struct Part {
    name: String,
    outcome: Outcome,
    seconds: f32,
    /// How many tests ran in it, where it counts them.
    tests: Option<usize>,
}

/// The parts that were tried, in order.
#[derive(Debug)]
pub(crate) struct Report {
    parts: Vec<Part>,
    ci: bool,
}

impl Report {
    /// An empty report; strict about missing tools if the environment says `CI=true`.
    pub(crate) fn new() -> Self {
        Self { parts: Vec::new(), ci: std::env::var("CI").is_ok_and(|it| it == "true") }
    }

    /// Runs one part and notes how it ended.
    pub(crate) fn part(&mut self, name: &str, run: impl FnOnce() -> Outcome) {
        println!("\n==> {name}");
        let started = Instant::now();
        let outcome = run();
        self.push(name, outcome, started.elapsed().as_secs_f32());
    }

    /// Notes a check inside a part that reported for itself that it was not run.
    pub(crate) fn not_run(&mut self, name: &str, missing: &str) {
        let outcome = match missing.strip_prefix("missing tool: ") {
            Some(tool) => Outcome::MissingTool(tool.into()),
            None => Outcome::NotRun(missing.into()),
        };
        self.push(name, outcome, 0.0);
    }

    /// Notes how many tests ran in the part that ended last.
    pub(crate) fn tests_run(&mut self, tests: usize) {
        if let Some(part) = self.parts.last_mut() {
            part.tests = Some(tests);
        }
    }

    fn push(&mut self, name: &str, outcome: Outcome, seconds: f32) {
        if let Outcome::Failed(why) = &outcome {
            println!("==> {name} failed: {why}");
        }
        self.parts.push(Part { name: name.into(), outcome, seconds, tests: None });
    }

    /// Prints the table; fails if a part failed.
    pub(crate) fn finish(self) -> ExitCode {
        let width = self.parts.iter().map(|part| part.name.chars().count()).max().unwrap_or(0);
        println!("\nSummary");
        for part in &self.parts {
            println!("  {}", part.line(width));
        }
        let failed = self.parts.iter().filter(|part| self.fails(&part.outcome)).count();
        let not_run = self.parts.iter().filter(|part| was_not_run(&part.outcome)).count();
        let passed =
            self.parts.iter().filter(|part| matches!(part.outcome, Outcome::Passed)).count();
        println!("{passed} passed, {failed} failed, {not_run} not run{}", self.tests_in_all());
        if self.ci && self.parts.iter().any(|it| matches!(it.outcome, Outcome::MissingTool(_))) {
            println!("CI=true: a missing tool counts as a failure");
        }
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// How many tests ran in all parts, where a part counted them.
    fn tests_in_all(&self) -> String {
        let counted: Vec<usize> = self.parts.iter().filter_map(|part| part.tests).collect();
        if counted.is_empty() {
            return String::new();
        }
        format!("; {} tests run", counted.iter().sum::<usize>())
    }

    fn fails(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Failed(_) => true,
            Outcome::MissingTool(_) => self.ci,
            Outcome::Passed | Outcome::NotRun(_) => false,
        }
    }
}

impl Part {
    /// Its line of the summary, the name padded to `width`.
    fn line(&self, width: usize) -> String {
        let Self { name, outcome, seconds, tests } = self;
        let tests = tests.map(|tests| format!(", {tests} tests run")).unwrap_or_default();
        format!("{name:width$}  {seconds:>6.1} s  {}{tests}", described(outcome))
    }
}

fn was_not_run(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::NotRun(_) | Outcome::MissingTool(_))
}

fn described(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => "passed".into(),
        Outcome::Failed(why) => format!("FAILED: {why}"),
        Outcome::NotRun(missing) => format!("not run: {missing}"),
        Outcome::MissingTool(tool) => format!("not run: missing tool: {tool}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(ci: bool, outcome: Outcome) -> ExitCode {
        let mut report = Report { parts: Vec::new(), ci };
        report.part("only", || outcome);
        report.finish()
    }

    #[test]
    fn a_failed_part_fails_the_report() {
        assert_eq!(with(false, Outcome::Failed("x".into())), ExitCode::FAILURE);
        assert_eq!(with(false, Outcome::Passed), ExitCode::SUCCESS);
    }

    #[test]
    fn a_missing_tool_fails_in_ci_only() {
        assert_eq!(with(false, Outcome::MissingTool("x".into())), ExitCode::SUCCESS);
        assert_eq!(with(true, Outcome::MissingTool("x".into())), ExitCode::FAILURE);
        assert_eq!(with(true, Outcome::NotRun("a second disk".into())), ExitCode::SUCCESS);
    }

    #[test]
    fn the_number_of_tests_stands_beside_the_part_and_at_the_end() {
        let mut report = Report { parts: Vec::new(), ci: false };
        report.part("format", || Outcome::Passed);
        assert_eq!(report.tests_in_all(), "");
        for tests in [2400, 60] {
            report.part("tests", || Outcome::Passed);
            report.tests_run(tests);
        }
        assert_eq!(report.tests_in_all(), "; 2460 tests run");
        assert!(report.parts[1].line(8).ends_with("passed, 2400 tests run"));
        assert!(report.parts[0].line(8).ends_with("passed"));
    }

    #[test]
    fn what_a_check_says_of_itself_is_told_apart() {
        let mut report = Report { parts: Vec::new(), ci: true };
        report.not_run("disk full", "a small file system");
        report.not_run("import", "missing tool: gzip");
        assert!(matches!(report.parts[0].outcome, Outcome::NotRun(_)));
        assert!(matches!(report.parts[1].outcome, Outcome::MissingTool(_)));
    }
}
