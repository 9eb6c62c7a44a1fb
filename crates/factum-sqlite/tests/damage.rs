//! F4: bits flip in old data, in indexes, in names. Each is noticed and named, none is served.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;

use common::{all, append, claiming, command, kind, open, snapshot, stream, try_open};
use factum_core::{
    Advance, AppendError, CheckpointStore, DeadLetter, DeadLetterStatus, EventStore, EventStoreExt,
    EventType, LaneKey, LeaseAnswer, LeaseClaim, LeaseStore, LetterChange, LogRead, Maintenance,
    OwnerId, Position, QueryItem, Registration, Revision, SnapshotList, SnapshotStore,
    StoreErrorKind, StreamRead, SubscriptionKind, SubscriptionName, Tag,
};
use factum_sqlite::SqliteStore;

/// A store of 60 events over 3 streams, with a claim, a command, snapshots and a subscription,
/// closed.
async fn build(folder: &Path) {
    let store = open(folder).await;
    for round in 0..20 {
        for (place, id) in (0..).zip(["ann", "bob", "cy"]) {
            let number = round * 3 + place;
            store.append(append(id, number..number + 1)).await.unwrap();
        }
    }
    store.append(claiming("ann", 100, "ann@example.org")).await.unwrap();
    store.append(append("bob", 101..102).command(command("c1", "bob"))).await.unwrap();
    store.save_snapshot(snapshot("ann", 3)).await.unwrap();
    store.save_snapshot(snapshot("ann", 7)).await.unwrap();
    set_aside(&store).await;
}

/// A subscription with an event that is set aside.
async fn set_aside(store: &SqliteStore) {
    let name = SubscriptionName::new("mails").unwrap();
    let (kind, start) = (SubscriptionKind::Subscription, Position::START);
    let shape = "every event".into();
    let registration = Registration { name: name.clone(), kind, version: 1, shape, start };
    store.register(registration).await.unwrap();
    let claim = LeaseClaim { name, owner: OwnerId::new("one").unwrap(), expired: None };
    let LeaseAnswer::Granted(lease, _) = store.claim_lease(claim).await.unwrap() else {
        panic!("nobody holds it")
    };
    let event = &all(store).await[6];
    let mut step = Advance::new(lease, start, event.position);
    step.letters.push(LetterChange::Put(DeadLetter {
        position: event.position,
        key: LaneKey::new("ann").unwrap(),
        status: DeadLetterStatus::Parked,
        id: event.id,
        tenant: event.tenant.clone(),
        stream: event.stream.clone(),
        event_type: event.event_type.clone(),
        cause: "no such address".into(),
        attempts: 1,
        first_at: event.recorded_at,
        last_at: event.recorded_at,
        due: false,
    }));
    store.advance(step).await.unwrap();
}

/// Changes the closed store behind its back, then returns what a verification finds.
async fn findings_after(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path()).await;
    let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
    conn.execute_batch(sql).unwrap();
    drop(conn);
    open(folder.path()).await.verify().await.unwrap().findings
}

#[tokio::test]
async fn a_sound_store_has_no_findings() {
    assert_eq!(findings_after("").await, [""; 0]);
}

const ANNS_SNAPSHOT: &str =
    "snapshot of kind \"account\" of stream \"account/ann\" of \"default\" at revision 3 differs";

