//! Events as they would stand in a log.

use bytes::Bytes;
use factum_core::{
    Codec, Event, EventId, EventType, Facts, InvalidName, NewEvent, Place, Position, RecordedEvent,
    Registry, Revision, SchemaVersion, StreamId, Tag, TenantId, Timestamp,
};

/// An event after `before` others, in the stream `entity/1`.
pub(super) fn raw(
    event_type: EventType,
    version: SchemaVersion,
    codec: Codec,
    payload: impl Into<Bytes>,
    before: u64,
) -> RecordedEvent {
    let id = EventId::from_content(&[&before.to_le_bytes()]);
    let mut event = NewEvent::new(id, event_type, codec, payload);
    event.schema_version = version;
    event.into_recorded(Place {
        position: Position::new(before + 1),
        tenant: TenantId::default(),
        stream: "entity/1".parse().expect("it is a stream"),
        revision: Revision::FIRST,
        now: Timestamp::from_micros(0),
    })
}

/// `event` with the tags and claims that it declares, in the stream that `stream` names by the
/// tags in the order they are declared.
pub(super) fn of<E: Event>(
    event: &E,
    payload: impl Into<Bytes>,
    before: u64,
    stream: impl FnOnce(&[Tag]) -> Result<StreamId, InvalidName>,
) -> Result<RecordedEvent, InvalidName> {
    let mut facts = Facts::default();
    event.facts(&mut facts)?;
    let spec = event.spec();
    let version = spec.schema_version();
    let mut record = raw(spec.event_type().clone(), version, spec.codec(), payload, before);
    record.stream = stream(facts.tags())?;
    (record.tags, record.claims) = facts.drain();
    Ok(record)
}

/// What a program with the events of `E` knows.
#[track_caller]
pub(super) fn registry<E: Event>() -> Registry {
    match Registry::of::<E>() {
        Ok(registry) => registry,
        Err(error) => panic!("the events contradict each other: {error}"),
    }
}
