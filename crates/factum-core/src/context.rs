//! Where an event comes from: what it belongs to, what caused it, who did it.

use std::collections::BTreeMap;

use crate::limits::{CONTEXT_BYTES_MAX, METADATA_ENTRIES_MAX, METADATA_KEY_BYTES_MAX};
use crate::name::{InvalidName, check_text, text_name};

text_name!(
    /// What ties together everything that one request set off.
    CorrelationId, "correlation", check_text, CONTEXT_BYTES_MAX
);

text_name!(
    /// The event id or command id that directly caused an event.
    CausationId, "causation", check_text, CONTEXT_BYTES_MAX
);

text_name!(
    /// Who acted.
    Principal, "principal", check_text, CONTEXT_BYTES_MAX
);

/// Further facts about an event, by key, in key order.
///
/// At most [`METADATA_ENTRIES_MAX`] entries; keys are one line of at most
/// [`METADATA_KEY_BYTES_MAX`] bytes; values count towards the event's size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// Adds or replaces an entry.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the key breaks its rule or there are too many entries; nothing changes.
    pub fn insert(&mut self, key: &str, value: impl Into<String>) -> Result<(), InvalidName> {
        check_text("metadata key", key, METADATA_KEY_BYTES_MAX)?;
        if self.0.len() >= METADATA_ENTRIES_MAX && !self.0.contains_key(key) {
            let expected = format!("at most {METADATA_ENTRIES_MAX} entries");
            return Err(InvalidName::new("metadata", expected, key));
        }
        self.0.insert(key.into(), value.into());
        Ok(())
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All entries in key order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
