//! Things that do not belong in any file: left-over notes, sleeping tests, paths of one machine.

use super::source::Source;

// Written in two pieces each, so that this file does not find itself.
const NOTES: [&str; 4] =
    [concat!("todo", "!("), concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
const SLEEPS: [&str; 2] = [concat!("thread::", "sleep"), concat!("time::", "sleep")];

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(check_file).collect()
}

fn check_file(file: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    let first_test_line = 1 + file.code().lines().count();
    let is_fixture = file.path.contains("/fixtures/") || file.path.contains("/golden/");
    for (number, line) in file.lines() {
        let mut find = |what: String| findings.push(format!("{}:{number}: {what}", file.path));
        if !is_fixture && line.ends_with([' ', '\t']) {
            find("space at the end of the line".into());
        }
        for note in NOTES.iter().filter(|note| line.contains(*note)) {
            find(format!("left-over note {note:?}"));
        }
        for path in PATHS.iter().filter(|path| line.contains(*path)) {
            find(format!("path of one machine {path:?}"));
        }
        if file.is_rust() && number >= first_test_line {
            for sleep in SLEEPS.iter().filter(|sleep| line.contains(*sleep)) {
                find(format!("a test that sleeps: {sleep}; wait for the event instead"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::source::source;
    use super::*;

    #[test]
    fn each_kind_of_word_is_found() {
        for text in NOTES.iter().chain(&PATHS) {
            assert_eq!(check(&[source("x/src/a.rs", text)]).len(), 1, "{text}");
        }
        assert_eq!(check(&[source("x/a.md", "word \n")]).len(), 1);
        assert!(check(&[source("x/a.md", "word\n")]).is_empty());
    }

    #[test]
    fn only_tests_must_not_sleep() {
        for text in SLEEPS {
            assert_eq!(check(&[source("x/tests/a.rs", text)]).len(), 1);
            assert!(check(&[source("x/src/a.rs", text)]).is_empty());
            let inline = format!("fn a() {{}}\n\n#[cfg(test)]\nmod tests {{\n{text}\n}}\n");
            assert_eq!(check(&[source("x/src/a.rs", &inline)]).len(), 1);
        }
    }
}
