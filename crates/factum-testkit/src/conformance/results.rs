//! What each case came to, written down for the parity matrix of the stores.
//!
//! The suite writes nothing unless the environment names a folder. In it each store has a file with a
//! line per case: what the case came to, its name, and the reason if it did not apply. Processes that
//! run one case each may write the same file, as a line is one write.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use factum_core::Capabilities;

use super::{Case, Fixture};

/// The folder for the results, an environment variable.
const FOLDER: &str = "FACTUM_CONFORMANCE_RESULTS";

/// What a case came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseResult {
    /// Everything in it held.
    Passed,
    /// The store's [`Capabilities`] do not promise it, with the reason.
    NotPromised(&'static str),
    /// Something did not hold.
    Failed(String),
}

impl Case {
    /// Runs the case if `capabilities` promise it, and writes down what it came to if the fixture has a
    /// [column](Fixture::column) and the environment variable `FACTUM_CONFORMANCE_RESULTS` names a
    /// folder.
    pub fn run_recorded(
        &self,
        fixture: &Arc<dyn Fixture>,
        capabilities: &Capabilities,
    ) -> CaseResult {
        let result = match self.missing(capabilities) {
            Some(reason) => CaseResult::NotPromised(reason),
            None => match self.run(Arc::clone(fixture)) {
                Ok(()) => CaseResult::Passed,
                Err(failure) => CaseResult::Failed(failure),
            },
        };
        if let (Some(folder), Some(column)) = (std::env::var_os(FOLDER), fixture.column()) {
            record(Path::new(&folder), &column, &self.name(), &result);
        }
        result
    }
}

/// Adds a line to the file of a store. A run without its results is still a run: what cannot be
/// written is said and changes nothing.
fn record(folder: &Path, column: &str, case: &str, result: &CaseResult) {
    let line = match result {
        CaseResult::Passed => format!("passed\t{case}\t\n"),
        CaseResult::NotPromised(reason) => format!("not promised\t{case}\t{reason}\n"),
        CaseResult::Failed(_) => format!("failed\t{case}\t\n"),
    };
    let file = folder.join(format!("{column}.tsv"));
    let opened = OpenOptions::new().create(true).append(true).open(&file);
    if let Err(error) = opened.and_then(|mut it| it.write_all(line.as_bytes())) {
        println!("the result of {case} could not be written to {}: {error}", file.display());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::{CaseResult, record};

    #[test]
    fn every_result_is_a_line() {
        let folder = tempfile::tempdir().unwrap();
        record(folder.path(), "memory", "append::whole", &CaseResult::Passed);
        record(folder.path(), "memory", "backup::copy", &CaseResult::NotPromised("no backups"));
        record(folder.path(), "memory", "reads::all", &CaseResult::Failed("7 of 8".into()));
        let written = std::fs::read_to_string(folder.path().join("memory.tsv")).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        let expected = [
            "passed\tappend::whole\t",
            "not promised\tbackup::copy\tno backups",
            "failed\treads::all\t",
        ];
        assert_eq!(lines, expected);
    }
}
