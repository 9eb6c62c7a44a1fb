//! The domain's own events: what the log stores of them, and how they come back.

use std::fmt::Debug;

use crate::codec::{DecodeError, EncodeError, Payload};
use crate::schema::Upcasters;
use crate::{Codec, EventType, Facts, InvalidName, SchemaVersion};

/// One event type as a program declares it.
#[derive(Clone, Debug)]
pub struct EventSpec {
    event_type: EventType,
    schema_version: SchemaVersion,
    codec: Codec,
    rust_name: &'static str,
    /// `None` if nobody says.
    tags: Option<&'static [&'static str]>,
    tagged_like: Option<fn() -> Vec<&'static EventSpec>>,
}

impl PartialEq for EventSpec {
    fn eq(&self, other: &Self) -> bool {
        let stored = |it: &Self| (it.event_type.clone(), it.schema_version, it.codec);
        stored(self) == stored(other)
            && self.rust_name == other.rust_name
            && self.tags == other.tags
    }
}

impl Eq for EventSpec {}

impl EventSpec {
    /// Declares the type that goes by `name` in the log.
    ///
    /// `rust_name`, such as `AccountEvent::Opened`, is for messages only.
    ///
    /// # Panics
    ///
    /// If `name` is no event type ([`EventType::declared`]), starts with `factum.`, or the
    /// version is 0; in a constant that is an error of the compiler.
    pub const fn new(
        name: &'static str,
        version: u32,
        codec: Codec,
        rust_name: &'static str,
    ) -> Self {
        assert!(version > 0, "schema versions start at 1");
        assert!(!starts_with(name.as_bytes(), b"factum."), "`factum.` is the log's own prefix");
        Self {
            event_type: EventType::declared(name),
            schema_version: SchemaVersion::new(version),
            codec,
            rust_name,
            tags: None,
            tagged_like: None,
        }
    }

    /// Says that events of the type carry tags of these names and no others, so that a query for
    /// another one can be refused.
    #[must_use]
    pub const fn tagged(mut self, names: &'static [&'static str]) -> Self {
        self.tags = Some(names);
        self
    }

    /// Says that events of the type carry the tags of these types too.
    #[must_use]
    pub const fn tagged_like(mut self, others: fn() -> Vec<&'static EventSpec>) -> Self {
        self.tagged_like = Some(others);
        self
    }

    /// Whether an event of the type may carry a tag called `name`. One whose tags are not declared
    /// may carry any, and the tag that [seeding](Self::SEED_TAG) adds may be on all.
    pub fn may_carry(&self, name: &str) -> bool {
        let Some(tags) = self.tags else { return true };
        name == Self::SEED_TAG
            || tags.contains(&name)
            || self.tagged_like.is_some_and(|others| others().iter().any(|it| it.may_carry(name)))
    }

    /// The names of the tags that are declared, in no particular order.
    pub(crate) fn tags(&self) -> Vec<&'static str> {
        let mut names = self.tags.unwrap_or_default().to_vec();
        names.extend(self.tagged_like.iter().flat_map(|others| others()).flat_map(Self::tags));
        names
    }

    /// The name of the tag that seeding puts on the events of a seed.
    pub const SEED_TAG: &'static str = "seed";

    /// The name in the log.
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// The shape that this program writes.
    pub fn schema_version(&self) -> SchemaVersion {
        self.schema_version
    }

    /// How this program encodes it.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// What the type is called in the source.
    pub fn rust_name(&self) -> &'static str {
        self.rust_name
    }
}

const fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    let mut index = 0;
    while index < prefix.len() {
        if index >= text.len() || text[index] != prefix[index] {
            return false;
        }
        index += 1;
    }
    true
}

impl From<&EventSpec> for EventType {
    fn from(spec: &EventSpec) -> Self {
        spec.event_type.clone()
    }
}

/// The events of one context, usually an enum with `#[derive(Event)]`.
///
/// Each variant is an event type of its own, with a stable name in the log that renaming the Rust
/// type never changes. A union of several contexts' events is an `Event` too.
pub trait Event: Sized + Send + Sync + 'static {
    /// All event types, in the order they are declared.
    fn specs() -> Vec<&'static EventSpec>;

    /// The event type with this name, if it is one of these.
    fn find(event_type: &str) -> Option<&'static EventSpec>;

    /// What this event's type is.
    fn spec(&self) -> &'static EventSpec;

    /// Appends the payload to `out`, in the codec of [`Event::spec`].
    ///
    /// # Errors
    ///
    /// An [`EncodeError`] if the payload cannot be written in that codec; `out` may then hold a
    /// part of it.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Reads the payload of an event of the type named `event_type`, in its current shape.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] that says what was expected, and never repeats the payload.
    fn decode(event_type: &str, payload: Payload<'_>) -> Result<Self, DecodeError>;

    /// Says what the event is about: its tags, and the unique values it takes and releases.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if a value cannot be a tag or a claim.
    fn facts(&self, facts: &mut Facts) -> Result<(), InvalidName>;

    /// How older shapes of these events become the current ones.
    fn upcasters() -> Upcasters;
}

/// An event that is part of the union `U`, or is all of it.
pub trait Part<U>: Event + Into<U> {
    /// This part of the union, if the event is one of its.
    fn part(union: &U) -> Option<&Self>;
}

impl<E: Event> Part<E> for E {
    fn part(union: &E) -> Option<&Self> {
        Some(union)
    }
}
