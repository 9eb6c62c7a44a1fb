//! `factum new`: a project to begin with.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::outcome::{Exit, Failure};
use crate::output::Output;

/// Where the crates are that this program was built from: they are not published.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Longest name of a project, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What to begin.
#[derive(Args, Debug)]
pub(crate) struct New {
    /// The project's name, and that of its folder, which must not exist
    name: String,
    /// Use the crates of this checkout of Factum [default: the one this program was built from]
    #[arg(long, value_name = "FOLDER")]
    factum: Option<PathBuf>,
}

pub(crate) fn run(command: &New, output: Output) -> Result<Exit, Failure> {
    check_name(&command.name)?;
    let checkout = checkout(command)?;
    let folder = Path::new(&command.name);
    let unwritten = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let name = &command.name;
            Failure::usage(format!("expected no file or folder {name}, found one"))
        }
        _ => Failure::io(&format!("write {}", folder.display()), &error),
    };
    let lock = lock_of(&checkout)?;
    fs::create_dir(folder).map_err(unwritten)?;
    fs::create_dir(folder.join("src")).map_err(unwritten)?;
    for (path, text) in files(&command.name, &checkout).into_iter().chain(lock) {
        let mut file = fs::File::create_new(folder.join(path)).map_err(unwritten)?;
        file.write_all(text.as_bytes()).map_err(unwritten)?;
    }
    if output.json {
        output.json(&serde_json::json!({ "folder": command.name }))?;
    } else {
        let name = &command.name;
        output.line(&format!(
            "{name}/ is ready:\n\n    cd {name}\n    cargo test\n    \
             cargo run -- add food milk\n    cargo run -- show"
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

/// The checkout whose crates the project uses, as an absolute path.
fn checkout(command: &New) -> Result<PathBuf, Failure> {
    let folder = command.factum.as_deref().unwrap_or(Path::new(BUILT_FROM));
    if !folder.join("crates/factum/Cargo.toml").is_file() {
        let found = folder.display();
        let message =
            format!("expected a checkout of Factum in {found}, found no crates/factum there");
        return Err(Failure::not_found(message).hint(match command.factum {
            Some(_) => "nothing was written; name the folder that holds crates/factum",
            None => {
                "nothing was written; the crates are not published, and the checkout that this \
                 program was built from is gone: name another with --factum FOLDER"
            }
        }));
    }
    fs::canonicalize(folder).map_err(|error| Failure::io(&folder.display().to_string(), &error))
}

/// The versions that the checkout is tested with, so that the project begins with the same ones.
fn lock_of(checkout: &Path) -> Result<Option<(&'static str, String)>, Failure> {
    let lock = checkout.join("Cargo.lock");
    match fs::read_to_string(&lock) {
        Ok(text) => Ok(Some(("Cargo.lock", text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io(&lock.display().to_string(), &error)),
    }
}

fn files(name: &str, checkout: &Path) -> Vec<(&'static str, String)> {
    let dependency = |package: &str| {
        let path = checkout.join("crates").join(package).display().to_string();
        format!("{{ path = {} }}", serde_json::Value::from(path))
    };
    let manifest = include_str!("../../templates/Cargo.toml.txt")
        .replace("{name}", name)
        .replace("{factum}", &dependency("factum"))
        .replace("{testkit}", &dependency("factum-testkit"));
    let sources = [
        ("src/main.rs", include_str!("../../templates/src/main.rs")),
        ("src/list.rs", include_str!("../../templates/src/list.rs")),
        ("src/trip.rs", include_str!("../../templates/src/trip.rs")),
        ("src/open_items.rs", include_str!("../../templates/src/open_items.rs")),
        (".gitignore", "/target\n*.db\n*.db-shm\n*.db-wal\n"),
    ];
    let sources = sources.map(|(path, text)| (path, text.to_owned()));
    sources.into_iter().chain([("Cargo.toml", manifest)]).collect()
}
