//! PostgreSQL and `PgBouncer` from Debian: as they are installed, or unpacked beside the system.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, run};
use super::{missing, runs};
use crate::command::output;
use crate::report::Outcome;

/// Adds the folder of an unpacked PostgreSQL to `bins`, unless one is installed: the tests find
/// that one themselves.
pub(super) fn postgres(bins: &mut Vec<PathBuf>) -> Result<(), Outcome> {
    let installed = programs(Path::new("/"), "postgres");
    let installed = installed.into_iter().chain(bins.iter().map(|it| it.join("postgres")));
    if let Some(program) = installed.into_iter().chain(on_path("postgres")).find(|it| it.is_file())
    {
        return runs(&program, &[]);
    }
    let root = unpacked("postgresql", || {
        let depends = depends("postgresql")?;
        let newest = depends.into_iter().rfind(|it| it.starts_with("postgresql-"));
        newest.ok_or_else(|| missing("a package postgresql"))
    })?;
    let program = programs(&root, "postgres").pop().ok_or_else(|| missing("postgres"))?;
    runs(&program, &libraries(&root))?;
    bins.extend(program.parent().map(PathBuf::from));
    Ok(())
}

/// Where `PgBouncer` is.
pub(super) fn pgbouncer() -> Result<PathBuf, Outcome> {
    let usual = PathBuf::from("/usr/sbin/pgbouncer");
    if let Some(program) = on_path("pgbouncer").into_iter().chain([usual]).find(|it| it.is_file()) {
        return runs(&program, &[]).map(|()| program);
    }
    let root = unpacked("pgbouncer", || Ok("pgbouncer".into()))?;
    let program = root.join("usr/sbin/pgbouncer");
    runs(&program, &libraries(&root)).map(|()| program)
}

/// A program of every PostgreSQL below `root`, the newest last.
fn programs(root: &Path, name: &str) -> Vec<PathBuf> {
    entries(&root.join("usr/lib/postgresql")).iter().map(|it| it.join("bin").join(name)).collect()
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|it| it.join(program)).find(|it| it.is_file())
}

/// Where the libraries of an unpacked package are.
fn libraries(root: &Path) -> Vec<PathBuf> {
    let folders = [root.join("usr/lib"), root.join("lib")];
    folders.iter().flat_map(|it| entries(it)).filter(|it| it.is_dir()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|it| it.path()).collect();
    paths.sort();
    paths
}

/// The folder of a package that is unpacked with the libraries that the system lacks. Debian's
/// tools check its signature.
fn unpacked(
    name: &str,
    package: impl FnOnce() -> Result<String, Outcome>,
) -> Result<PathBuf, Outcome> {
    cache::package(name, |folder| {
        refresh(name)?;
        let mut wanted = vec![package()?];
        let mut seen: BTreeSet<String> = wanted.iter().cloned().collect();
        while let Some(package) = wanted.pop() {
            fetch(&package, folder)?;
            let libraries = depends(&package)?.into_iter().filter(|it| it.starts_with("lib"));
            let lacking = libraries.filter(|it| !it.ends_with("-perl") && !is_installed(it));
            wanted.extend(lacking.filter(|it| seen.insert(it.clone())));
        }
        Ok(())
    })
}

/// Fetches the list of packages if this machine has none yet.
fn refresh(package: &str) -> Result<(), Outcome> {
    let is_known = || depends(package).is_ok_and(|it| !it.is_empty());
    if !is_known() && cache::is_superuser() {
        run(Command::new("apt-get").arg("update"))?;
    }
    if is_known() { Ok(()) } else { Err(missing(format!("{package}: no package of that name"))) }
}

/// The names that a package depends on, of alternatives each.
fn depends(package: &str) -> Result<Vec<String>, Outcome> {
    let said = output(Command::new("apt-cache").args(["depends", "--important", package]));
    let said = said.map_err(|error| missing(format!("apt-cache: {error}")))?;
    Ok(said.lines().filter_map(depended_on).map(String::from).collect())
}

/// Reads `  Depends: libssl3`. Lines below it with a name alone are who else provides it.
fn depended_on(line: &str) -> Option<&str> {
    let (kind, name) = line.split_once(": ")?;
    let is_dependency = matches!(kind.trim().trim_start_matches('|'), "Depends" | "PreDepends");
    (is_dependency && !name.starts_with('<')).then_some(name)
}

fn is_installed(package: &str) -> bool {
    let said = output(Command::new("dpkg-query").args(["-W", "-f", "${Status}\n", package]));
    said.is_ok_and(|it| it.contains("ok installed"))
}

fn fetch(package: &str, folder: &Path) -> Result<(), Outcome> {
    run(Command::new("apt-get").args(["download", "-q", package]).current_dir(folder))?;
    for file in entries(folder).iter().filter(|it| it.extension().is_some_and(|it| it == "deb")) {
        run(Command::new("dpkg-deb").arg("-x").arg(file).arg(folder))?;
        std::fs::remove_file(file).map_err(missing)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::depended_on;

    #[test]
    fn what_a_package_needs_is_read() {
        assert_eq!(depended_on("  Depends: libssl3"), Some("libssl3"));
        assert_eq!(depended_on(" |Depends: libpam0g"), Some("libpam0g"));
        assert_eq!(depended_on("  PreDepends: libc6"), Some("libc6"));
        assert_eq!(depended_on("  Depends: <perl-dbdabi-94>"), None);
        assert_eq!(depended_on("    libelogind0"), None);
        assert_eq!(depended_on("  Suggests: python3"), None);
    }
}
