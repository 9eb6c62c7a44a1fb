//! Whom servers run as. PostgreSQL and `PgBouncer` refuse the superuser, and containers often have no
//! one else: then the servers run as `postgres`, or as `nobody` where that user does not exist.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::error::ServerError;
use super::libraries;

/// The user that servers run as, where that is not the user of this process.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account to change to: none unless this process is the superuser's.
    pub(super) fn of_servers() -> Option<Self> {
        if !is_superuser() {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        // The numbers of `nobody` on Linux, should the file not say.
        let nobody = Self { uid: 65534, gid: 65534 };
        Some(named(&users, "postgres").or_else(|| named(&users, "nobody")).unwrap_or(nobody))
    }
}

/// Whether this process may do everything.
pub(super) fn is_superuser() -> bool {
    // What we create is ours: the portable way to ask who we are without unsafe code.
    tempfile::tempfile().and_then(|it| it.metadata()).is_ok_and(|it| it.uid() == 0)
}

fn named(users: &str, name: &str) -> Option<Account> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields.into_iter().find(|it| it.first() == Some(&name))?;
    let number = |at: usize| found.get(at).and_then(|it| it.parse().ok());
    Some(Account { uid: number(2)?, gid: number(3)? })
}

/// A command that runs as the servers' user, without settings of PostgreSQL that happen to be in
/// the environment, and with messages in English.
pub(super) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    if let Some(account) = Account::of_servers() {
        // Changing the user also gives up the superuser's other groups.
        command.gid(account.gid).uid(account.uid);
    }
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG"))
    {
        command.env_remove(name);
    }
    if let Some(folders) = libraries::beside(program.as_ref()) {
        command.env(libraries::VARIABLE, folders);
    }
    // The folder of the tests may be closed to that user.
    command.current_dir("/").env("LC_ALL", "C");
    command
}

/// A new folder that belongs to the servers' user.
pub(super) fn folder(parents: &[PathBuf], prefix: &str) -> Result<TempDir, ServerError> {
    let account = Account::of_servers();
    let parent = parents
        .iter()
        .find(|it| it.is_dir() && (account.is_none() || is_open(it)))
        .ok_or_else(|| std::io::ErrorKind::NotFound.into())
        .map_err(ServerError::io("find a temporary folder that the servers' user may enter"))?;
    let action = || format!("create a folder in {}", parent.display());
    let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent);
    let folder = folder.map_err(ServerError::io(action()))?;
    give(folder.path())?;
    Ok(folder)
}

/// Makes a file or folder the servers' user's own.
pub(super) fn give(path: &Path) -> Result<(), ServerError> {
    let Some(account) = Account::of_servers() else { return Ok(()) };
    chown(path, Some(account.uid), Some(account.gid))
        .map_err(ServerError::io(format!("give away {}", path.display())))
}

/// Whether everyone may enter a folder and all above it.
fn is_open(folder: &Path) -> bool {
    let enterable = |it: &Path| fs::metadata(it).is_ok_and(|it| it.permissions().mode() & 1 == 1);
    folder.canonicalize().is_ok_and(|it| it.ancestors().all(enterable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_whole_name() {
        let users = "root:x:0:0::/:/bin/sh\npostgres2:x:7:8::/:\npostgres:x:101:104:a,b:/x:/y\n";
        let found = named(users, "postgres").map(|it| (it.uid, it.gid));
        assert_eq!(found, Some((101, 104)));
        assert!(named(users, "nobody").is_none());
    }
}
