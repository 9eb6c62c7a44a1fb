//! `factum new`: a project to begin with.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::outcome::{Exit, Failure};
use crate::output::Output;

/// Longest name of a project, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What to begin.
#[derive(Args, Debug)]
pub(crate) struct New {
    /// The project's name, and that of its folder, which must not exist
    name: String,
    /// Use the crates of this checkout of Factum instead of the published ones
    #[arg(long, value_name = "FOLDER")]
    factum: Option<PathBuf>,
}

pub(crate) fn run(command: &New, output: Output) -> Result<Exit, Failure> {
    check_name(&command.name)?;
    let crates = command.factum.as_deref().map(crates_of).transpose()?;
    let folder = Path::new(&command.name);
    let unwritten = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let name = &command.name;
            Failure::usage(format!("expected no file or folder {name}, found one"))
        }
        _ => Failure::io(&format!("write {}", folder.display()), &error),
    };
    fs::create_dir(folder).map_err(unwritten)?;
    fs::create_dir(folder.join("src")).map_err(unwritten)?;
    for (path, text) in files(&command.name, crates.as_deref()) {
        let mut file = fs::File::create_new(folder.join(path)).map_err(unwritten)?;
        file.write_all(text.as_bytes()).map_err(unwritten)?;
    }
    if output.json {
        output.json(&serde_json::json!({ "folder": command.name }))?;
    } else {
        let name = &command.name;
        output.line(&format!(
            "{name}/ is ready:\n\n    cd {name}\n    cargo test\n    cargo run -- milk"
        ))?;
    }
    Ok(Exit::Ok)
}

/// A name that Cargo takes for a package, and that is no word of Rust's.
fn check_name(name: &str) -> Result<(), Failure> {
    const RESERVED: [&str; 12] = [
        "test",
        "core",
        "std",
        "alloc",
        "proc-macro",
        "self",
        "super",
        "crate",
        "main",
        "fn",
        "mod",
        "factum",
    ];
    let letters = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    let begins = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    if letters && begins && name.len() <= NAME_BYTES_MAX && !RESERVED.contains(&name) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "expected a name of at most {NAME_BYTES_MAX} lower-case letters, digits, - and _ that \
         starts with a letter and means nothing to Cargo yet, found {:?}",
        name.chars().take(NAME_BYTES_MAX).collect::<String>()
    )))
}

/// Where a checkout keeps its crates, as an absolute path.
fn crates_of(checkout: &Path) -> Result<PathBuf, Failure> {
    let crates = checkout.join("crates");
    if !crates.join("factum/Cargo.toml").is_file() {
        let checkout = checkout.display();
        return Err(Failure::not_found(format!(
            "expected a checkout of Factum in {checkout}, found no crates/factum there"
        )));
    }
    fs::canonicalize(&crates).map_err(|error| Failure::io(&crates.display().to_string(), &error))
}

fn files(name: &str, crates: Option<&Path>) -> [(&'static str, String); 4] {
    let version = env!("CARGO_PKG_VERSION");
    let dependency = |package: &str| match crates {
        Some(crates) => {
            let path = crates.join(package).display().to_string();
            format!("{{ path = {} }}", serde_json::Value::from(path))
        }
        None => format!("\"{version}\""),
    };
    let manifest = include_str!("../../templates/Cargo.toml.txt")
        .replace("{name}", name)
        .replace("{factum}", &dependency("factum"))
        .replace("{testkit}", &dependency("factum-testkit"));
    [
        ("Cargo.toml", manifest),
        ("src/main.rs", include_str!("../../templates/src/main.rs.txt").replace("{name}", name)),
        ("src/list.rs", include_str!("../../templates/src/list.rs.txt").to_owned()),
        (".gitignore", "/target\n*.db\n*.db-shm\n*.db-wal\n".to_owned()),
    ]
}
