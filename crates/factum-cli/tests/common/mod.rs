//! A folder of its own for every test, and the `factum` program in it.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod readers;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// An empty folder in which the program runs, with its store in `log.db`.
pub(crate) struct Rig {
    folder: TempDir,
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder is writable");
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_factum"), line)
    }

    /// The same with a program from elsewhere.
    pub(crate) fn command_of(&self, program: impl AsRef<OsStr>, line: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).args(line.split_whitespace());
        command.env("FACTUM_STORE", "sqlite:log.db").env_remove("NO_COLOR");
        command.stdin(Stdio::null());
        command
    }

    /// Runs `factum` with arguments that have no spaces in them.
    pub(crate) fn run(&self, line: &str) -> Ran {
        ran(self.command(line).output().expect("the program starts"))
    }

    /// The same, expecting success; gives standard output.
    pub(crate) fn ok(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, Some(0), "{line}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// The same, expecting this exit code; gives standard error.
    pub(crate) fn fails(&self, code: i32, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, Some(code), "{line}: {}{}", ran.stdout, ran.stderr);
        ran.stderr
    }

    pub(crate) fn spawn(&self, line: &str) -> Child {
        let mut command = self.command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    /// The digest that `store verify` prints.
    pub(crate) fn digest(&self, store: &str) -> String {
        let out = self.ok(&format!("--store {store} --json store verify"));
        json(&out)["digest"].as_str().expect("a digest").to_owned()
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub(crate) fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line.trim()).unwrap_or_else(|error| panic!("{error} in {line:?}"))
}

/// Every line as JSON.
pub(crate) fn lines(out: &str) -> Vec<serde_json::Value> {
    out.lines().map(json).collect()
}

pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    path.to_str().expect("the path is UTF-8").to_owned()
}

/// A real file, where there is one: in `FACTUM_DATA`, or beside the checkout.
pub(crate) fn real_file(name: &str) -> Option<String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("FACTUM_DATA").map_or(beside, PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path.to_str().expect("the path is UTF-8").to_owned());
    }
    println!("not run: no {name} in {}", folder.display());
    None
}

/// A CSV file of `cases` cases with `events` events each, one case after another in turns.
pub(crate) fn log_csv(cases: usize, events: usize) -> String {
    let mut csv = String::from("case:concept:name,concept:name,time:timestamp,note\n");
    for event in 0..events {
        for case in 0..cases {
            let (hour, minute) = (event % 24, case % 60);
            csv.extend([format!(
                "c{case},step{event},2024-01-01T{hour:02}:{minute:02}:00Z,n{case}\n"
            )]);
        }
    }
    csv
}
