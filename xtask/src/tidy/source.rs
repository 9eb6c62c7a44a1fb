//! The files of the checkout, read once.

use std::path::Path;
use std::{fs, io};

use crate::command::root;

/// One text file.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path from the root, with forward slashes.
    pub(super) path: String,
    /// What it says.
    pub(super) text: String,
}

const ENDINGS: [&str; 8] = ["rs", "md", "toml", "sql", "sh", "json", "yml", "proto"];

impl Source {
    /// Whether it is Rust.
    pub(super) fn is_rust(&self) -> bool {
        self.has_ending("rs")
    }

    /// Whether it is a document.
    pub(super) fn is_document(&self) -> bool {
        self.has_ending("md")
    }

    fn has_ending(&self, ending: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|it| it == ending)
    }

    /// Whether the whole file is test code.
    pub(super) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The part before the inline tests.
    pub(super) fn code(&self) -> &str {
        if self.is_test() {
            return "";
        }
        let end = self.text.find("\n#[cfg(test)]\nmod ").map_or(self.text.len(), |it| it + 1);
        &self.text[..end]
    }

    /// The test code: all of a test file, else the inline tests.
    pub(super) fn tests(&self) -> &str {
        &self.text[self.code().len()..]
    }

    /// Its lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// Every text file below the root, in path order; build output and hidden folders left out.
pub(super) fn load() -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    collect(&root(), "", &mut sources)?;
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

fn collect(folder: &Path, prefix: &str, sources: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let hidden = name.starts_with('.') && name != ".ci" && name != ".cargo";
            if !hidden && name != "target" {
                collect(&entry.path(), &format!("{path}/"), sources)?;
            }
        } else if kind.is_file() && is_text(&path) {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            sources.push(Source { path, text });
        }
    }
    Ok(())
}

fn is_text(path: &str) -> bool {
    path.starts_with(".ci/")
        || Path::new(path).extension().is_some_and(|ending| ENDINGS.iter().any(|it| ending == *it))
}

#[cfg(test)]
pub(super) fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn inline_tests_are_told_from_code() {
        let file = source("crates/x/src/a.rs", "fn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n");
        assert_eq!(file.code(), "fn a() {}\n\n");
        assert!(file.tests().starts_with("#[cfg(test)]"));
        let all = source("crates/x/tests/a.rs", "fn a() {}\n");
        assert_eq!((all.code(), all.tests()), ("", "fn a() {}\n"));
    }
}
