//! F27 and bad input: which files a store opens, and what it says of the others.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::{Path, PathBuf};

use common::{all, append, kind, open, snapshot, stream};
use factum_core::{
    CheckpointStore, DeadLetterList, DeadLetters, EventStore, Maintenance, Position, ProgressList,
    Registration, SnapshotList, SnapshotStore, StoreErrorKind, SubscriptionKind, SubscriptionName,
    SubscriptionState, TenantId, TenantScope, ViewMigration,
};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};

async fn refusal(path: PathBuf) -> (StoreErrorKind, String) {
    let error = SqliteStore::open(SqliteStoreConfig::new(path)).await.unwrap_err();
    (error.kind(), error.to_string())
}

fn with_sqlite(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_directory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (kind, message) = refusal(folder.path().into()).await;
    assert_eq!(kind, StoreErrorKind::Invalid);
    assert!(message.contains("found a directory"), "{message}");
}

#[tokio::test]
async fn a_missing_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (kind, message) = refusal(folder.path().join("no/such/log.db")).await;
    assert_eq!(kind, StoreErrorKind::NoStore);
    assert!(message.contains("expected a folder"), "{message}");
}

#[tokio::test]
async fn a_missing_file_is_refused_unless_it_may_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let config = SqliteStoreConfig { create: false, ..SqliteStoreConfig::new(&path) };
    let error = SqliteStore::open(config).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NoStore);
    assert!(!path.exists(), "refusing makes nothing");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    std::fs::write(&path, "Dear diary, this is not a database at all.").unwrap();
    let (kind, message) = refusal(path.clone()).await;
    assert_eq!(kind, StoreErrorKind::Incompatible);
    assert!(message.contains("not a Factum store"), "{message}");
    assert!(std::fs::read_to_string(path).unwrap().starts_with("Dear diary"));
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    with_sqlite(&path, "CREATE TABLE songs (title TEXT)");
    let before = std::fs::read(&path).unwrap();
    let (kind, message) = refusal(path.clone()).await;
    assert_eq!(kind, StoreErrorKind::Incompatible);
    assert!(message.contains("another program's"), "{message}");
    assert_eq!(std::fs::read(&path).unwrap(), before, "not even its journal mode is changed");
}

#[tokio::test]
async fn f27_a_newer_format_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.append(append("ann", 0..3)).await.unwrap();
    let path = folder.path().join("log.db");
    // As a backup is, which is in no write-ahead mode.
    with_sqlite(&path, "PRAGMA user_version = 4000; PRAGMA journal_mode = DELETE");
    let before = std::fs::read(&path).unwrap();
    let (kind, message) = refusal(path.clone()).await;
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(kind, StoreErrorKind::Incompatible);
    assert!(message.contains("found format 4000"), "{message}");
    with_sqlite(&path, "PRAGMA user_version = 10");
    assert_eq!(all(&open(folder.path()).await).await.len(), 3, "nothing was changed");
}

#[tokio::test]
async fn a_file_whose_migrations_were_edited_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    let path = folder.path().join("log.db");
    with_sqlite(&path, "UPDATE migrations SET checksum = 7 WHERE number = 2");
    let (kind, message) = refusal(path).await;
    assert_eq!(kind, StoreErrorKind::Incompatible);
    assert!(message.contains("checksums"), "{message}");
}

/// A file with the step that format 1 had taken.
#[tokio::test]
async fn f27_older_formats_are_brought_forward() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new.db");
    drop(SqliteStore::open(SqliteStoreConfig::new(&new)).await.unwrap());
    let path = folder.path().join("log.db");
    with_sqlite(&path, include_str!("../src/sql/migrations/0001_log.sql"));
    with_sqlite(
        &path,
        &format!(
            "ATTACH '{}' AS new; CREATE TABLE migrations AS SELECT * FROM new.migrations \
             WHERE number = 1; PRAGMA application_id = {}; PRAGMA user_version = 1",
            new.display(),
            0x4641_4354
        ),
    );
    let store = open(folder.path()).await;
    store.append(append("ann", 0..3)).await.unwrap();
    assert_eq!(all(&store).await.len(), 3);
    assert_eq!(store.stats().await.unwrap().format, 10);
    assert_eq!(store.verify().await.unwrap().findings, [""; 0]);
}

