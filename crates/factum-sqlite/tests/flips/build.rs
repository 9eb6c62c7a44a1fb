//! A small store that has everything, on pages so small that every tree has inner ones.

use std::path::Path;

use factum_core::{
    AdminRecord, Advance, AppendRequest, CausationId, Claim, ClaimChange, Codec, Command,
    CommandId, CorrelationId, DeadLetter, DeadLetterStatus, EventId, EventType, Expected, LaneKey,
    LeaseAnswer, LeaseClaim, LetterChange, NewEvent, OwnerId, Position, Registration, Revision,
    SchemaVersion, SharedStore, Snapshot, SnapshotKind, StreamId, SubscriptionKind,
    SubscriptionName, Tag, TenantId, Timestamp,
};

pub(crate) const STREAMS: u64 = 40;
pub(crate) const EVENTS: u64 = 180;
pub(crate) const CLAIMS: u64 = 24;
pub(crate) const COMMANDS: u64 = 17;
pub(crate) const TAGS: u64 = 19;
pub(crate) const SUBSCRIPTIONS: u64 = 12;

pub(crate) fn tenants() -> [TenantId; 2] {
    [TenantId::default(), TenantId::new("other").unwrap()]
}

/// Streams of two categories; the last is one that nobody wrote to.
pub(crate) fn stream(number: u64) -> StreamId {
    let category = if number % 4 == 3 { "order" } else { "account" };
    StreamId::new(category, &format!("number-{number}")).unwrap()
}

pub(crate) fn tag(number: u64) -> Tag {
    Tag::new("group", &number.to_string()).unwrap()
}

pub(crate) fn correlation(number: u64) -> CorrelationId {
    CorrelationId::new(format!("request-{number}")).unwrap()
}

pub(crate) fn event_type(number: u64) -> EventType {
    EventType::new(format!("changed-{}", number % 9)).unwrap()
}

pub(crate) fn claim(number: u64) -> Claim {
    Claim::new("email", &format!("someone-{number}@example.org")).unwrap()
}

pub(crate) fn command(number: u64) -> CommandId {
    CommandId::new(format!("command-{number}")).unwrap()
}

pub(crate) fn subscription(number: u64) -> SubscriptionName {
    SubscriptionName::new(format!("reader-{number}")).unwrap()
}

pub(crate) fn kind() -> SnapshotKind {
    SnapshotKind::new("state").unwrap()
}

pub(crate) fn id(number: u64) -> EventId {
    let mut bytes = [7; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    EventId::from_bytes(bytes)
}

pub(crate) fn event(number: u64) -> NewEvent {
    let payload = format!("{number} {}", "x".repeat((number % 60) as usize));
    let mut event = NewEvent::new(id(number), event_type(number), Codec::Json, payload);
    event.tags = [tag(number % TAGS), tag(1_000 + number / 5)].into_iter().collect();
    event.correlation = Some(correlation(number % 6));
    event.causation = Some(CausationId::new(format!("cause-{number}")).unwrap());
    event
}

pub(crate) fn snapshot(number: u64, revision: u64) -> Snapshot {
    Snapshot {
        stream: stream(number),
        kind: kind(),
        revision: Revision::new(revision),
        position: Position::new(revision + 1),
        schema_version: SchemaVersion::FIRST,
        codec: Codec::Json,
        payload: format!("{number} at {revision} {}", "y".repeat(40)).into(),
        taken_at: Timestamp::from_micros(5),
    }
}

/// Builds the store and closes it, so that it is one file.
pub(crate) async fn build(path: &Path) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch("PRAGMA page_size = 512; VACUUM").unwrap();
    drop(conn);
    let all = super::open(path).await.unwrap();
    let stores = tenants().map(|tenant| all.for_tenant(&tenant).unwrap());
    for number in 0..EVENTS {
        let store = &stores[usize::from(number % 8 == 7)];
        let mut event = event(number);
        if number < CLAIMS + 4 {
            event.claims.push(ClaimChange::Take(claim(number)));
        }
        let stream = stream(number % STREAMS);
        let mut request = AppendRequest::default().stream(stream.clone(), Expected::Any, [event]);
        if number % 10 == 3 {
            let mut command = Command::new(command(number / 10), &stream);
            command.outcome = format!("outcome {number}").into();
            request = request.command(command);
        }
        store.append(request).await.unwrap();
    }
    for store in &stores {
        keep_states(store).await;
    }
    act(&stores[0]).await;
    for number in 0..SUBSCRIPTIONS {
        subscribe(&stores[0], number).await;
    }
}

async fn act(store: &SharedStore) {
    let record = |number| AdminRecord::new(id(number), "asked for");
    store.truncate_before(&stream(1), Revision::new(2), record(9_001)).await.unwrap();
    store.tombstone(&stream(2), Expected::Exists, record(9_002)).await.unwrap();
    for number in CLAIMS..CLAIMS + 4 {
        let mut event = event(9_010 + number);
        event.claims.push(ClaimChange::Release(claim(number)));
        let request =
            AppendRequest::default().stream(stream(number % STREAMS), Expected::Any, [event]);
        let _ = store.append(request).await; // Those of the other tenant stay.
    }
}

async fn keep_states(store: &SharedStore) {
    for number in [0, 4, 5, 8] {
        for revision in 0..5 {
            store.save_snapshot(snapshot(number, revision)).await.unwrap();
        }
        store.delete_snapshots(&stream(number), None, 3).await.unwrap();
    }
}

/// A subscription; the first has events that are set aside.
async fn subscribe(store: &SharedStore, number: u64) {
    let name = subscription(number);
    let (kind, start) = (SubscriptionKind::Subscription, Position::START);
    let shape = "every event".into();
    store
        .register(Registration { name: name.clone(), kind, version: 1, shape, start })
        .await
        .unwrap();
    let claim = LeaseClaim { name, owner: OwnerId::new("one").unwrap(), expired: None };
    let LeaseAnswer::Granted(lease, _) = store.claim_lease(claim).await.unwrap() else {
        panic!("nobody holds it")
    };
    let mut step = Advance::new(lease, start, Position::new(20 + number));
    for position in (1..=20).filter(|_| number == 0) {
        let parked =
            if position < 10 { DeadLetterStatus::Parked } else { DeadLetterStatus::Waiting };
        step.letters.push(LetterChange::Put(DeadLetter {
            position: Position::new(position),
            key: LaneKey::new(format!("key-{}", position % 3)).unwrap(),
            status: parked,
            id: id(position - 1),
            tenant: TenantId::default(),
            stream: stream(position % STREAMS),
            event_type: event_type(position),
            cause: "no such address".into(),
            attempts: 1,
            first_at: Timestamp::from_micros(1),
            last_at: Timestamp::from_micros(2),
            due: false,
        }));
    }
    store.advance(step).await.unwrap();
}
