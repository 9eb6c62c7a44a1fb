//! What kind of fact an event is, and in which shape it was written.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::InvalidName;
use crate::limits::EVENT_TYPE_BYTES_MAX;
use crate::name::check_text;

/// The wire name of an event type, for example `account.deposited`.
///
/// One line of text, at most [`EVENT_TYPE_BYTES_MAX`] bytes. Names starting with `factum.` are the
/// log's own records (see [`StreamAdmin`](crate::StreamAdmin)) and are refused in an append.
#[derive(Clone)]
pub struct EventType(Text);

/// Names that a program declares are not counted: to write one on an event costs nothing.
#[derive(Clone)]
enum Text {
    Declared(&'static str),
    Read(Arc<str>),
}

impl EventType {
    /// The record that a stream was tombstoned.
    pub const STREAM_TOMBSTONED: &'static str = "factum.stream-tombstoned";
    /// The record that the beginning of a stream was truncated.
    pub const STREAM_TRUNCATED: &'static str = "factum.stream-truncated";

    /// Checks `text` and builds the name.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] says what was expected and what was found.
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidName> {
        let text = text.as_ref();
        check_text("event type", text, EVENT_TYPE_BYTES_MAX)?;
        Ok(Self(Text::Read(text.into())))
    }

    /// A name that the program declares, without an allocation.
    ///
    /// # Panics
    ///
    /// If `text` is not 1 to [`EVENT_TYPE_BYTES_MAX`] printable ASCII characters; in a constant,
    /// where such names belong, that is an error of the compiler.
    pub const fn declared(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= EVENT_TYPE_BYTES_MAX, "1 to 256 bytes");
        let mut index = 0;
        while index < bytes.len() {
            assert!(bytes[index].is_ascii_graphic(), "printable ASCII characters without spaces");
            index += 1;
        }
        Self(Text::Declared(text))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Declared(text) => text,
            Text::Read(text) => text,
        }
    }

    /// Whether the name is kept for the log's own records.
    pub fn is_reserved(&self) -> bool {
        self.as_str().starts_with("factum.")
    }
}

impl PartialEq for EventType {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for EventType {}

impl PartialOrd for EventType {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EventType {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for EventType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl std::str::FromStr for EventType {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl std::fmt::Display for EventType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for EventType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EventType({:?})", self.as_str())
    }
}

/// The shape an event was written in; starts at 1 and grows when the shape changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaVersion(u32);

impl SchemaVersion {
    /// The first shape of a type.
    pub const FIRST: Self = Self(1);

    /// The shape with this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for SchemaVersion {
    fn default() -> Self {
        Self::FIRST
    }
}

impl std::fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
