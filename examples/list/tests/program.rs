//! The program that `factum new` begins with, run as a newcomer runs it.

use std::path::Path;
use std::process::{Command, Output};

fn list(folder: &Path, line: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_list"));
    program.args(line.split_whitespace()).current_dir(folder);
    program.output().expect("the program starts")
}

fn says(folder: &Path, line: &str) -> String {
    let output = list(folder, line);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {errors}");
    String::from_utf8(output.stdout).expect("it is text")
}

fn refuses(folder: &Path, line: &str) -> String {
    let output = list(folder, line);
    assert_eq!(output.status.code(), Some(1), "{line}");
    String::from_utf8(output.stderr).expect("it is text")
}

#[test]
fn rules_hold_and_the_table_follows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    assert_eq!(says(folder, "show"), "");
    assert_eq!(says(folder, "add food bread"), "added; position 1 of the log\n");
    says(folder, "add food milk");
    assert_eq!(refuses(folder, "add food milk"), "error: it is on the list already\n");
    assert_eq!(says(folder, "show"), "food: bread\nfood: milk\n");
    assert_eq!(says(folder, "cross-off food bread"), "1 left on the list\n");
    assert_eq!(says(folder, ""), "food: milk\n");
    says(folder, "shop food ann");
    assert_eq!(refuses(folder, "shop food bob"), "error: ann shops for this list already\n");
    let away = "error: ann is under way with the list food\n";
    assert_eq!(refuses(folder, "shop tools ann"), away);
    says(folder, "return food ann");
    says(folder, "shop food bob");
    // What one part of the program stores is in no other part's way.
    assert_eq!(says(folder, "cross-off food milk"), "0 left on the list\n");
    says(folder, "add food eggs");
    assert!(says(folder, "help").contains("cargo run -- serve"));
}

#[cfg(unix)]
#[test]
fn it_serves_until_it_is_asked_to_stop() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let folder = tempfile::tempdir().expect("a temporary folder");
    says(folder.path(), "add food bread");
    let mut serving = Command::new(env!("CARGO_BIN_EXE_list"));
    let mut serving = serving
        .arg("serve")
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut said = String::new();
    let mut lines = BufReader::new(serving.stdout.take().expect("it is piped"));
    lines.read_line(&mut said).expect("it says that it is up");
    assert!(said.contains("Ctrl-C ends it"), "{said}");
    // Beside it, the table is shown once whoever serves has brought it up to date.
    assert_eq!(says(folder.path(), "show"), "food: bread\n");
    let id = rustix::process::Pid::from_child(&serving);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it still runs");
    let ended = serving.wait().expect("it ends");
    assert!(ended.success(), "{ended}");
}

#[test]
fn an_error_is_told_in_words() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("factum-example-list.db");
    std::fs::write(file, "this is no database, but a letter").expect("the folder is writable");
    let error = refuses(folder.path(), "show");
    assert!(error.starts_with("error: open store: "), "{error}");
    assert!(!error.contains("StoreError"), "{error}");
}
