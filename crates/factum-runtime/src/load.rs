//! A state from the log: from the beginning, or from an earlier state and what came after it.

use std::sync::Arc;

use factum_core::{
    Aggregate, EventError, Position, RecordedEvent, Registry, Revision, SharedStore, StreamId,
    StreamRead, Timestamp,
};
use futures::TryStreamExt;

use crate::fold::fold;
use crate::snapshots::SnapshotSettings;
use crate::{Analytics, LoadError, Loaded, SnapshotUse};

/// How far to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    End,
    Revision(Revision),
    Position(Position),
    Time(Timestamp),
}

/// What loading needs to know.
pub(crate) struct Loader<'a, A: Aggregate> {
    pub(crate) store: &'a SharedStore,
    pub(crate) registry: &'a Registry,
    pub(crate) snapshots: Option<&'a SnapshotSettings<A>>,
    pub(crate) analytics: bool,
}

/// Why a state could not be brought forward.
enum AdvanceError {
    /// The state is not one of this stream's past: its last event is not there.
    Foreign,
    Load(LoadError),
}

impl<T: Into<LoadError>> From<T> for AdvanceError {
    fn from(error: T) -> Self {
        Self::Load(error.into())
    }
}

impl<A: Aggregate> Loader<'_, A> {
    /// The state of `stream`, as far as asked for.
    pub(crate) async fn load(
        &self,
        stream: &StreamId,
        until: Until,
    ) -> Result<Loaded<A>, LoadError> {
        self.load_seeing(stream, until, until, |_, _| {}).await
    }

    /// As [`Loader::load`]; `see` gets every event of the domain after `unseen`, with its record.
    pub(crate) async fn load_seeing(
        &self,
        stream: &StreamId,
        unseen: Until,
        until: Until,
        mut see: impl FnMut(&RecordedEvent, A::Event) + Send,
    ) -> Result<Loaded<A>, LoadError> {
        let start = match self.snapshots {
            Some(snapshots) => snapshots.latest(self.store, stream, unseen, self.analytics).await,
            None => Err(SnapshotUse::None),
        };
        let unused = match start {
            Ok(start) => match self.advance(stream, start, until, &mut see).await {
                Ok(loaded) => return Ok(loaded),
                Err(AdvanceError::Load(error)) => return Err(error),
                Err(AdvanceError::Foreign) => {
                    tracing::warn!(%stream, "a snapshot belongs to another history; replaying");
                    SnapshotUse::Foreign
                }
            },
            Err(unused) => unused,
        };
        let start = Loaded { snapshot: unused, ..self.initial() };
        match self.advance(stream, start, until, see).await {
            Ok(loaded) => Ok(loaded),
            Err(AdvanceError::Load(error)) => Err(error),
            Err(AdvanceError::Foreign) => unreachable!("the initial state has no last event"),
        }
    }

    /// A kept state brought forward; loaded afresh if the log does not have its last event.
    pub(crate) async fn forward(
        &self,
        stream: &StreamId,
        kept: Loaded<A>,
    ) -> Result<Loaded<A>, LoadError> {
        match self.advance(stream, kept, Until::End, |_, _| {}).await {
            Ok(loaded) => Ok(loaded),
            Err(AdvanceError::Load(error)) => Err(error),
            Err(AdvanceError::Foreign) => self.load(stream, Until::End).await,
        }
    }

    /// The state before the first event.
    pub(crate) fn initial(&self) -> Loaded<A> {
        Loaded {
            state: Arc::new(A::default()),
            revision: None,
            position: Position::START,
            replayed: 0,
            snapshot: SnapshotUse::None,
            analytics: self.analytics.then(Analytics::default),
        }
    }

    async fn advance(
        &self,
        stream: &StreamId,
        mut loaded: Loaded<A>,
        until: Until,
        mut see: impl FnMut(&RecordedEvent, A::Event) + Send,
    ) -> Result<Loaded<A>, AdvanceError> {
        // An earlier state's own last event is read again, to see that it is still that event.
        let mut joint = loaded.revision.map(|revision| (revision, loaded.position));
        loaded.replayed = 0;
        let mut pages = self.store.read_stream(request(stream, loaded.revision, until));
        while let Some(page) = pages.try_next().await? {
            let mut events = &page.events[..];
            if let Some((revision, position)) = joint.take_if(|_| !events.is_empty()) {
                events = after_joint(events, revision, position)?;
            }
            let (events, is_last) = through(events, until);
            self.take(&mut loaded, events, &mut see)?;
            if is_last {
                break;
            }
        }
        drop(pages);
        match joint {
            Some(_) if until == Until::End => Err(AdvanceError::Foreign),
            None if loaded.revision.is_some() || until == Until::End => Ok(loaded),
            _ => self.ended_before(stream, loaded).await,
        }
    }

    /// Nothing was read of a past that was asked for: it may be that there was nothing yet, or
    /// that it was truncated.
    async fn ended_before(
        &self,
        stream: &StreamId,
        loaded: Loaded<A>,
    ) -> Result<Loaded<A>, AdvanceError> {
        let oldest = self.store.stream(stream).await?.map_or(Revision::FIRST, |info| info.first);
        match loaded.revision {
            // The state's own last event is gone, and with it the events that it stands for.
            Some(revision) if oldest > revision => Ok(loaded),
            Some(_) => Err(AdvanceError::Foreign),
            None if oldest == Revision::FIRST => Ok(loaded),
            None => {
                let (stream, expected) = (stream.clone(), Revision::FIRST);
                Err(LoadError::Truncated { stream, expected, found: oldest }.into())
            }
        }
    }

    /// Takes a run of events into the state.
    fn take(
        &self,
        loaded: &mut Loaded<A>,
        events: &[RecordedEvent],
        see: &mut (impl FnMut(&RecordedEvent, A::Event) + Send),
    ) -> Result<(), LoadError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
        let expected = loaded.revision.map_or(Revision::FIRST, Revision::next);
        if first.revision != expected {
            let (stream, found) = (first.stream.clone(), first.revision);
            return Err(LoadError::Truncated { stream, expected, found });
        }
        let state = Arc::get_mut(&mut loaded.state).expect("a state being loaded is not shared");
        fold(events, |event| -> Result<(), EventError> {
            self.registry.decode(event, |decoded: A::Event| {
                state.apply(&decoded);
                see(event, decoded);
            })?;
            if let Some(analytics) = &mut loaded.analytics {
                analytics.note(event);
            }
            Ok(())
        })?;
        loaded.replayed += events.len() as u64;
        (loaded.revision, loaded.position) = (Some(last.revision), last.position);
        Ok(())
    }
}

