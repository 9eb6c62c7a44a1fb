//! Data folders for PostgreSQL: made once per installation, then copied.

use std::fs::{self, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use super::account::{Account, command, folder};
use super::cache;
use super::error::ServerError;
use super::installs::PostgresInstall;
use super::processes::Signal;
use super::supervisor::{Supervisor, finished};

/// Where folders can be that need not survive a power cut: in memory, where flushing costs nothing,
/// so that it need never be turned off.
pub(super) fn in_memory() -> Vec<PathBuf> {
    let mut parents = vec![PathBuf::from("/dev/shm")];
    parents.extend(on_disk());
    parents
}

/// Where folders can be that have a disk below them.
pub(super) fn on_disk() -> Vec<PathBuf> {
    vec![std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()]
}

/// Fills `data` with a new cluster. All clusters of one installation on one machine have the same
/// system identifier, as they are copies.
pub(super) fn create(install: &PostgresInstall, data: &Path) -> Result<(), ServerError> {
    copy(&template(install)?, data)
}

/// The data folder to copy: the one in the cache, else one that is made and put there. Where that
/// is impossible, it serves this process and goes with it.
fn template(install: &PostgresInstall) -> Result<PathBuf, ServerError> {
    static TEMPLATES: Mutex<Vec<(PathBuf, Supervisor)>> = Mutex::new(Vec::new());
    // Held while one is made, so that the tests of a process do not all make their own.
    let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
    let cached = cached(install);
    if let Some(cached) = cached.iter().find(|it| it.is_dir()) {
        return Ok(cached.clone());
    }
    if let Some((_, made)) = templates.iter().find(|(bin, _)| *bin == install.bin) {
        return Ok(made.folder().join("data"));
    }
    let supervisor = Supervisor::new(folder(&in_memory(), "factum-template-")?, Signal::Kill, &[])?;
    let data = supervisor.folder().join("data");
    let mut initdb = command(install.bin.join("initdb"));
    initdb.args(["--username", "postgres", "--auth", "trust", "--encoding", "UTF8"]);
    finished(initdb.args(["--locale", "C", "--no-sync", "--pgdata"]).arg(&data))?;
    if let Some(cached) = cached
        && publish(&data, &cached).is_ok()
    {
        return Ok(cached);
    }
    templates.push((install.bin.clone(), supervisor));
    Ok(data)
}

/// Where the cache has the data folder for an installation as it is now: another version, one built
/// anew, or one that runs as another user has another.
fn cached(install: &PostgresInstall) -> Option<PathBuf> {
    let program = install.bin.join("postgres");
    let built = fs::metadata(&program).and_then(|it| it.modified()).ok()?;
    let mut hasher = DefaultHasher::new();
    (&program, built, install.version, Account::of_servers()).hash(&mut hasher);
    let (major, minor) = install.version;
    let name = format!("{major}.{minor}-{:016x}", hasher.finish());
    // A dot, as it is no package.
    Some(cache::folder()?.join(".clusters").join(name))
}

/// Puts a data folder into the cache, whole or not at all.
fn publish(data: &Path, cached: &Path) -> Result<(), ServerError> {
    let clusters = cached.parent().unwrap_or(cached);
    let failed = || ServerError::io("put a data folder into the cache");
    fs::create_dir_all(clusters).map_err(failed())?;
    // Whatever the mask of new files is, the servers' user has to get there.
    for folder in clusters.ancestors().take(3) {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(failed())?;
    }
    let unfinished = TempDir::with_prefix_in(".unfinished-", clusters).map_err(failed())?;
    let inside = unfinished.path().join("data");
    // As ourselves: the cache is not the servers' user's to write to.
    finished(Command::new("cp").args(["-R", "-p"]).arg(data).arg(&inside))?;
    // A power cut must not leave a folder that is complete by name only.
    finished(&mut Command::new("sync"))?;
    match fs::rename(&inside, cached) {
        Err(error) if !cached.is_dir() => Err(failed()(error)),
        _ => Ok(()), // Or another process was quicker.
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), ServerError> {
    // `-p` keeps the modes, which PostgreSQL checks.
    finished(command("cp").args(["-R", "-p"]).arg(from).arg(to))
}
