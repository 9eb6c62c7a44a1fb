//! Data folders for PostgreSQL: made once per installation and process, then copied.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::account::{command, folder};
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

/// Fills `data` with a new cluster. All clusters of one installation and process have the same
/// system identifier, as they are copies.
pub(super) fn create(install: &PostgresInstall, data: &Path) -> Result<(), ServerError> {
    let template = template(install)?;
    // `-p` keeps the modes, which PostgreSQL checks.
    finished(command("cp").args(["-R", "-p"]).arg(template).arg(data))
}

/// The data folder to copy; made at the first call. It goes when this process goes.
fn template(install: &PostgresInstall) -> Result<PathBuf, ServerError> {
    static TEMPLATES: Mutex<Vec<(PathBuf, Supervisor)>> = Mutex::new(Vec::new());
    let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, made)) = templates.iter().find(|(bin, _)| *bin == install.bin) {
        return Ok(made.folder().join("data"));
    }
    let supervisor = Supervisor::new(folder(&in_memory(), "factum-template-")?, Signal::Kill, &[])?;
    let data = supervisor.folder().join("data");
    let mut initdb = command(install.bin.join("initdb"));
    initdb.args(["--username", "postgres", "--auth", "trust", "--encoding", "UTF8"]);
    // Flushing the template itself would only cost time.
    finished(initdb.args(["--locale", "C", "--no-sync", "--pgdata"]).arg(&data))?;
    templates.push((install.bin.clone(), supervisor));
    Ok(data)
}
