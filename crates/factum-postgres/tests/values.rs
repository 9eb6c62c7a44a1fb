//! Whatever a value holds, it is a value: it comes back as it was, and nothing in it is taken for
//! SQL. Large ones come back whole, in pages that stay bounded.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::requests::{command_id, event, expecting, stream};
use common::session::Session;
use common::{all, assert_sound, on_every_postgres};
use factum_core::limits::{APPEND_BYTES_MAX, EVENT_BYTES_MAX, OUTCOME_BYTES_MAX};
use factum_core::{
    AdminRecord, AppendRequest, CausationId, Claim, ClaimChange, Codec, Command, CommandTarget,
    CorrelationId, EventStore, EventStoreExt, EventType, Expected, LogRead, NewEvent, Page,
    Position, Principal, QueryItem, RecordedEvent, Revision, SchemaVersion, Snapshot, SnapshotKind,
    SnapshotStore, StreamAdmin, StreamRead, Tag, Timestamp,
};
use factum_postgres::PostgresStore;
use factum_testkit::SequentialIds;
use futures::TryStreamExt;

/// A page ends once it holds this many bytes of payload; the event that fills it is in it.
const PAGE_BYTES: usize = 1 << 20;

/// Values on one line, which names may have.
const LINES: [&str; 18] = [
    "'",
    "''; DROP TABLE events; --",
    "\"; DROP SCHEMA public CASCADE; --",
    "\\",
    "\\'; SELECT pg_sleep(10); --",
    "$1 {schema} %s %% :name ?",
    "$$ $body$ END; $body$",
    "E'\\x00' \\N \\. \\x1f",
    "NULL",
    "{1,2,\"3\"}",
    "[{\"c\": null}]",
    "emoji 🦀👩‍👩‍👧 and ✓",
    "e\u{301} is not \u{e9}",
    "right to \u{202e}left\u{202c}",
    "\u{feff}marked",
    "\u{10ffff}\u{ffff}\u{fffd}",
    "ｆｕｌｌ ﬁ ß İ",
    "a\u{a0}b\u{2003}c",
];

/// Texts that no name may be, and some metadata, reason or payload is.
const TEXTS: [&str; 6] = ["", "\0", "a\0b\u{1f}c\u{7f}", "line\r\nline\ttab", " spaces ", "\u{1f}"];

fn texts() -> impl Iterator<Item = &'static str> {
    LINES.into_iter().chain(TEXTS)
}

/// An event with the value in every place that takes it.
fn holding(number: u64, value: &str) -> NewEvent {
    let mut holding = event(number);
    holding.payload = value.as_bytes().to_vec().into();
    holding.metadata.insert("plain", value).unwrap();
    if !LINES.contains(&value) {
        return holding;
    }
    holding.tags = [Tag::new("t", value).unwrap()].into_iter().collect();
    holding.correlation = Some(CorrelationId::new(value).unwrap());
    holding.causation = Some(CausationId::new(value).unwrap());
    holding.principal = Some(Principal::new(value).unwrap());
    holding.metadata.insert(value, value).unwrap();
    holding.claims.push(ClaimChange::Take(Claim::new("c", value).unwrap()));
    holding
}

fn assert_equal(found: &RecordedEvent, sent: &NewEvent) {
    let mut expected = sent.clone();
    expected.recorded_at = Some(found.recorded_at);
    assert_eq!(found.clone().into_new(), expected);
}

