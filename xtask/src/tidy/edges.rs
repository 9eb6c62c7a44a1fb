//! Which of our crates may depend on which. The graph includes dependencies of tests and builds.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;
use crate::command::{cargo, output};

/// A crate and the crates of ours that it depends on directly.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Crates with a stated list of what they may depend on; others may depend on anything of ours
/// that does not lead back to them.
const ALLOWED: &[(&str, &[&str])] = &[
    ("factum-core", &[]),
    // To test what it makes of events; `factum-core` itself stays below.
    ("factum-derive", &["factum-core"]),
    ("factum-testkit", &["factum-core", "factum-derive"]),
    ("factum-runtime", &["factum-core", "factum-derive", "factum-testkit"]),
    ("factum-postgres", &["factum-core", "factum-testkit"]),
    ("factum-sqlite", &["factum-core", "factum-testkit"]),
    ("xtask", &[]),
];

pub(super) fn check(_: &[Source]) -> Vec<String> {
    let arguments = ["tree", "--workspace", "--all-features", "--locked", "--depth", "1"];
    let mut command = cargo(arguments);
    command.args(["--edges", "normal,build,dev", "--prefix", "depth", "--format", " {p}"]);
    match output(&mut command) {
        Ok(tree) => judged(&graph(&tree)),
        Err(error) => vec![format!("cargo tree failed: {error}")],
    }
}

/// Reads `cargo tree` with depths: `0 factum v0.1.0 (path)`, then `1 ...` for what it depends on.
fn graph(tree: &str) -> Graph {
    let mut graph = Graph::new();
    let mut root = String::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("0"), Some(name)) => {
                name.clone_into(&mut root);
                graph.entry(root.clone()).or_default();
            }
            (Some("1"), Some(name)) => {
                graph.entry(root.clone()).or_default().insert(name.to_owned());
            }
            _ => {}
        }
    }
    let ours: BTreeSet<String> = graph.keys().cloned().collect();
    for needed in graph.values_mut() {
        needed.retain(|name| ours.contains(name));
    }
    graph
}

fn judged(graph: &Graph) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, allowed) in ALLOWED {
        for needed in graph.get(*name).into_iter().flatten() {
            if !allowed.contains(&needed.as_str()) {
                findings.push(format!("{name} depends on {needed}, which it may not"));
            }
        }
    }
    let circular = graph.keys().filter(|name| reaches(graph, name, name, &mut BTreeSet::new()));
    findings.extend(circular.map(|name| format!("{name} depends on itself by way of others")));
    findings
}

fn reaches<'a>(graph: &'a Graph, from: &str, to: &str, seen: &mut BTreeSet<&'a str>) -> bool {
    let needed = graph.get(from).into_iter().flatten();
    needed.into_iter().any(|it| it == to || (seen.insert(it) && reaches(graph, it, to, seen)))
}

#[cfg(test)]
mod tests {
    use super::{graph, judged};

    #[test]
    fn a_forbidden_arrow_is_found() {
        let good = "0 factum-core v0.1.0 (x)\n1 bytes v1.0.0\n\n0 factum-testkit v0.1.0 (x)\n\
                    1 factum-core v0.1.0 (x)\n";
        assert!(judged(&graph(good)).is_empty());
        let bad = format!(
            "{good}0 factum-sqlite v0.1.0 (x)\n\n0 factum-core v0.1.0 (x)\n\
                           1 factum-sqlite v0.1.0 (x)\n"
        );
        assert_eq!(judged(&graph(&bad)).len(), 1);
    }

    #[test]
    fn a_circle_is_found() {
        let circle = "0 a v1 (x)\n1 b v1 (x)\n0 b v1 (x)\n1 c v1 (x)\n0 c v1 (x)\n1 a v1 (x)\n";
        assert_eq!(judged(&graph(circle)).len(), 3);
    }
}
