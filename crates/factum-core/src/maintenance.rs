//! The store as a whole: its size, its health, its integrity, its copies.

use std::path::Path;

use async_trait::async_trait;

use crate::{Digest, Position, StoreError};

/// How much a store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStats {
    /// The newest position.
    pub head: Position,
    /// Events the handle sees.
    pub events: u64,
    /// Streams the handle sees.
    pub streams: u64,
    /// Different event types.
    pub event_types: u64,
    /// Different tags.
    pub tags: u64,
    /// Unique values held.
    pub claims: u64,
    /// Commands remembered.
    pub commands: u64,
    /// Tenants with events the handle sees.
    pub tenants: u64,
    /// Bytes of storage used by the whole store.
    pub bytes: u64,
    /// Version of the storage format.
    pub format: u32,
}

/// Whether a store works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The newest position, read just now.
    pub head: Position,
    /// Whether the last write that was tried found the store writable.
    pub writable: bool,
    /// What is wrong, in words; empty if nothing is.
    pub problem: String,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many events were checked.
    pub events: u64,
    /// The digest of the events the handle sees.
    pub digest: Digest,
    /// Everything that is wrong, each naming the place; at most 1,000.
    pub findings: Vec<String>,
}

/// The port for looking after a store.
#[async_trait]
pub trait Maintenance: Send + Sync + 'static {
    /// Counts what the store holds.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store cannot be read.
    async fn stats(&self) -> Result<StoreStats, StoreError>;

    /// Tells whether the store can be read and written.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it cannot be read.
    async fn health(&self) -> Result<Health, StoreError>;

    /// Reads everything and checks it: every checksum, every index against the events.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store cannot be read at all; damage is a finding, not an error.
    async fn verify(&self) -> Result<Verified, StoreError>;

    /// Makes the index of claims from the events again. Returns how many claims are held.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; the index is then as it was.
    async fn rebuild_claims(&self) -> Result<u64, StoreError>;

    /// Writes a consistent copy of the whole store, taken while it is in use, to a new file.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::StoreErrorKind::Invalid) if the file exists,
    /// [`Unsupported`](crate::StoreErrorKind::Unsupported) without
    /// [`Capabilities::backup`](crate::Capabilities::backup). No file is left behind on failure.
    async fn backup(&self, to: &Path) -> Result<Position, StoreError>;

    /// Forgets expired commands and gives unused storage back. Returns the bytes freed.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; no event is lost.
    async fn compact(&self) -> Result<u64, StoreError>;
}
