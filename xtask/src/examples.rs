//! Every example is a whole program: built, and run in an empty folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::{built, cargo, root, run as run_command};
use crate::report::{Outcome, Report};

/// Builds and runs every example of every crate, the programs in `examples/`, and the
/// demonstration of the command line. One build makes them all, with what the tests were built with.
pub(crate) fn run(report: &mut Report) {
    let (examples, programs) = match found().and_then(|it| Ok((it, whole_programs()?))) {
        Ok(found) => found,
        Err(error) => return report.part("examples", || Outcome::Failed(error.to_string())),
    };
    report.part("examples build", || {
        let arguments = ["build", "--workspace", "--all-features", "--locked"];
        run_command(cargo(arguments).args(["--bins", "--examples"]))
    });
    for example in &examples {
        report.part(&format!("example {example}"), || {
            in_empty_folder(example, &format!("examples/{example}"), &[])
        });
    }
    for program in &programs {
        report.part(&format!("example {program}"), || in_empty_folder(program, program, &[]));
    }
    report.part("demo", || in_empty_folder("demo", "factum", &["demo"]));
}

/// The examples by name: `crates/<package>/examples/<name>.rs`.
fn found() -> std::io::Result<Vec<String>> {
    let mut examples = Vec::new();
    for package in fs::read_dir(root().join("crates"))? {
        let folder = package?.path();
        let Ok(files) = fs::read_dir(folder.join("examples")) else { continue };
        for file in files {
            let path = file?.path();
            let is_program =
                path.extension().is_some_and(|it| it == "rs") || path.join("main.rs").exists();
            if is_program {
                examples.push(name(&path));
            }
        }
    }
    examples.sort();
    Ok(examples)
}

/// The programs in `examples/`, each a package `factum-example-<name>` with a binary of its name.
fn whole_programs() -> std::io::Result<Vec<String>> {
    let mut programs = Vec::new();
    for entry in fs::read_dir(root().join("examples"))? {
        let folder = entry?.path();
        if folder.join("Cargo.toml").exists() {
            programs.push(name(&folder));
        }
    }
    programs.sort();
    Ok(programs)
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn in_empty_folder(name: &str, program: &str, arguments: &[&str]) -> Outcome {
    let program = match built(program) {
        Ok(program) => program,
        Err(error) => return Outcome::Failed(error),
    };
    let folder = empty_folder(name);
    if let Err(error) = fs::create_dir_all(&folder) {
        return Outcome::Failed(format!("no empty folder: {error}"));
    }
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&folder).stdin(Stdio::null());
    let outcome = run_command(&mut command);
    drop(fs::remove_dir_all(&folder)); // Left-overs in the temporary folder harm nobody.
    outcome
}

fn empty_folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("factum-example-{name}-{}", std::process::id()))
}
