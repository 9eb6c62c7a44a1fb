//! Operations carried out, their answers as text that can be compared.

use factum_core::{
    AdminRecord, AppendError, AppendRequest, Appended, Claim, ClaimChange, Clock, Codec, Command,
    CommandDigest, CommandId, CommandTarget, Direction, EventStoreExt, EventType, Expected, Guard,
    LogRead, NewEvent, Position, Query, QueryItem, RecordedEvent, Revision, SharedStore,
    StoreError, StreamId, StreamPrefix, StreamRead, Tag, Tags,
};
use futures::TryStreamExt;

use super::{ModelEvent, ModelGuard, ModelRead, Operation};
use crate::{ManualClock, SequentialIds};

/// How long commands are remembered.
pub(super) const COMMAND_LIFE_MS: i64 = 1_000;

/// Carries out operation number `index` and gives the answer as text.
pub(super) async fn apply(store: &SharedStore, index: usize, operation: &Operation) -> String {
    match operation {
        Operation::Append { events, guards, command } => {
            let request = request(index, events, guards, *command);
            answer(store.append(request).await)
        }
        Operation::Tombstone(id) => {
            answer(store.tombstone(&stream(*id), Expected::Any, record(index)).await)
        }
        Operation::Truncate(id, first) => {
            let first = Revision::new(*first);
            answer(store.truncate_before(&stream(*id), first, record(index)).await)
        }
        Operation::Read(model) => read(store, model).await,
        Operation::ReadStream(id, from, limit, backward) => {
            let direction = if *backward { Direction::Backward } else { Direction::Forward };
            let (from, limit) = (from.map(Revision::new), *limit);
            let all = StreamRead::forward(stream(*id));
            let read = StreamRead { direction, from, limit, page_events_max: 3, ..all };
            events(store.collect_stream(read).await)
        }
        Operation::Recall(id) => match store.recall(&command_id(*id)).await {
            Ok(recalled) => format!("{recalled:?}"),
            Err(error) => failure(&error),
        },
        Operation::Wait => String::new(),
        Operation::Maintain => maintain(store).await,
    }
}

/// What is left in the end.
pub(super) async fn end_state(store: &SharedStore) -> String {
    let verified = store.verify().await.map_err(|error| failure(&error));
    let stats = store.stats().await.map_err(|error| failure(&error));
    let counts = stats.map(|it| (it.head, it.events, it.streams, it.claims, it.tenants));
    let streams = store.streams(factum_core::StreamList::default()).await;
    format!("{verified:?} {counts:?} {:?}", streams.map_err(|error| failure(&error)))
}

fn request(
    index: usize,
    events: &[ModelEvent],
    guards: &[ModelGuard],
    command: Option<(u8, u8)>,
) -> AppendRequest {
    let numbered = (index as u64 * 100..).zip(events);
    let events = numbered.map(|(number, it)| (stream(it.stream), event(number, it))).collect();
    let guards = guards.iter().map(guard).collect();
    let mut request = AppendRequest { events, guards, command: None };
    if let Some((id, target)) = command {
        let expires_at = Some(ManualClock::default().now().plus_millis(expiry(index)));
        let target = CommandTarget::new(format!("target{target}")).expect("the name is valid");
        let outcome = index.to_le_bytes().to_vec().into();
        // Every fourth has none, which fits whatever there was.
        let digest = CommandDigest::of(&(index % 4)).expect("a number can be written");
        let digest = (!index.is_multiple_of(4)).then_some(digest);
        request.command = Some(Command { id: command_id(id), target, digest, outcome, expires_at });
    }
    request
}

/// Commands expire at different times, some of them within a run.
fn expiry(index: usize) -> i64 {
    COMMAND_LIFE_MS * (1 + i64::try_from(index % 3).expect("a remainder is small"))
}

