//! The parity matrix of the stores, `docs/stores.md`: made from what the conformance run wrote down.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{cargo, root, run as run_command};
use crate::report::{Outcome, Report};
use crate::servers;

/// Where the suite writes its results, an environment variable.
pub(crate) const FOLDER: &str = "FACTUM_CONFORMANCE_RESULTS";

const PAGE: &str = "docs/stores.md";
const HEAD: &str = "\
# What each store does

Written by `cargo xtask stores` from a run of the conformance suite; `cargo xtask test` compares it with
its own run. A row is a case of the suite, which is a sentence of [the contract](contract.md). `yes`: the
store passes it. `-`: the store does not promise it, and its `Capabilities` say so; the reasons are at
the end.
";

/// The cases of a store: what each came to, and why it did not apply.
type Column = BTreeMap<String, (String, String)>;

/// An empty folder for the results of a run.
pub(crate) fn new_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let folder = root().join(target).join("conformance");
    drop(fs::remove_dir_all(&folder)); // It may not be there.
    drop(fs::create_dir_all(&folder)); // If it cannot be made, there are no results to compare.
    folder
}

/// Runs the suite on every store that can be started here, and writes the page.
pub(crate) fn write(report: &mut Report) {
    let servers = servers::bring(report);
    let folder = new_folder();
    report.part("conformance", || {
        let suites = ["conformance_memory", "conformance"].map(|it| ["--test", it]);
        let arguments = ["test", "--workspace", "--all-features", "--locked", "--no-fail-fast"];
        let mut command = cargo(arguments);
        command.args(suites.concat());
        run_command(command.envs(servers).env(FOLDER, &folder))
    });
    report.part("parity matrix of the stores", || match columns(&folder) {
        Ok(columns) if columns.is_empty() => Outcome::Failed("the suite wrote no results".into()),
        Ok(columns) => fs::write(root().join(PAGE), page(&columns))
            .map_or_else(|error| Outcome::Failed(error.to_string()), |()| Outcome::Passed),
        Err(error) => Outcome::Failed(error.to_string()),
    });
}

/// Compares the page with what a run of all tests wrote down.
pub(crate) fn check(report: &mut Report, folder: &Path) {
    report.part("parity matrix of the stores", || {
        let stored = fs::read_to_string(root().join(PAGE)).unwrap_or_default();
        match columns(folder) {
            Ok(columns) => compared(&stored, &columns),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    });
}

fn compared(stored: &str, columns: &BTreeMap<String, Column>) -> Outcome {
    let header = stored.lines().find(|line| line.starts_with("| case ")).unwrap_or_default();
    let named = header.split('|').map(str::trim).filter(|it| !it.is_empty()).skip(1);
    let missing: Vec<&str> = named.filter(|it| !columns.contains_key(*it)).collect();
    if !missing.is_empty() {
        return Outcome::NotRun(format!("the suite did not run on {}", missing.join(", ")));
    }
    if stored == page(columns) {
        return Outcome::Passed;
    }
    Outcome::Failed(format!("{PAGE} says something else: run `cargo xtask stores`"))
}

fn columns(folder: &Path) -> std::io::Result<BTreeMap<String, Column>> {
    let mut columns = BTreeMap::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        columns.insert(name, column(&fs::read_to_string(&path)?));
    }
    Ok(columns)
}

fn column(lines: &str) -> Column {
    let mut column = Column::new();
    for line in lines.lines() {
        let mut parts = line.splitn(3, '\t').map(String::from);
        if let (Some(result), Some(case), Some(reason)) = (parts.next(), parts.next(), parts.next())
        {
            column.insert(case, (result, reason));
        }
    }
    column
}

/// The page: a table for each topic, with a row for each case and a column for each store.
fn page(columns: &BTreeMap<String, Column>) -> String {
    let mut stores: Vec<&str> = columns.keys().map(String::as_str).collect();
    stores.sort_by_key(|it| (*it != "memory", *it != "SQLite", *it));
    let mut topics: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut cases: Vec<&String> = columns.values().flat_map(Column::keys).collect();
    cases.sort();
    cases.dedup();
    for case in cases {
        let (topic, name) = case.split_once("::").unwrap_or(("", case));
        topics.entry(topic).or_default().push((case, name));
    }
    let (mut page, mut reasons) = (String::from(HEAD), BTreeMap::new());
    for (topic, cases) in topics {
        let header = format!("| case | {} |", stores.join(" | "));
        let line = format!("|---|{}", "---|".repeat(stores.len()));
        let topic = topic.replace('_', " ");
        writeln!(page, "\n## {topic}\n\n{header}\n{line}").expect("a string takes all");
        for (case, name) in cases {
            let cells =
                stores.iter().map(|store| cell(&columns[*store], store, case, &mut reasons));
            let cells: Vec<&str> = cells.collect();
            let sentence = name.replace('_', " ");
            writeln!(page, "| {sentence} | {} |", cells.join(" | ")).expect("a string takes all");
        }
    }
    page.push_str("\n## What is not promised\n\n");
    for (reason, (stores, count)) in reasons {
        let stores: Vec<&str> = stores.into_iter().collect();
        writeln!(page, "- {}: {reason} ({count} of the cells)", stores.join(", "))
            .expect("a string takes all");
    }
    page
}

/// Reasons, with the stores that give them and how many cells have them.
type Reasons<'a> = BTreeMap<&'a str, (std::collections::BTreeSet<&'a str>, usize)>;

fn cell<'a>(
    column: &'a Column,
    store: &'a str,
    case: &str,
    reasons: &mut Reasons<'a>,
) -> &'static str {
    match column.get(case).map(|(result, reason)| (result.as_str(), reason)) {
        Some(("passed", _)) => "yes",
        Some(("not promised", reason)) => {
            let (stores, count) = reasons.entry(reason).or_default();
            stores.insert(store);
            *count += 1;
            "-"
        }
        Some(_) => "FAILED",
        None => "not run",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_stores() -> BTreeMap<String, Column> {
        let memory =
            "passed\tappend::it_is_whole\t\nnot promised\tbackup::it_is_a_copy\tno backups\n";
        let sqlite = "passed\tbackup::it_is_a_copy\t\npassed\tappend::it_is_whole\t\n";
        [("SQLite", sqlite), ("memory", memory)]
            .map(|(name, lines)| (name.to_owned(), column(lines)))
            .into()
    }

    #[test]
    fn every_case_is_a_row_and_every_store_a_column() {
        let page = page(&two_stores());
        assert!(page.contains("| case | memory | SQLite |"), "{page}");
        assert!(page.contains("| it is whole | yes | yes |"), "{page}");
        assert!(page.contains("| it is a copy | - | yes |"), "{page}");
        assert!(page.contains("- memory: no backups (1 of the cells)"), "{page}");
    }

    #[test]
    fn a_page_that_says_something_else_fails_and_a_store_that_is_not_there_does_not() {
        let mut columns = two_stores();
        let stored = page(&columns);
        assert!(matches!(compared(&stored, &columns), Outcome::Passed));
        let changed = stored.replace("| it is whole | yes | yes |", "| it is whole | yes | - |");
        assert!(matches!(compared(&changed, &columns), Outcome::Failed(_)));
        columns.remove("SQLite");
        assert!(matches!(compared(&stored, &columns), Outcome::NotRun(_)));
    }
}