#[tokio::test]
async fn f4_each_kind_of_damage_is_found_and_named() {
    let cases = [
        ("UPDATE events SET payload = x'7b7d' WHERE position = 30", "position 30"),
        ("UPDATE events SET recorded_at = recorded_at + 1 WHERE position = 31", "position 31"),
        ("UPDATE events SET kind = 1 + kind % 3 WHERE position = 32", "position 32"),
        ("DELETE FROM events WHERE position = 33", "positions 33 to 33: missing"),
        (
            "DELETE FROM kind_positions WHERE position = 34",
            "position 34: missing from the index of its type",
        ),
        (
            "DELETE FROM term_positions WHERE position = 35",
            "position 35: missing from the index of its tag",
        ),
        ("INSERT INTO term_positions VALUES (1, 9999, 0)", "index term_positions"),
        ("UPDATE streams SET name = 'account/bo2' WHERE name = 'account/bob'", "row of stream"),
        ("UPDATE streams SET tombstoned = 1 WHERE name = 'account/cy'", "row of stream"),
        ("UPDATE kinds SET event_type = 'account.hacked' WHERE id = 1", "row of kind 1"),
        ("UPDATE terms SET name = 'order:99' WHERE name = 'order:1'", "row of term"),
        ("UPDATE tenants SET name = 'other'", "row of tenant 1"),
        ("UPDATE head SET position = 10", "row of the head"),
        ("DELETE FROM head", "row of the head"),
        ("DELETE FROM events WHERE position > 60", "head: expected the last event at 62"),
        ("UPDATE claims SET stream = 2", "the events do not say so"),
        ("DELETE FROM claims", "index claims: expected 1 entries, found 0"),
        ("UPDATE commands SET target = 'account/cy'", "command c1"),
        ("UPDATE snapshots SET payload = x'7b7d' WHERE revision = 3", ANNS_SNAPSHOT),
        ("UPDATE snapshots SET position = position + 1 WHERE revision = 3", ANNS_SNAPSHOT),
        ("UPDATE snapshots SET payload_checksum = 1 WHERE revision = 3", ANNS_SNAPSHOT),
        ("UPDATE snapshots SET stream = 'account/bob' WHERE revision = 7", "\"account/bob\""),
        ("UPDATE subscriptions SET kind = 9", "row of subscription \"mails\" of scope \"default\""),
        ("UPDATE subscriptions SET last_id = x'00', last_position = 1", "row of subscription"),
        ("DELETE FROM letters", "to be [0, 0, 0], found [1, 0, 1]"),
        ("UPDATE letters SET status = 1", "to be [1, 1, 0], found [1, 0, 1]"),
        ("UPDATE letters SET event_type = ''", "at position 7 differs from its checksum"),
        ("DELETE FROM subscriptions", "dead letter at position 7: its subscription mails"),
    ];
    for (damage, named) in cases {
        let findings = findings_after(damage).await;
        let found = findings.iter().any(|finding| finding.contains(named));
        assert!(found, "after {damage}: expected {named:?} among {findings:#?}");
    }
}

#[tokio::test]
async fn damaged_events_are_errors_to_every_reader() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path()).await;
    let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
    // Whose event it is depends on the order of the appends above; the file tells.
    let (position, name): (i64, String) = conn
        .query_row(
            "SELECT position, name FROM events JOIN streams ON streams.id = stream WHERE position = 31",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    conn.execute("UPDATE events SET payload = x'00' WHERE position = ?1", [position]).unwrap();
    drop(conn);

    let store = open(folder.path()).await;
    let whole = store.collect(LogRead::default()).await.unwrap_err();
    assert_eq!(whole.kind(), StoreErrorKind::Corrupt);
    assert!(whole.to_string().contains("position 31"), "{whole}");
    let one = store.collect_stream(StreamRead::forward(name.parse().unwrap())).await.unwrap_err();
    assert_eq!(one.kind(), StoreErrorKind::Corrupt);
    let before = LogRead { through: Some(factum_core::Position::new(30)), ..LogRead::default() };
    assert_eq!(store.collect(before).await.unwrap().len(), 30, "what is sound is served");
}

#[tokio::test]
async fn damaged_snapshots_are_errors() {
    let cases = [
        ("payload = zeroblob(length(payload))", true), // A listing reads no payload.
        ("payload = x'00'", false),
        ("schema_version = 9", false),
    ];
    for (damage, listable) in cases {
        let folder = tempfile::tempdir().unwrap();
        build(folder.path()).await;
        let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
        conn.execute_batch(&format!("UPDATE snapshots SET {damage} WHERE revision = 7")).unwrap();
        drop(conn);
        let store = open(folder.path()).await;
        let latest = store.latest_snapshot(&stream("ann"), &kind(), None).await.unwrap_err();
        assert_eq!(latest.kind(), StoreErrorKind::Corrupt);
        assert!(latest.to_string().contains("at revision 7"), "{latest}");
        let listed = store.snapshots(SnapshotList::default()).await;
        assert_eq!(listed.is_ok(), listable, "{damage}");
        let through = Some(Revision::new(6));
        let sound = store.latest_snapshot(&stream("ann"), &kind(), through).await.unwrap();
        assert_eq!(sound, Some(snapshot("ann", 3)), "what is sound is served");
        store.save_snapshot(snapshot("ann", 7)).await.unwrap();
        assert_eq!(store.verify().await.unwrap().findings, [""; 0], "a new one takes its place");
    }
}

