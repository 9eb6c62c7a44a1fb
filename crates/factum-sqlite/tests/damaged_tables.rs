//! A file whose tables are not what its format says is damaged: never busy, and never told in SQL.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{append, open, try_open};
use factum_core::{EventStore, EventStoreExt, LogRead, StoreError, StoreErrorKind, StreamRead};

/// What the caller can see of an error, its causes included.
fn shown(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |it| it.source());
    causes.fold(error.to_string(), |shown, cause| format!("{shown}: {cause}"))
}

fn assert_damaged(error: &StoreError, what: &str) {
    let shown = shown(error);
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{what}: {shown}");
    for word in ["SELECT", "FROM", "INSERT", " in \""] {
        assert!(!shown.contains(word), "{what}: {shown}");
    }
}

#[tokio::test]
async fn tables_that_are_not_what_the_format_says_are_damage() {
    for change in [
        "DROP TABLE events",
        "DROP TABLE streams",
        "ALTER TABLE events RENAME COLUMN payload TO p",
        "ALTER TABLE streams RENAME COLUMN name TO n",
        // A column that holds what its type does not allow.
        "PRAGMA writable_schema = 1; \
         UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'events'; \
         PRAGMA writable_schema = RESET; UPDATE events SET checksum = 'x'",
    ] {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).await.append(append("ann", 0..3)).await.unwrap();
        let path = folder.path().join("log.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch(change).expect(change);
        match try_open(folder.path()).await {
            Err(error) => assert_damaged(&error, change),
            Ok(store) => {
                let read = StreamRead::forward(common::stream("ann"));
                let whole = store.collect(LogRead::default()).await;
                let one = store.collect_stream(read).await;
                assert_damaged(&whole.unwrap_err(), change);
                assert_damaged(&one.unwrap_err(), change);
            }
        }
    }
}
