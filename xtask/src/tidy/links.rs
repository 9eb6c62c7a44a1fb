//! Links from one document to another file of the checkout lead somewhere, anchors included.

use std::path::{Component, Path, PathBuf};

use super::source::Source;
use crate::command::root;

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let documents = || sources.iter().filter(|it| it.is_document());
    documents().flat_map(|it| broken_links(it, sources)).collect()
}

fn broken_links(document: &Source, sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut in_code = false;
    for (number, line) in document.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        let links = line.split("](").skip(1).filter_map(|it| it.split_once(')'));
        for (target, _) in links.filter(|_| !in_code) {
            if let Some(problem) = problem(document, target, sources) {
                findings.push(format!("{}:{number}: {problem}", document.path));
            }
        }
    }
    findings
}

fn problem(document: &Source, target: &str, sources: &[Source]) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(f, a)| (f, Some(a)));
    let path = if file.is_empty() { document.path.clone() } else { joined(&document.path, file) };
    let linked = sources.iter().find(|it| it.path == path);
    if linked.is_none() && !root().join(&path).exists() {
        return Some(format!("link to {target:?}, which does not exist"));
    }
    let anchor = anchor.filter(|_| linked.is_some_and(Source::is_document))?;
    let headings = linked.into_iter().flat_map(Source::lines).filter(|(_, it)| it.starts_with('#'));
    let found = headings.map(|(_, it)| slug(it)).any(|slug| slug == anchor);
    (!found).then(|| format!("link to {target:?}: {path} has no such heading"))
}

/// `link` as seen from the folder of `document`, without `.` and `..`.
fn joined(document: &str, link: &str) -> String {
    let mut path = Path::new(document).parent().map(PathBuf::from).unwrap_or_default();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(part) => path.push(part),
            _ => {}
        }
    }
    path.to_string_lossy().replace('\\', "/")
}

/// The anchor that a heading gets: lower case, words joined by hyphens, punctuation dropped.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|it| it.is_alphanumeric() || " -_".contains(*it));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::source;
    use super::check;

    #[test]
    fn a_link_must_lead_to_a_file_and_a_heading() {
        let target = source("docs/b.md", "# The second, `b`\n");
        let with = |link: &str| [source("docs/a.md", link), source(&target.path, &target.text)];
        assert!(check(&with("[b](b.md#the-second-b), [c](https://example.org/x)")).is_empty());
        assert!(check(&with("```\n[b](nowhere.md)\n```")).is_empty());
        assert_eq!(check(&with("[b](nowhere.md)")).len(), 1);
        assert_eq!(check(&with("[b](../docs/b.md#the-third)")).len(), 1);
    }
}
