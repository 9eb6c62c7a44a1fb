//! What a subscription did not handle, for whoever waits for it or ends it.

use factum_core::{DeadLetter, LaneKey, Position, StreamId};

/// An event that failed and is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedEvent {
    /// Its place in the log.
    pub position: Position,
    /// Its stream.
    pub stream: StreamId,
    /// What it is kept in order by.
    pub key: LaneKey,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong.
    pub cause: String,
}

impl From<DeadLetter> for FailedEvent {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { position, stream, key, attempts, cause, .. } = letter;
        Self { position, stream, key, attempts, cause }
    }
}

impl std::fmt::Display for FailedEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { position, stream, cause, .. } = self;
        write!(f, "event at position {position}, stream {stream}: {cause}")
    }
}

/// What was not handled of what a subscription got to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// How many events failed and are set aside.
    pub failed_events: u64,
    /// How many events stand behind those that failed.
    pub waiting_events: u64,
    /// How many keys stand still.
    pub parked_keys: u64,
    /// How many events were left out since the subscription was started here.
    pub skipped_events: u64,
    /// The first of those that failed and are set aside, in the order of the log.
    pub first: Option<FailedEvent>,
}

impl SetAside {
    /// Whether everything was handled.
    pub fn is_empty(&self) -> bool {
        let Self { failed_events, waiting_events, parked_keys, skipped_events, first: _ } = self;
        [failed_events, waiting_events, parked_keys, skipped_events].into_iter().all(|it| *it == 0)
    }
}

impl std::fmt::Display for SetAside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { failed_events, waiting_events, skipped_events, .. } = self;
        write!(f, "events set aside: {failed_events} failed, {waiting_events} waiting")?;
        if *skipped_events > 0 {
            write!(f, "; left out: {skipped_events}")?;
        }
        self.first.as_ref().map_or(Ok(()), |first| write!(f, "; first: {first}"))
    }
}
