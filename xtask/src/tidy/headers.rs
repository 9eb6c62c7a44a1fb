//! Every Rust file says on its first line what it is for.

use super::source::Source;

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let rust = sources.iter().filter(|it| it.is_rust());
    let silent = rust.filter(|it| !it.text.starts_with("//! "));
    silent.map(|it| format!("{}:1: expected a `//!` header", it.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::source;
    use super::check;

    #[test]
    fn a_file_without_a_header_is_found() {
        let files = [source("a/src/a.rs", "//! What.\n"), source("a/src/b.rs", "fn b() {}\n")];
        assert_eq!(check(&files), ["a/src/b.rs:1: expected a `//!` header"]);
    }
}