/// Opens a copy of a file that an earlier version left, for all tenants.
async fn open_fixture(folder: &Path, name: &str) -> SqliteStore {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let path = folder.join("log.db");
    std::fs::copy(fixture, &path).unwrap();
    let config = SqliteStoreConfig { scope: TenantScope::All, ..SqliteStoreConfig::new(path) };
    SqliteStore::open(config).await.unwrap()
}

#[tokio::test]
async fn the_file_of_the_first_release_reads_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_fixture(folder.path(), "format-3.db").await;
    let verified = store.verify().await.unwrap();
    assert_eq!(verified.findings, [""; 0]);
    assert_eq!(verified.events, 26);
    assert_eq!(verified.digest.to_string(), include_str!("fixtures/format-3.digest").trim());
}

#[tokio::test]
async fn a_file_from_before_snapshots_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let all = open_fixture(folder.path(), "format-3.db").await;
    assert_eq!(all.snapshots(SnapshotList::default()).await.unwrap(), []);
    assert_eq!(all.stats().await.unwrap().format, 10);
    let store = all.for_tenant(&TenantId::default()).unwrap();
    store.save_snapshot(snapshot("ann", 1)).await.unwrap();
    drop((all, store));
    let store = open(folder.path()).await;
    let found = store.latest_snapshot(&stream("ann"), &kind(), None).await.unwrap();
    assert_eq!(found, Some(snapshot("ann", 1)));
    assert_eq!(store.verify().await.unwrap().findings, [""; 0]);
}

#[tokio::test]
async fn the_file_of_format_4_reads_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let all = open_fixture(folder.path(), "format-4.db").await;
    let verified = all.verify().await.unwrap();
    assert_eq!(verified.findings, [""; 0]);
    assert_eq!(verified.events, 26);
    assert_eq!(verified.digest.to_string(), include_str!("fixtures/format-4.digest").trim());
    let listed = all.snapshots(SnapshotList::default()).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|it| (it.tenant.as_str(), it.revision.get())).collect();
    assert_eq!(listed, [("default", 3), ("default", 9), ("other", 1)]);
    let store = all.for_tenant(&TenantId::default()).unwrap();
    let found = store.latest_snapshot(&stream("ann"), &kind(), None).await.unwrap();
    assert_eq!(found, Some(snapshot("ann", 9)));
}

fn declared() -> Registration {
    let name = SubscriptionName::new("mails").unwrap();
    let (kind, shape) = (SubscriptionKind::Subscription, "every event".into());
    Registration { name, kind, version: 1, shape, start: Position::new(26) }
}

#[tokio::test]
async fn a_file_from_before_subscriptions_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let all = open_fixture(folder.path(), "format-4.db").await;
    assert_eq!(all.stats().await.unwrap().format, 10);
    assert_eq!(all.subscriptions(ProgressList::default()).await.unwrap(), []);
    let registered = all.register(declared()).await.unwrap();
    assert_eq!(all.progress(&registered.name.clone()).await.unwrap(), Some(registered));
    assert_eq!(all.verify().await.unwrap().findings, [""; 0]);
}

