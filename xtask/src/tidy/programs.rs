//! Where a crate lists its test programs itself, no file of tests is left out.

use super::source::Source;

const LISTS: &str = "\nautotests = false\n";

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let manifests = sources.iter().filter(|it| it.text.contains(LISTS));
    let crates = manifests.filter_map(|it| Some((it, it.path.strip_suffix("Cargo.toml")?)));
    crates.flat_map(|(manifest, folder)| left_out(sources, manifest, folder)).collect()
}

/// The files of tests that neither the manifest nor the crate's `tests/main.rs` names.
fn left_out(sources: &[Source], manifest: &Source, folder: &str) -> Vec<String> {
    let main = format!("{folder}tests/main.rs");
    let shared = sources.iter().find(|it| it.path == main).map_or("", |it| it.text.as_str());
    let mut findings = Vec::new();
    for file in sources {
        let Some(path) = file.path.strip_prefix(&format!("{folder}tests/")) else { continue };
        let name = match path.split_once('/') {
            None => path.strip_suffix(".rs").filter(|it| *it != "main"),
            Some((program, "main.rs")) => Some(program),
            Some(_) => None,
        };
        let Some(name) = name else { continue };
        let in_manifest = manifest.text.contains(&format!("[[test]]\nname = \"{name}\"\n"));
        if !in_manifest && !shared.lines().any(|line| line == format!("mod {name};")) {
            findings.push(format!("{}: expected `mod {name};` in {main}, found none", file.path));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::source::source;
    use super::check;

    #[test]
    fn a_file_of_tests_that_no_program_has_is_found() {
        let manifest =
            "[package]\nautotests = false\n\n[[test]]\nname = \"apart\"\nharness = false\n";
        let files = |main: &str| {
            let files = [
                source("crates/a/Cargo.toml", manifest),
                source("crates/a/tests/main.rs", main),
                source("crates/a/tests/apart.rs", ""),
                source("crates/a/tests/reads.rs", ""),
                source("crates/a/tests/common/mod.rs", ""),
                source("crates/a/tests/whole/main.rs", ""),
                source("crates/b/Cargo.toml", "[package]\n"),
                source("crates/b/tests/found.rs", ""),
            ];
            check(&files)
        };
        assert_eq!(files("mod common;\nmod reads;\nmod whole;\n"), [""; 0]);
        let found = files("mod common;\n");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("crates/a/tests/reads.rs: expected `mod reads;`"));
    }
}
