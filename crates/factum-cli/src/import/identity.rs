//! Which row of a file is which event: known by what it says and by how many rows of its stream
//! said the same before it, never by where it stands.

use std::collections::HashMap;

use factum::{
    ClaimChange, Codec, EventId, EventType, NewEvent, RecordedEvent, StreamId, Timestamp,
};
use foldhash::fast::RandomState;
use serde::de::IgnoredAny;

use super::order::without_order;

/// How events of a format are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rows of cases: stream, type, time and attributes, but for those of the case, which each
    /// row of a file may repeat or leave out.
    Cases,
    /// Lines: everything but the place they come from.
    Lines,
}

/// The hash of all that tells a row from other rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Content([u8; 32]);

impl Content {
    /// What a row of a case says. The order in which its attributes stand says nothing.
    pub(super) fn of_row(
        stream: &StreamId,
        event_type: &EventType,
        at: Timestamp,
        attributes: &[u8],
    ) -> Self {
        let mut hash = Parts::new("row");
        hash.part(stream.as_str()).part(event_type.as_str());
        hash.part(at.as_micros().to_le_bytes()).part(without_order(attributes));
        hash.content()
    }

    /// What a line says. Its time counts where the line gives one.
    pub(super) fn of_line(stream: &StreamId, event: &NewEvent) -> Self {
        let mut hash = Parts::new("line");
        hash.part(stream.as_str()).part(event.event_type.as_str()).part(&event.payload);
        hash.part([event.codec.number()]).part(event.schema_version.get().to_le_bytes());
        hash.part(event.recorded_at.map_or([0; 8], |at| at.as_micros().to_le_bytes()));
        hash.part([u8::from(event.recorded_at.is_some())]);
        for tag in &event.tags {
            hash.part("tag").part(tag.as_str());
        }
        for change in &event.claims {
            let act = if matches!(change, ClaimChange::Take(_)) { "take" } else { "release" };
            hash.part(act).part(change.claim().name()).part(change.claim().value());
        }
        for (key, value) in event.metadata.iter() {
            hash.part("metadata").part(key).part(value);
        }
        hash.part("correlation").part(event.correlation.as_ref().map_or("", |it| it.as_str()));
        hash.part("causation").part(event.causation.as_ref().map_or("", |it| it.as_str()));
        hash.part("principal").part(event.principal.as_ref().map_or("", |it| it.as_str()));
        hash.content()
    }

    /// The id that a line brings itself, as what tells it from other lines.
    pub(super) fn of_id(stream: &StreamId, id: EventId) -> Self {
        let mut hash = Parts::new("id");
        hash.part(stream.as_str()).part(id.as_bytes());
        hash.content()
    }

    /// The id of a row with this content, after `before` rows with the same.
    pub(super) fn id(&self, before: u32) -> EventId {
        EventId::from_content(&[&self.0, &before.to_le_bytes()])
    }
}

struct Parts(blake3::Hasher);

impl Parts {
    fn new(kind: &str) -> Self {
        let mut parts = Self(blake3::Hasher::new());
        parts.part(kind);
        parts
    }

    fn part(&mut self, part: impl AsRef<[u8]>) -> &mut Self {
        let part = part.as_ref();
        self.0.update(&(part.len() as u64).to_le_bytes()).update(part);
        self
    }

    fn content(&self) -> Content {
        Content(*self.0.finalize().as_bytes())
    }
}

/// How often each content came so far, by a 96-bit hash: 20 to 40 bytes for each of them.
#[derive(Debug, Default)]
pub(super) struct Rows(HashMap<[u8; 12], u32, RandomState>);

impl Rows {
    /// How many rows of this tenant's file said the same before this one.
    pub(super) fn before(&mut self, tenant: &str, content: &Content) -> u32 {
        let mut parts = Parts::new(tenant);
        let hash = if tenant.is_empty() { *content } else { parts.part(content.0).content() };
        let mut key = [0; 12];
        key.copy_from_slice(&hash.0[..12]);
        let count = self.0.entry(key).or_default();
        *count = count.saturating_add(1);
        *count - 1
    }
}

