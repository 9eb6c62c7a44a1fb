//! The cache: one folder per unpacked package, whole or not there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::missing;
use crate::command::{output, shown};
use crate::report::Outcome;

/// The folder of a package, which `fill` fills if it is not there yet.
///
/// `fill` works on a folder whose name begins with a dot, which the tests pass over. It is renamed
/// when it is complete, so that neither a failure nor an interruption leaves half a server.
pub(super) fn package(
    name: &str,
    fill: impl FnOnce(&Path) -> Result<(), Outcome>,
) -> Result<PathBuf, Outcome> {
    let cache = folder()?;
    let package = cache.join(name);
    if package.is_dir() {
        return Ok(package);
    }
    let unfinished = cache.join(format!(".{name}-{}", std::process::id()));
    let unusable = |error: std::io::Error| missing(format!("{}: {error}", cache.display()));
    fs::create_dir_all(&unfinished).map_err(unusable)?;
    // The tests of a superuser run servers as someone else, whatever the mask of new files is.
    let readable = || {
        run(Command::new("chmod").arg("a+rx").args(cache.ancestors().take(2)))?;
        run(Command::new("chmod").args(["-R", "a+rX"]).arg(&unfinished))
    };
    let filled = fill(&unfinished).and_then(|()| readable());
    let filled = filled.and_then(|()| match fs::rename(&unfinished, &package) {
        Err(error) if !package.is_dir() => Err(unusable(error)),
        _ => Ok(()), // Or another run was quicker.
    });
    drop(fs::remove_dir_all(&unfinished)); // There is none if all went well.
    filled.map(|()| package)
}

/// Where packages are. The superuser's own cache folder is usually closed to everyone else, and
/// servers refuse to run as the superuser; `/var/cache` is open to read and closed to write.
fn folder() -> Result<PathBuf, Outcome> {
    if is_superuser() {
        return Ok("/var/cache/factum/servers".into());
    }
    let caches = super::given("XDG_CACHE_HOME").map(PathBuf::from);
    let caches = caches.or_else(|| Some(PathBuf::from(super::given("HOME")?).join(".cache")));
    caches.map(|it| it.join("factum/servers")).ok_or_else(|| missing("a cache folder"))
}

/// Whether this program may do everything.
pub(super) fn is_superuser() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|it| it.trim() == "0")
}

/// Runs a program to its end; its last words are the reason if it fails.
pub(super) fn run(command: &mut Command) -> Result<(), Outcome> {
    println!("  $ {}", shown(command));
    output(command).map(drop).map_err(|error| {
        let last = error.lines().last().unwrap_or_default();
        missing(format!("{}: {last}", command.get_program().to_string_lossy()))
    })
}