fn event(number: u64, model: &ModelEvent) -> NewEvent {
    let event_type = EventType::new(format!("type{}", model.event_type)).expect("a valid name");
    let tag = Tag::new("tag", &model.tag.to_string()).expect("a valid tag");
    let claims = model.claim.iter().map(|(takes, value)| {
        let claim = Claim::new("value", &value.to_string()).expect("a valid claim");
        if *takes { ClaimChange::Take(claim) } else { ClaimChange::Release(claim) }
    });
    NewEvent {
        tags: Tags::from_iter([tag]),
        claims: claims.collect(),
        ..NewEvent::new(SequentialIds::id(number), event_type, Codec::Json, "{}")
    }
}

fn guard(model: &ModelGuard) -> Guard {
    let on = |id, expected| Guard::Stream { stream: stream(id), expected };
    match *model {
        ModelGuard::NoStream(id) => on(id, Expected::NoStream),
        ModelGuard::Exists(id) => on(id, Expected::Exists),
        ModelGuard::Revision(id, at) => on(id, Expected::Revision(Revision::new(at))),
        ModelGuard::NoneMatch(tag, after) => {
            Guard::NoneMatch { query: tagged(tag), after: Position::new(after) }
        }
        ModelGuard::NoneIn(id, after) => {
            let query = QueryItem::stream(stream(id)).into();
            Guard::NoneMatch { query, after: Position::new(after) }
        }
    }
}

fn tagged(tag: u8) -> Query {
    let tag = Tag::new("tag", &tag.to_string()).expect("a valid tag");
    QueryItem::default().tag(tag).into()
}

fn stream(id: u8) -> StreamId {
    StreamId::new("model", &id.to_string()).expect("a valid name")
}

fn command_id(id: u8) -> CommandId {
    CommandId::new(format!("command{id}")).expect("a valid name")
}

fn record(index: usize) -> AdminRecord {
    AdminRecord::new(SequentialIds::id(index as u64 * 100 + 99), "the model says so")
}

async fn read(store: &SharedStore, model: &ModelRead) -> String {
    let mut item = QueryItem::default();
    item.tags.extend(model.tag.map(|tag| Tag::new("tag", &tag.to_string()).expect("a valid tag")));
    item.streams = model.streams.map(|(id, alone)| {
        let stream = stream(id);
        let prefix = StreamPrefix::new(stream.as_str()).expect("a name begins itself");
        if alone { stream.into() } else { prefix.into() }
    });
    let direction = if model.backward { Direction::Backward } else { Direction::Forward };
    let read = LogRead {
        direction,
        through: model.through.map(Position::new),
        limit: model.limit,
        page_events_max: 3,
        ..LogRead::after(item, Position::new(model.after))
    };
    match store.read(read).try_collect::<Vec<_>>().await {
        // Where pages end is up to the store; how far the last one looked is not.
        Ok(pages) => {
            let through = pages.last().map(|page| page.through);
            let events: Vec<_> = pages.into_iter().flat_map(|page| page.events).collect();
            format!("{through:?} {events:?}")
        }
        Err(error) => failure(&error),
    }
}

async fn maintain(store: &SharedStore) -> String {
    let rebuilt = store.rebuild_claims().await.map_err(|error| failure(&error));
    let compacted = store.compact().await.map(drop).map_err(|error| failure(&error));
    let commands = store.stats().await.map(|it| it.commands).map_err(|error| failure(&error));
    format!("{rebuilt:?} {compacted:?} {commands:?}")
}

fn answer(result: Result<Appended, AppendError>) -> String {
    match result {
        Ok(appended) => format!("{appended:?} {:?}", appended.outcome),
        Err(AppendError::Store(error)) => failure(&error),
        Err(other) => format!("{other:?}"),
    }
}

fn events(result: Result<Vec<RecordedEvent>, StoreError>) -> String {
    match result {
        Ok(events) => format!("{events:?}"),
        Err(error) => failure(&error),
    }
}

/// Messages are the store's own; the kind is the contract's.
fn failure(error: &StoreError) -> String {
    format!("failure {:?}", error.kind())
}
