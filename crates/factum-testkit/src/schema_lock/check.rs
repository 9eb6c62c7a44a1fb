//! The rules between the file and the program, type by type and version by version.

use std::collections::BTreeMap;

use factum_core::{Codec, EventSpec, Registry, SchemaVersion};
use serde_json::{Value, json};

use super::compare::{Difference, carried, compare};
use super::lock_file::{LockFile, LockedEvent, LockedSnapshot};
use super::{Finding, message};

/// What comes of a check.
pub(super) struct Checked {
    /// The file as it should be, if nothing was found.
    pub(super) file: LockFile,
    pub(super) findings: Vec<Finding>,
    /// What is not in the file yet, one line each.
    pub(super) changes: Vec<String>,
}

impl Checked {
    pub(super) fn new(locked: LockFile) -> Self {
        Self { file: locked, findings: Vec::new(), changes: Vec::new() }
    }

    /// Checks one event type in the shape that the program writes.
    pub(super) fn event(&mut self, spec: &EventSpec, shape: &Value) {
        let name = spec.event_type().as_str();
        let (version, codec) = (spec.schema_version().get(), spec.codec());
        let subject = format!("event {name}");
        let versions = self.file.events.entry(name.to_owned()).or_default();
        if let Some((&locked, _)) = versions.last_key_value()
            && locked > version
        {
            self.findings.push(Finding {
                subject,
                version,
                path: "$".into(),
                problem: format!("the version went back, {locked} is locked"),
                old: None,
                new: None,
                ways_out: message::ways_for_older(spec, locked),
            });
            return;
        }
        let Some(locked) = versions.get_mut(&version) else {
            versions.insert(version, LockedEvent { codec, shape: shape.clone() });
            self.changes.push(format!("{subject} version {version} is new"));
            return;
        };
        let now = LockedEvent { codec, shape: merged(codec, &locked.shape, shape) };
        let differences = if is_serde(locked.codec) && is_serde(codec) {
            compare(&locked.shape, shape)
        } else if locked.codec == codec {
            Vec::new() // What a message holds is for its own tools to compare.
        } else {
            vec![Difference::of_codec(locked.codec, codec)]
        };
        if differences.is_empty() {
            if *locked != now {
                *locked = now;
                self.changes.push(format!("{subject} version {version} has changed compatibly"));
            }
            return;
        }
        let ways_out = message::ways_for_shape(spec);
        self.found(&subject, version, &ways_out, differences);
    }

    /// Checks that every type that is gone has a way to one that is known.
    pub(super) fn gone(&mut self, known: &[&EventSpec], registries: &[Registry]) {
        let is_known = |name: &str| known.iter().any(|it| it.event_type().as_str() == name);
        for (name, versions) in self.file.events.iter().filter(|(name, _)| !is_known(name)) {
            for &version in versions.keys() {
                let schema_version = SchemaVersion::new(version);
                if registries.iter().any(|it| it.upcasts(name, schema_version)) {
                    continue;
                }
                self.findings.push(Finding {
                    subject: format!("event {name}"),
                    version,
                    path: "$".into(),
                    problem: "no type has this name any more, and no upcaster starts here".into(),
                    old: None,
                    new: None,
                    ways_out: message::ways_for_gone(name, version),
                });
            }
        }
    }

    /// Checks one state in the shape that the program writes.
    pub(super) fn snapshot(&mut self, kind: &str, version: u32, shape: &Value) {
        let subject = format!("snapshot {kind}");
        let versions: &mut BTreeMap<_, _> = self.file.snapshots.entry(kind.to_owned()).or_default();
        let Some(locked) = versions.get_mut(&version) else {
            versions.insert(version, LockedSnapshot { shape: shape.clone() });
            self.changes.push(format!("{subject} version {version} is new"));
            return;
        };
        let differences = compare(&locked.shape, shape);
        if differences.is_empty() {
            let now = carried(&locked.shape, shape);
            if locked.shape != now {
                locked.shape = now;
                self.changes.push(format!("{subject} version {version} has changed compatibly"));
            }
            return;
        }
        let ways_out = message::ways_for_snapshot(kind, version);
        self.found(&subject, version, &ways_out, differences);
    }

    fn found(&mut self, subject: &str, version: u32, ways: &str, differences: Vec<Difference>) {
        self.findings.extend(differences.into_iter().map(|it| Finding {
            subject: subject.to_owned(),
            version,
            path: it.path,
            problem: it.problem,
            old: it.old,
            new: it.new,
            ways_out: ways.to_owned(),
        }));
    }
}

impl Difference {
    fn of_codec(old: Codec, new: Codec) -> Self {
        Self::of_whole(
            format!("is written as {new} now, was {old}"),
            &json!({ "codec": old.as_str() }),
            &json!({ "codec": new.as_str() }),
        )
    }
}

/// Whether serde reads it: a value in one of these codecs reads like one in the other.
fn is_serde(codec: Codec) -> bool {
    matches!(codec, Codec::Json | Codec::Cbor)
}

fn merged(codec: Codec, old: &Value, new: &Value) -> Value {
    if is_serde(codec) { carried(old, new) } else { new.clone() }
}
