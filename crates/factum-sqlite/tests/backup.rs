//! F28: a backup taken under load, opened, compared.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{append, open, stream};
use factum_core::{
    AdminRecord, Digester, EventId, EventStore, EventStoreExt, Expected, LogRead, Maintenance,
    StoreErrorKind, StreamAdmin,
};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f28_a_backup_under_load_is_a_prefix_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.append(append("first", 0..2_000)).await.unwrap();
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..300 {
                store.append(append("busy", number..number + 1)).await.unwrap();
            }
        })
    };
    let copy = folder.path().join("copy.db");
    let head = store.backup(&copy).await.unwrap();
    writer.await.unwrap();

    let restored = SqliteStore::open(SqliteStoreConfig::new(&copy)).await.unwrap();
    let verified = restored.verify().await.unwrap();
    assert_eq!(verified.findings, [""; 0]);
    assert_eq!(restored.head().await.unwrap(), head);
    assert!(head.get() >= 2_000, "everything acknowledged before the backup is in it");
    let mut prefix = Digester::default();
    let up_to = LogRead { through: Some(head), ..LogRead::default() };
    store.collect(up_to).await.unwrap().iter().for_each(|event| prefix.update(event));
    assert_eq!(verified.digest, prefix.digest());
}

#[tokio::test]
async fn a_backup_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let taken = folder.path().join("taken");
    std::fs::write(&taken, "mine").unwrap();
    let error = store.backup(&taken).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    assert_eq!(std::fs::read_to_string(taken).unwrap(), "mine");
}

#[tokio::test]
async fn a_backup_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    assert!(store.backup(&folder.path().join("no/such/copy.db")).await.is_err());
    let mut names: Vec<_> =
        folder.path().read_dir().unwrap().map(|it| it.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["log.db", "log.db-shm", "log.db-wal"]);
}

#[tokio::test]
async fn compacting_keeps_every_event_and_gives_space_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for number in 0..200 {
        let mut command = common::command(&format!("c{number}"), "ann");
        command.outcome = vec![7; 20_000].into();
        command.expires_at = Some(factum_core::Timestamp::from_micros(1));
        let request = append("ann", number..number + 1).command(command);
        store.append(request).await.unwrap();
    }
    let record = AdminRecord::new(EventId::from_bytes([9; 16]), "closed");
    store.tombstone(&stream("ann"), Expected::Exists, record).await.unwrap();
    let before = store.verify().await.unwrap();
    store.compact().await.unwrap();
    let after = store.verify().await.unwrap();
    assert_eq!(after, before);
    let stats = store.stats().await.unwrap();
    assert_eq!(stats.commands, 0, "expired commands are forgotten");
    assert!(stats.bytes < 1 << 20, "{} bytes are left", stats.bytes);
}
