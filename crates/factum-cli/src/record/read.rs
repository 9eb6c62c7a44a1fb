//! A line as an event.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use factum::{
    Claim, ClaimChange, Codec, InvalidName, Metadata, NewEvent, SchemaVersion, Timestamp,
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A line before its names are checked. Only `stream`, `type` and a payload have to be there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line<'a> {
    /// Where it stood in the log it comes from; not used.
    #[serde(default, rename = "position")]
    _position: Option<u64>,
    #[serde(borrow, default)]
    pub(crate) tenant: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) stream: Cow<'a, str>,
    #[serde(default)]
    pub(crate) revision: Option<u64>,
    #[serde(borrow, default)]
    recorded_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    pub(crate) event_type: Cow<'a, str>,
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
    pub(crate) payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payload_base64: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Change<'a> {
    #[serde(borrow)]
    Take(Cow<'a, str>),
    #[serde(borrow)]
    Release(Cow<'a, str>),
}

/// Reads a line. The error says the column and what was expected there.
pub(crate) fn parse(text: &[u8]) -> Result<Line<'_>, serde_json::Error> {
    serde_json::from_slice(text)
}

/// What is wrong with a line that is JSON of the right shape.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Time(#[from] factum::InvalidTime),
    #[error("expected payload or payload_base64, found {0}")]
    Payload(&'static str),
    #[error("expected a claim as name:value, found {0:?}")]
    Claim(String),
}

impl Line<'_> {
    /// Fills in everything of the event but its id, type and payload.
    pub(crate) fn fill(&self, event: &mut NewEvent) -> Result<(), LineError> {
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
    pub(crate) fn codec(&self) -> Result<Codec, InvalidName> {
        self.codec.as_deref().map_or(Ok(Codec::Json), str::parse)
    }

    /// The payload's bytes.
    pub(crate) fn payload(&self) -> Result<Bytes, LineError> {
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

impl Change<'_> {
    fn read(&self) -> Result<ClaimChange, LineError> {
        let (Self::Take(text) | Self::Release(text)) = self;
        let Some((name, value)) = text.split_once(':') else {
            return Err(LineError::Claim(text.chars().take(40).collect()));
        };
        let claim = Claim::new(name, value)?;
        Ok(match self {
            Self::Take(_) => ClaimChange::Take(claim),
            Self::Release(_) => ClaimChange::Release(claim),
        })
    }
}

/// Times outside the years that RFC 3339 can write are shown as a number of microseconds.
fn time(text: &str) -> Result<Timestamp, factum::InvalidTime> {
    let micros = text.strip_suffix("us").and_then(|it| it.parse().ok());
    micros.map_or_else(|| text.parse(), |micros| Ok(Timestamp::from_micros(micros)))
}
