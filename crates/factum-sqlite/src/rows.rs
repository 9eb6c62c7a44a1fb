//! From rows to recorded events, verified on the way.

use bytes::Bytes;
use factum_core::{
    CausationId, Codec, EventId, Position, Principal, RecordedEvent, Revision, SchemaVersion, Tags,
    Timestamp,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows};

use crate::cache::keep_row;
use crate::codec::{EnvelopeReader, RowNumbers, event_checksum};
use crate::error::Failure;
use crate::names::{Names, StreamName, TermName};

/// A row of `position, stream, revision, kind, recorded_at, checksum, envelope, payload`, its
/// bytes still SQLite's, its checksum verified.
#[derive(Debug)]
pub(crate) struct EventRow<'a> {
    pub(crate) numbers: RowNumbers,
    envelope: &'a [u8],
    payload: &'a [u8],
}

impl<'a> EventRow<'a> {
    pub(crate) fn verified(row: &'a Row<'_>) -> Result<Self, Failure> {
        let number = |column| match row.get_ref(column) {
            Ok(ValueRef::Integer(number)) => Some(number),
            _ => None,
        };
        let bytes = |column| match row.get_ref(column) {
            Ok(ValueRef::Blob(bytes)) => Some(bytes),
            _ => None,
        };
        let read = || {
            let numbers = RowNumbers {
                position: number(0)?,
                stream: number(1)?,
                revision: number(2)?,
                kind: number(3)?,
                recorded_at: number(4)?,
            };
            let (checksum, envelope, payload) = (number(5)?, bytes(6)?, bytes(7)?);
            let sound = checksum == event_checksum(numbers, envelope, payload);
            sound.then_some(Self { numbers, envelope, payload })
        };
        read().ok_or_else(|| damaged(number(0).unwrap_or(0)))
    }

    /// A row that was verified earlier.
    pub(crate) fn kept(numbers: RowNumbers, envelope: &'a [u8], payload: &'a [u8]) -> Self {
        Self { numbers, envelope, payload }
    }

    /// Puts the row at the end of the rows of a run.
    pub(crate) fn keep(&self, rows: &mut Vec<u8>) {
        keep_row(rows, self.numbers, self.envelope, self.payload);
    }

    /// The terms of its tags and its correlation.
    pub(crate) fn terms(&self) -> Vec<i64> {
        let read = || {
            let mut envelope = EnvelopeReader::new(self.envelope)?;
            envelope.bytes::<17>()?; // Event id and codec.
            envelope.number()?; // Schema version.
            let tags = envelope.count()?;
            (0..=tags).map(|_| envelope.term()).collect::<Option<Vec<_>>>()
        };
        let mut terms = read().unwrap_or_default();
        terms.retain(|term| *term != 0);
        terms
    }

    /// Puts the event that the row holds at the end of `page`, with its names looked up.
    pub(crate) fn read_into(
        &self,
        page: &mut PageBuilder,
        conn: &Connection,
        names: &mut Names,
    ) -> Result<(), Failure> {
        let owner = names.stream(conn, self.numbers.stream)?.clone();
        self.read_owned_into(page, conn, names, &owner)
    }

    /// The same for a row whose stream is known.
    pub(crate) fn read_owned_into(
        &self,
        page: &mut PageBuilder,
        conn: &Connection,
        names: &mut Names,
        owner: &StreamName,
    ) -> Result<(), Failure> {
        page.push(self.envelope(conn, names, owner)?, self.payload);
        Ok(())
    }

    /// The event that the row holds, with its names looked up.
    pub(crate) fn event(
        &self,
        conn: &Connection,
        names: &mut Names,
    ) -> Result<RecordedEvent, Failure> {
        let owner = names.stream(conn, self.numbers.stream)?.clone();
        let mut event = self.envelope(conn, names, &owner)?;
        event.payload = Bytes::copy_from_slice(self.payload);
        Ok(event)
    }

