//! How a subscription reads, keeps its lease and tries again.

use factum_core::limits::PAGE_MAX;

/// Every setting of a subscription's loop, with its default and unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionSettings {
    /// Most events that are read, and handled in one transaction, at once: 1 to
    /// [`PAGE_MAX`](factum_core::limits::PAGE_MAX); 1,000 by default. Bounds the memory.
    pub page_events_max: usize,
    /// Most events that are handled between two checkpoints of a subscriber; 1,000 by default.
    pub checkpoint_events_max: u64,
    /// Longest time between an event that was handled and the checkpoint, in milliseconds; 1,000 by
    /// default. A view's checkpoint moves with the view.
    pub checkpoint_ms_max: u64,
    /// How many events of different keys a subscriber handles at the same time, 1 to 256; 8 by
    /// default. Views are changed one event after the other.
    pub lanes: usize,
    /// How long a lease counts that is not renewed, in milliseconds, to those who wait for it; 10,000
    /// by default.
    pub lease_ms: u64,
    /// How often the lease is renewed and orders are looked for, in milliseconds; 2,000 by default.
    pub beat_ms: u64,
    /// How often somebody who waits for a lease looks whether it is free, in milliseconds; 250 by
    /// default.
    pub standby_ms: u64,
    /// How often the head is asked for although nothing told that it moved, in milliseconds; 5,000 by
    /// default.
    pub poll_ms: u64,
    /// After how long behind without moving an alarm is raised, in milliseconds; 60,000 by default.
    pub stall_ms: u64,
    /// Most events that may be set aside; beyond it the subscription ends with an error. 100,000 by
    /// default.
    pub letters_max: u64,
    /// The ceiling of the first pause after a failure of the store, in milliseconds; 100 by default.
    pub pause_ms_first: u64,
    /// The highest ceiling of such pauses, in milliseconds; 15,000 by default.
    pub pause_ms_max: u64,
}

impl Default for SubscriptionSettings {
    fn default() -> Self {
        Self {
            page_events_max: 1_000,
            checkpoint_events_max: 1_000,
            checkpoint_ms_max: 1_000,
            lanes: 8,
            lease_ms: 10_000,
            beat_ms: 2_000,
            standby_ms: 250,
            poll_ms: 5_000,
            stall_ms: 60_000,
            letters_max: 100_000,
            pause_ms_first: 100,
            pause_ms_max: 15_000,
        }
    }
}

impl SubscriptionSettings {
    /// The settings within their bounds: a time of 0 is 1 ms, a lease outlasts three beats.
    pub(crate) fn bounded(self) -> Self {
        let beat_ms = self.beat_ms.max(1);
        Self {
            page_events_max: self.page_events_max.clamp(1, PAGE_MAX),
            checkpoint_events_max: self.checkpoint_events_max.max(1),
            checkpoint_ms_max: self.checkpoint_ms_max.max(1),
            lanes: self.lanes.clamp(1, 256),
            lease_ms: self.lease_ms.max(beat_ms.saturating_mul(3)),
            beat_ms,
            standby_ms: self.standby_ms.max(1),
            poll_ms: self.poll_ms.max(1),
            stall_ms: self.stall_ms.max(1),
            letters_max: self.letters_max,
            pause_ms_first: self.pause_ms_first.max(1),
            pause_ms_max: self.pause_ms_max.max(1),
        }
    }
}
