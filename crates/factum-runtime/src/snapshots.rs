//! When to take snapshots, what is in them, and how they are written behind the caller's back.

mod writer;

use std::sync::Arc;

use factum_core::codec::{DecodeError, EncodeError, Payload, encode_value};
use factum_core::{
    Aggregate, Clock, Codec, InvalidName, Revision, SchemaVersion, SharedStore, Snapshot,
    SnapshotKind, StoreError, StreamId,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use self::writer::{Job, SnapshotWriter};
use crate::load::Until;
use crate::{Analytics, Loaded, SnapshotUse};

/// When to take snapshots, and in which shape.
///
/// # Examples
///
/// ```
/// use factum_runtime::Snapshots;
///
/// // Whenever the number of events crosses a multiple of 100; the state is in its second shape.
/// let policy = Snapshots::every(100).version(2).keep_last(3);
/// # drop(policy);
/// ```
#[derive(Clone, Debug)]
pub struct Snapshots {
    every: Option<u64>,
    replayed_max: Option<u64>,
    schema_version: SchemaVersion,
    codec: Codec,
    keep_last: Option<usize>,
    kind: Option<SnapshotKind>,
    store: Option<SharedStore>,
}

/// How many snapshots are looked at for one that can be used.
const LOOKED_AT_MAX: usize = 4;

impl Snapshots {
    /// Takes one when a command brings the number of a stream's events to or across a multiple of
    /// `events`; several events at once cannot step over it. 0 counts as 1.
    pub fn every(events: u64) -> Self {
        Self { every: Some(events.max(1)), ..Self::never() }
    }

    /// Takes one when a command had to read more than `events` events to load its state.
    pub fn after_replaying(events: u64) -> Self {
        Self { replayed_max: Some(events), ..Self::never() }
    }

    fn never() -> Self {
        Self {
            every: None,
            replayed_max: None,
            schema_version: SchemaVersion::FIRST,
            codec: Codec::Json,
            keep_last: None,
            kind: None,
            store: None,
        }
    }

    /// Takes one, too, when a command had to read more than `events` events to load its state.
    #[must_use]
    pub fn or_after_replaying(mut self, events: u64) -> Self {
        self.replayed_max = Some(events);
        self
    }

    /// The version of the state's shape, 1 unless said otherwise. Raise it when a stored state
    /// would no longer read right; snapshots of another version are not used.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.schema_version = SchemaVersion::new(version);
        self
    }

    /// Writes them as CBOR instead of JSON.
    #[must_use]
    pub fn cbor(mut self) -> Self {
        self.codec = Codec::Cbor;
        self
    }

    /// Deletes all but the newest `snapshots` of a stream whenever one is taken; 0 counts as 1.
    #[must_use]
    pub fn keep_last(mut self, snapshots: usize) -> Self {
        self.keep_last = Some(snapshots.max(1));
        self
    }

    /// Names the kind of state, where several deciders fold streams of one category.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if `kind` is none.
    pub fn kind(mut self, kind: &str) -> Result<Self, InvalidName> {
        self.kind = Some(SnapshotKind::new(kind)?);
        Ok(self)
    }

    /// Keeps them apart from the log, for each tenant its own. If the store's handle is of one
    /// tenant, others have no snapshots.
    #[must_use]
    pub fn in_store(mut self, store: SharedStore) -> Self {
        self.store = Some(store);
        self
    }

    /// Whether a stream that went from `before` to `after` events is due.
    fn is_due(&self, before: u64, after: u64, replayed: u64) -> bool {
        let crossed = self.every.is_some_and(|every| before / every < after / every);
        let costly = self.replayed_max.is_some_and(|most| replayed > most);
        after > 0 && (crossed || costly)
    }
}

/// A repository's snapshots: the policy, and how its state is written and read.
pub(crate) struct SnapshotSettings<A> {
    policy: Snapshots,
    kind: SnapshotKind,
    encode: Encode<A>,
    decode: Decode<A>,
    pub(crate) writer: SnapshotWriter,
}

// Pointers to code that knows how the state is written, so that nothing else has to.
type Encode<A> = fn(&A, Option<&Analytics>, Codec, &mut Vec<u8>) -> Result<(), EncodeError>;
type Decode<A> = fn(Payload<'_>) -> Result<(A, Option<Analytics>), DecodeError>;

/// What a snapshot's payload holds.
#[derive(Serialize)]
struct Written<'a, A> {
    state: &'a A,
    #[serde(skip_serializing_if = "Option::is_none")]
    analytics: Option<&'a Analytics>,
}

#[derive(Deserialize)]
struct Read<A> {
    state: A,
    #[serde(default)]
    analytics: Option<Analytics>,
}

impl<A: Aggregate> SnapshotSettings<A> {
    pub(crate) fn new(policy: Snapshots) -> Result<Self, InvalidName>
    where
        A: Serialize + DeserializeOwned,
    {
        let kind = match &policy.kind {
            Some(kind) => kind.clone(),
            None => SnapshotKind::new(A::CATEGORY)?,
        };
        Ok(Self {
            kind,
            encode: |state, analytics, codec, out| {
                encode_value(&Written { state, analytics }, codec, out)
            },
            decode: |payload| {
                let read: Read<A> = payload.value()?;
                Ok((read.state, read.analytics))
            },
            writer: SnapshotWriter::default(),
            policy,
        })
    }

