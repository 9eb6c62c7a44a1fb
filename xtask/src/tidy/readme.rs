//! Rust in the README is compiled: the facade includes the README in its doctests.

use super::source::Source;

const FACADE: &str = "crates/factum/src/lib.rs";

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let text = |path: &str| sources.iter().find(|it| it.path == path).map(|it| it.text.as_str());
    let has_rust = text("README.md").is_some_and(|it| it.contains("```rust"));
    let included =
        text(FACADE).is_some_and(|it| it.contains("include_str!(\"../../../README.md\")"));
    if has_rust && !included {
        return vec![format!(
            "{FACADE}: expected the README among the doctests, found it left out"
        )];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::source::source;
    use super::{FACADE, check};

    #[test]
    fn a_readme_that_is_not_compiled_is_found() {
        let readme = || source("README.md", "```rust\nfn main() {}\n```\n");
        assert_eq!(check(&[readme(), source(FACADE, "")]).len(), 1);
        let included = "#[doc = include_str!(\"../../../README.md\")]";
        assert!(check(&[readme(), source(FACADE, included)]).is_empty());
    }
}
