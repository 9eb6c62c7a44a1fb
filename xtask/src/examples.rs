//! Every example is a whole program: built, and run in an empty folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{cargo, root, run as run_command};
use crate::report::{Outcome, Report};

/// Builds and runs every example of every crate, the programs in `examples/`, and the
/// demonstration of the command line.
pub(crate) fn run(report: &mut Report) {
    let (examples, programs) = match found().and_then(|it| Ok((it, whole_programs()?))) {
        Ok(found) => found,
        Err(error) => return report.part("examples", || Outcome::Failed(error.to_string())),
    };
    for (package, example) in &examples {
        report.part(&format!("example {example}"), || {
            in_empty_folder(
                example,
                &["--package", package, "--example", example, "--all-features"],
            )
        });
    }
    for program in &programs {
        let package = format!("factum-example-{program}");
        report.part(&format!("example {program}"), || {
            in_empty_folder(program, &["--package", &package, "--bin", program])
        });
    }
    report.part("demo", || {
        in_empty_folder("demo", &["--package", "factum-cli", "--bin", "factum", "--", "demo"])
    });
}

/// The examples, as package and name: `crates/<package>/examples/<name>.rs`.
fn found() -> std::io::Result<Vec<(String, String)>> {
    let mut examples = Vec::new();
    for package in fs::read_dir(root().join("crates"))? {
        let folder = package?.path();
        let Ok(files) = fs::read_dir(folder.join("examples")) else { continue };
        for file in files {
            let path = file?.path();
            let is_program =
                path.extension().is_some_and(|it| it == "rs") || path.join("main.rs").exists();
            if is_program {
                examples.push((name(&folder), name(&path)));
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

fn in_empty_folder(name: &str, arguments: &[&str]) -> Outcome {
    let folder = empty_folder(name);
    if let Err(error) = fs::create_dir_all(&folder) {
        return Outcome::Failed(format!("no empty folder: {error}"));
    }
    let manifest = root().join("Cargo.toml");
    let mut command = cargo(["run", "--quiet", "--locked", "--manifest-path"]);
    command.arg(manifest).args(arguments).current_dir(&folder);
    let outcome = run_command(&mut command);
    drop(fs::remove_dir_all(&folder)); // Left-overs in the temporary folder harm nobody.
    outcome
}

fn empty_folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("factum-example-{name}-{}", std::process::id()))
}