fn request(stream: &StreamId, from: Option<Revision>, until: Until) -> StreamRead {
    let mut request = StreamRead { from, ..StreamRead::forward(stream.clone()) };
    match until {
        Until::End | Until::Time(_) => {}
        Until::Position(position) => request.through = Some(position),
        Until::Revision(last) => {
            let first = from.map_or(0, Revision::get);
            // At most this many; `through` knows which.
            request.limit = Some(last.get().saturating_add(1).saturating_sub(first).max(1));
        }
    }
    request
}

/// What follows the last event of an earlier state.
///
/// The event itself may have been truncated, which a snapshot is there to allow.
fn after_joint(
    events: &[RecordedEvent],
    revision: Revision,
    position: Position,
) -> Result<&[RecordedEvent], AdvanceError> {
    match events {
        [joint, rest @ ..] if joint.revision == revision && joint.position == position => Ok(rest),
        [first, ..] if first.revision == revision.next() && first.position > position => Ok(events),
        _ => Err(AdvanceError::Foreign),
    }
}

/// The events before the first one that is too late, and whether there is one. Times never order
/// events, so what comes after a later one in the stream is left out too.
fn through(events: &[RecordedEvent], until: Until) -> (&[RecordedEvent], bool) {
    let is_late = |event: &RecordedEvent| match until {
        Until::Time(time) => event.recorded_at > time,
        Until::Revision(last) => event.revision > last,
        Until::End | Until::Position(_) => false, // The read ends by itself.
    };
    match events.iter().position(is_late) {
        Some(end) => (&events[..end], true),
        None => (events, false),
    }
}
