//! `factum events show`: one event, by its position, its place in a stream, or its id.

use clap::Args;
use factum::jsonl::Record;
use factum::{
    ClaimChange, Codec, EventId, EventStoreExt, LogRead, Position, Query, RecordedEvent, Revision,
    SharedStore, StreamId, StreamRead, Tag,
};
use futures::TryStreamExt;

use crate::outcome::{Exit, Failure};
use crate::output::{Output, facts};
use crate::session::Session;
use crate::text;

/// Which event.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// A position (17), a place in a stream (account/ann@3), or an event id, which reads the log
    /// until it is found
    #[arg(value_name = "POSITION|STREAM@REVISION|ID")]
    event: String,
}

pub(crate) async fn run(command: &Show, session: &Session) -> Result<Exit, Failure> {
    let wanted = Wanted::parse(&command.event)?;
    let store = session.open().await?;
    let Some(event) = wanted.find(&store).await? else {
        let head = store.head().await?;
        let message = format!("expected an event at {}, found none", command.event);
        return Err(Failure::not_found(message).hint(wanted.hint(head, session)));
    };
    if session.output.json {
        session.output.json(&Record(&event))?;
    } else {
        session.output.verbatim(&described(session.output, &event))?;
    }
    Ok(Exit::Ok)
}

enum Wanted {
    Position(Position),
    InStream(StreamId, Revision),
    Id(EventId),
}

impl Wanted {
    fn parse(text: &str) -> Result<Self, Failure> {
        if let Some((stream, revision)) = text.rsplit_once('@')
            && let Ok(revision) = revision.parse()
        {
            return Ok(Self::InStream(stream.parse()?, Revision::new(revision)));
        }
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(Position::new(position)));
        }
        text.parse().map(Self::Id).map_err(|_| {
            let message =
                format!("expected a position, STREAM@REVISION or event id, found {text:?}");
            Failure::usage(message)
        })
    }

    async fn find(&self, store: &SharedStore) -> Result<Option<RecordedEvent>, Failure> {
        match self {
            Self::Position(position) => {
                let Some(before) = position.get().checked_sub(1) else { return Ok(None) };
                let mut read = LogRead::after(Query::all(), Position::new(before));
                read.through = Some(*position);
                Ok(store.events(read).try_next().await?)
            }
            Self::InStream(stream, revision) => {
                let mut read = StreamRead::forward(stream.clone());
                (read.from, read.limit) = (Some(*revision), Some(1));
                let event = store.stream_events(read).try_next().await?;
                Ok(event.filter(|event| event.revision == *revision))
            }
            Self::Id(id) => {
                let mut events = store.events(LogRead::default());
                while let Some(event) = events.try_next().await? {
                    if event.id == *id {
                        return Ok(Some(event));
                    }
                }
                Ok(None)
            }
        }
    }

    fn hint(&self, head: Position, session: &Session) -> String {
        match self {
            Self::Position(_) => format!("{} ends at position {head}", session.address),
            Self::InStream(stream, _) => format!("factum streams show {stream} lists its events"),
            Self::Id(_) => "factum events search lists events".into(),
        }
    }
}

/// The event with everything in it: first the envelope, then the payload.
pub(in crate::commands) fn described(output: Output, event: &RecordedEvent) -> String {
    let mut lines = vec![
        ("position", event.position.to_string()),
        ("stream", format!("{}@{}", event.stream, event.revision)),
        ("type", event.event_type.to_string()),
        ("recorded at", event.recorded_at.to_string()),
        ("id", event.id.to_string()),
        ("tenant", event.tenant.to_string()),
        ("schema", format!("{} ({})", event.schema_version, event.codec)),
    ];
    if event.tags.iter().len() > 0 {
        let tags: Vec<_> = event.tags.iter().map(Tag::as_str).collect();
        lines.push(("tags", tags.join(" ")));
    }
    for change in &event.claims {
        let name = if matches!(change, ClaimChange::Take(_)) { "takes" } else { "releases" };
        lines.push((name, format!("{}:{}", change.claim().name(), change.claim().value())));
    }
    let context = [
        ("correlation", event.correlation.as_ref().map(ToString::to_string)),
        ("causation", event.causation.as_ref().map(ToString::to_string)),
        ("principal", event.principal.as_ref().map(ToString::to_string)),
    ];
    lines.extend(context.into_iter().filter_map(|(name, value)| Some((name, value?))));
    lines.extend(event.metadata.iter().map(|(key, value)| (key, value.to_owned())));
    format!("{}\n{}", facts(output, &lines), payload(event))
}

fn payload(event: &RecordedEvent) -> String {
    let parsed = serde_json::from_slice::<serde_json::Value>(&event.payload);
    match (event.codec, parsed) {
        (Codec::Json, Ok(value)) => {
            serde_json::to_string_pretty(&value).unwrap_or_else(|_| value.to_string())
        }
        _ => format!("payload      {} of {}", text::bytes(event.payload.len() as u64), event.codec),
    }
}
