//! Counting an entity's events along with its state.

use std::collections::BTreeMap;

use factum_core::{RecordedEvent, Timestamp};
use serde::{Deserialize, Serialize};

/// What is known about an entity's events as a whole. Kept through snapshots.
///
/// Counts events as they are stored, before upcasting, without the log's own records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analytics {
    events: u64,
    first_micros: Option<i64>,
    last_micros: Option<i64>,
    by_type: BTreeMap<String, u64>,
}

impl Analytics {
    /// How many events there are.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// When the first one was recorded, in the order of the stream.
    pub fn first(&self) -> Option<Timestamp> {
        self.first_micros.map(Timestamp::from_micros)
    }

    /// When the last one was recorded, in the order of the stream.
    pub fn last(&self) -> Option<Timestamp> {
        self.last_micros.map(Timestamp::from_micros)
    }

    /// How many events of each type there are, in the order of their names.
    pub fn by_type(&self) -> impl ExactSizeIterator<Item = (&str, u64)> {
        self.by_type.iter().map(|(name, count)| (name.as_str(), *count))
    }

    /// The share of one type in all events, 0 to 1; 0 if there are none.
    #[expect(clippy::cast_precision_loss, reason = "a share, for people")]
    pub fn share(&self, event_type: &str) -> f64 {
        let count = self.by_type.get(event_type).copied().unwrap_or_default();
        if self.events == 0 { 0.0 } else { count as f64 / self.events as f64 }
    }

    pub(crate) fn count(&mut self, event_type: &str, at: Timestamp) {
        self.events += 1;
        self.first_micros.get_or_insert(at.as_micros());
        self.last_micros = Some(at.as_micros());
        match self.by_type.get_mut(event_type) {
            Some(count) => *count += 1,
            None => drop(self.by_type.insert(event_type.to_owned(), 1)),
        }
    }

    pub(crate) fn note(&mut self, event: &RecordedEvent) {
        if !event.event_type.is_reserved() {
            self.count(event.event_type.as_str(), event.recorded_at);
        }
    }
}
