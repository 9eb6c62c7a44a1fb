//! F4: stored rows that were changed behind the store's back are found and named, and never served.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::views::{letter, run, step};
use common::{Place, all, on_every_postgres};
use factum_core::{
    AppendRequest, CheckpointStore, Claim, ClaimChange, Codec, Command, CommandId,
    DeadLetterStatus, EventId, EventStore, EventStoreExt, EventType, Expected, LetterChange,
    LogRead, Maintenance, NewEvent, Position, Revision, SchemaVersion, Snapshot, SnapshotKind,
    SnapshotStore, StoreErrorKind, StreamId, StreamRead, Tag, Timestamp,
};
use factum_postgres::PostgresStore;
use factum_postgres::tokio_postgres::{NoTls, connect};

fn account(name: &str) -> StreamId {
    StreamId::new("account", name).unwrap()
}

async fn filled(place: &Place) -> PostgresStore {
    let store = place.open().await;
    for number in 1..=6_u8 {
        let event_type = EventType::new("account.changed").unwrap();
        let id = EventId::from_bytes([number; 16]);
        let mut event =
            NewEvent::new(id, event_type, Codec::Json, format!(r#"{{"number":{number}}}"#));
        event.tags = [Tag::new("order", &(number % 2).to_string()).unwrap()].into_iter().collect();
        event.claims = vec![ClaimChange::Take(Claim::new("email", &number.to_string()).unwrap())];
        let stream = account(&(number % 2).to_string());
        let command = Command::new(CommandId::new(format!("c{number}")).unwrap(), &stream);
        let request =
            AppendRequest::default().stream(stream, Expected::Any, [event]).command(command);
        store.append(request).await.unwrap();
    }
    let snapshot = Snapshot {
        stream: account("1"),
        kind: SnapshotKind::new("account").unwrap(),
        revision: Revision::new(1),
        position: Position::new(3),
        schema_version: SchemaVersion::FIRST,
        codec: Codec::Json,
        payload: "{}".into(),
        taken_at: Timestamp::from_micros(1),
    };
    store.save_snapshot(snapshot).await.unwrap();
    let mut aside = step(&run(&store, "mails").await, 0, 2);
    aside.letters = vec![LetterChange::Put(letter(2, 0, DeadLetterStatus::Parked))];
    store.advance(aside).await.unwrap();
    store
}

/// Changes rows as nobody can by accident: the triggers are off for the session.
async fn damage(place: &Place, statement: &str) {
    let (client, connection) = connect(&place.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SET session_replication_role = replica").await.unwrap();
    client.batch_execute(&place.sql(statement)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_each_kind_of_damage_is_found_and_named() {
    let kinds = [
        ("UPDATE {schema}.events SET payload = 'x' WHERE position = 3", "position 3"),
        ("UPDATE {schema}.events SET recorded_at = 1 WHERE position = 2", "position 2"),
        ("UPDATE {schema}.events SET tags = '{order:7}' WHERE position = 2", "position 2"),
        ("UPDATE {schema}.events SET revision = 9 WHERE position = 6", "position 6"),
        ("DELETE FROM {schema}.events WHERE position = 4", "positions 4 to 4: missing"),
        ("UPDATE {schema}.streams SET name = 'account/9' WHERE name = 'account/1'", "position 1"),
        ("UPDATE {schema}.kinds SET event_type = 'other'", "position 1"),
        ("UPDATE {schema}.kinds SET category = 'other'", "its kind is of category other"),
        (
            "DELETE FROM {schema}.term_positions WHERE position = 5",
            "position 5: missing from the index",
        ),
        ("INSERT INTO {schema}.term_positions VALUES (1, 999)", "index term_positions"),
        ("INSERT INTO {schema}.streams VALUES (99, 1, 'account/none')", "stream account/none"),
        ("DELETE FROM {schema}.claims WHERE value = '2'", "index claims"),
        ("UPDATE {schema}.claims SET stream = 3 - stream WHERE value = '2'", "claim \"email\""),
        ("UPDATE {schema}.commands SET target = 'other' WHERE id = 'c4'", "command c4"),
        ("UPDATE {schema}.snapshots SET payload = 'x'", "snapshots: the snapshot of kind"),
        ("UPDATE {schema}.snapshots SET position = 1", "snapshots: the snapshot of kind"),
        ("UPDATE {schema}.letters SET status = 1", "subscription mails of default: its counts"),
        ("DELETE FROM {schema}.letters", "subscription mails of default: its counts"),
        ("DELETE FROM {schema}.subscriptions", "subscription mails of default: missing"),
    ];
    on_every_postgres(async |place| {
        for (number, (statement, place_of_damage)) in kinds.iter().enumerate() {
            let place = Place { schema: format!("{}_{number}", place.schema), ..place.clone() };
            let store = filled(&place).await;
            assert_eq!(store.verify().await.unwrap().findings, [""; 0]);
            damage(&place, statement).await;
            let findings = store.verify().await.unwrap().findings;
            let named = findings.iter().any(|finding| finding.contains(place_of_damage));
            assert!(named, "{statement}: {findings:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_damage_is_an_error_and_never_served() {
    on_every_postgres(async |place| {
        let store = filled(&place).await;
        damage(&place, "UPDATE {schema}.events SET payload = 'x' WHERE position = 3").await;
        let error = store.collect(LogRead::default()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        assert!(error.to_string().contains("position 3"), "{error}");
        let error = store.collect_stream(StreamRead::forward(account("1"))).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        assert_eq!(store.collect_stream(StreamRead::forward(account("0"))).await.unwrap().len(), 3);

        damage(&place, "DELETE FROM {schema}.events WHERE position = 5").await;
        let rest = LogRead { after: Position::new(3), ..LogRead::default() };
        let error = store.collect(rest).await.unwrap_err();
        assert!(error.to_string().contains("position 5 is missing"), "{error}");

        damage(&place, "UPDATE {schema}.commands SET outcome = 'x' WHERE id = 'c2'").await;
        let error = store.recall(&CommandId::new("c2").unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        damage(&place, "UPDATE {schema}.snapshots SET payload = 'x'").await;
        let kind = SnapshotKind::new("account").unwrap();
        let error = store.latest_snapshot(&account("1"), &kind, None).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_changed_underneath_are_loaded_again() {
    on_every_postgres(async |place| {
        let store = filled(&place).await;
        let before = all(&store).await;
        // As after a restore from a copy in which the ids of two streams stand the other way round.
        let swap = "UPDATE {schema}.streams SET id = id + 100; UPDATE {schema}.events SET stream = stream + 100; \
                    UPDATE {schema}.streams SET id = 103 - id; UPDATE {schema}.events SET stream = 103 - stream";
        damage(&place, swap).await;
        assert_eq!(all(&store).await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_put_back_goes_on_where_it_ends() {
    on_every_postgres(async |place| {
        let store = filled(&place).await;
        // The writer has seen revision 2 of the stream; now its last one is 0.
        let back = "DELETE FROM {schema}.events WHERE position > 2; \
                    DELETE FROM {schema}.term_positions WHERE position > 2; \
                    DELETE FROM {schema}.claims; DELETE FROM {schema}.commands";
        damage(&place, back).await;
        let event_type = EventType::new("account.changed").unwrap();
        let event = NewEvent::new(EventId::from_bytes([9; 16]), event_type, Codec::Json, "{}");
        let at = Expected::Revision(Revision::new(0));
        let request = AppendRequest::default().stream(account("1"), at, [event]);
        let appended = store.append(request).await.unwrap();
        assert_eq!(appended.last, Position::new(3));
        assert_eq!(appended.revision(&account("1")), Some(Revision::new(1)));
        assert_eq!(store.rebuild_claims().await.unwrap(), 2);
        assert_eq!(store.verify().await.unwrap().findings, [""; 0]);
    })
    .await;
}