/// Recognises stored events that an earlier version imported, which made ids of a row's place in
/// its stream. What it stored tells the content, and so the id that the row has now. Looks at the
/// events of one stream, in order.
#[derive(Debug)]
pub(super) struct Earlier {
    kind: Kind,
    counts: HashMap<Content, u32, RandomState>,
}

impl Earlier {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, counts: HashMap::default() }
    }

    /// The ids that the row of `event` has now; none if it has its id already, or was not made
    /// from content.
    pub(super) fn ids_now(&mut self, event: &RecordedEvent) -> Vec<EventId> {
        const VERSION_OF_CONTENT: u8 = 8;
        if event.id.as_bytes()[6] >> 4 != VERSION_OF_CONTENT {
            return Vec::new();
        }
        let contents = contents(self.kind, event);
        for content in &contents {
            let count = self.counts.entry(*content).or_default();
            if (0..=*count).rev().any(|before| content.id(before) == event.id) {
                *count += 1;
                return Vec::new();
            }
        }
        let id_now = |content: Content| {
            let count = self.counts.entry(content).or_default();
            *count += 1;
            content.id(*count - 1)
        };
        contents.into_iter().map(id_now).collect()
    }
}

/// What the row of a stored event may have said: a line may have given its time, or not.
fn contents(kind: Kind, event: &RecordedEvent) -> Vec<Content> {
    match kind {
        Kind::Cases => {
            let attributes = without_case(&event.payload).filter(|_| event.codec == Codec::Json);
            let content = attributes.map(|it| {
                Content::of_row(&event.stream, &event.event_type, event.recorded_at, &it)
            });
            content.into_iter().collect()
        }
        Kind::Lines => {
            let mut line = NewEvent::new(
                event.id,
                event.event_type.clone(),
                event.codec,
                event.payload.clone(),
            );
            line.schema_version = event.schema_version;
            line.tags = event.tags.clone();
            line.claims.clone_from(&event.claims);
            line.correlation.clone_from(&event.correlation);
            line.causation.clone_from(&event.causation);
            line.principal.clone_from(&event.principal);
            line.metadata = event.metadata.clone();
            let untimed = Content::of_line(&event.stream, &line);
            line.recorded_at = Some(event.recorded_at);
            vec![Content::of_line(&event.stream, &line), untimed]
        }
    }
}

/// A payload without the member `case` that it may begin with.
fn without_case(payload: &[u8]) -> Option<Vec<u8>> {
    let Some(case) = payload.strip_prefix(b"{\"case\":") else { return Some(payload.to_vec()) };
    let mut values = serde_json::Deserializer::from_slice(case).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let rest = &case[values.byte_offset()..];
    let mut attributes = vec![b'{'];
    attributes.extend_from_slice(rest.strip_prefix(b",").unwrap_or(rest));
    Some(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_is_taken_out_of_a_payload_exactly() {
        let cut =
            |text: &str| without_case(text.as_bytes()).map(|it| String::from_utf8(it).unwrap());
        assert_eq!(cut(r#"{"a":1}"#).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(cut(r#"{"case":{"x":"}"},"a":1.10}"#).as_deref(), Some(r#"{"a":1.10}"#));
        assert_eq!(cut(r#"{"case":{}}"#).as_deref(), Some("{}"));
        assert_eq!(cut(r#"{"case":"#), None);
    }

    #[test]
    fn equal_rows_are_told_apart_by_their_number_and_tenants_are_apart() {
        let mut rows = Rows::default();
        let stream: StreamId = "a/b".parse().unwrap();
        let row = Content::of_row(
            &stream,
            &EventType::new("t").unwrap(),
            Timestamp::from_micros(1),
            b"{}",
        );
        assert_eq!(
            [rows.before("", &row), rows.before("", &row), rows.before("x", &row)],
            [0, 1, 0]
        );
        assert_ne!(row.id(0), row.id(1));
    }
}
