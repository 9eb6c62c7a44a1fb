//! One number for a run of events.

use crate::{CausationId, ClaimChange, CorrelationId, Principal, RecordedEvent};

/// The hash of a run of events with everything in them: places, envelopes, payloads.
///
/// Two logs with the same digest hold the same events in the same order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Takes events in and gives their [`Digest`].
#[derive(Clone, Debug, Default)]
pub struct Digester {
    hasher: blake3::Hasher,
    line: Vec<u8>,
}

impl Digester {
    /// Takes the next event in. The order matters.
    pub fn update(&mut self, event: &RecordedEvent) {
        let line = &mut self.line;
        line.clear();
        line.extend(event.position.get().to_le_bytes());
        line.extend(event.revision.get().to_le_bytes());
        line.extend(event.recorded_at.as_micros().to_le_bytes());
        line.extend(event.id.as_bytes());
        line.extend(event.schema_version.get().to_le_bytes());
        line.push(event.codec.number());
        part(line, event.tenant.as_str());
        part(line, event.stream.as_str());
        part(line, event.event_type.as_str());
        for tag in &event.tags {
            part(line, tag.as_str());
        }
        line.push(0xff);
        for change in &event.claims {
            line.push(u8::from(matches!(change, ClaimChange::Take(_))));
            part(line, change.claim().name());
            part(line, change.claim().value());
        }
        line.push(0xff);
        optional(line, event.correlation.as_ref().map(CorrelationId::as_str));
        optional(line, event.causation.as_ref().map(CausationId::as_str));
        optional(line, event.principal.as_ref().map(Principal::as_str));
        for (key, value) in event.metadata.iter() {
            part(line, key);
            part(line, value);
        }
        line.push(0xff);
        self.hasher.update(&(line.len() as u64).to_le_bytes()).update(line);
        self.hasher.update(&(event.payload.len() as u64).to_le_bytes()).update(&event.payload);
    }

    /// The digest of everything taken in so far.
    pub fn digest(&self) -> Digest {
        Digest(*self.hasher.finalize().as_bytes())
    }
}

fn part(line: &mut Vec<u8>, text: &str) {
    line.push(1);
    line.extend((text.len() as u64).to_le_bytes());
    line.extend(text.as_bytes());
}

fn optional(line: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => part(line, text),
        None => line.push(0),
    }
}
