//! Snapshots: a state as it was at a revision, so that loading need not begin at the beginning.

use async_trait::async_trait;
use bytes::Bytes;

use crate::limits::SNAPSHOT_BYTES_MAX;
use crate::name::{check_text, text_name};
use crate::position::check_place;
use crate::{
    Codec, Position, Revision, SchemaVersion, StoreError, StoreErrorKind, StreamId, TenantId,
    Timestamp,
};

text_name!(
    /// What kind of state a snapshot holds; usually the category of the streams.
    SnapshotKind, "snapshot kind", check_text, crate::limits::CATEGORY_BYTES_MAX
);

/// A state as it was right after one event of its stream. `Debug` withholds the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The stream.
    pub stream: StreamId,
    /// What kind of state it is. A stream has snapshots of several kinds if several programs or
    /// deciders fold it.
    pub kind: SnapshotKind,
    /// The last event that is part of the state.
    pub revision: Revision,
    /// That event's place in the log: a snapshot that does not belong to this history is noticed.
    pub position: Position,
    /// The shape the payload is written in.
    pub schema_version: SchemaVersion,
    /// How the payload is encoded.
    pub codec: Codec,
    /// The encoded state, at most [`SNAPSHOT_BYTES_MAX`](crate::limits::SNAPSHOT_BYTES_MAX) bytes.
    pub payload: Bytes,
    /// When it was taken.
    pub taken_at: Timestamp,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("stream", &self.stream)
            .field("kind", &self.kind)
            .field("revision", &self.revision)
            .field("position", &self.position)
            .field("schema_version", &self.schema_version)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// A stored snapshot without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Whose it is.
    pub tenant: TenantId,
    /// The stream.
    pub stream: StreamId,
    /// What kind of state it is.
    pub kind: SnapshotKind,
    /// The last event that is part of the state.
    pub revision: Revision,
    /// That event's place in the log.
    pub position: Position,
    /// The shape the payload is written in.
    pub schema_version: SchemaVersion,
    /// How the payload is encoded.
    pub codec: Codec,
    /// How large the payload is, in bytes.
    pub payload_bytes: u64,
    /// When it was taken.
    pub taken_at: Timestamp,
}

/// Which snapshots to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotList {
    /// Only those of this stream. Without it, those of every stream that the handle sees.
    pub stream: Option<StreamId>,
    /// Only those of this kind.
    pub kind: Option<SnapshotKind>,
    /// Exclusive: the snapshot after which to go on; `None` for the beginning.
    pub after: Option<SnapshotKey>,
    /// Most entries to deliver, 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
    pub limit: usize,
}

/// What a snapshot is listed by: tenant, stream, kind and revision, in this order.
pub type SnapshotKey = (TenantId, StreamId, SnapshotKind, Revision);

impl Default for SnapshotList {
    /// The first 1,000 of all.
    fn default() -> Self {
        Self { stream: None, kind: None, after: None, limit: 1_000 }
    }
}

impl SnapshotInfo {
    /// Where a listing goes on after this entry.
    pub fn key(&self) -> SnapshotKey {
        (self.tenant.clone(), self.stream.clone(), self.kind.clone(), self.revision)
    }
}

impl Snapshot {
    /// Checks the limits that a store has to check before it keeps the snapshot; for stores.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](StoreErrorKind::LimitExceeded) above [`SNAPSHOT_BYTES_MAX`], and for a
    /// revision or position above [`POSITION_MAX`](crate::limits::POSITION_MAX).
    pub fn check(&self) -> Result<(), StoreError> {
        const OPERATION: &str = "save snapshot";
        let whose = |what| format!("stream {}, {what} of a snapshot", self.stream);
        check_place(OPERATION, whose("revision"), self.revision.get())?;
        check_place(OPERATION, whose("position"), self.position.get())?;
        let found = self.payload.len();
        if found <= SNAPSHOT_BYTES_MAX {
            return Ok(());
        }
        let message = format!(
            "stream {}: expected a snapshot of at most {SNAPSHOT_BYTES_MAX} bytes, found {found}",
            self.stream
        );
        Err(StoreError::new(StoreErrorKind::LimitExceeded, OPERATION, message))
    }
}

/// What became of a snapshot that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotSaved {
    /// It is kept.
    Stored,
    /// It is not: one of the same stream, kind and schema version is there that is newer.
    Older {
        /// The revision of the newest one.
        newest: Revision,
    },
}

/// Where snapshots are kept. They are a cache of the log: losing one costs time, never a fact.
///
/// Like the log's, a handle sees one tenant's snapshots, or all of them to list. They may be kept
/// apart from the log they were made from, so a store also takes those of streams that it has no
/// events of.
///
/// A tombstone deletes the snapshots of its stream in the same store, in one step with the
/// deletion: a state does not outlive its stream. A truncation keeps them.
#[async_trait]
pub trait SnapshotStore: Send + Sync + 'static {
    /// Keeps a snapshot, unless one of the same stream, kind and schema version is there that has
    /// a higher revision: whoever was slow does not put back an older state. One of the same
    /// stream, kind and revision is replaced. Snapshots of other schema versions are in nobody's
    /// way, so that programs of two versions may work side by side.
    ///
    /// In a durable store it outlives a reopening. Unlike an event, it may be lost in a crash
    /// after it was acknowledged.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the snapshot may or may not be kept; saving it again is harmless.
    ///
    /// # Errors
    ///
    /// - [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded) above
    ///   [`SNAPSHOT_BYTES_MAX`](crate::limits::SNAPSHOT_BYTES_MAX), and for a revision or position
    ///   above [`POSITION_MAX`](crate::limits::POSITION_MAX); nothing is kept.
    /// - [`StreamDeleted`](crate::StoreErrorKind::StreamDeleted) if the stream was tombstoned in
    ///   this store; nothing is kept.
    /// - [`Invalid`](crate::StoreErrorKind::Invalid) on a handle of all tenants.
    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotSaved, StoreError>;

    /// The snapshot of this stream and kind with the highest revision, of those at or below
    /// `through` if it is given; `None` if there is none.
    ///
    /// # Errors
    ///
    /// - [`Corrupt`](crate::StoreErrorKind::Corrupt) if what is stored was damaged.
    /// - [`Invalid`](crate::StoreErrorKind::Invalid) on a handle of all tenants.
    async fn latest_snapshot(
        &self,
        stream: &StreamId,
        kind: &SnapshotKind,
        through: Option<Revision>,
    ) -> Result<Option<Snapshot>, StoreError>;

    /// Lists snapshots by tenant, stream, kind and revision, names bytewise. Fewer than the limit
    /// means the last page.
    ///
    /// # Errors
    ///
    /// - [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded) for a limit out of range.
    /// - [`Corrupt`](crate::StoreErrorKind::Corrupt) if what is stored was damaged.
    async fn snapshots(&self, list: SnapshotList) -> Result<Vec<SnapshotInfo>, StoreError>;

    /// Deletes the snapshots of a stream, of one kind or of all, except the newest `keep_last` of
    /// each kind, which are those of the highest revisions. Returns how many it deleted.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: they may or may not be deleted; deleting again is harmless.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::StoreErrorKind::Invalid) on a handle of all tenants.
    async fn delete_snapshots(
        &self,
        stream: &StreamId,
        kind: Option<&SnapshotKind>,
        keep_last: usize,
    ) -> Result<u64, StoreError>;
}
