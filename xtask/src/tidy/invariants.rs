//! Every invariant in `ARCHITECTURE.md` names the tests that hold it, and they exist.
//!
//! The section `## Invariants` is a numbered list; each entry ends with `Held by` and the tests'
//! names in backquotes, or says `Not built yet`.

use std::collections::HashSet;

use super::sizes::function_name;
use super::source::Source;

const DOCUMENT: &str = "ARCHITECTURE.md";

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let Some(document) = sources.iter().find(|it| it.path == DOCUMENT) else {
        return vec![format!("{DOCUMENT}: expected the document, found none")];
    };
    let entries = entries(&document.text);
    if entries.is_empty() {
        return vec![format!("{DOCUMENT}: expected a numbered list under `## Invariants`")];
    }
    let tests = test_names(sources);
    let mut findings = Vec::new();
    for (index, (number, text)) in entries.iter().enumerate() {
        if *number != index + 1 {
            findings.push(format!("{DOCUMENT}: expected invariant {}, found {number}", index + 1));
        }
        let named = text.split_once("Held by").map(|(_, held)| quoted(held)).unwrap_or_default();
        if named.is_empty() && !text.contains("Not built yet") {
            findings.push(format!("{DOCUMENT}: invariant {number} names no test"));
        }
        let gone = named.into_iter().filter(|it| !tests.contains(it));
        findings.extend(
            gone.map(|it| format!("{DOCUMENT}: invariant {number} names {it}, which is no test")),
        );
    }
    findings
}

/// The numbered entries of the section, each with its number and its whole text.
fn entries(document: &str) -> Vec<(usize, String)> {
    let Some((_, section)) = document.split_once("\n## Invariants") else { return Vec::new() };
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut entries: Vec<(usize, String)> = Vec::new();
    for line in section.lines() {
        let numbered = line.split_once(". ").and_then(|(number, _)| number.parse().ok());
        match (numbered, entries.last_mut()) {
            (Some(number), _) => entries.push((number, line.to_owned())),
            (None, Some((_, text))) => {
                text.push('\n');
                text.push_str(line);
            }
            (None, None) => {}
        }
    }
    entries
}

/// What stands in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The names of everything that is a test: functions in test code, conformance cases of the
/// testkit, checks of the crash harness.
fn test_names(sources: &[Source]) -> HashSet<&str> {
    let rust = sources.iter().filter(|it| it.is_rust());
    let code = rust.map(|file| {
        let whole = file.path.starts_with("crates/factum-testkit/")
            || file.path.starts_with("tools/crash/");
        if whole { file.text.as_str() } else { file.tests() }
    });
    let lines = code.flat_map(str::lines).map(str::trim_start);
    lines.filter_map(|line| function_name(line).or_else(|| trial_name(line))).collect()
}

/// The name of a test that is a value rather than a function: `Trial::test("name", ...`.
fn trial_name(line: &str) -> Option<&str> {
    let (_, call) = line.split_once("Trial::")?;
    let (_, quoted) = call.split_once("(\"")?;
    quoted.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::super::source::source;
    use super::*;

    fn findings(list: &str) -> Vec<String> {
        let document = source(DOCUMENT, &format!("# A\n\n## Invariants\n\n{list}\n\n## Next\n"));
        let test = source(
            "crates/a/tests/a.rs",
            "#[test]\nfn it_holds() {}\nTrial::test(\"so_it_does\", run)\n",
        );
        let code = source("crates/a/src/a.rs", "fn no_test() {}\n");
        check(&[document, test, code])
    }

    #[test]
    fn an_invariant_must_name_a_test_that_exists() {
        assert!(findings("1. **A.** Text.\n   Held by `it_holds`.").is_empty());
        assert!(findings("1. **A.** Text.\n   Held by `so_it_does`.").is_empty());
        assert!(findings("1. **A.** Text. Not built yet.").is_empty());
        assert_eq!(findings("1. **A.** Text, `it_holds`.").len(), 1);
        assert_eq!(findings("1. **A.** Text.\n   Held by `no_test`.").len(), 1);
        assert_eq!(findings("2. **A.** Text.\n   Held by `it_holds`.").len(), 1);
        assert_eq!(findings("Nothing.").len(), 1);
    }
}
