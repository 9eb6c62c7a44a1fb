//! No driver's type in a public signature: a driver can then be replaced, and a user who names one
//! does not depend on our version of it.

use super::source::Source;

/// Crates whose types stay inside.
const DRIVERS: [&str; 3] = ["rusqlite", "tokio_postgres", "deadpool_postgres"];

/// Files whose purpose it is to take a driver's type, each with its reason.
const EXCEPTIONS: [&str; 1] = [
    // Appending inside the caller's own transaction takes the caller's transaction.
    "crates/factum-postgres/src/transaction.rs",
];

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let libraries = sources.iter().filter(|it| it.is_rust() && it.path.starts_with("crates/"));
    let libraries = libraries.filter(|it| !EXCEPTIONS.contains(&it.path.as_str()));
    libraries.flat_map(foreign_types).collect()
}

fn foreign_types(file: &Source) -> Vec<String> {
    let imported = imported(file.code());
    let mut findings = Vec::new();
    for (number, signature) in public_signatures(file.code()) {
        let named = words(&signature).find(|word| imported.iter().any(|it| it == word));
        if let Some(word) = named {
            findings.push(format!("{}:{number}: {word} is a driver's", file.path));
        }
    }
    findings
}

/// The drivers, and every name that `use` brings in from one.
fn imported(code: &str) -> Vec<String> {
    let mut names: Vec<String> = DRIVERS.iter().map(ToString::to_string).collect();
    for statement in code.split(';') {
        let Some((_, path)) = statement.rsplit_once("\nuse ") else { continue };
        if words(path).next().is_some_and(|first| DRIVERS.contains(&first)) {
            names.extend(words(path).filter(|it| *it != "self" && *it != "as").map(String::from));
        }
    }
    names
}

/// Every `pub` item up to its body, each with its first line. `pub(crate)` is not public.
fn public_signatures(code: &str) -> Vec<(usize, String)> {
    let mut signatures: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in (1..).zip(code.lines()) {
        let text = line.trim_start();
        if text.starts_with("pub ") && !text.starts_with("pub use ") {
            signatures.push((number, String::new()));
            open = true;
        }
        if let Some((_, signature)) = signatures.last_mut().filter(|_| open) {
            signature.push_str(text);
            signature.push(' ');
        }
        open &= !text.ends_with(['{', ';', '}', ',']) || text.ends_with("),") || is_parameter(text);
    }
    signatures
}

/// Whether a line is a parameter of a function that began on an earlier line.
fn is_parameter(text: &str) -> bool {
    text.ends_with(',') && !text.starts_with("pub ")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::source::source;
    use super::check;

    fn findings(item: &str) -> usize {
        let text = format!("//! A.\n\nuse rusqlite::{{Connection, Row}};\n\n{item}\n");
        check(&[source("crates/x/src/a.rs", &text)]).len()
    }

    #[test]
    fn a_drivers_type_in_a_public_signature_is_found() {
        assert_eq!(findings("pub fn a(b: &Connection) {\n}"), 1);
        assert_eq!(findings("pub fn a(\n    b: u8,\n    c: &Connection,\n) -> u8 {\n}"), 1);
        assert_eq!(findings("pub fn a() -> rusqlite::Result<()> {\n}"), 1);
        assert_eq!(findings("pub struct A {\n    pub row: Row,\n}"), 1);
    }

    #[test]
    fn inside_a_crate_anything_goes() {
        assert_eq!(findings("pub(crate) fn a(b: &Connection) {\n}"), 0);
        assert_eq!(findings("pub fn a(b: u8) {\n    let c: Connection = d();\n}"), 0);
        assert_eq!(findings("pub struct A {\n    pub number: u8,\n    row: Row,\n}"), 0);
    }
}