    /// Where this log's snapshots are: in the log, or in a store apart, for the log's tenant.
    fn store(&self, log: &SharedStore) -> Result<SharedStore, StoreError> {
        match (&self.policy.store, log.scope().tenant()) {
            (Some(own), Some(tenant)) => own.for_tenant(tenant),
            (Some(own), None) => Ok(Arc::clone(own)), // Refuses by itself.
            (None, _) => Ok(Arc::clone(log)),
        }
    }

    /// The newest state that can be begun with, or why the newest one cannot.
    ///
    /// A few older ones are looked at: after a change of the shape, or one that is damaged, they
    /// may do, and a truncated stream may have nothing else.
    pub(crate) async fn latest(
        &self,
        log: &SharedStore,
        stream: &StreamId,
        until: Until,
        analytics: bool,
    ) -> Result<Loaded<A>, SnapshotUse> {
        let mut through = match until {
            Until::Revision(revision) => Some(revision),
            Until::End | Until::Position(_) => None,
            Until::Time(_) => return Err(SnapshotUse::None), // Events decide what time it was.
        };
        let store = self.store(log).map_err(|it| SnapshotUse::Unreadable(it.to_string()))?;
        let mut unused = SnapshotUse::None;
        for _ in 0..LOOKED_AT_MAX {
            let found = store.latest_snapshot(stream, &self.kind, through).await;
            let snapshot = match found {
                Ok(None) => break,
                Ok(Some(snapshot)) => snapshot,
                Err(error) => {
                    unused = SnapshotUse::Unreadable(error.to_string());
                    break;
                }
            };
            if !is_later(&snapshot, until) {
                match self.read(&snapshot, analytics) {
                    Ok(loaded) => return Ok(loaded),
                    Err(why) if unused == SnapshotUse::None => unused = why,
                    Err(_) => {}
                }
            }
            match snapshot.revision.get().checked_sub(1) {
                Some(before) => through = Some(Revision::new(before)),
                None => break,
            }
        }
        if unused != SnapshotUse::None {
            tracing::warn!(%stream, why = ?unused, "snapshot not used");
        }
        Err(unused)
    }

    fn read(&self, snapshot: &Snapshot, analytics: bool) -> Result<Loaded<A>, SnapshotUse> {
        let (found, expected) = (snapshot.schema_version, self.policy.schema_version);
        if found != expected {
            return Err(SnapshotUse::OtherVersion { found, expected });
        }
        let payload = Payload::Bytes { codec: snapshot.codec, bytes: &snapshot.payload };
        let (state, counted) =
            (self.decode)(payload).map_err(|error| SnapshotUse::Unreadable(error.to_string()))?;
        if analytics && counted.is_none() {
            return Err(SnapshotUse::WithoutAnalytics);
        }
        Ok(Loaded {
            state: Arc::new(state),
            revision: Some(snapshot.revision),
            position: snapshot.position,
            replayed: 0,
            snapshot: SnapshotUse::Began(snapshot.revision),
            analytics: counted.filter(|_| analytics),
        })
    }

    /// Hands the state to the writer if a snapshot is due. `before` and `replayed` describe what
    /// the command found, `after` what it left.
    pub(crate) fn offer(
        self: &Arc<Self>,
        log: &SharedStore,
        stream: &StreamId,
        (before, replayed): (u64, u64),
        after: &Loaded<A>,
        clock: &dyn Clock,
    ) {
        let Some(revision) = after.revision else { return };
        if self.policy.is_due(before, revision.get() + 1, replayed) {
            let store = match self.store(log) {
                Ok(store) => store,
                Err(error) => return tracing::warn!(%stream, %error, "snapshot not taken"),
            };
            let (stream, taken_at) = (stream.clone(), clock.now());
            let job = Job { store, stream, loaded: after.clone(), revision, taken_at };
            self.writer.offer(Arc::clone(self), job);
        }
    }
}

fn is_later(snapshot: &Snapshot, until: Until) -> bool {
    matches!(until, Until::Position(position) if snapshot.position > position)
}

impl<A> std::fmt::Debug for SnapshotSettings<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotSettings").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Snapshots;

    #[test]
    fn a_multiple_is_never_stepped_over() {
        let policy = Snapshots::every(10);
        assert!(policy.is_due(9, 10, 0), "reached");
        assert!(policy.is_due(8, 13, 0), "crossed");
        assert!(policy.is_due(8, 31, 0), "crossed several");
        assert!(!policy.is_due(10, 19, 0), "between two");
        assert!(!policy.is_due(10, 10, 0), "no new events");
        assert!(!policy.is_due(0, 0, 0), "no events at all");
    }

    #[test]
    fn costly_replays_are_due() {
        let policy = Snapshots::every(1_000).or_after_replaying(50);
        assert!(policy.is_due(60, 61, 60) && policy.is_due(60, 60, 60));
        assert!(!policy.is_due(50, 51, 50));
    }
}
