//! What is stored in other words than it was given in: checksums, claim changes and metadata,
//! queries. Golden-tested; a change needs a migration.

use factum_core::{
    CausationId, Claim, ClaimChange, Codec, CorrelationId, EventId, EventType, Metadata, NewEvent,
    Principal, Query, RecordedEvent, SchemaVersion, StreamId, Tag, Tags, TenantId,
};
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Stands between the tags of an event where they travel as one text. No tag contains it.
pub(crate) const TAG_BORDER: char = '\u{1f}';

/// Collects what a checksum covers, part by part, so that no border between two parts can move.
#[derive(Debug, Default)]
pub(crate) struct Checksum(Vec<u8>);

impl Checksum {
    fn number(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(i64::try_from(text.len()).unwrap_or(i64::MAX));
        self.0.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.number(-1),
        }
    }

    /// The checksum of everything so far and of `payload`. Empties the collection.
    fn finish(&mut self, payload: &[u8]) -> i64 {
        let sum = xxh3_64_with_seed(payload, xxh3_64(&self.0)).cast_signed();
        self.0.clear();
        sum
    }

    /// The checksum of an event. Its place is not known when it is handed in and not covered; keys
    /// of the tables guard it.
    pub(crate) fn of_event(&mut self, event: &CoveredEvent<'_>) -> i64 {
        self.text(event.tenant.as_str());
        self.text(event.stream.as_str());
        self.text(event.event_type.as_str());
        self.number(event.recorded_at);
        self.0.extend_from_slice(event.id.as_bytes());
        self.number(event.schema_version.get().into());
        self.number(event.codec.number().into());
        event.tags.iter().for_each(|tag| self.text(tag.as_str()));
        self.number(-2); // The end of the tags.
        self.optional(event.correlation.map(CorrelationId::as_str));
        self.optional(event.causation.map(CausationId::as_str));
        self.optional(event.principal.map(Principal::as_str));
        self.optional(event.extra);
        self.finish(event.payload)
    }

    /// The checksum of a command's row, but for its place in the log.
    pub(crate) fn of_command(
        &mut self,
        tenant: &TenantId,
        id: &str,
        target: &str,
        digest: Option<&[u8]>,
        expires_at: Option<i64>,
        outcome: &[u8],
    ) -> i64 {
        self.text(tenant.as_str());
        self.text(id);
        self.text(target);
        self.number(expires_at.unwrap_or(i64::MAX)); // No clock reaches that.
        // Without one, it is as it was before there were digests.
        self.0.extend_from_slice(digest.unwrap_or_default());
        self.finish(outcome)
    }

    /// The checksum of a snapshot's row, but for its payload.
    pub(crate) fn of_snapshot(&mut self, texts: [&str; 3], numbers: [i64; 7]) -> i64 {
        for text in texts {
            self.text(text);
        }
        for number in numbers {
            self.number(number);
        }
        self.finish(&[])
    }
}

/// What an event's checksum covers.
#[derive(Debug)]
pub(crate) struct CoveredEvent<'a> {
    tenant: &'a TenantId,
    stream: &'a StreamId,
    event_type: &'a EventType,
    recorded_at: i64,
    id: EventId,
    schema_version: SchemaVersion,
    codec: Codec,
    tags: &'a Tags,
    correlation: Option<&'a CorrelationId>,
    causation: Option<&'a CausationId>,
    principal: Option<&'a Principal>,
    extra: Option<&'a str>,
    payload: &'a [u8],
}

impl<'a> CoveredEvent<'a> {
    /// Of an event that is handed in.
    pub(crate) fn new(
        (tenant, stream): (&'a TenantId, &'a StreamId),
        event: &'a NewEvent,
        recorded_at: i64,
        extra: Option<&'a str>,
    ) -> Self {
        Self {
            tenant,
            stream,
            event_type: &event.event_type,
            recorded_at,
            id: event.id,
            schema_version: event.schema_version,
            codec: event.codec,
            tags: &event.tags,
            correlation: event.correlation.as_ref(),
            causation: event.causation.as_ref(),
            principal: event.principal.as_ref(),
            extra,
            payload: &event.payload,
        }
    }

