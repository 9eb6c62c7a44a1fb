//! Small events and what is done with them.

use factum_core::{
    AppendRequest, Claim, ClaimChange, Codec, Command, CommandId, CorrelationId, EventType,
    Expected, NewEvent, RecordedEvent, StreamId, Tag,
};
use factum_testkit::SequentialIds;

pub(crate) fn stream(id: &str) -> StreamId {
    StreamId::new("account", id).expect("a valid id")
}

/// An event with a type, a tag and a correlation that depend on `number` only.
pub(crate) fn event(number: u64) -> NewEvent {
    let event_type = EventType::new(format!("account.changed-{}", number % 3)).expect("valid");
    let payload = format!(r#"{{"number":{number}}}"#);
    let mut event = NewEvent::new(SequentialIds::id(number), event_type, Codec::Json, payload);
    event.tags =
        [Tag::new("order", &(number % 7).to_string()).expect("valid")].into_iter().collect();
    event.correlation = Some(CorrelationId::new(format!("request-{}", number % 5)).expect("valid"));
    event
}

/// The number that an event was made of.
pub(crate) fn number(event: &RecordedEvent) -> u64 {
    SequentialIds::number(&event.id)
}

pub(crate) fn append(id: &str, numbers: impl IntoIterator<Item = u64>) -> AppendRequest {
    expecting(id, Expected::Any, numbers)
}

pub(crate) fn expecting(
    id: &str,
    expected: Expected,
    numbers: impl IntoIterator<Item = u64>,
) -> AppendRequest {
    AppendRequest::default().stream(stream(id), expected, numbers.into_iter().map(event))
}

pub(crate) fn claim(value: &str) -> Claim {
    Claim::new("email", value).expect("valid")
}

pub(crate) fn claiming(id: &str, number: u64, value: &str) -> AppendRequest {
    let mut event = event(number);
    event.claims.push(ClaimChange::Take(claim(value)));
    AppendRequest::default().stream(stream(id), Expected::Any, [event])
}

pub(crate) fn command_id(id: &str) -> CommandId {
    CommandId::new(id).expect("valid")
}

pub(crate) fn command(id: &str, target: &str) -> Command {
    Command::new(command_id(id), &stream(target))
}
