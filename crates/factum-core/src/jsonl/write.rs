//! An event as a line.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{ClaimChange, Codec, Metadata, RecordedEvent, Tag};

/// An event in the form of a record. Absent things are left out.
#[derive(Debug)]
pub struct Record<'a>(
    /// The event.
    pub &'a RecordedEvent,
);

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("position", &event.position.get())?;
        map.serialize_entry("tenant", event.tenant.as_str())?;
        map.serialize_entry("stream", event.stream.as_str())?;
        map.serialize_entry("revision", &event.revision.get())?;
        map.serialize_entry("recorded_at", &Shown(event.recorded_at))?;
        map.serialize_entry("id", &Shown(event.id))?;
        map.serialize_entry("type", event.event_type.as_str())?;
        map.serialize_entry("schema_version", &event.schema_version.get())?;
        map.serialize_entry("codec", event.codec.as_str())?;
        if event.tags.iter().len() > 0 {
            let tags = event.tags.iter().map(Tag::as_str);
            map.serialize_entry("tags", &tags.collect::<Vec<_>>())?;
        }
        if !event.claims.is_empty() {
            map.serialize_entry("claims", &Claims(&event.claims))?;
        }
        if let Some(correlation) = &event.correlation {
            map.serialize_entry("correlation", correlation.as_str())?;
        }
        if let Some(causation) = &event.causation {
            map.serialize_entry("causation", causation.as_str())?;
        }
        if let Some(principal) = &event.principal {
            map.serialize_entry("principal", principal.as_str())?;
        }
        if !event.metadata.is_empty() {
            map.serialize_entry("metadata", &Entries(&event.metadata))?;
        }
        match one_line_of_json(event) {
            Some(payload) => map.serialize_entry("payload", payload)?,
            None => map.serialize_entry("payload_base64", &STANDARD.encode(&event.payload))?,
        }
        map.end()
    }
}

/// The payload as it is, if it can stand in a line of JSON byte by byte.
fn one_line_of_json(event: &RecordedEvent) -> Option<&RawValue> {
    if event.codec != Codec::Json || event.payload.iter().any(|it| matches!(it, b'\n' | b'\r')) {
        return None;
    }
    let payload: &RawValue = serde_json::from_slice(&event.payload).ok()?;
    (payload.get().len() == event.payload.len()).then_some(payload)
}

struct Shown<T>(T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct Claims<'a>(&'a [ClaimChange]);

impl Serialize for Claims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for change in self.0 {
            let (act, claim) = match change {
                ClaimChange::Take(claim) => ("take", claim),
                ClaimChange::Release(claim) => ("release", claim),
            };
            let text = format!("{}:{}", claim.name(), claim.value());
            list.serialize_element(&std::collections::BTreeMap::from([(act, text)]))?;
        }
        list.end()
    }
}

struct Entries<'a>(&'a Metadata);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

/// Writes an event as a line.
///
/// # Errors
///
/// Those of `out`.
pub fn write_line(out: &mut impl Write, event: &RecordedEvent) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Record(event))?;
    out.write_all(b"\n")
}
