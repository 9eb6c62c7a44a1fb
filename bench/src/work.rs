//! The events that every row appends: 150 bytes of payload, one tag.

use factum_core::{AppendRequest, Codec, EventId, EventType, Expected, NewEvent, StreamId, Tag};

pub const PAYLOAD_BYTES: usize = 150;
/// What payloads are filled with: copied, so that making them does not hide what is measured.
const FILL: &str = match std::str::from_utf8(&[b'x'; PAYLOAD_BYTES]) {
    Ok(fill) => fill,
    Err(_) => "",
};
/// Streams that batches are spread over.
pub const STREAMS: u64 = 1_000;
/// Different tags.
pub const TAGS: u64 = 1_000;

/// JSON of [`PAYLOAD_BYTES`] bytes.
pub fn payload(number: u64) -> String {
    let start = format!(r#"{{"number":{number},"text":""#);
    let fill = &FILL[..PAYLOAD_BYTES - start.len() - 2];
    [start.as_str(), fill, "\"}"].concat()
}

pub fn stream(number: u64) -> StreamId {
    StreamId::new("account", &number.to_string()).expect("a number is a valid id")
}

/// Makes events, sharing the names among them as an application does.
#[derive(Debug)]
pub struct Events {
    event_type: EventType,
    tags: Vec<Tag>,
    streams: Vec<StreamId>,
}

impl Events {
    pub fn new() -> Self {
        let tag = |number: u64| Tag::new("order", &number.to_string()).expect("valid");
        Self {
            event_type: EventType::new("account.deposited").expect("valid"),
            tags: (0..TAGS).map(tag).collect(),
            streams: (0..STREAMS).map(stream).collect(),
        }
    }

    pub fn event(&self, number: u64) -> NewEvent {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let id = EventId::from_bytes(id);
        let mut event = NewEvent::new(id, self.event_type.clone(), Codec::Json, payload(number));
        event.tags = [self.tag(number).clone()].into_iter().collect();
        event
    }

    pub fn tag(&self, number: u64) -> &Tag {
        &self.tags[usize::try_from(number % TAGS).expect("a small number")]
    }

    pub fn stream(&self, number: u64) -> &StreamId {
        &self.streams[usize::try_from(number % STREAMS).expect("a small number")]
    }

    /// One event for one stream.
    pub fn single(&self, number: u64) -> AppendRequest {
        let stream = self.stream(number).clone();
        AppendRequest::default().stream(stream, Expected::Any, [self.event(number)])
    }

    /// One append of `batch` events from number `first`, spread over the streams.
    pub fn batch(&self, first: u64, batch: u64) -> AppendRequest {
        let events = (first..first + batch).map(|n| (self.stream(n).clone(), self.event(n)));
        AppendRequest { events: events.collect(), ..AppendRequest::default() }
    }
}
