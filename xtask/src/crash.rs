//! The crash harness, `tools/crash`.

use std::path::PathBuf;
use std::process::Command;

use crate::command::{cargo, output, root, run as run_command};
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
    report.part(&format!("crash harness, {ROUNDS} rounds"), || {
        let Some(program) = built() else {
            return Outcome::Failed("the tests were not built".into());
        };
        let mut command = Command::new(program);
        run_command(command.current_dir(root()).args(["run", "--rounds", ROUNDS]))
    });
}

/// Where the tests' build put the program.
fn built() -> Option<PathBuf> {
    let metadata = output(&mut cargo(["metadata", "--no-deps", "--format-version", "1"])).ok()?;
    let name = format!("factum-crash{}", std::env::consts::EXE_SUFFIX);
    let program = PathBuf::from(target_in(&metadata)?).join("debug").join(name);
    program.is_file().then_some(program)
}

/// The folder of build output that `cargo metadata` names.
fn target_in(metadata: &str) -> Option<String> {
    let (_, rest) = metadata.split_once("\"target_directory\":\"")?;
    let (folder, _) = rest.split_once('"')?;
    Some(folder.replace("\\\\", "\\"))
}

#[cfg(test)]
mod tests {
    use super::target_in;

    #[test]
    fn the_folder_of_build_output_is_read_from_metadata() {
        let found = |text| target_in(text).expect("it is there");
        assert_eq!(found(r#"{"a":1,"target_directory":"/a b/target","version":1}"#), "/a b/target");
        assert_eq!(found(r#"{"target_directory":"C:\\a\\target"}"#), r"C:\a\target");
        assert_eq!(target_in("{}"), None);
    }
}