#[tokio::test]
async fn a_posting_that_leads_to_the_wrong_event_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path()).await;
    let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
    conn.execute_batch(
        "INSERT INTO term_positions SELECT id, 2, 0 FROM terms WHERE name = 'order:6'",
    )
    .unwrap();
    drop(conn);
    let store = open(folder.path()).await;
    let query = QueryItem::default().tag(Tag::new("order", "6").unwrap());
    let error =
        store.collect(LogRead::after(query, factum_core::Position::START)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn an_index_that_has_lost_an_entry_is_an_error() {
    let term = "term = (SELECT id FROM terms WHERE name = 'order:6')";
    let cases = [
        format!("DELETE FROM term_positions WHERE {term} AND position BETWEEN 20 AND 30"),
        format!("DELETE FROM term_positions WHERE {term} AND position > 50"),
        format!("DELETE FROM term_positions WHERE {term} AND position = 0"),
        format!("UPDATE term_positions SET previous = 1 WHERE {term} AND position = 0"),
        "DELETE FROM kind_keys".into(),
    ];
    for damage in cases {
        let folder = tempfile::tempdir().unwrap();
        build(folder.path()).await;
        let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
        assert!(conn.execute(&damage, []).unwrap() > 0, "{damage} changes something");
        drop(conn);
        let store = open(folder.path()).await;
        let event_type = EventType::new("account.changed-0").unwrap();
        let query =
            QueryItem::default().tag(Tag::new("order", "6").unwrap()).event_type(event_type);
        let read = LogRead::after(query.clone(), Position::START);
        let error = store.collect(read).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "after {damage}: {error}");
        let guarded = append("ann", 200..201).none_match(query, Position::START);
        match store.append(guarded).await.unwrap_err() {
            AppendError::Store(error) => assert_eq!(error.kind(), StoreErrorKind::Corrupt),
            // What is there may answer before what is missing is needed.
            other => assert!(matches!(other, AppendError::Conflict(_)), "{damage}: {other}"),
        }
    }
}

#[tokio::test]
async fn a_stream_that_ends_elsewhere_than_its_row_says_is_an_error() {
    for damage in ["last_revision = 3", "last_revision = 99", "last_position = 1"] {
        let folder = tempfile::tempdir().unwrap();
        build(folder.path()).await;
        let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
        conn.execute_batch(&format!("UPDATE streams SET {damage} WHERE id = 1")).unwrap();
        drop(conn);
        let store = open(folder.path()).await;
        let read = store.collect_stream(StreamRead::forward(stream("ann"))).await.unwrap_err();
        assert_eq!(read.kind(), StoreErrorKind::Corrupt);
        let appended = store.append(append("ann", 200..201)).await.unwrap_err();
        let AppendError::Store(appended) = appended else { panic!("{appended}") };
        assert_eq!(appended.kind(), StoreErrorKind::Corrupt);
    }
}

#[tokio::test]
async fn a_hole_in_a_stream_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path()).await;
    let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
    conn.execute_batch("DELETE FROM events WHERE stream = 1 AND revision = 4").unwrap();
    drop(conn);
    let store = open(folder.path()).await;
    let forward = store.collect_stream(StreamRead::forward(stream("ann"))).await.unwrap_err();
    assert_eq!(forward.kind(), StoreErrorKind::Corrupt);
    let backward = store.collect_stream(StreamRead::backward(stream("ann"))).await.unwrap_err();
    assert_eq!(backward.kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn a_log_cut_short_is_not_taken_for_a_short_log() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path()).await;
    let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
    conn.execute_batch("DELETE FROM events WHERE position > 60").unwrap();
    drop(conn);
    let store = open(folder.path()).await;
    let read = store.collect(LogRead::default()).await.unwrap_err();
    assert_eq!(read.kind(), StoreErrorKind::Corrupt);
    let appended = store.append(append("ann", 200..201)).await.unwrap_err();
    assert!(appended.to_string().contains("expected the last event at position 62"), "{appended}");
}

/// Single bits anywhere in the file: what is read is what was written, or an error.
#[tokio::test]
async fn f4_no_flipped_bit_is_ever_served() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path()).await;
    let written = {
        let store = open(folder.path()).await;
        all(&store).await
    };
    let sound = std::fs::read(folder.path().join("log.db")).unwrap();
    assert!(!folder.path().join("log.db-wal").exists(), "a closed store is one file");
    let mut random = fastrand::Rng::with_seed(4);
    let mut noticed = 0;
    for _ in 0..400 {
        let (at, bit) = (random.usize(..sound.len()), random.u8(..8));
        let hurt = tempfile::tempdir().unwrap();
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << bit;
        std::fs::write(hurt.path().join("log.db"), bytes).unwrap();
        let Ok(store) = try_open(hurt.path()).await else {
            noticed += 1;
            continue;
        };
        match store.latest_snapshot(&stream("ann"), &kind(), None).await {
            // A lost index entry costs a snapshot; it never makes another one of it.
            Ok(found) => assert!(
                found.is_none_or(|it| it == snapshot("ann", 7) || it == snapshot("ann", 3)),
                "byte {at} bit {bit} was served"
            ),
            Err(_) => noticed += 1,
        }
        match store.collect(LogRead::default()).await {
            Ok(read) => assert_eq!(read, written, "byte {at} bit {bit} was served"),
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 0, "of 400 flipped bits some must hit what is read");
}
