//! Random and damaged input for everything that reads bytes from outside.
//!
//! A fuzz test is a test whose name begins with `fuzz_`. It runs some rounds with the other tests;
//! here `FACTUM_FUZZ_SECONDS` tells it to go on for so long. The programs that have such tests are
//! listed: a program whose last one is renamed or removed fails.

use crate::command::{cargo, output};
use crate::report::{Outcome, Report};

const SECONDS: u64 = 60;

/// Test programs with fuzz tests: what they are about, and how cargo chooses them. Of the whole
/// workspace, so that what the tests built is used again.
const TARGETS: [(&str, [&str; 2]); 2] =
    [("importers", ["--bin", "factum"]), ("codecs and names", ["--test", "fuzz"])];

/// Runs every fuzz test; `--seconds N` for that long instead of a minute.
pub(crate) fn run(report: &mut Report, arguments: &[String]) {
    let seconds = match arguments {
        [] => Some(SECONDS),
        [option, number] if option == "--seconds" => number.parse().ok(),
        _ => None,
    };
    let Some(seconds) = seconds else {
        report.part("fuzz", || Outcome::Failed("expected nothing or --seconds N".into()));
        return;
    };
    for (name, arguments) in TARGETS {
        report.part(&format!("fuzz {name}, {seconds} s"), || fuzz(&arguments, seconds));
    }
}

fn fuzz(arguments: &[&str], seconds: u64) -> Outcome {
    let mut command = cargo(["test", "--workspace", "--all-features", "--locked"]);
    command.args(arguments).args(["--", "fuzz_", "--nocapture"]);
    command.env("FACTUM_FUZZ_SECONDS", seconds.to_string());
    command.stderr(std::process::Stdio::inherit());
    match output(&mut command) {
        Ok(said) => {
            print!("{said}");
            let tests = passed(&said);
            if tests == 0 {
                Outcome::Failed("no test begins with fuzz_".into())
            } else {
                Outcome::Passed
            }
        }
        Err(_) => Outcome::Failed("a fuzz test failed".into()),
    }
}

/// How many tests a run says have passed.
fn passed(said: &str) -> u64 {
    let results = said.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|line| line.split(' ').next()?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::passed;

    #[test]
    fn passed_tests_are_counted_over_all_programs() {
        let said = "running 0 tests\ntest result: ok. 0 passed; 0 failed\n\
                    test result: ok. 3 passed; 0 failed\n";
        assert_eq!((passed(said), passed("")), (3, 0));
    }
}
