//! What is appended: a pure function of seed, label and what the writer had seen.
//!
//! Because it is pure, the parent knows every event that was ever asked for without being told.

use factum_core::{
    AdminRecord, AppendRequest, Claim, ClaimChange, Codec, Command, CommandId, CommandTarget,
    CorrelationId, EventType, Expected, NewEvent, Position, Query, QueryItem, Revision, StreamId,
    Tag, Tags, record_event,
};
use serde::{Deserialize, Serialize};

use crate::label::Label;

/// Streams that all writers of a tenant share.
const SHARED: u64 = 8;
/// Tags that query guards look at.
pub(crate) const COURSES: u64 = 16;
/// Unique values that are fought over.
const SEATS: u64 = 24;

/// What an append is like.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) label: Label,
    seed: u64,
    kind: Kind,
    /// Whether it is the answer to a command.
    pub(crate) command: bool,
    /// Whether the command is sent twice at the same time.
    pub(crate) twice: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Some events, perhaps none, to one stream; guarded or not.
    Stream { stream: StreamId, events: usize, guarded: bool },
    /// Events to several streams, in turn.
    Several { streams: Vec<StreamId>, events: usize },
    /// An event with a tag, unless another one with that tag came first.
    Course { course: u64 },
    /// A unique value taken or given back.
    Seat { holder: StreamId, seat: u64, take: bool },
    /// One event of this many bytes.
    Large { stream: StreamId, bytes: usize },
    /// Something done to a stream as a whole.
    Act { stream: StreamId, tombstone: bool },
}

/// Something done to a stream as a whole.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Tombstone(StreamId, AdminRecord),
    Truncate(StreamId, Revision, AdminRecord),
}

/// What the writer knew when it built the append; goes into its guards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The last revision of the guarded stream.
    pub(crate) revision: Option<u64>,
    /// The position of the last event with the guarded tag.
    pub(crate) after: u64,
}

impl Shape {
    /// The shape that belongs to a label.
    pub(crate) fn draw(seed: u64, label: Label) -> Self {
        let mut random = label.random(seed);
        let Label { child, writer, .. } = label;
        let shared = |random: &mut fastrand::Rng| stream("shared", &random.u64(..SHARED));
        let own = || stream("own", &format!("{child}-{writer}"));
        let kind = match random.u32(..100) {
            0..24 => Kind::Stream { stream: own(), events: random.usize(1..4), guarded: true },
            24..40 => {
                let stream = shared(&mut random);
                Kind::Stream { stream, events: random.usize(1..6), guarded: false }
            }
            40..52 => Kind::Stream { stream: shared(&mut random), events: 1, guarded: true },
            52..66 => {
                let streams = (0..random.usize(2..5)).map(|_| shared(&mut random)).collect();
                Kind::Several { streams, events: random.usize(2..12) }
            }
            66..78 => Kind::Course { course: random.u64(..COURSES) },
            78..92 => {
                let holder = holder(label, &mut random);
                Kind::Seat { holder, seat: random.u64(..SEATS), take: random.u8(..3) > 0 }
            }
            92..94 => {
                let stream = shared(&mut random);
                Kind::Stream { stream, events: random.usize(20..160), guarded: false }
            }
            94..96 => Kind::Act { stream: shared(&mut random), tombstone: false },
            96..97 => Kind::Act { stream: holder(label, &mut random), tombstone: true },
            97..98 => Kind::Large { stream: own(), bytes: random.usize(20_000..200_000) },
            _ => Kind::Stream { stream: own(), events: 0, guarded: false },
        };
        let empty = matches!(kind, Kind::Stream { events: 0, .. });
        let act = matches!(kind, Kind::Act { .. });
        let command = !act && (empty || random.u8(..5) < 2);
        Self { label, seed, kind, command, twice: command && random.u8(..4) == 0 }
    }

    /// The stream whose revision must be known before the append can be built.
    pub(crate) fn watched_stream(&self) -> Option<&StreamId> {
        match &self.kind {
            Kind::Stream { stream, guarded: true, .. } | Kind::Act { stream, tombstone: false } => {
                Some(stream)
            }
            _ => None,
        }
    }

    /// What is done to a stream, if this is no append.
    pub(crate) fn act(&self, seen: Seen) -> Option<Act> {
        let Kind::Act { stream, tombstone } = &self.kind else { return None };
        let record = AdminRecord::new(self.label.event_id(self.seed, 0), self.label.to_string());
        let before = Revision::new(seen.revision.unwrap_or(0));
        Some(match tombstone {
            true => Act::Tombstone(stream.clone(), record),
            false => Act::Truncate(stream.clone(), before, record),
        })
    }

