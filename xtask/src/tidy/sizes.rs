//! Files and functions stay small enough to be read at one sitting.

use super::source::Source;

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 100;

/// Files that may be longer, each with the number of lines it has now. Numbers may only fall.
const EXCEPTIONS: &[(&str, usize)] = &[];

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let rust = || sources.iter().filter(|it| it.is_rust());
    let mut findings: Vec<String> = rust().filter_map(too_long).collect();
    findings.extend(rust().flat_map(long_functions));
    findings
}

fn too_long(file: &Source) -> Option<String> {
    let lines = file.code().lines().count();
    let exception = EXCEPTIONS.iter().find(|(path, _)| *path == file.path).map(|it| it.1);
    let path = &file.path;
    match exception {
        Some(allowed) if lines < allowed => {
            Some(format!("{path}: has shrunk to {lines} lines; lower its exception to that"))
        }
        Some(allowed) if lines <= allowed => None,
        _ if lines <= FILE_LINES_MAX => None,
        _ => Some(format!("{path}: expected at most {FILE_LINES_MAX} lines, found {lines}")),
    }
}

/// Relies on the formatter: a function ends at the first closing brace in the column it began at.
fn long_functions(file: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    let mut open: Vec<(usize, usize, String)> = Vec::new();
    for (number, line) in file.lines() {
        let text = line.trim_start();
        let column = line.len() - text.len();
        if let Some(name) = function_name(text)
            && !text.ends_with(';')
            && !text.ends_with('}')
        {
            open.push((column, number, name.to_owned()));
        } else if text.starts_with('}')
            && open.last().is_some_and(|(begun, _, _)| *begun == column)
            && let Some((_, first, name)) = open.pop()
        {
            let lines = number - first + 1;
            if lines > FUNCTION_LINES_MAX {
                findings.push(format!(
                    "{}:{first}: expected at most {FUNCTION_LINES_MAX} lines in {name}, found {lines}",
                    file.path
                ));
            }
        }
    }
    findings
}

/// The name of the function that starts on this line, if one does.
pub(super) fn function_name(text: &str) -> Option<&str> {
    const BEFORE: [&str; 8] =
        ["pub", "pub(crate)", "pub(super)", "pub(in", "const", "async", "extern", "unsafe"];
    let mut words = text.split_whitespace();
    let mut word = words.next()?;
    while BEFORE.contains(&word) {
        word = words.next()?;
    }
    let rest = if word == "fn" { words.next()? } else { return None };
    rest.split(['(', '<']).next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::source::source;
    use super::*;

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "fn a() {}\n".repeat(601);
        assert_eq!(check(&[source("x/src/a.rs", &long)]).len(), 1);
        let tested = format!("fn a() {{}}\n\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert!(check(&[source("x/src/a.rs", &tested)]).is_empty());
    }

    #[test]
    fn a_long_function_is_found() {
        let body = "        work();\n".repeat(100);
        let text = format!("impl A {{\n    pub(crate) async fn b<T>(t: T) {{\n{body}    }}\n}}\n");
        let found = check(&[source("x/src/a.rs", &text)]);
        assert_eq!(found, ["x/src/a.rs:2: expected at most 100 lines in b, found 102"]);
    }
}
