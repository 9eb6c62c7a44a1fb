//! Runs the conformance suite on several servers.
//!
//! A runner that gives every test a process (nextest) gets one test per server instead of one per
//! case, so that a server is not started for each of them.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use factum_core::Capabilities;
use factum_testkit::conformance::{self, Case, CaseResult, Fixture};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// How many cases run at once where one test runs all of them.
const THREADS: usize = 4;

/// Runs every case with each of the fixtures, which have names.
pub(crate) fn main(fixtures: Vec<(String, Arc<dyn Fixture>)>) -> ExitCode {
    let one_test_each = std::env::var_os("NEXTEST").is_some();
    let mut trials = Vec::new();
    for (name, fixture) in fixtures {
        if one_test_each {
            trials.push(Trial::test(format!("every case on {name}"), move || run_all(&fixture)));
            continue;
        }
        let capabilities = conformance::capabilities(&fixture);
        let cases = conformance::cases().into_iter();
        trials.extend(cases.map(|case| trial(&name, case, &fixture, &capabilities)));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A schema for each home, the same ever after.
pub(crate) fn schema(home: &Path) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64; // FNV-1a: short and the same in every process.
    for byte in home.as_os_str().as_encoded_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("t{hash:016x}")
}

fn trial(name: &str, case: Case, fixture: &Arc<dyn Fixture>, capabilities: &Capabilities) -> Trial {
    let (fixture, capabilities) = (Arc::clone(fixture), *capabilities);
    let name = format!("{name}::{}", case.name());
    Trial::ignorable_test(name, move || match case.run_recorded(&fixture, &capabilities) {
        CaseResult::Passed => Ok(Completion::Completed),
        CaseResult::NotPromised(reason) => Ok(Completion::ignored_with(reason)),
        CaseResult::Failed(failure) => Err(Failed::from(failure)),
    })
}

/// Runs every case and names those that failed.
fn run_all(fixture: &Arc<dyn Fixture>) -> Result<(), Failed> {
    let capabilities = conformance::capabilities(fixture);
    let (cases, next) = (conformance::cases(), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match case.run_recorded(fixture, &capabilities) {
                        CaseResult::Passed => {}
                        CaseResult::NotPromised(reason) => {
                            println!("not run: {} ({reason})", case.name());
                        }
                        CaseResult::Failed(failure) => {
                            let failure = format!("{}: {failure}", case.name());
                            failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}
