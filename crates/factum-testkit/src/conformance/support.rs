//! The small words that cases are written in.

use std::fmt::Debug;
use std::ops::Range;

use factum_core::{
    AdminRecord, AppendError, AppendRequest, Appended, Claim, ClaimChange, Codec, Command,
    CommandDigest, CommandId, Conflict, EventStore, EventStoreExt, EventType, Expected, Guard,
    LogRead, NewEvent, Page, PageStream, Position, RecordedEvent, Refusal, Revision, SharedStore,
    StoreError, StoreErrorKind, StreamId, StreamRead, Tag, TenantId,
};
use futures::TryStreamExt;

use crate::SequentialIds;

/// The stream `account/<id>`.
pub(super) fn account(id: &str) -> StreamId {
    StreamId::new("account", id).expect("the id is valid")
}

/// Event number `number`, of type `thing.happened`.
pub(super) fn event(number: u64) -> NewEvent {
    let payload = format!("{{\"number\":{number}}}");
    NewEvent::new(SequentialIds::id(number), event_type("thing.happened"), Codec::Json, payload)
}

pub(super) fn event_type(name: &str) -> EventType {
    EventType::new(name).expect("the type is valid")
}

pub(super) fn tag(text: &str) -> Tag {
    text.parse().expect("the tag is valid")
}

pub(super) fn tenant(name: &str) -> TenantId {
    TenantId::new(name).expect("the tenant is valid")
}

pub(super) fn revision(number: u64) -> Revision {
    Revision::new(number)
}

pub(super) fn position(number: u64) -> Position {
    Position::new(number)
}

/// An event that takes `value` as an e-mail address.
pub(super) fn takes(number: u64, value: &str) -> NewEvent {
    NewEvent { claims: vec![ClaimChange::Take(email(value))], ..event(number) }
}

/// An event that releases `value`.
pub(super) fn releases(number: u64, value: &str) -> NewEvent {
    NewEvent { claims: vec![ClaimChange::Release(email(value))], ..event(number) }
}

pub(super) fn email(value: &str) -> Claim {
    Claim::new("email", value).expect("the claim is valid")
}

/// An append of numbered events to `account/<id>`.
pub(super) fn to(id: &str, expected: Expected, numbers: Range<u64>) -> AppendRequest {
    AppendRequest::default().stream(account(id), expected, numbers.map(event))
}

/// An append of one event to `account/<id>`, whatever is there.
pub(super) fn one(id: &str, event: NewEvent) -> AppendRequest {
    AppendRequest::default().stream(account(id), Expected::Any, [event])
}

/// A guard on `account/<id>`.
pub(super) fn guard(id: &str, expected: Expected) -> Guard {
    Guard::Stream { stream: account(id), expected }
}

/// Command `id`, addressed to `account/<target>`, with an outcome.
pub(super) fn command(id: &str, target: &str) -> Command {
    let id = CommandId::new(id).expect("the command id is valid");
    let outcome = format!("outcome of {id}").into_bytes();
    Command { outcome: outcome.into(), ..Command::new(id, &account(target)) }
}

/// Command `id`, addressed to `account/ann`, whose digest says that it asks for `what`.
pub(super) fn asking(id: &str, what: &str) -> Command {
    let digest = CommandDigest::of(what).expect("a text can be written");
    Command { digest: Some(digest), ..command(id, "ann") }
}

/// The record of a deletion or truncation, as event `number`.
pub(super) fn record(number: u64) -> AdminRecord {
    AdminRecord::new(SequentialIds::id(number), "no longer needed")
}

/// Appends numbered events to `account/<id>`.
pub(super) async fn put(store: &SharedStore, id: &str, numbers: Range<u64>) -> Appended {
    store.append(to(id, Expected::Any, numbers)).await.expect("an append without guards succeeds")
}

/// Appends one event to `account/<id>`.
pub(super) async fn put_one(store: &SharedStore, id: &str, event: NewEvent) -> Appended {
    store.append(one(id, event)).await.expect("an append without guards succeeds")
}

/// Everything that the handle sees.
pub(super) async fn all(store: &SharedStore) -> Vec<RecordedEvent> {
    store.collect(LogRead::default()).await.expect("the log can be read")
}

/// The numbers of the events that the handle sees, in position order.
pub(super) async fn log_numbers(store: &SharedStore) -> Vec<u64> {
    numbers(&all(store).await)
}

/// The numbers of the events of `account/<id>`, in revision order.
pub(super) async fn stream_numbers(store: &SharedStore, id: &str) -> Vec<u64> {
    let read = store.collect_stream(StreamRead::forward(account(id))).await;
    numbers(&read.expect("the stream can be read"))
}

pub(super) fn numbers(events: &[RecordedEvent]) -> Vec<u64> {
    events.iter().map(|it| SequentialIds::number(&it.id)).collect()
}

pub(super) fn positions(events: &[RecordedEvent]) -> Vec<u64> {
    events.iter().map(|it| it.position.get()).collect()
}

/// The pages of a read.
pub(super) async fn pages(read: PageStream) -> Vec<Page> {
    read.try_collect().await.expect("the read succeeds")
}

/// The numbers of the events on some pages.
pub(super) fn page_numbers(pages: &[Page]) -> Vec<u64> {
    pages.iter().flat_map(|page| numbers(&page.events)).collect()
}

pub(super) async fn head(store: &(impl EventStore + ?Sized)) -> u64 {
    store.head().await.expect("the head can be read").get()
}

pub(super) async fn owner(store: &SharedStore, value: &str) -> Option<StreamId> {
    store.claim_owner(&email(value)).await.expect("the claim can be looked up")
}

/// The conflict that an append must end with.
pub(super) fn conflict(result: Result<Appended, AppendError>) -> Conflict {
    match result {
        Err(AppendError::Conflict(conflict)) => conflict,
        other => panic!("expected a conflict, found {other:?}"),
    }
}

/// The refusal that an append must end with.
pub(super) fn refusal(result: Result<Appended, AppendError>) -> Refusal {
    match result {
        Err(AppendError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// The kind of failure that an operation must end with.
pub(super) fn failure<T: Debug>(result: Result<T, StoreError>) -> StoreErrorKind {
    match result {
        Err(error) => error.kind(),
        Ok(found) => panic!("expected a failure, found {found:?}"),
    }
}