    /// The event without its payload.
    fn envelope(
        &self,
        conn: &Connection,
        names: &mut Names,
        owner: &StreamName,
    ) -> Result<RecordedEvent, Failure> {
        let RowNumbers { position, revision, kind, recorded_at, .. } = self.numbers;
        let bad = || damaged(position);
        let mut envelope = EnvelopeReader::new(self.envelope).ok_or_else(bad)?;
        let id = envelope.bytes().ok_or_else(bad)?;
        let codec = envelope.byte().and_then(Codec::from_number).ok_or_else(bad)?;
        let schema = envelope.number().and_then(|it| u32::try_from(it).ok()).ok_or_else(bad)?;
        let tag_count = envelope.count().ok_or_else(bad)?;
        let tags = (0..tag_count).map(|_| {
            match &names.term(conn, envelope.term().ok_or_else(bad)?)?.name {
                TermName::Tag(tag) => Ok(tag.clone()),
                TermName::Correlation(_) => Err(bad()),
            }
        });
        let tags = tags.collect::<Result<Tags, Failure>>()?;
        let correlation = match envelope.term().ok_or_else(bad)? {
            0 => None,
            term => match &names.term(conn, term)?.name {
                TermName::Correlation(correlation) => Some(correlation.clone()),
                TermName::Tag(_) => return Err(bad()),
            },
        };
        let causation = envelope.text().ok_or_else(bad)?;
        let principal = envelope.text().ok_or_else(bad)?;
        let optional = |text: &str| !text.is_empty();
        let causation = optional(causation).then(|| CausationId::new(causation)).transpose();
        let principal = optional(principal).then(|| Principal::new(principal)).transpose();
        let claims = envelope.claims().ok_or_else(bad)?;
        let metadata = envelope.metadata().ok_or_else(bad)?;
        if !envelope.is_at_end() {
            return Err(bad());
        }
        let event_type = names.kind(conn, kind)?.event_type.clone();
        Ok(RecordedEvent {
            position: Position::new(position.cast_unsigned()),
            tenant: owner.tenant.clone(),
            stream: owner.stream.clone(),
            revision: Revision::new(revision.cast_unsigned()),
            recorded_at: Timestamp::from_micros(recorded_at),
            id: EventId::from_bytes(id),
            event_type,
            schema_version: SchemaVersion::new(schema),
            codec,
            payload: Bytes::new(),
            tags,
            claims,
            correlation,
            causation: causation.map_err(|_| bad())?,
            principal: principal.map_err(|_| bad())?,
            metadata,
        })
    }
}

/// The next row, which must be of the event at `position`.
pub(crate) fn next_dense<'r>(
    rows: &'r mut Rows<'_>,
    position: i64,
) -> Result<EventRow<'r>, Failure> {
    let missing = || Failure::Corrupt(format!("the event at position {position} is missing"));
    let row = EventRow::verified(rows.next()?.ok_or_else(missing)?)?;
    if row.numbers.position == position { Ok(row) } else { Err(missing()) }
}

/// A page ends early once its payloads take this many bytes, so that pages of large events do not
/// fill the memory.
const PAGE_BYTES: usize = 1 << 20;

/// The events of a page. Their payloads share one buffer, so that a page costs one allocation for
/// them and not one per event.
#[derive(Debug)]
pub(crate) struct PageBuilder {
    events: Vec<RecordedEvent>,
    events_max: usize,
    payloads: Vec<u8>,
    /// Where each event's payload ends in the buffer.
    ends: Vec<usize>,
}

impl PageBuilder {
    /// A page of at most `events_max` events, of which about `expected` are coming.
    pub(crate) fn new(events_max: usize, expected: usize) -> Self {
        let expected = expected.min(events_max);
        let (events, ends) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
        Self { events, events_max, payloads: Vec::new(), ends }
    }

    /// Whether no further event belongs on this page.
    pub(crate) fn is_full(&self) -> bool {
        self.events.len() >= self.events_max || self.payloads.len() >= PAGE_BYTES
    }

    /// How many events it may take.
    pub(crate) fn room(&self) -> usize {
        self.events_max
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

fn damaged(position: i64) -> Failure {
    Failure::Corrupt(format!("the event at position {position} differs from its checksum"))
}
