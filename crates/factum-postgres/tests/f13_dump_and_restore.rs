//! F13: a log that was dumped and restored is the same log: what a position meant, it means, and
//! appends go on. A store that was open while its log was put back never tells of names that were
//! another log's.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;
use std::process::Command;

use common::requests::{append, claim, claiming, command, command_id, event, expecting, stream};
use common::session::Session;
use common::{Place, all, assert_sound, failure, numbers, open};
use factum_core::{
    AdminRecord, AppendError, Codec, Conflict, EventStore, EventStoreExt, EventType, Expected,
    LogRead, Maintenance, Position, QueryItem, RecordedEvent, Revision, SchemaVersion, Snapshot,
    SnapshotKind, SnapshotStore, StoreErrorKind, StreamAdmin, StreamRead, Tag, TenantId,
    TenantScope, Timestamp,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::SequentialIds;
use factum_testkit::servers::{PostgresInstall, PostgresOptions, PostgresServer};

/// The installations with the tools to dump and restore; says so of the others.
fn with_tools() -> Vec<PostgresInstall> {
    let mut installs: Vec<_> = common::installs().collect();
    installs.retain(|install| {
        let found = install.bin.join("pg_dump").is_file() && install.bin.join("psql").is_file();
        if !found {
            // Not a tool that could be installed: where the server comes from, there is none.
            println!("not run: this {install} comes without pg_dump");
        }
        found
    });
    installs
}

/// Runs a tool of an installation, which must succeed.
fn run(install: &PostgresInstall, tool: &str, arguments: &[&str]) {
    let output = Command::new(install.bin.join(tool)).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {arguments:?}: {said}");
}

/// Dumps a place into a file, for `pg_restore` or, if `plain`, for `psql`.
fn dump(install: &PostgresInstall, place: &Place, plain: bool, file: &Path) {
    let format = if plain { "--format=plain" } else { "--format=custom" };
    let schema = format!("--schema={}", place.schema);
    let file = format!("--file={}", file.display());
    run(install, "pg_dump", &[format, &schema, &file, "--dbname", &place.url]);
}

fn restore(install: &PostgresInstall, url: &str, plain: bool, file: &Path) {
    let file = file.display().to_string();
    if plain {
        let stop = ["--set=ON_ERROR_STOP=1", "--quiet", "--output=/dev/null"];
        let psql = [&["--no-psqlrc", "--file", &file, "--dbname", url][..], &stop].concat();
        run(install, "psql", &psql);
    } else {
        run(install, "pg_restore", &["--exit-on-error", "--dbname", url, &file]);
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        stream: stream("a"),
        kind: SnapshotKind::new("account").unwrap(),
        revision: Revision::new(2),
        position: Position::new(3),
        schema_version: SchemaVersion::FIRST,
        codec: Codec::Json,
        payload: "{}".into(),
        taken_at: Timestamp::from_micros(7),
    }
}

/// Fills a log with something of everything.
async fn fill(place: &Place) -> PostgresStore {
    let store = place.open().await;
    store.append(append("a", 0..10)).await.unwrap();
    store.append(claiming("b", 10, "ann@example.org")).await.unwrap();
    store.append(append("c", 11..15).command(command("done", "c"))).await.unwrap();
    for number in 15..40 {
        store.append(append(&format!("s{}", number % 9), [number])).await.unwrap();
    }
    store.save_snapshot(snapshot()).await.unwrap();
    let record = |number| AdminRecord::new(SequentialIds::id(number), "it's over");
    store.tombstone(&stream("s0"), Expected::Any, record(900)).await.unwrap();
    store.truncate_before(&stream("a"), Revision::new(3), record(901)).await.unwrap();
    let scope = TenantScope::One(TenantId::new("other").unwrap());
    let other = open(PostgresStoreConfig { scope, ..place.config() }).await;
    other.append(append("a", [50])).await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_a_restored_log_is_the_same_log_and_goes_on() {
    for install in with_tools() {
        let server = PostgresServer::start(&install, &PostgresOptions::default()).unwrap();
        let place = Place::new(&server);
        let store = fill(&place).await;
        let (log, verified) = (all(&store).await, store.verify().await.unwrap());
        assert_eq!(verified.findings, [""; 0]);
        let folder = tempfile::tempdir().unwrap();
        // Into a new cluster of the same version, and of each newer one.
        let newer = PostgresInstall::all().into_iter().filter(|it| it.version >= install.version);
        for target in newer {
            for plain in [false, true] {
                println!("from {install} into {target}, plain: {plain}");
                let file = folder.path().join(format!("dump-{plain}"));
                dump(&install, &place, plain, &file);
                let new = PostgresServer::start(&target, &PostgresOptions::default()).unwrap();
                restore(&install, &new.url("postgres"), plain, &file);
                let place = Place { url: new.url("postgres"), ..place.clone() };
                let config = PostgresStoreConfig { create: false, ..place.config() };
                let restored = open(config).await;
                assert_eq!(restored.verify().await.unwrap(), verified);
                assert_eq!(all(&restored).await, log);
                same_answers(&store, &restored).await;
                goes_on(&restored, &log).await;
            }
        }
    }
}

/// A checkpoint, a stream, a query, a claim, a command and a snapshot mean what they meant.
async fn same_answers(store: &PostgresStore, restored: &PostgresStore) {
    for seen in [0, 1, 20, 41] {
        let seen = Position::new(seen);
        assert_eq!(common::after(restored, seen).await, common::after(store, seen).await);
    }
    let tagged = QueryItem::default().tag(Tag::new("order", "3").unwrap());
    let read = LogRead::after(tagged, Position::START);
    let expected = store.collect(read.clone()).await.unwrap();
    assert_eq!(restored.collect(read).await.unwrap(), expected);
    let own = restored.collect_stream(StreamRead::forward(stream("a"))).await.unwrap();
    assert_eq!(own[0].revision, Revision::new(3));
    let deleted = restored.collect_stream(StreamRead::forward(stream("s0"))).await.unwrap_err();
    assert_eq!(deleted.kind(), StoreErrorKind::StreamDeleted);
    let owner = restored.claim_owner(&claim("ann@example.org")).await.unwrap();
    assert_eq!(owner, Some(stream("b")));
    let done = command_id("done");
    assert_eq!(restored.recall(&done).await.unwrap(), store.recall(&done).await.unwrap());
    let found = restored.latest_snapshot(&stream("a"), &snapshot().kind, None).await.unwrap();
    assert_eq!(found, Some(snapshot()));
    let (found, expected) = (restored.stats().await.unwrap(), store.stats().await.unwrap());
    assert_eq!(
        factum_core::StoreStats { bytes: 0, ..found },
        factum_core::StoreStats { bytes: 0, ..expected }
    );
}

/// Appends take the next positions, and everything that was there is in their way.
async fn goes_on(restored: &PostgresStore, log: &[RecordedEvent]) {
    let head = Position::new(43);
    assert_eq!(restored.head().await.unwrap(), head);
    let again = restored.append(append("c", [11]).command(command("done", "c"))).await.unwrap();
    assert!(again.repeated);
    let taken = restored.append(claiming("new", 60, "ann@example.org")).await;
    assert!(matches!(taken, Err(AppendError::Conflict(Conflict::Claim { .. }))), "{taken:?}");
    restored.append(append("s0", [61])).await.unwrap_err();
    restored.append(expecting("b", Expected::NoStream, [62])).await.unwrap_err();
    // Names old and new.
    let mut event = event(63);
    event.event_type = EventType::new("account.restored").unwrap();
    let request = expecting("b", Expected::Revision(Revision::new(0)), [64]);
    let request = request.stream(stream("new"), Expected::NoStream, [event]);
    let appended = restored.append(request).await.unwrap();
    assert_eq!(appended.first, Some(head.plus(1)));
    let events = all(restored).await;
    assert_eq!(events[..log.len()], *log);
    assert_eq!(events.len(), log.len() + 2);
    let session_changes = restored.verify().await.unwrap();
    assert_eq!(session_changes.findings, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_events_of_a_restored_log_still_cannot_be_changed() {
    for install in with_tools() {
        let server = PostgresServer::start(&install, &PostgresOptions::default()).unwrap();
        let place = Place::new(&server);
        fill(&place).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dump");
        dump(&install, &place, false, &file);
        let new = PostgresServer::start(&install, &PostgresOptions::default()).unwrap();
        restore(&install, &new.url("postgres"), false, &file);
        let place = Place { url: new.url("postgres"), ..place };
        let session = Session::connect(&place).await;
        for change in ["UPDATE {schema}.events SET revision = 9", "DELETE FROM {schema}.events"] {
            session.client.batch_execute(&place.sql(change)).await.unwrap_err();
        }
    }
}

/// A log in which the ids of names mean something else each time: `salt` is part of every name.
async fn salted(store: &PostgresStore, salt: &str, base: u64) {
    for number in base..base + 12 {
        let mut event = event(number);
        event.event_type = EventType::new(format!("account.{salt}-{}", number % 5)).unwrap();
        let id = stream(&format!("{salt}-{}", number % 4));
        let request = factum_core::AppendRequest::default().stream(id, Expected::Any, [event]);
        store.append(request).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_a_store_that_is_open_while_its_log_is_put_back_never_tells_wrong_names() {
    for install in with_tools() {
        let server = PostgresServer::start(&install, &PostgresOptions::default()).unwrap();
        let place = Place::new(&server);
        // One is used while there is no log, the other learns nothing of it.
        let (store, quiet) = (place.open().await, place.open().await);
        salted(&store, "first", 0).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dump");
        dump(&install, &place, true, &file);
        // Ids that the dump does not know, learned by the store that stays open.
        salted(&store, "second", 100).await;
        salted(&quiet, "first", 150).await;
        assert_eq!(all(&store).await.len(), 36);
        let session = Session::connect(&place).await;
        session.client.batch_execute(&place.sql("DROP SCHEMA {schema} CASCADE")).await.unwrap();
        // In between there is nothing, which is said.
        assert_eq!(store.head().await.unwrap_err().kind(), StoreErrorKind::Incompatible);
        assert_eq!(
            failure(store.append(append("x", [1])).await).kind(),
            StoreErrorKind::Incompatible
        );
        restore(&install, &place.url, true, &file);
        // Another program gives the same ids to other names.
        let other = place.open().await;
        salted(&other, "third", 200).await;
        let expected = all(&other).await;
        assert_eq!(expected.len(), 24);

        for store in [&quiet, &store] {
            assert_eq!(all(store).await, expected);
            same_reads(store, &other).await;
        }
        // And they append where the log and its streams end now.
        let revision = |number| Expected::Revision(Revision::new(number));
        for (number, store) in [(2, &quiet), (3, &store)] {
            for (id, wrong) in [("first-0", revision(5)), ("second-0", revision(2))] {
                let conflict = store.append(expecting(id, wrong, [1])).await;
                assert!(matches!(conflict, Err(AppendError::Conflict(_))), "{conflict:?}");
            }
            store.append(expecting("first-0", revision(number), [1])).await.unwrap();
            store.append(append("first-1", [3])).await.unwrap();
        }
        quiet.append(expecting("second-0", Expected::NoStream, [2])).await.unwrap();
        salted(&store, "fourth", 300).await;
        assert_eq!(all(&store).await, all(&other).await);
        assert_eq!(numbers(&quiet).await.len(), 24 + 5 + 12);
        assert_sound(&store).await;
    }
}

async fn same_reads(store: &PostgresStore, other: &PostgresStore) {
    for id in ["first-0", "third-1", "second-1"] {
        let read = StreamRead::forward(stream(id));
        let found = store.collect_stream(read.clone()).await.unwrap();
        assert_eq!(found, other.collect_stream(read).await.unwrap(), "{id}");
    }
    let tagged = QueryItem::default().tag(Tag::new("order", "3").unwrap());
    let read = LogRead::after(tagged, Position::START);
    let found = store.collect(read.clone()).await.unwrap();
    assert_eq!(found, other.collect(read).await.unwrap());
}
