//! What kind of fact an event is, and in which shape it was written.

use crate::name::{check_text, text_name};

text_name!(
    /// The wire name of an event type, for example `account.deposited`.
    ///
    /// One line of text, at most [`EVENT_TYPE_BYTES_MAX`](crate::limits::EVENT_TYPE_BYTES_MAX)
    /// bytes. Names starting with `factum.` are the log's own records (see
    /// [`StreamAdmin`](crate::StreamAdmin)) and are refused in an append.
    EventType, "event type", check_text, crate::limits::EVENT_TYPE_BYTES_MAX
);

impl EventType {
    /// The record that a stream was tombstoned.
    pub const STREAM_TOMBSTONED: &'static str = "factum.stream-tombstoned";
    /// The record that the beginning of a stream was truncated.
    pub const STREAM_TRUNCATED: &'static str = "factum.stream-truncated";

    /// Whether the name is kept for the log's own records.
    pub fn is_reserved(&self) -> bool {
        self.as_str().starts_with("factum.")
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
