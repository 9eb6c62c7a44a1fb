//! What people read when a program does not pass its schema lock.

use std::fmt::Write;
use std::path::Path;

use factum_core::{Codec, EventSpec};
use serde_json::Value;
use similar::TextDiff;

use super::Finding;
use super::shape::short_name;

pub(super) fn incompatible(path: &Path, findings: &[Finding]) -> String {
    let changes = if findings.len() == 1 { "change" } else { "changes" };
    let mut text = format!(
        "{}: {} {changes} would leave stored data unreadable; the file is as it was\n",
        path.display(),
        findings.len()
    );
    for (index, finding) in findings.iter().enumerate() {
        let Finding { subject, version, path, problem, .. } = finding;
        push(&mut text, format_args!("\n{subject} version {version}, at {path}: {problem}\n"));
        text.push_str(&diff(finding.old.as_ref(), finding.new.as_ref()));
        let next = findings.get(index + 1);
        if next.is_none_or(|next| next.ways_out != finding.ways_out) {
            push(&mut text, format_args!("\n  Ways out:\n{}", finding.ways_out));
        }
    }
    text
}

pub(super) fn out_of_date(path: &Path, changes: &[String]) -> String {
    let mut text = format!(
        "{} is out of date: run this test once locally and commit the file (`CI` is set, so it is \
         not written here)\n",
        path.display()
    );
    for change in changes {
        push(&mut text, format_args!("  {change}\n"));
    }
    text
}

pub(super) fn list(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// Old and new as text, line by line.
fn diff(old: Option<&Value>, new: Option<&Value>) -> String {
    if old.is_none() && new.is_none() {
        return String::new();
    }
    let text = |value: Option<&Value>| {
        value.map_or_else(|| "(nothing)\n".to_owned(), |value| format!("{value:#}\n"))
    };
    let (old, new) = (text(old), text(new));
    let mut lines = String::new();
    for change in TextDiff::from_lines(&old, &new).iter_all_changes() {
        push(&mut lines, format_args!("    {} {change}", change.tag()));
    }
    lines
}

/// What can be done about an event whose shape has changed.
pub(super) fn ways_for_shape(spec: &EventSpec) -> String {
    let (name, version) = (spec.event_type(), spec.schema_version().get());
    let (rust_name, next) = (short_name(spec), version.saturating_add(1));
    let change = match spec.codec() {
        Codec::Json | Codec::Cbor => {
            format!(".change(\"{name}\", {version}, |value, _| {{ .. Ok(()) }})")
        }
        _ => format!(".change_bytes(\"{name}\", {version}, |bytes, _| {{ .. }})"),
    };
    format!(
        "  - make a field that is new or required optional: `#[serde(default)]`\n  \
         - raise the version of {rust_name}: `#[factum(version = {next})]`, and add an upcaster \
         from version {version}:\n      Upcasters::default(){change}\n  \
         - if it is another fact, give it an event type of its own and leave this one\n"
    )
}

/// What can be done about a version that went back.
pub(super) fn ways_for_older(spec: &EventSpec, locked: u32) -> String {
    let (name, next) = (short_name(spec), locked.saturating_add(1));
    format!(
        "  - go on with version {locked} of {name}: `#[factum(version = {locked})]`\n  \
         - or undo it by a version {next} with an upcaster from version {locked}\n"
    )
}

/// What can be done about an event type that the program no longer knows.
pub(super) fn ways_for_gone(event_type: &str, version: u32) -> String {
    format!(
        "  - declare the type again, under the name it has in the log: `#[factum(name = \
         \"{event_type}\")]`\n  \
         - or say what became of it:\n      \
         Upcasters::default().rename(\"{event_type}\", {version}, \"new.name\", 1)\n  \
         - or that nobody needs it:\n      \
         Upcasters::default().drop(\"{event_type}\", {version})\n"
    )
}

/// What can be done about a state whose shape has changed.
pub(super) fn ways_for_snapshot(kind: &str, version: u32) -> String {
    let next = version.saturating_add(1);
    format!(
        "  - make a field that is new or required optional: `#[serde(default)]`\n  \
         - raise the version given to `Snapshots::version` to {next}, and here: `\"{kind}\": .. => \
         {next}`; older snapshots are then not used, their events are replayed\n"
    )
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string grows as needed");
}
