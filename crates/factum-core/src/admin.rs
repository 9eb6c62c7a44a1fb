//! Streams as a whole: looking them up, listing, deleting, truncating.

use async_trait::async_trait;

use crate::limits::PAGE_MAX;
use crate::{
    AppendError, Appended, Category, Claim, Codec, EventId, EventType, Expected, NewEvent,
    Position, Principal, Revision, StoreError, StoreErrorKind, StreamId, TenantId, Timestamp,
};

/// What is known of a stream without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name.
    pub stream: StreamId,
    /// The first revision that is still read; above zero after a truncation.
    pub first: Revision,
    /// The last revision.
    pub last: Revision,
    /// The position of the last event.
    pub last_position: Position,
    /// Whether it was tombstoned.
    pub tombstoned: bool,
}

/// A category and how many streams it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryInfo {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name.
    pub category: Category,
    /// How many streams it has, tombstoned ones included.
    pub streams: u64,
}

/// One page of a stream listing, ordered by tenant, then by name, bytewise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamList {
    /// Only this category.
    pub category: Option<Category>,
    /// Exclusive: continue after this stream of the page before.
    pub after: Option<(TenantId, StreamId)>,
    /// Most streams to return, 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
    pub limit: usize,
}

impl Default for StreamList {
    /// The first 1,000 streams.
    fn default() -> Self {
        Self { category: None, after: None, limit: 1_000 }
    }
}

/// One page of a category listing, ordered by tenant, then by name, bytewise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryList {
    /// Exclusive: continue after this category of the page before.
    pub after: Option<(TenantId, Category)>,
    /// Most categories to return, 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
    pub limit: usize,
}

impl Default for CategoryList {
    /// The first 1,000 categories.
    fn default() -> Self {
        Self { after: None, limit: 1_000 }
    }
}

/// How the record of a deletion or truncation is written.
///
/// The act is an event like any other: it has an id and a time, takes a position, and says who
/// did it and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminRecord {
    /// The id of the recording event.
    pub id: EventId,
    /// Who acted.
    pub principal: Option<Principal>,
    /// Why, in words.
    pub reason: String,
    /// See [`NewEvent::recorded_at`](crate::NewEvent::recorded_at).
    pub recorded_at: Option<Timestamp>,
}

impl AdminRecord {
    /// A record with this id and reason.
    pub fn new(id: EventId, reason: impl Into<String>) -> Self {
        Self { id, principal: None, reason: reason.into(), recorded_at: None }
    }
}

/// The port for streams as a whole.
///
/// Whatever names a stream or a claim needs a handle of one tenant; on a handle of all tenants it
/// fails as [`Invalid`](crate::StoreErrorKind::Invalid). Listings work on both.
#[async_trait]
pub trait StreamAdmin: Send + Sync + 'static {
    /// What is known of a stream; `None` if it never had an event.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store cannot be read.
    async fn stream(&self, stream: &StreamId) -> Result<Option<StreamInfo>, StoreError>;

    /// A page of streams, tombstoned ones included. Fewer than the limit means the last page.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded) for a limit out of range.
    async fn streams(&self, list: StreamList) -> Result<Vec<StreamInfo>, StoreError>;

    /// A page of categories. Fewer than the limit means the last page.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded) for a limit out of range.
    async fn categories(&self, list: CategoryList) -> Result<Vec<CategoryInfo>, StoreError>;

    /// The stream that holds a unique value, if any does.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store cannot be read.
    async fn claim_owner(&self, claim: &Claim) -> Result<Option<StreamId>, StoreError>;

    /// Deletes a stream: it refuses appends, reads as deleted, and lets go of its claims and its
    /// snapshots.
    ///
    /// Nothing is removed from the log: positions stay, and the act is recorded as the stream's
    /// last event, of type [`STREAM_TOMBSTONED`](crate::EventType::STREAM_TOMBSTONED).
    ///
    /// # Errors
    ///
    /// As [`EventStore::append`](crate::EventStore::append); also
    /// [`StreamUnknown`](crate::Refusal::StreamUnknown) and
    /// [`StreamDeleted`](crate::Refusal::StreamDeleted).
    async fn tombstone(
        &self,
        stream: &StreamId,
        expected: Expected,
        record: AdminRecord,
    ) -> Result<Appended, AppendError>;

    /// Hides the events of a stream before `first` from reads of that stream.
    ///
    /// Nothing is removed from the log: the act is recorded as an event of the stream, of type
    /// [`STREAM_TRUNCATED`](crate::EventType::STREAM_TRUNCATED).
    ///
    /// # Errors
    ///
    /// As [`tombstone`](StreamAdmin::tombstone); also
    /// [`TruncateOutOfRange`](crate::Refusal::TruncateOutOfRange) unless the stream's first
    /// readable revision ≤ `first` ≤ its last revision.
    async fn truncate_before(
        &self,
        stream: &StreamId,
        first: Revision,
        record: AdminRecord,
    ) -> Result<Appended, AppendError>;
}

/// The event that records an act on a stream; for stores.
///
/// # Panics
///
/// If `event_type` is none of the constants of [`EventType`].
pub fn record_event(
    event_type: &str,
    record: &AdminRecord,
    payload: &serde_json::Value,
) -> NewEvent {
    let event_type = EventType::new(event_type).expect("the log's own types have valid names");
    let mut event = NewEvent::new(record.id, event_type, Codec::Json, payload.to_string());
    event.principal.clone_from(&record.principal);
    event.recorded_at = record.recorded_at;
    event
}

/// Checks the limit of a listing; for stores.
///
/// # Errors
///
/// [`StoreErrorKind::LimitExceeded`] unless it is 1 to [`PAGE_MAX`].
pub fn check_limit(limit: usize) -> Result<(), StoreError> {
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(());
    }
    let message = format!("expected a limit of 1 to {PAGE_MAX}, found {limit}");
    Err(StoreError::new(StoreErrorKind::LimitExceeded, "list", message))
}
