//! Events: as they are appended, and as they are recorded.

use bytes::Bytes;

use crate::{
    CausationId, ClaimChange, Codec, CorrelationId, EventId, EventType, Metadata, Position,
    Principal, Revision, SchemaVersion, StreamId, Tags, TenantId, Timestamp,
};

/// A domain fact to be appended. `Debug` shows everything but the payload.
///
/// # Examples
///
/// ```
/// use factum_core::{Codec, EventType, IdSource, NewEvent, RandomIds};
///
/// let opened = NewEvent::new(
///     RandomIds.next_id(),
///     EventType::new("account.opened")?,
///     Codec::Json,
///     r#"{"owner":"ann"}"#,
/// );
/// assert_eq!(opened.schema_version.get(), 1);
/// # Ok::<(), factum_core::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The event's identity; the caller keeps it unique.
    pub id: EventId,
    /// What kind of fact it is.
    pub event_type: EventType,
    /// The shape the payload is written in.
    pub schema_version: SchemaVersion,
    /// How the payload is encoded.
    pub codec: Codec,
    /// The encoded fact.
    pub payload: Bytes,
    /// What the event is about, for queries.
    pub tags: Tags,
    /// Unique values it takes and releases, in order.
    pub claims: Vec<ClaimChange>,
    /// What it belongs to.
    pub correlation: Option<CorrelationId>,
    /// What caused it.
    pub causation: Option<CausationId>,
    /// Who acted.
    pub principal: Option<Principal>,
    /// Further facts about it.
    pub metadata: Metadata,
    /// When it was recorded in the log it is copied from. `None`, for every event that is new,
    /// takes the store's clock; imports and migrations keep the source's time here.
    pub recorded_at: Option<Timestamp>,
}

impl NewEvent {
    /// An event without tags, claims, context or metadata, in the first shape of its type.
    pub fn new(
        id: EventId,
        event_type: EventType,
        codec: Codec,
        payload: impl Into<Bytes>,
    ) -> Self {
        Self {
            id,
            event_type,
            schema_version: SchemaVersion::FIRST,
            codec,
            payload: payload.into(),
            tags: Tags::default(),
            claims: Vec::new(),
            correlation: None,
            causation: None,
            principal: None,
            metadata: Metadata::default(),
            recorded_at: None,
        }
    }

    /// What the event counts towards the size limits: payload, tags, claims, context and metadata,
    /// in bytes.
    pub fn bytes(&self) -> usize {
        let context = self.correlation.as_ref().map_or(0, |it| it.as_str().len())
            + self.causation.as_ref().map_or(0, |it| it.as_str().len())
            + self.principal.as_ref().map_or(0, |it| it.as_str().len());
        self.payload.len() + said_bytes(&self.tags, &self.claims, &self.metadata) + context
    }

    /// The event as it stands in the log once it has its place there.
    pub fn into_recorded(self, place: Place) -> RecordedEvent {
        RecordedEvent {
            position: place.position,
            tenant: place.tenant,
            stream: place.stream,
            revision: place.revision,
            recorded_at: self.recorded_at.unwrap_or(place.now),
            id: self.id,
            event_type: self.event_type,
            schema_version: self.schema_version,
            codec: self.codec,
            payload: self.payload,
            tags: self.tags,
            claims: self.claims,
            correlation: self.correlation,
            causation: self.causation,
            principal: self.principal,
            metadata: self.metadata,
        }
    }
}

fn said_bytes(tags: &Tags, claims: &[ClaimChange], metadata: &Metadata) -> usize {
    let tags: usize = tags.iter().map(|tag| tag.as_str().len()).sum();
    let claims: usize = claims.iter().map(claim_bytes).sum();
    let metadata: usize = metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    tags + claims + metadata
}

fn claim_bytes(change: &ClaimChange) -> usize {
    change.claim().name().len() + change.claim().value().len()
}

impl std::fmt::Debug for NewEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewEvent")
            .field("id", &self.id)
            .field("event_type", &self.event_type)
            .field("schema_version", &self.schema_version)
            .field("codec", &self.codec)
            .field("payload_bytes", &self.payload.len())
            .field("tags", &self.tags)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

/// Where and when an event was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its place in the whole log.
    pub position: Position,
    /// Whose it is.
    pub tenant: TenantId,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place in the stream.
    pub revision: Revision,
    /// The store's time at the append.
    pub now: Timestamp,
}

/// A domain fact with its envelope, as the log keeps it for ever. `Debug` withholds the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Place in the whole log.
    pub position: Position,
    /// Whose it is.
    pub tenant: TenantId,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Place in the stream.
    pub revision: Revision,
    /// When it was recorded; for imported events, when the source recorded it.
    pub recorded_at: Timestamp,
    /// The event's identity.
    pub id: EventId,
    /// What kind of fact it is.
    pub event_type: EventType,
    /// The shape the payload is written in.
    pub schema_version: SchemaVersion,
    /// How the payload is encoded.
    pub codec: Codec,
    /// The encoded fact.
    pub payload: Bytes,
    /// What the event is about.
    pub tags: Tags,
    /// Unique values it took and released.
    pub claims: Vec<ClaimChange>,
    /// What it belongs to.
    pub correlation: Option<CorrelationId>,
    /// What caused it.
    pub causation: Option<CausationId>,
    /// Who acted.
    pub principal: Option<Principal>,
    /// Further facts about it.
    pub metadata: Metadata,
}

impl RecordedEvent {
    /// What the event counts towards the size limits; see [`NewEvent::bytes`].
    pub fn bytes(&self) -> usize {
        let context = self.correlation.as_ref().map_or(0, |it| it.as_str().len())
            + self.causation.as_ref().map_or(0, |it| it.as_str().len())
            + self.principal.as_ref().map_or(0, |it| it.as_str().len());
        self.payload.len() + said_bytes(&self.tags, &self.claims, &self.metadata) + context
    }

    /// The event to append elsewhere so that the copy has the same id, time and content.
    pub fn into_new(self) -> NewEvent {
        NewEvent {
            id: self.id,
            event_type: self.event_type,
            schema_version: self.schema_version,
            codec: self.codec,
            payload: self.payload,
            tags: self.tags,
            claims: self.claims,
            correlation: self.correlation,
            causation: self.causation,
            principal: self.principal,
            metadata: self.metadata,
            recorded_at: Some(self.recorded_at),
        }
    }
}

impl std::fmt::Debug for RecordedEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordedEvent")
            .field("position", &self.position)
            .field("tenant", &self.tenant)
            .field("stream", &self.stream)
            .field("revision", &self.revision)
            .field("recorded_at", &self.recorded_at)
            .field("id", &self.id)
            .field("event_type", &self.event_type)
            .field("payload_bytes", &self.payload.len())
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}
