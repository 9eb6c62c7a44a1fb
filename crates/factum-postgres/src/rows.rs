//! From rows to recorded events, verified on the way.

use bytes::Bytes;
use factum_core::{
    CausationId, Codec, CorrelationId, EventId, EventType, Position, Principal, RecordedEvent,
    Revision, SchemaVersion, Tags, Timestamp,
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::codec::{Checksum, CoveredEvent, read_extra};
use crate::error::Failure;
use crate::names::StreamName;

/// A row that holds an event in the columns that all statements list, after `before` others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventRow<'a> {
    row: &'a Row,
    before: usize,
}

impl<'a> EventRow<'a> {
    pub(crate) fn new(row: &'a Row, before: usize) -> Self {
        Self { row, before }
    }

    fn get<T: FromSql<'a>>(&self, column: usize) -> Option<T> {
        self.row.try_get(self.before + column).ok()
    }

    fn number(&self, column: usize) -> Result<i64, Failure> {
        self.get(column).ok_or_else(|| self.damaged())
    }

    /// The position; `None` where an outer join found no event.
    pub(crate) fn position(&self) -> Option<i64> {
        self.get(0)
    }

    pub(crate) fn stream(&self) -> Result<i64, Failure> {
        self.number(1)
    }

    pub(crate) fn revision(&self) -> Result<i64, Failure> {
        self.number(2)
    }

    pub(crate) fn kind(&self) -> Result<i64, Failure> {
        self.number(3)
    }

    /// How many bytes the payload has.
    pub(crate) fn payload_bytes(&self) -> usize {
        self.get::<&[u8]>(14).map_or(0, <[u8]>::len)
    }

    /// Puts the event at the end of `page`.
    pub(crate) fn read_into(
        &self,
        page: &mut PageBuilder,
        owner: &StreamName,
        event_type: &EventType,
    ) -> Result<(), Failure> {
        let (event, extra) = self.envelope(owner, event_type).ok_or_else(|| self.damaged())?;
        let payload: &[u8] = self.get(14).ok_or_else(|| self.damaged())?;
        let found = page.checksum.of_event(&CoveredEvent::read(&event, extra, payload));
        if found != self.number(5)? {
            return Err(self.damaged());
        }
        page.push(event, payload);
        Ok(())
    }

    /// The event without its payload, and its claim changes and metadata as they are stored.
    fn envelope(
        &self,
        (tenant, stream): &StreamName,
        event_type: &EventType,
    ) -> Option<(RecordedEvent, Option<&'a str>)> {
        let tags: Option<Vec<&str>> = self.get(9)?;
        let tags = tags.unwrap_or_default().into_iter().map(|tag| tag.parse().ok());
        let correlation: Option<&str> = self.get(10)?;
        let causation: Option<&str> = self.get(11)?;
        let principal: Option<&str> = self.get(12)?;
        let extra: Option<&str> = self.get(13)?;
        let (claims, metadata) = extra.map_or_else(|| Some(Default::default()), read_extra)?;
        let id: Uuid = self.get(7)?;
        let codec: i16 = self.get(8)?;
        let event = RecordedEvent {
            position: Position::new(self.get::<i64>(0)?.cast_unsigned()),
            tenant: tenant.clone(),
            stream: stream.clone(),
            revision: Revision::new(self.get::<i64>(2)?.cast_unsigned()),
            recorded_at: Timestamp::from_micros(self.get(4)?),
            id: EventId::from_bytes(id.into_bytes()),
            event_type: event_type.clone(),
            schema_version: SchemaVersion::new(u32::try_from(self.get::<i64>(6)?).ok()?),
            codec: Codec::from_number(u8::try_from(codec).ok()?)?,
            payload: Bytes::new(),
            tags: tags.collect::<Option<Tags>>()?,
            claims,
            correlation: correlation.map(CorrelationId::new).transpose().ok()?,
            causation: causation.map(CausationId::new).transpose().ok()?,
            principal: principal.map(Principal::new).transpose().ok()?,
            metadata,
        };
        Some((event, extra))
    }

    fn damaged(&self) -> Failure {
        let position = self.position().unwrap_or(0);
        Failure::Damaged(position)
    }
}

/// A page ends early once its payloads take this many bytes, so that pages of large events do not
/// fill the memory.
pub(crate) const PAGE_BYTES: usize = 1 << 20;

/// The events of a page. Their payloads share one buffer, so that a page costs one allocation for
/// them and not one per event.
#[derive(Debug)]
pub(crate) struct PageBuilder {
    events: Vec<RecordedEvent>,
    payloads: Vec<u8>,
    /// Where each event's payload ends in the buffer.
    ends: Vec<usize>,
    checksum: Checksum,
}

impl PageBuilder {
    /// A page for which about `expected` events are coming.
    pub(crate) fn new(expected: usize) -> Self {
        let (events, ends) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
        Self { events, payloads: Vec::new(), ends, checksum: Checksum::default() }
    }

    fn push(&mut self, event: RecordedEvent, payload: &[u8]) {
        self.payloads.extend_from_slice(payload);
        self.ends.push(self.payloads.len());
        self.events.push(event);
    }

    /// The events with their payloads.
    pub(crate) fn into_events(mut self) -> Vec<RecordedEvent> {
        let payloads = Bytes::from(self.payloads);
        let mut start = 0;
        for (event, end) in self.events.iter_mut().zip(self.ends) {
            event.payload = payloads.slice(start..end);
            start = end;
        }
        self.events
    }
}