async fn found_by(store: &PostgresStore, query: QueryItem) -> Vec<RecordedEvent> {
    store.collect(LogRead::after(query, Position::START)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_value_comes_back_as_it_was() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        for (number, value) in (0..).zip(texts()) {
            let sent = holding(number, value);
            let request = expecting("a", Expected::Any, []);
            let request = request.stream(stream("a"), Expected::Any, [sent.clone()]);
            store.append(request).await.unwrap();
            let found = all(&store).await.pop().unwrap();
            assert_equal(&found, &sent);
            if !LINES.contains(&value) {
                continue;
            }
            let tagged = QueryItem::default().tag(Tag::new("t", value).unwrap());
            let by_tag = found_by(&store, tagged.clone()).await;
            assert_eq!(by_tag, std::slice::from_ref(&found), "{value:?}");
            let correlation = CorrelationId::new(value).unwrap();
            let correlated = QueryItem::default().correlation(correlation);
            assert_eq!(found_by(&store, correlated).await, [found], "{value:?}");
            let claim = Claim::new("c", value).unwrap();
            assert_eq!(store.claim_owner(&claim).await.unwrap(), Some(stream("a")), "{value:?}");
            // The same query as a guard.
            let guarded = AppendRequest::default()
                .stream(stream("b"), Expected::Any, [event(1_000 + number)])
                .none_match(tagged, Position::START);
            store.append(guarded).await.unwrap_err();
        }
        assert_eq!(all(&store).await.len(), texts().count());
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_reasons_and_snapshots_hold_any_value() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        for (number, value) in (0..).zip(texts()) {
            let id = if LINES.contains(&value) { value } else { "line" };
            let own = stream(&format!("n{number}"));
            let target = CommandTarget::new(id).unwrap();
            let mut command = Command::new(command_id(&format!("{id}{number}")), target.clone());
            command.outcome = value.as_bytes().to_vec().into();
            let request = AppendRequest::default()
                .stream(own.clone(), Expected::NoStream, [event(number)])
                .command(command.clone());
            let appended = store.append(request).await.unwrap();
            let recalled = store.recall(&command.id).await.unwrap().unwrap();
            assert_eq!(recalled.target, target);
            assert_eq!(recalled.appended.outcome, Some(command.outcome));
            assert_eq!(recalled.appended.streams, appended.streams);

            let snapshot = Snapshot {
                stream: own.clone(),
                kind: SnapshotKind::new(id).unwrap(),
                revision: Revision::new(number),
                position: appended.last,
                schema_version: SchemaVersion::FIRST,
                codec: Codec::Cbor,
                payload: value.as_bytes().to_vec().into(),
                taken_at: Timestamp::from_micros(-1),
            };
            store.save_snapshot(snapshot.clone()).await.unwrap();
            let found = store.latest_snapshot(&own, &snapshot.kind, None).await.unwrap();
            assert_eq!(found, Some(snapshot));

            let mut record = AdminRecord::new(SequentialIds::id(1_000 + number), value);
            record.principal = Some(Principal::new(id).unwrap());
            if number % 2 == 0 {
                store.truncate_before(&own, Revision::new(0), record.clone()).await.unwrap();
            }
            record.id = SequentialIds::id(2_000 + number);
            store.tombstone(&own, Expected::Exists, record).await.unwrap();
            let last = all(&store).await.pop().unwrap();
            let payload: serde_json::Value = serde_json::from_slice(&last.payload).unwrap();
            assert_eq!(payload["reason"], *value);
        }
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_of_any_kind_come_back_and_people_can_look_at_the_log() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let mut random = fastrand::Rng::with_seed(7);
        let mut sent = Vec::new();
        for number in 0..200 {
            let mut event = event(number);
            event.codec = if random.bool() { Codec::Json } else { Codec::Cbor };
            let bytes = random.usize(..if number % 50 == 0 { 40_000 } else { 60 });
            event.payload = std::iter::repeat_with(|| random.u8(..)).take(bytes).collect();
            let text: String = std::iter::repeat_with(|| random.char(..)).take(20).collect();
            event.metadata.insert("random", text).unwrap();
            let times = [i64::MIN, i64::MAX, 0, -210_866_803_200_000_000];
            event.recorded_at = times.get(random.usize(..8)).copied().map(Timestamp::from_micros);
            sent.push(event);
        }
        for few in sent.chunks(10) {
            let request = AppendRequest::default();
            store.append(request.stream(stream("a"), Expected::Any, few.to_vec())).await.unwrap();
        }
        let found = all(&store).await;
        assert_eq!(found.len(), sent.len());
        for (found, sent) in found.iter().zip(&sent) {
            assert_equal(found, sent);
        }
        assert_sound(&store).await;
        let session = Session::connect(&place).await;
        let log = place.sql("SELECT * FROM {schema}.log ORDER BY position");
        let rows = session.client.simple_query(&log).await.unwrap();
        assert!(rows.len() >= sent.len());
    })
    .await;
}

