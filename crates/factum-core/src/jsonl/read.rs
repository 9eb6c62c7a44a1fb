//! A line as an event.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Claim, ClaimChange, Codec, EventId, EventType, InvalidName, InvalidTime, Metadata, NewEvent,
    Place, Position, RecordedEvent, Revision, SchemaVersion, StreamId, TenantId, Timestamp,
};

/// A line before its names are checked. `Debug` says which event it is, not what is in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line<'a> {
    /// Where it stood in the log it comes from.
    #[serde(default)]
    pub position: Option<u64>,
    /// Whose it is.
    #[serde(borrow, default)]
    pub tenant: Option<Cow<'a, str>>,
    /// The stream, `category/id`.
    #[serde(borrow)]
    pub stream: Cow<'a, str>,
    /// Its place in the stream it comes from.
    #[serde(default)]
    pub revision: Option<u64>,
    /// When it was recorded, as it is written there.
    #[serde(borrow, default)]
    pub recorded_at: Option<Cow<'a, str>>,
    /// Its id.
    #[serde(borrow, default)]
    pub id: Option<Cow<'a, str>>,
    /// What kind of fact it is.
    #[serde(borrow, rename = "type")]
    pub event_type: Cow<'a, str>,
    #[serde(default)]
    schema_version: Option<u32>,
    #[serde(borrow, default)]
    codec: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tags: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    claims: Vec<Change<'a>>,
    #[serde(borrow, default)]
    correlation: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    causation: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    principal: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    metadata: std::collections::BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payload_base64: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Change<'a> {
    #[serde(borrow)]
    Take(Cow<'a, str>),
    #[serde(borrow)]
    Release(Cow<'a, str>),
}

/// Reads a line.
///
/// # Errors
///
/// The error says the column and what was expected there.
pub fn parse(text: &[u8]) -> Result<Line<'_>, serde_json::Error> {
    serde_json::from_slice(text)
}

/// What is wrong with a line that is JSON of the right shape.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// A name is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A time is none.
    #[error(transparent)]
    Time(#[from] InvalidTime),
    /// The payload is missing, or there twice.
    #[error("expected payload or payload_base64, found {0}")]
    Payload(&'static str),
    /// A claim is none.
    #[error("expected a claim as name:value, found something else")]
    Claim,
}

impl Line<'_> {
    /// Fills in everything of the event but its id, type, codec and payload.
    ///
    /// # Errors
    ///
    /// A [`LineError`] that says what was expected; the event is then filled in part.
    pub fn fill(&self, event: &mut NewEvent) -> Result<(), LineError> {
        event.schema_version = self.schema_version.map_or(SchemaVersion::FIRST, SchemaVersion::new);
        event.tags = self.tags.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
        event.claims = self.claims.iter().map(Change::read).collect::<Result<_, _>>()?;
        event.correlation = self.correlation.as_deref().map(str::parse).transpose()?;
        event.causation = self.causation.as_deref().map(str::parse).transpose()?;
        event.principal = self.principal.as_deref().map(str::parse).transpose()?;
        let mut metadata = Metadata::default();
        for (key, value) in &self.metadata {
            metadata.insert(key, value.as_ref())?;
        }
        event.metadata = metadata;
        event.recorded_at = self.recorded_at.as_deref().map(time).transpose()?;
        Ok(())
    }

    /// How the payload is encoded; JSON unless the line says something else.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if there is no such codec.
    pub fn codec(&self) -> Result<Codec, InvalidName> {
        self.codec.as_deref().map_or(Ok(Codec::Json), str::parse)
    }

    /// The event, as it stood in the log that it comes from.
    ///
    /// What the line leaves out is made up: `ordinal` for its position, the first revision, the
    /// default tenant, an id from its content, the beginning of 1970.
    ///
    /// # Errors
    ///
    /// A [`LineError`] that says what was expected.
    pub fn into_recorded(self, ordinal: u64) -> Result<RecordedEvent, LineError> {
        let stream: StreamId = self.stream.parse()?;
        let event_type = EventType::new(&self.event_type)?;
        let payload = self.payload()?;
        let id = match &self.id {
            Some(id) => id.parse()?,
            None => EventId::from_content(&[
                stream.as_str().as_bytes(),
                &ordinal.to_le_bytes(),
                event_type.as_str().as_bytes(),
                &payload,
            ]),
        };
        let mut event = NewEvent::new(id, event_type, self.codec()?, payload);
        self.fill(&mut event)?;
        Ok(event.into_recorded(Place {
            position: Position::new(self.position.unwrap_or(ordinal)),
            tenant: self.tenant.as_deref().map(TenantId::new).transpose()?.unwrap_or_default(),
            stream,
            revision: self.revision.map_or(Revision::FIRST, Revision::new),
            now: Timestamp::from_micros(0),
        }))
    }

    /// The payload's bytes.
    ///
    /// # Errors
    ///
    /// [`LineError::Payload`] if there is none, or not one alone.
    pub fn payload(&self) -> Result<Bytes, LineError> {
        match (self.payload, &self.payload_base64) {
            (Some(json), None) if self.codec()? == Codec::Json => {
                Ok(Bytes::copy_from_slice(json.get().as_bytes()))
            }
            (Some(_), None) => Err(LineError::Payload("payload with a codec that is not JSON")),
            (None, Some(text)) => {
                let bytes = STANDARD.decode(text.as_bytes());
                bytes.map(Into::into).map_err(|_| LineError::Payload("something else than base64"))
            }
            (Some(_), Some(_)) => Err(LineError::Payload("both")),
            (None, None) => Err(LineError::Payload("neither")),
        }
    }
}

impl std::fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("stream", &self.stream)
            .field("revision", &self.revision)
            .field("event_type", &self.event_type)
            .finish_non_exhaustive()
    }
}

impl Change<'_> {
    fn read(&self) -> Result<ClaimChange, LineError> {
        let (Self::Take(text) | Self::Release(text)) = self;
        let Some((name, value)) = text.split_once(':') else {
            return Err(LineError::Claim);
        };
        let claim = Claim::new(name, value)?;
        Ok(match self {
            Self::Take(_) => ClaimChange::Take(claim),
            Self::Release(_) => ClaimChange::Release(claim),
        })
    }
}

/// Times outside the years that RFC 3339 can write are shown as a number of microseconds.
fn time(text: &str) -> Result<Timestamp, InvalidTime> {
    let micros = text.strip_suffix("us").and_then(|it| it.parse().ok());
    micros.map_or_else(|| text.parse(), |micros| Ok(Timestamp::from_micros(micros)))
}
