//! States of the past, and what changed between two of them.

use factum_core::{Aggregate, Position, Revision, StreamId, Timestamp};
use json_patch::Patch;
use serde::Serialize;

use crate::load::Until;
use crate::{LoadError, Loaded, Repository};

/// A moment in an entity's past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Right after the event with this revision; the present state if there is none yet.
    Revision(Revision),
    /// When the log was this long.
    Position(Position),
    /// At this time: before the first event, in the order of the stream, that was recorded later.
    /// Clocks never order events, so an event with an earlier time that follows a later one
    /// counts as later.
    Time(Timestamp),
    /// Before the first event.
    Beginning,
    /// The present state.
    Now,
}

impl<A: Aggregate> Repository<A> {
    /// The state of an entity as it was.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    ///
    /// # Errors
    ///
    /// As [`Repository::load`].
    pub async fn load_at(&self, id: impl AsRef<str>, at: At) -> Result<Loaded<A>, LoadError> {
        let stream = self.stream(id)?;
        self.past(&stream, at).await
    }

    /// What changed in an entity's state from one moment to another, as a JSON patch (RFC 6902).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    ///
    /// # Errors
    ///
    /// As [`Repository::load`], and [`LoadError::NotJson`] if a state cannot be written as JSON.
    pub async fn diff(&self, id: impl AsRef<str>, from: At, to: At) -> Result<Patch, LoadError>
    where
        A: Serialize,
    {
        let stream = self.stream(id)?;
        let not_json = |error: serde_json::Error| LoadError::NotJson(error.to_string());
        let before = self.past(&stream, from).await?;
        let before = serde_json::to_value(&*before.state).map_err(not_json)?;
        let after = self.past(&stream, to).await?;
        let after = serde_json::to_value(&*after.state).map_err(not_json)?;
        Ok(json_patch::diff(&before, &after))
    }

    async fn past(&self, stream: &StreamId, at: At) -> Result<Loaded<A>, LoadError> {
        let until = match at {
            At::Revision(revision) => Until::Revision(revision),
            At::Position(position) => Until::Position(position),
            At::Time(time) => Until::Time(time),
            At::Beginning => return Ok(self.loader().initial()),
            At::Now => Until::End,
        };
        self.loader().load(stream, until).await
    }
}