/// An event that is mostly payload, which says which event it is of.
fn large(number: u64, bytes: usize) -> NewEvent {
    let event_type = EventType::new("account.filled").unwrap();
    let mut payload = number.to_be_bytes().repeat(bytes / 8 + 1);
    payload.truncate(bytes);
    NewEvent::new(SequentialIds::id(number), event_type, Codec::Cbor, payload)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_values_come_back_whole() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let request = |events: Vec<NewEvent>| {
            AppendRequest::default().stream(stream("large"), Expected::Any, events)
        };
        let whole = large(0, EVENT_BYTES_MAX);
        store.append(request(vec![whole.clone()])).await.unwrap();
        let four: Vec<_> = (1..5).map(|it| large(it, APPEND_BYTES_MAX / 4)).collect();
        let mut command = Command::new(command_id("large"), &stream("large"));
        command.outcome = vec![0xff; OUTCOME_BYTES_MAX].into();
        store.append(request(four.clone()).command(command.clone())).await.unwrap();
        let again = store.append(request(four.clone()).command(command.clone())).await.unwrap();
        assert_eq!((again.repeated, again.outcome), (true, Some(command.outcome)));
        let found = all(&store).await;
        assert_eq!(found.len(), 5);
        for (found, sent) in found.iter().zip(std::iter::once(&whole).chain(&four)) {
            assert!(found.payload == sent.payload, "{found:?}");
        }
        // One byte more is refused before anything is sent.
        store.append(request(vec![large(9, EVENT_BYTES_MAX + 1)])).await.unwrap_err();
        assert_eq!(store.head().await.unwrap(), Position::new(5));
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_large_events_stay_bounded_and_complete() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let mut random = fastrand::Rng::with_seed(11);
        let mut sent = Vec::new();
        for number in (0..16).step_by(4) {
            let sizes = [1 << 20, random.usize(..900_000), 10, (1 << 20) - 1];
            let events = (number..).zip(sizes).map(|(number, bytes)| large(number, bytes));
            let events: Vec<_> = events.collect();
            sent.extend_from_slice(&events);
            let request = AppendRequest::default().stream(stream("large"), Expected::Any, events);
            store.append(request).await.unwrap();
        }
        for page_events_max in [1, 3, 1_000] {
            let read = LogRead { page_events_max, ..LogRead::default() };
            assert_pages(store.read(read).try_collect().await.unwrap(), &sent);
            let read = StreamRead { page_events_max, ..StreamRead::forward(stream("large")) };
            assert_pages(store.read_stream(read).try_collect().await.unwrap(), &sent);
            let read = StreamRead { page_events_max, ..StreamRead::backward(stream("large")) };
            let backward: Vec<_> = sent.iter().rev().cloned().collect();
            assert_pages(store.read_stream(read).try_collect().await.unwrap(), &backward);
        }
        assert_sound(&store).await;
    })
    .await;
}

fn assert_pages(pages: Vec<Page>, sent: &[NewEvent]) {
    for page in &pages {
        // Only the last event may go beyond. The last page of all may be empty.
        let before = page.events.split_last().map_or(&[][..], |(_, before)| before);
        let bytes: usize = before.iter().map(|it| it.payload.len()).sum();
        assert!(bytes < PAGE_BYTES, "{bytes} bytes and one more event");
    }
    let events: Vec<_> = pages.into_iter().flat_map(|page| page.events).collect();
    assert_eq!(events.len(), sent.len());
    for (found, sent) in events.iter().zip(sent) {
        assert!(found.id == sent.id && found.payload == sent.payload, "{found:?}");
    }
}
