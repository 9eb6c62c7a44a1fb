//! Event ids, and where they come from.

use std::fmt::Debug;

use uuid::Uuid;

use crate::InvalidName;

/// The identity of one event, the same wherever the event is copied.
///
/// Usually a UUID version 7; [`EventId::from_content`] gives the same id for the same content, so
/// that an import can be repeated. The caller keeps ids unique; the log never orders by them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId([u8; 16]);

impl EventId {
    /// The id with these bytes, in network order.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, in network order.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The id that belongs to `parts`: a UUID version 8 made from their hash.
    ///
    /// Where one part ends and the next begins matters: `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn from_content(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        Self(Uuid::new_v8(bytes).into_bytes())
    }
}

impl std::str::FromStr for EventId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parsed = Uuid::try_parse(text);
        parsed
            .map(|id| Self(id.into_bytes()))
            .map_err(|_| InvalidName::new("event id", "a UUID", text))
    }
}

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", Uuid::from_bytes(self.0).hyphenated())
    }
}

impl Debug for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EventId({self})")
    }
}

/// Gives out event ids. Passed in, so that tests decide which.
pub trait IdSource: Debug + Send + Sync + 'static {
    /// An id that was never given out before.
    fn next_id(&self) -> EventId;
}

/// Random, time-ordered ids: UUID version 7.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn next_id(&self) -> EventId {
        EventId(Uuid::now_v7().into_bytes())
    }
}
