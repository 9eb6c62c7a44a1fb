//! The file: what is in it, and how it is read and written.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use factum_core::Codec;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::LockError;

/// The format that this program reads and writes.
const FORMAT: u64 = 1;

/// Everything that was ever locked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockFile {
    format: u64,
    /// By event type and version.
    pub(super) events: BTreeMap<String, BTreeMap<u32, LockedEvent>>,
    /// By kind and version.
    pub(super) snapshots: BTreeMap<String, BTreeMap<u32, LockedSnapshot>>,
}

/// One version of an event type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockedEvent {
    #[serde(with = "codec_name")]
    pub(super) codec: Codec,
    pub(super) shape: Value,
}

/// One version of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockedSnapshot {
    pub(super) shape: Value,
}

impl Default for LockFile {
    fn default() -> Self {
        Self { format: FORMAT, events: BTreeMap::new(), snapshots: BTreeMap::new() }
    }
}

impl LockFile {
    /// Reads the file; `None` if there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, LockError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(damaged(path, error.to_string()));
            }
            Err(source) => return Err(LockError::Io { action: "read", path: path.into(), source }),
        };
        Self::parse(path, &text).map(Some)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, LockError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| damaged(path, error.to_string()))?;
        match value.get("format") {
            Some(Value::Number(format)) if format.as_u64() == Some(FORMAT) => {}
            Some(Value::Number(format)) if format.as_u64().is_some_and(|it| it > FORMAT) => {
                let found = format.as_u64().unwrap_or(u64::MAX);
                return Err(LockError::NewerFormat { path: path.into(), expected: FORMAT, found });
            }
            Some(other) => return Err(damaged(path, format!("format {other}"))),
            None => return Err(damaged(path, "no format".into())),
        }
        // From the text again, so that the error has a line.
        serde_json::from_str(text).map_err(|error| damaged(path, error.to_string()))
    }

    /// The same text for the same content, whatever order its maps keep.
    pub(super) fn to_text(&self) -> String {
        let mut file = self.clone();
        let events = file.events.values_mut().flat_map(BTreeMap::values_mut);
        let snapshots = file.snapshots.values_mut().flat_map(BTreeMap::values_mut);
        let shapes = events.map(|it| &mut it.shape).chain(snapshots.map(|it| &mut it.shape));
        shapes.for_each(|shape| *shape = sorted(std::mem::take(shape)));
        let mut text = serde_json::to_string_pretty(&file).expect("keys are names and numbers");
        text.push('\n');
        text
    }

    /// Puts the whole file in place at once: whoever reads finds the old one or the new one.
    pub(super) fn write(&self, path: &Path) -> Result<(), LockError> {
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let write = WRITES.fetch_add(1, Ordering::Relaxed);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!(".{name}.{}-{write}", std::process::id()));
        let written = write_new(&beside, &self.to_text())
            .and_then(|()| std::fs::rename(&beside, path))
            .inspect_err(|_| drop(std::fs::remove_file(&beside)));
        written.map_err(|source| LockError::Io { action: "write", path: path.into(), source })
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn damaged(path: &Path, found: String) -> LockError {
    LockError::Damaged { path: path.into(), found }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let by_name: BTreeMap<_, _> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(Map::from_iter(by_name))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Codecs by the names that they have everywhere else.
mod codec_name {
    use factum_core::Codec;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
    pub(super) fn serialize<S: Serializer>(codec: &Codec, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(codec.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Codec, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