#[tokio::test]
async fn the_file_of_format_5_reads_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let all = open_fixture(folder.path(), "format-5.db").await;
    let verified = all.verify().await.unwrap();
    assert_eq!(verified.findings, [""; 0]);
    assert_eq!(verified.digest.to_string(), include_str!("fixtures/format-5.digest").trim());

    let stored = all.subscriptions(ProgressList::default()).await.unwrap();
    let keys: Vec<_> = stored
        .iter()
        .map(|it| (it.tenant.as_ref().map(TenantId::as_str), it.name.as_str(), it.position.get()))
        .collect();
    let own = Some("default");
    assert_eq!(keys, [(None, "mails", 3), (own, "balances", 26), (own, "mails", 20)]);
    let (balances, mails) = (&stored[1], &stored[2]);
    assert_eq!((balances.kind, balances.version), (SubscriptionKind::Projection, 2));
    assert_eq!(balances.rebuild.as_ref().unwrap().after, Position::new(2));
    assert_eq!((balances.owner.as_ref(), balances.epoch.get()), (None, 1));
    assert_eq!(mails.last.unwrap().position, Position::new(19));
    assert_eq!(mails.owner.as_ref().unwrap().as_str(), "host one");
    assert_eq!(mails.report.state, SubscriptionState::Retrying);
    assert_eq!(mails.report.reason.as_deref(), Some("the server is away"));
    assert_eq!(mails.paused.as_ref().unwrap().reason, "night");
    assert_eq!((mails.parked_keys, mails.waiting_events, mails.dead_letters), (1, 1, 2));

    let list = DeadLetterList { waiting: true, ..DeadLetterList::default() };
    let letters = all.dead_letters(list).await.unwrap();
    let letters: Vec<_> = letters
        .iter()
        .map(|(_, it)| {
            (it.position.get(), it.key.as_str(), it.status.as_str(), it.attempts, it.due)
        })
        .collect();
    assert_eq!(
        letters,
        [
            (5, "ann", "parked", 3, true),
            (6, "ann", "waiting", 0, false),
            (7, "bob", "dead", 3, false)
        ]
    );

    let store = all.for_tenant(&TenantId::default()).unwrap();
    let gone = SubscriptionName::new("gone").unwrap();
    assert_eq!(store.progress(&gone).await.unwrap(), None, "it was forgotten");
    let again = store.register(Registration { name: gone, ..declared() }).await.unwrap();
    assert_eq!((again.epoch.get(), again.position), (3, Position::new(26)));
    let table = "CREATE TABLE balances (id TEXT PRIMARY KEY, n BIGINT NOT NULL)";
    let migrations = [ViewMigration::new("table", table)];
    assert_eq!(store.migrate_view(&balances.name, &migrations).await.unwrap(), 0, "made before");
    let rows = store.query_view("SELECT n FROM balances WHERE id = 'ann'", &[]).await.unwrap();
    assert_eq!(rows[0].get::<i64>(0).unwrap(), 7);
}

#[tokio::test]
async fn unique_values_that_were_folded_otherwise_are_not_lost_from_sight() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-5.db");
    std::fs::copy(fixture, &path).unwrap();
    with_sqlite(
        &path,
        "INSERT INTO claims VALUES (1, 'street', 'straße', 1), (1, 'name', 'σας', 1), \
         (1, 'name', 'né', 1), (1, 'code', 'Straße', 1)",
    );
    let (kind, message) = refusal(path.clone()).await;
    assert_eq!(kind, StoreErrorKind::Incompatible);
    assert!(message.contains("(name: 1, street: 1)"), "{message}");
    assert!(!message.contains("straße"), "values are withheld: {message}");

    // Left alone; and once they are released, it goes on.
    with_sqlite(&path, "DELETE FROM claims WHERE value IN ('straße', 'σας')");
    open(folder.path()).await;
}

#[tokio::test]
async fn an_impossible_number_of_readers_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteStoreConfig::new(folder.path().join("log.db"));
    let error = SqliteStore::open(SqliteStoreConfig { readers: 0, ..config }).await.unwrap_err();
    assert!(error.to_string().contains("expected 1 to 64 readers, found 0"), "{error}");
}

#[tokio::test]
async fn two_starters_at_once_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    let opens = (0..8).map(|_| common::try_open(folder.path()));
    for store in futures::future::join_all(opens).await {
        store.unwrap();
    }
    assert_eq!(open(folder.path()).await.verify().await.unwrap().findings, [""; 0]);
}
