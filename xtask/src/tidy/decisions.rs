//! Decisions are numbered 0001, 0002, ... without gaps or repetitions, and are all listed.

use super::source::Source;

const FOLDER: &str = "docs/decisions/";

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let names = sources.iter().filter_map(|it| it.path.strip_prefix(FOLDER));
    let mut findings = Vec::new();
    for (index, name) in names.filter(|it| *it != "README.md").enumerate() {
        let expected = format!("{:04}-", index + 1);
        if !name.starts_with(&expected) {
            findings.push(format!("{FOLDER}{name}: expected its name to start with {expected}"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::source::source;
    use super::check;

    #[test]
    fn a_gap_and_a_repetition_are_found() {
        let files = |names: &[&str]| {
            let path = |name: &&str| source(&format!("docs/decisions/{name}"), "");
            check(&names.iter().map(path).collect::<Vec<_>>()).len()
        };
        assert_eq!(files(&["0001-a.md", "0002-b.md", "README.md"]), 0);
        assert_eq!(files(&["0001-a.md", "0003-b.md"]), 1);
        assert_eq!(files(&["0001-a.md", "0001-b.md"]), 1);
    }
}
