//! Where `cargo xtask test` puts servers that the system does not have.
//!
//! `xtask` has the same rule in its `servers.rs`; it may not depend on anything.

use std::path::{Path, PathBuf};

use super::account::is_superuser;

/// The folder with one folder per unpacked package.
///
/// The superuser's own cache folder is usually closed to everyone else, and the servers run as
/// someone else then. `/var/cache` is open to read, and only the superuser writes to it, so nobody
/// can put a program there for us to run.
pub(super) fn folder() -> Option<PathBuf> {
    if is_superuser() {
        return Some("/var/cache/factum/servers".into());
    }
    let set = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(caches.join("factum/servers"))
}

/// The unpacked packages. One whose name begins with a dot is still being unpacked.
pub(super) fn packages() -> Vec<PathBuf> {
    let entries = folder().map(|it| entries(&it)).unwrap_or_default();
    let whole =
        |it: &PathBuf| it.file_name().is_some_and(|it| !it.to_string_lossy().starts_with('.'));
    entries.into_iter().filter(whole).collect()
}

/// The entries of a folder, by name; none if it cannot be read.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|it| it.path()).collect();
    paths.sort();
    paths
}
