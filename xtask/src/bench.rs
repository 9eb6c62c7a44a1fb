//! The benchmarks: a workspace of their own, so that other systems' drivers stay out of the lock
//! file that users get.

use std::process::Stdio;

use crate::command::{cargo, root, run as run_command, shown};
use crate::report::{Outcome, Report};

const MANIFEST: &str = "bench/Cargo.toml";

/// What cargo says where the dependencies have changed and the lock file has not.
const STALE_LOCK: &str = "because --locked was passed";

/// Runs the benchmark program with the caller's arguments.
pub(crate) fn run(report: &mut Report, arguments: &[String]) {
    report.part("bench", || {
        let mut command =
            cargo(["run", "--release", "--locked", "--manifest-path", MANIFEST, "--"]);
        run_command(command.args(arguments))
    });
}

/// Checks that the benchmark program and Factum as a peer compile, with the lock file as it is checked
/// in. Their dependencies are not in the main lock file, so they may have to be fetched; where that
/// is impossible, the part is not run.
pub(crate) fn compiles(report: &mut Report) {
    report.part("bench compiles", || {
        if !root().join(MANIFEST).exists() {
            return Outcome::Failed(format!("{MANIFEST} does not exist"));
        }
        let mut command =
            cargo(["check", "--manifest-path", MANIFEST, "--workspace", "--bins", "--locked"]);
        println!("  $ {}", shown(&command));
        match command.stderr(Stdio::piped()).output() {
            Ok(output) if output.status.success() => Outcome::Passed,
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                eprintln!("{said}");
                if is_unreachable(&said) {
                    return Outcome::NotRun("the package registry cannot be reached".into());
                }
                if said.contains(STALE_LOCK) {
                    let update = "cargo update --workspace --manifest-path bench/Cargo.toml";
                    return Outcome::Failed(format!("bench/Cargo.lock is stale: {update}"));
                }
                Outcome::Failed(output.status.to_string())
            }
            Err(error) => Outcome::Failed(format!("could not start: {error}")),
        }
    });
}

/// Whether cargo failed for want of a network rather than for want of correct code.
fn is_unreachable(said: &str) -> bool {
    const SIGNS: [&str; 6] = [
        "Could not resolve host",
        "Could not connect to server",
        "failed to download",
        "download of config.json failed",
        "spurious network error",
        "--offline was specified",
    ];
    !said.contains("error[E") && SIGNS.iter().any(|sign| said.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::is_unreachable;

    #[test]
    fn a_compile_error_is_not_taken_for_a_missing_network() {
        assert!(is_unreachable("error: failed to download `x v1.0.0`"));
        assert!(!is_unreachable("error[E0308]: mismatched types"));
        assert!(!is_unreachable("warning: spurious network error\nerror[E0308]: mismatched types"));
    }
}