    /// The tag that the append is guarded by.
    pub(crate) fn course(&self) -> Option<u64> {
        match &self.kind {
            Kind::Course { course } => Some(*course),
            _ => None,
        }
    }

    /// The append itself; for an act, the event that records it.
    pub(crate) fn request(&self, seen: Seen) -> AppendRequest {
        let mut request = AppendRequest::default();
        let mut add = |stream: &StreamId, event| request.events.push((stream.clone(), event));
        match &self.kind {
            Kind::Stream { stream, events, .. } => {
                (0..*events).for_each(|index| add(stream, self.event(index)));
            }
            Kind::Several { streams, events } => {
                let turns = streams.iter().cycle().take(*events).enumerate();
                turns.for_each(|(index, stream)| add(stream, self.event(index)));
            }
            Kind::Course { course } => {
                let mut event = self.event(0);
                event.tags = event.tags.iter().cloned().chain([tag("course", *course)]).collect();
                add(&stream("course", course), event);
            }
            Kind::Seat { holder, seat, take } => {
                let claim = Claim::new("seat", &seat.to_string()).expect("numbers are valid");
                let change = if *take { ClaimChange::Take } else { ClaimChange::Release };
                let mut event = self.event(0);
                event.claims.push(change(claim));
                add(holder, event);
            }
            Kind::Large { stream, bytes } => {
                let mut event = self.event(0);
                event.payload = vec![0x5a; *bytes].into();
                add(stream, event);
            }
            Kind::Act { stream, .. } => {
                self.act(seen).iter().for_each(|it| add(stream, it.event()));
            }
        }
        self.guarded(request, seen)
    }

    fn guarded(&self, request: AppendRequest, seen: Seen) -> AppendRequest {
        let mut request = request;
        if let Kind::Stream { stream, guarded: true, .. } = &self.kind {
            let last = seen.revision.map(Revision::new);
            let expected = last.map_or(Expected::NoStream, Expected::Revision);
            request = request.stream(stream.clone(), expected, []);
        }
        if let Some(course) = self.course() {
            request = request.none_match(course_query(course), Position::new(seen.after));
        }
        if self.command {
            let id = CommandId::new(self.label.to_string()).expect("labels are valid");
            let target = CommandTarget::new("workload").expect("the name is valid");
            let outcome = self.label.to_string().into();
            request = request.command(Command { outcome, ..Command::new(id, target) });
        }
        request
    }

    fn event(&self, index: usize) -> NewEvent {
        let event_type = ["crash.noted", "crash.moved", "crash.closed"][index % 3];
        let event_type = EventType::new(event_type).expect("the types are valid");
        let payload = format!(r#"{{"append":"{}","index":{index}}}"#, self.label);
        let id = self.label.event_id(self.seed, index);
        let mut event = NewEvent::new(id, event_type, Codec::Json, payload);
        event.tags = Tags::from_iter([tag("writer", u64::from(self.label.writer))]);
        event.correlation = CorrelationId::new(self.label.to_string()).ok();
        event
    }
}

impl Act {
    /// The event that the store must append to record it.
    fn event(&self) -> NewEvent {
        match self {
            Self::Tombstone(_, record) => {
                let payload = serde_json::json!({ "reason": record.reason });
                record_event(EventType::STREAM_TOMBSTONED, record, &payload)
            }
            Self::Truncate(_, before, record) => {
                let payload =
                    serde_json::json!({ "before": before.get(), "reason": record.reason });
                record_event(EventType::STREAM_TRUNCATED, record, &payload)
            }
        }
    }
}

/// The events that a course's guard looks for.
pub(crate) fn course_query(course: u64) -> Query {
    QueryItem::default().tag(tag("course", course)).into()
}

/// A stream that holds seats; each round has its own, because a tombstone is final.
fn holder(label: Label, random: &mut fastrand::Rng) -> StreamId {
    stream("holder", &format!("{}-{}", label.round, random.u64(..6)))
}

fn tag(name: &str, value: u64) -> Tag {
    Tag::new(name, &value.to_string()).expect("numbers are valid")
}

fn stream(category: &str, id: &impl ToString) -> StreamId {
    StreamId::new(category, &id.to_string()).expect("the workload's names are valid")
}
