//! Libraries of packages that were unpacked beside the system rather than installed into it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::cache::entries;

/// Where the loader of programs looks for libraries before it looks in the system.
pub(super) const VARIABLE: &str = "LD_LIBRARY_PATH";

/// The folders of the libraries that were unpacked with a program, `<package>/usr/../<program>`.
/// None for one that the system has in its own place, and for one that is laid out differently.
pub(super) fn beside(program: &Path) -> Option<OsString> {
    let usr = program.ancestors().find(|it| it.file_name().is_some_and(|it| it == "usr"))?;
    let package = usr.parent().filter(|it| it.parent().is_some())?;
    let folders = [package.join("usr/lib"), package.join("lib")];
    let folders: Vec<PathBuf> = folders.iter().flat_map(|it| entries(it)).collect();
    let folders = folders.into_iter().filter(|it| it.is_dir());
    std::env::join_paths(folders).ok().filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_an_unpacked_program_brings_libraries() {
        let package = tempfile::tempdir().expect("a folder");
        let libraries = package.path().join("usr/lib/x86_64-linux-gnu");
        fs::create_dir_all(&libraries).expect("a folder");
        let found = beside(&package.path().join("usr/sbin/pgbouncer"));
        assert_eq!(found, Some(libraries.into_os_string()));
        assert_eq!(beside(&package.path().join("native/bin/postgres")), None);
        assert_eq!(beside(Path::new("/usr/sbin/pgbouncer")), None);
    }
}
