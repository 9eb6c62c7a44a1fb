//! Which PostgreSQL servers are installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::account::command;
use super::cache;

const BINS: &str = "FACTUM_TEST_POSTGRES_BINS";

/// An installed PostgreSQL server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresInstall {
    /// Major and minor version, such as 18 and 4.
    pub version: (u32, u32),
    /// The folder with `initdb` and `postgres`.
    pub bin: PathBuf,
}

impl PostgresInstall {
    /// Every installation that tests can start, one per major version, the oldest first.
    ///
    /// Looked for, in this order, are the folders in `FACTUM_TEST_POSTGRES_BINS` (separated by
    /// colons), `/usr/lib/postgresql/*/bin`, the folder of the `postgres` on the path, and what
    /// `cargo xtask test` has brought. Of several with the same major version, the first counts.
    /// The answer is found once per process.
    pub fn all() -> Vec<Self> {
        static ALL: OnceLock<Vec<PostgresInstall>> = OnceLock::new();
        ALL.get_or_init(|| distinct(candidates().iter().filter_map(|bin| Self::at(bin)))).clone()
    }

    /// The installation with the newest version, if there is any.
    pub fn newest() -> Option<Self> {
        Self::all().pop()
    }

    /// The installation in a folder, if there is one and the servers' user may run it.
    fn at(bin: &Path) -> Option<Self> {
        if !bin.join("initdb").is_file() {
            return None;
        }
        let output = command(bin.join("postgres")).arg("--version").output().ok()?;
        let version = version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { version, bin: bin.to_owned() })
    }
}

impl std::fmt::Display for PostgresInstall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgreSQL {}.{}", self.version.0, self.version.1)
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut bins = Vec::new();
    let listed = std::env::var_os(BINS).unwrap_or_default();
    bins.extend(std::env::split_paths(&listed).filter(|it| !it.as_os_str().is_empty()));
    bins.extend(debian_bins(Path::new("/")));
    bins.extend(on_path("postgres").and_then(|it| it.parent().map(PathBuf::from)));
    for package in cache::packages() {
        bins.push(package.join("package/native/bin"));
        bins.extend(debian_bins(&package));
    }
    bins
}

/// The folders of Debian's packages below `root`.
fn debian_bins(root: &Path) -> Vec<PathBuf> {
    let versions = cache::entries(&root.join("usr/lib/postgresql"));
    versions.into_iter().map(|it| it.join("bin")).collect()
}

/// A program on the path, where it really is: PostgreSQL finds its files from there.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|it| it.join(program)).find(|it| it.is_file())?;
    found.canonicalize().ok()
}

fn distinct(installs: impl Iterator<Item = PostgresInstall>) -> Vec<PostgresInstall> {
    let mut majors = BTreeMap::new();
    for install in installs {
        majors.entry(install.version.0).or_insert(install);
    }
    majors.into_values().collect()
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0)`. A preview such as `19beta1` is 19.0.
fn version(said: &str) -> Option<(u32, u32)> {
    let number = said.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |it: &str| it.split(|it: char| !it.is_ascii_digit()).next().unwrap_or("").parse();
    Some((digits(major).ok()?, digits(minor).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(version(debian), Some((15, 18)));
        assert_eq!(version("postgres (PostgreSQL) 19beta1\n"), Some((19, 0)));
        assert_eq!(version("something else 15.1"), None);
    }

    #[test]
    fn of_one_major_the_first_counts() {
        let install = |major, minor| PostgresInstall { version: (major, minor), bin: "/".into() };
        let found = distinct([install(18, 4), install(15, 2), install(15, 9)].into_iter());
        assert_eq!(found, [install(15, 2), install(18, 4)]);
    }
}
