//! Time and ids that a test decides.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use factum_core::{Clock, EventId, IdSource, Timestamp};

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `now`.
    pub const fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_micros()))
    }

    /// Moves the clock, forward or, with a negative number, backward.
    pub fn advance_ms(&self, millis: i64) {
        self.0.fetch_add(millis.saturating_mul(1_000), Ordering::SeqCst);
    }

    /// Makes the clock show `now`.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// A clock that shows 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::new(Timestamp::from_micros(1_767_225_600_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The ids 1, 2, 3, ...
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl SequentialIds {
    /// The id with this number.
    pub const fn id(number: u64) -> EventId {
        EventId::from_bytes((number as u128).to_be_bytes())
    }

    /// The number of an id that came from here; of others, their last eight bytes.
    pub fn number(id: &EventId) -> u64 {
        let (_, last) = id.as_bytes().split_at(8);
        last.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

impl IdSource for SequentialIds {
    fn next_id(&self) -> EventId {
        Self::id(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}