    /// Of an event that was read.
    pub(crate) fn read(
        event: &'a RecordedEvent,
        extra: Option<&'a str>,
        payload: &'a [u8],
    ) -> Self {
        Self {
            tenant: &event.tenant,
            stream: &event.stream,
            event_type: &event.event_type,
            recorded_at: event.recorded_at.as_micros(),
            id: event.id,
            schema_version: event.schema_version,
            codec: event.codec,
            tags: &event.tags,
            correlation: event.correlation.as_ref(),
            causation: event.causation.as_ref(),
            principal: event.principal.as_ref(),
            extra,
            payload,
        }
    }
}

/// The checksum of a snapshot's payload.
pub(crate) fn payload_checksum(payload: &[u8]) -> i64 {
    xxh3_64(payload).cast_signed()
}

/// An event's claim changes and metadata as JSON; `None` if it has neither.
pub(crate) fn extra(event: &NewEvent) -> Option<String> {
    if event.claims.is_empty() && event.metadata.iter().len() == 0 {
        return None;
    }
    let mut extra = Map::new();
    if !event.claims.is_empty() {
        let change = |change: &ClaimChange| {
            let act = if matches!(change, ClaimChange::Take(_)) { "take" } else { "release" };
            json!([act, change.claim().name(), change.claim().value()])
        };
        extra.insert("claims".into(), event.claims.iter().map(change).collect());
    }
    if event.metadata.iter().len() > 0 {
        let entry = |(key, value): (&str, &str)| json!([key, value]);
        extra.insert("metadata".into(), event.metadata.iter().map(entry).collect());
    }
    Some(Value::Object(extra).to_string())
}

/// The claim changes and metadata that [`extra`] wrote; `None` where the text makes no sense.
pub(crate) fn read_extra(extra: &str) -> Option<(Vec<ClaimChange>, Metadata)> {
    let extra: Map<String, Value> = serde_json::from_str(extra).ok()?;
    let list =
        |name| extra.get(name).map_or(Some([].as_slice()), |it| Some(it.as_array()?.as_slice()));
    let claims = list("claims")?.iter().map(|change| {
        let claim = Claim::new(change.get(1)?.as_str()?, change.get(2)?.as_str()?).ok()?;
        match change.get(0)?.as_str()? {
            "take" => Some(ClaimChange::Take(claim)),
            "release" => Some(ClaimChange::Release(claim)),
            _ => None,
        }
    });
    let claims = claims.collect::<Option<Vec<_>>>()?;
    let mut metadata = Metadata::default();
    for entry in list("metadata")? {
        metadata.insert(entry.get(0)?.as_str()?, entry.get(1)?.as_str()?).ok()?;
    }
    Some((claims, metadata))
}

/// A query as the function `matching` reads it.
pub(crate) fn query(query: &Query) -> String {
    let item = |item: &factum_core::QueryItem| {
        let mut parts = Map::new();
        if let Some(streams) = &item.streams {
            let names = streams.names();
            parts.insert("s".into(), json!([names.start, names.end, streams.category()]));
        }
        if let Some(category) = &item.category {
            parts.insert("c".into(), category.as_str().into());
        }
        if !item.types.is_empty() {
            parts.insert("t".into(), item.types.iter().map(EventType::as_str).collect());
        }
        if !item.tags.is_empty() {
            parts.insert("g".into(), item.tags.iter().map(Tag::as_str).collect());
        }
        if let Some(correlation) = &item.correlation {
            parts.insert("r".into(), correlation.as_str().into());
        }
        Value::Object(parts)
    };
    if query.is_all() {
        return "[{}]".into();
    }
    query.items().iter().map(item).collect::<Value>().to_string()
}
