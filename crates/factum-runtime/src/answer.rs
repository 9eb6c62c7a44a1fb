//! What loading and executing answer.

use std::sync::Arc;

use factum_core::{Aggregate, Position, Revision, SchemaVersion};

use crate::Analytics;

/// A state as the log has it. `Debug` withholds the state.
pub struct Loaded<A> {
    /// The state; the initial one if the stream has no events.
    pub state: Arc<A>,
    /// The last event that is part of it; `None` if the stream has no events.
    pub revision: Option<Revision>,
    /// That event's place in the log; [`Position::START`] if the stream has no events.
    pub position: Position,
    /// How many events were read to get there.
    pub replayed: u64,
    /// What a snapshot contributed.
    pub snapshot: SnapshotUse,
    /// The entity's events counted, if the repository counts them.
    pub analytics: Option<Analytics>,
}

impl<A> Loaded<A> {
    /// Whether the stream has events.
    pub fn exists(&self) -> bool {
        self.revision.is_some()
    }
}

impl<A> std::fmt::Debug for Loaded<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded")
            .field("revision", &self.revision)
            .field("position", &self.position)
            .field("replayed", &self.replayed)
            .field("snapshot", &self.snapshot)
            .finish_non_exhaustive()
    }
}

impl<A> Clone for Loaded<A> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            revision: self.revision,
            position: self.position,
            replayed: self.replayed,
            snapshot: self.snapshot.clone(),
            analytics: self.analytics.clone(),
        }
    }
}

/// What a snapshot contributed to a state.
///
/// A snapshot that cannot be used costs the replay of the whole stream and is reported here and as
/// a warning; it is never an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotUse {
    /// There was none, or snapshots are off.
    #[default]
    None,
    /// The state began with the snapshot at this revision.
    Began(Revision),
    /// It was written in another shape than this program's, older or newer.
    OtherVersion {
        /// The snapshot's shape.
        found: SchemaVersion,
        /// This program's shape.
        expected: SchemaVersion,
    },
    /// It could not be read, or its store could not; the text says why.
    Unreadable(String),
    /// The log has no such event: the snapshot belongs to another history.
    Foreign,
    /// It lacks the counts that the repository keeps.
    WithoutAnalytics,
}

/// What executing a command did. `Debug` withholds the events and the state.
pub struct Executed<A: Aggregate> {
    /// The new events, in order; none is fine.
    pub events: Vec<A::Event>,
    /// The state after them.
    pub state: Arc<A>,
    /// The last event that is part of it; `None` if the stream has no events.
    pub revision: Option<Revision>,
    /// The place in the log of the last new event. Without new events, that of the stream's last
    /// one; [`Position::START`] if it has none.
    pub position: Position,
    /// Whether this is the answer to a command id that was executed before; nothing was decided
    /// and nothing stored now, and `state` is the one after that first time.
    pub repeated: bool,
    /// The entity's events counted, if the repository counts them.
    pub analytics: Option<Analytics>,
}

impl<A: Aggregate> std::fmt::Debug for Executed<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executed")
            .field("events", &self.events.len())
            .field("revision", &self.revision)
            .field("position", &self.position)
            .field("repeated", &self.repeated)
            .finish_non_exhaustive()
    }
}

/// What executing a decision did. `Debug` withholds the events.
pub struct Decided<E> {
    /// The new events, in order; none is fine.
    pub events: Vec<E>,
    /// The place in the log of the last new event. Without new events, the end of the log that
    /// the decision was made on.
    pub position: Position,
    /// Whether this is the answer to a command id that was executed before; nothing was decided
    /// and nothing stored now.
    pub repeated: bool,
}

impl<E> std::fmt::Debug for Decided<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decided")
            .field("events", &self.events.len())
            .field("position", &self.position)
            .field("repeated", &self.repeated)
            .finish()
    }
}
