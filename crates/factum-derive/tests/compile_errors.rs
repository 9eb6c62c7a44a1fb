//! What the compiler says to the mistakes that newcomers make: where, and what to write instead.
//!
//! Each file beside its `.stderr` is given to the compiler with the libraries that this test was built
//! with. A project of its own, as `trybuild` makes one, would compile all they depend on twice more.
//!
//! After a change of the messages, `FACTUM_BLESS=1 cargo test -p factum-derive --test compile_errors`
//! writes the expected ones anew; read what changed.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

/// Relative to the package, where tests are run: it stands in the messages.
const FOLDER: &str = "tests/compile_errors";
/// A case without a mistake, by which libraries are found that fit together.
const NO_MISTAKE: &str = "tests/compile_errors/no_mistake.rs";
/// What the compiler says at the end, whatever the mistake was.
const CLOSING: [&str; 3] = ["error: aborting due to", "For more information", "Some errors have"];

#[test]
fn mistakes_are_explained() {
    let libraries = Libraries::find();
    let bless = std::env::var_os("FACTUM_BLESS").is_some();
    let mut cases: Vec<PathBuf> =
        fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|it| it == "rs"));
    cases.retain(|path| path != Path::new(NO_MISTAKE));
    cases.sort();
    assert!(cases.len() >= 14, "found {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let output = libraries.compile(&case);
        assert!(!output.status.success(), "{}: it compiles", case.display());
        let said = presentable(&String::from_utf8(output.stderr).unwrap());
        let file = case.with_extension("stderr");
        if bless {
            fs::write(&file, &said).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if comparable(&said) != comparable(&expected) {
            wrong.push(format!("{}\n\nexpected\n\n{expected}\nfound\n\n{said}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Libraries of the build that this test is part of.
#[derive(Clone, Debug)]
struct Libraries {
    folder: PathBuf,
    /// Names in code, and files.
    files: Vec<(&'static str, PathBuf)>,
}

impl Libraries {
    /// Builds with other features or of other versions may stand in the same folder: the newest that
    /// compile a case without a mistake are those.
    fn find() -> Self {
        let program = std::env::current_exe().unwrap();
        let folder = program.parent().unwrap().to_path_buf();
        let mut choices = vec![Self { folder: folder.clone(), files: Vec::new() }];
        for name in ["factum_derive", "factum_core", "serde"] {
            let found = newest_first(&folder, name);
            choices = choices
                .iter()
                .flat_map(|choice| found.iter().map(|file| choice.with(name, file)))
                .collect();
        }
        let tried = choices.len();
        let fits = |it: &Self| it.compile(Path::new(NO_MISTAKE)).status.success();
        choices.into_iter().find(fits).unwrap_or_else(|| {
            panic!("of {tried} sets of libraries in {}, none fits", folder.display())
        })
    }

    fn with(&self, name: &'static str, file: &Path) -> Self {
        let mut with = self.clone();
        with.files.push((name, file.into()));
        with
    }

    fn compile(&self, case: &Path) -> Output {
        let mut rustc = Command::new(Path::new(env!("CARGO")).with_file_name("rustc"));
        rustc.args(["--edition=2024", "--crate-type=bin", "--emit=metadata"]);
        rustc.args(["--diagnostic-width=140", "--out-dir", env!("CARGO_TARGET_TMPDIR")]);
        rustc.arg("-L").arg(format!("dependency={}", self.folder.display()));
        for (name, file) in &self.files {
            rustc.arg("--extern").arg(format!("{name}={}", file.display()));
        }
        rustc.arg(case).env_remove("RUST_BACKTRACE").output().expect("the compiler starts")
    }
}

fn newest_first(folder: &Path, name: &str) -> Vec<PathBuf> {
    let begins = format!("{}{name}-", std::env::consts::DLL_PREFIX);
    let library = |path: &PathBuf| {
        let file = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        let suffix = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
        let is_lib = file.starts_with(&format!("lib{name}-")) && suffix == "rlib";
        is_lib || (file.starts_with(&begins) && suffix == std::env::consts::DLL_EXTENSION)
    };
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(library).collect();
    let age = |path: &PathBuf| path.metadata().and_then(|it| it.modified()).ok();
    files.sort_by_key(|path| std::cmp::Reverse(age(path).unwrap_or(SystemTime::UNIX_EPOCH)));
    files
}

/// Without what differs from machine to machine, and the closing words.
fn presentable(said: &str) -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = package.ancestors().nth(2).unwrap().display().to_string();
    let lines = said.lines().filter(|line| !CLOSING.iter().any(|it| line.starts_with(it)));
    let text = lines.collect::<Vec<_>>().join("\n").replace(&workspace, "$WORKSPACE");
    // Cargo gives the compiler paths from the root of the workspace.
    let text = text.replace("--> crates/", "--> $WORKSPACE/crates/");
    text.trim_end().to_owned() + "\n"
}

/// The lines without their indentation, which depends on the greatest line number, and without line
/// numbers of files that are no cases.
fn comparable(said: &str) -> Vec<String> {
    let mut elsewhere = false;
    let mut lines = Vec::new();
    for line in said.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("--> ") {
            elsewhere = !place.starts_with(FOLDER);
            let file = if elsewhere { place.split(".rs:").next().unwrap() } else { place };
            lines.push(format!("--> {}", file.trim_end_matches(".rs")));
        } else if elsewhere && line.starts_with(|it: char| it.is_ascii_digit()) {
            lines.push(line.trim_start_matches(|it: char| it.is_ascii_digit()).trim().to_owned());
        } else {
            lines.push(line.to_owned());
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}
