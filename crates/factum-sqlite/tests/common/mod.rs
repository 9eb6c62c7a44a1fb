//! Small events and stores for the tests beside this folder.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::Path;

use factum_core::{
    AppendRequest, Claim, ClaimChange, Codec, Command, CommandId, CorrelationId, EventId,
    EventStoreExt, EventType, Expected, LogRead, NewEvent, Position, RecordedEvent, Revision,
    SchemaVersion, Snapshot, SnapshotKind, StoreError, StreamId, Tag, Timestamp,
};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};

/// The store in the file `log.db` of a folder.
pub(crate) async fn open(folder: &Path) -> SqliteStore {
    try_open(folder).await.expect("the store opens")
}

pub(crate) async fn try_open(folder: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(SqliteStoreConfig::new(folder.join("log.db"))).await
}

pub(crate) fn stream(id: &str) -> StreamId {
    StreamId::new("account", id).expect("a valid id")
}

/// An event with a tag, a correlation and a time that depend on `number` only.
pub(crate) fn event(number: u64) -> NewEvent {
    let event_type = EventType::new(format!("account.changed-{}", number % 3)).expect("valid");
    let payload = format!(r#"{{"number":{number},"text":"it's \"{number}\" ✓"}}"#);
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    let mut event = NewEvent::new(EventId::from_bytes(bytes), event_type, Codec::Json, payload);
    event.tags =
        [Tag::new("order", &(number % 7).to_string()).expect("valid")].into_iter().collect();
    event.correlation = Some(CorrelationId::new(format!("request-{}", number % 5)).expect("valid"));
    event.recorded_at = Some(Timestamp::from_micros(number.cast_signed() * 1_000_000));
    event
}

pub(crate) fn append(id: &str, numbers: std::ops::Range<u64>) -> AppendRequest {
    AppendRequest::default().stream(stream(id), Expected::Any, numbers.map(event))
}

pub(crate) fn claiming(id: &str, number: u64, value: &str) -> AppendRequest {
    let mut event = event(number);
    event.claims.push(ClaimChange::Take(Claim::new("email", value).expect("valid")));
    AppendRequest::default().stream(stream(id), Expected::Any, [event])
}

pub(crate) fn command(id: &str, target: &str) -> Command {
    Command::new(CommandId::new(id).expect("valid"), &stream(target))
}

pub(crate) fn kind() -> SnapshotKind {
    SnapshotKind::new("account").expect("valid")
}

/// A snapshot that depends on its stream and revision only.
pub(crate) fn snapshot(id: &str, revision: u64) -> Snapshot {
    Snapshot {
        stream: stream(id),
        kind: kind(),
        revision: Revision::new(revision),
        position: Position::new(revision + 1),
        schema_version: SchemaVersion::FIRST,
        codec: Codec::Json,
        payload: format!(r#"{{"owner":"{id}","events":{revision}}}"#).into(),
        taken_at: Timestamp::from_micros(revision.cast_signed() * 1_000_000),
    }
}

pub(crate) async fn all(store: &SqliteStore) -> Vec<RecordedEvent> {
    store.collect(LogRead::default()).await.expect("the log reads")
}
