//! Views in SQLite: what their statements reach, how they fail, and what that leaves.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};

use common::{all, append, open};
use factum_core::{
    Advance, CheckpointStore, EventStore, Lease, LeaseAnswer, LeaseClaim, LeaseStore, OwnerId,
    Position, Registration, SqlValue, StoreError, StoreErrorKind, SubscriptionKind,
    SubscriptionName, Transacted, ViewError, ViewErrorKind, ViewMigration, ViewStore,
    ViewTransaction,
};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use futures::FutureExt;
use futures::future::BoxFuture;

const TABLE: ViewMigration =
    ViewMigration::new("table", "CREATE TABLE t (id TEXT PRIMARY KEY, n BIGINT NOT NULL)");

fn name() -> SubscriptionName {
    SubscriptionName::new("accounts").unwrap()
}

/// A store with a view, and the lease of it.
async fn with_view(folder: &tempfile::TempDir) -> (SqliteStore, Lease) {
    let store = open(folder.path()).await;
    let (kind, shape) = (SubscriptionKind::Projection, "every event".into());
    let start = Position::START;
    store.register(Registration { name: name(), kind, version: 1, shape, start }).await.unwrap();
    store.migrate_view(&name(), &[TABLE]).await.unwrap();
    let claim = LeaseClaim { name: name(), owner: OwnerId::new("one").unwrap(), expired: None };
    match store.claim_lease(claim).await.unwrap() {
        LeaseAnswer::Granted(lease, _) => (store, lease),
        LeaseAnswer::Held(seen) => panic!("held by {seen:?}"),
    }
}

/// Does `run` in a transaction that is committed with a step to where the checkpoint is.
async fn transact<R>(store: &SqliteStore, lease: &Lease, run: R) -> Result<Transacted, StoreError>
where
    R: for<'t> FnOnce(&'t mut dyn ViewTransaction) -> BoxFuture<'t, ()> + Send + 'static,
{
    let step = Advance::new(lease.clone(), Position::START, Position::START);
    store.transact(Box::new(move |view| run(view).map(move |()| Some(step)).boxed())).await
}

/// The failure of one statement in a transaction of its own.
async fn failure(
    store: &SqliteStore,
    lease: &Lease,
    sql: &'static str,
    values: Vec<SqlValue<'static>>,
) -> ViewError {
    let (send, receive) = tokio::sync::oneshot::channel();
    transact(store, lease, move |view| {
        async move {
            let failed = view.execute(sql, &values).await;
            view.undo().await.unwrap();
            send.send(failed).unwrap();
        }
        .boxed()
    })
    .await
    .unwrap();
    receive.await.unwrap().expect_err(sql)
}

async fn count(store: &SqliteStore) -> i64 {
    let rows = store.query_view("SELECT count(*) FROM t", &[]).await.unwrap();
    rows[0].get(0).unwrap()
}

const OUT_OF_REACH: &[&str] = &[
    "SELECT max(position) FROM events",
    "SELECT count(*) FROM streams",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM commands)",
    "INSERT INTO t SELECT name, id FROM tenants",
    "SELECT sql FROM sqlite_schema",
    "CREATE TABLE copied AS SELECT sql FROM sqlite_master",
    "CREATE TABLE copied AS SELECT id FROM streams",
    "CREATE TABLE copied AS SELECT * FROM sqlite_sequence",
    "UPDATE sqlite_sequence SET seq = 7",
    "SELECT name FROM dbstat",
    "SELECT name FROM pragma_table_list",
    "SELECT name FROM pragma_table_info('events')",
    "PRAGMA table_info(streams)",
    "PRAGMA table_list",
    "INSERT INTO head VALUES (2, 7, 0)",
    "UPDATE events SET payload = x''",
    "DELETE FROM Letters",
    "DROP TABLE subscriptions",
    "ALTER TABLE streams ADD COLUMN note TEXT",
    "ALTER TABLE snapshots RENAME TO t2",
    "CREATE INDEX mine ON events (kind)",
    "DROP INDEX kinds_by_type",
    "CREATE TRIGGER mine AFTER INSERT ON events BEGIN DELETE FROM t; END",
    "CREATE TABLE factum_soon (id INTEGER)",
    "CREATE TEMP TABLE events (position INTEGER)",
    "CREATE TEMP VIEW head AS SELECT 1",
    "CREATE TEMP TRIGGER mine AFTER INSERT ON events BEGIN DELETE FROM t; END",
    "ATTACH ':memory:' AS other",
    "PRAGMA synchronous = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA wal_checkpoint",
    "VACUUM",
    "ANALYZE",
    "REINDEX",
    "BEGIN",
    "COMMIT",
    "END",
    "ROLLBACK",
    "SAVEPOINT mine",
    "RELEASE view",
    "ROLLBACK TO append",
];

#[tokio::test]
async fn statements_reach_no_table_of_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let (store, lease) = with_view(&folder).await;
    store.append(append("ann", 0..3)).await.unwrap();
    for sql in OUT_OF_REACH {
        let error = failure(&store, &lease, sql, vec![]).await;
        assert_eq!(error.kind(), ViewErrorKind::Statement, "{sql}: {error}");
    }
    transact(&store, &lease, |view| {
        async {
            for sql in OUT_OF_REACH {
                view.batch(sql).await.expect_err(sql);
                view.undo().await.unwrap();
            }
        }
        .boxed()
    })
    .await
    .unwrap();
    store.append(append("ann", 3..6)).await.unwrap();
    assert_eq!(all(&store).await.len(), 6);
}

/// Statements that the store runs itself are prepared already, and no question is asked of them.
#[tokio::test]
async fn the_stores_own_statements_are_no_way_around() {
    let folder = tempfile::tempdir().unwrap();
    let (store, lease) = with_view(&folder).await;
    store.append(append("ann", 0..3)).await.unwrap();
    let own = [
        "COMMIT",
        "BEGIN IMMEDIATE",
        "SAVEPOINT view",
        include_str!("../src/sql/append/move_head.sql"),
        include_str!("../src/sql/append/insert_event.sql"),
    ];
    for sql in own {
        let error = failure(&store, &lease, sql, vec![]).await;
        assert!(error.to_string().contains("found"), "{sql}: {error}");
    }
    assert_eq!(all(&store).await.len(), 3);
}

#[tokio::test]
async fn a_trigger_of_a_view_reaches_no_further_than_the_view() {
    let folder = tempfile::tempdir().unwrap();
    let (store, lease) = with_view(&folder).await;
    store.append(append("ann", 0..3)).await.unwrap();
    let trigger = "CREATE TRIGGER far AFTER INSERT ON t BEGIN DELETE FROM events; END";
    transact(&store, &lease, move |view| async move { view.batch(trigger).await.unwrap() }.boxed())
        .await
        .unwrap();
    let error = failure(&store, &lease, "INSERT INTO t VALUES ('a', 1)", vec![]).await;
    assert!(error.to_string().contains("the store's own table events"), "{error}");
    assert_eq!((all(&store).await.len(), count(&store).await), (3, 0));
}

#[tokio::test]
async fn queries_only_read() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = with_view(&folder).await;
    let writes = ["INSERT INTO t VALUES ('a', 1)", "DROP TABLE t", "PRAGMA user_version = 9"];
    for sql in writes.iter().chain(OUT_OF_REACH) {
        let error = store.query_view(sql, &[]).await.expect_err(sql);
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{sql}: {error}");
    }
    assert_eq!(count(&store).await, 0);
}

#[tokio::test]
async fn work_that_awaits_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, lease) = with_view(&folder).await;
    let refused = transact(&store, &lease, |view| {
        async {
            view.run("INSERT INTO t VALUES ('a', 1)", &[]).await.unwrap();
            std::future::pending::<()>().await;
        }
        .boxed()
    });
    let error = refused.await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    assert!(error.to_string().contains("found it waiting for something else"), "{error}");
    assert_eq!(count(&store).await, 0);
    store.append(append("ann", 0..1)).await.unwrap();
}

#[tokio::test]
async fn statements_bind_exactly_the_values_that_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let (store, lease) = with_view(&folder).await;
    let one = || vec![SqlValue::from("a")];
    let cases = [
        ("INSERT INTO t VALUES ($1, $2)", one(), "expected the parameter $1, found $1, $2"),
        ("INSERT INTO t VALUES ('a', 1)", one(), "expected the parameter $1, found none"),
        ("INSERT INTO t VALUES ($1, 1)", vec![], "expected no parameters, found $1"),
        ("INSERT INTO t VALUES (?1, 1)", one(), "expected the parameter $1, found ?1"),
        ("INSERT INTO t VALUES ($2, 1)", one(), "expected the parameter $1, found $2"),
        ("INSERT INTO t VALUES ($01, 1)", one(), "expected the parameter $1, found $01"),
        ("INSERT INTO t VALUES ($id, 1)", one(), "expected the parameter $1, found $id"),
        ("DELETE FROM t; DELETE FROM t", vec![], "expected one statement, found several"),
    ];
    for (sql, values, expected) in cases {
        let error = failure(&store, &lease, sql, values).await;
        assert_eq!(error.kind(), ViewErrorKind::Statement);
        assert_eq!(error.to_string(), format!("view: {expected}"), "{sql}");
    }
    transact(&store, &lease, |view| {
        async {
            let values = ["a".into(), 7.into()];
            for sql in
                ["INSERT INTO t (n, id) VALUES ($2, $1)", "DELETE FROM t WHERE (id, n) = ($1, $2)"]
            {
                assert_eq!(view.execute(sql, &values).await.unwrap(), 1);
            }
            let twice = "SELECT $2, $1, $2";
            let row = &view.query(twice, &values).await.unwrap()[0];
            assert_eq!(row.values(), [7.into(), "a".into(), 7.into()]);
        }
        .boxed()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn every_kind_of_value_goes_there_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let values = [
        SqlValue::Null,
        SqlValue::Bool(true),
        SqlValue::Integer(i64::MIN),
        SqlValue::Real(0.1),
        SqlValue::from("Ünïcode '\" text"),
        SqlValue::from(&[0_u8, 255][..]),
    ];
    let rows = store.query_view("SELECT $1, $2, $3, $4, $5, $6", &values).await.unwrap();
    assert!(rows[0].get::<bool>(1).unwrap(), "a truth value is 0 or 1");
    let back: Vec<_> = rows[0].values().iter().filter(|it| **it != SqlValue::Integer(1)).collect();
    let sent: Vec<_> = values.iter().filter(|it| **it != SqlValue::Bool(true)).collect();
    assert_eq!(back, sent);
    let error = store.query_view("SELECT CAST(x'ff' AS TEXT)", &[]).await.unwrap_err();
    assert!(error.to_string().contains("expected text in UTF-8"), "{error}");
}

#[tokio::test]
async fn failures_repeat_no_values() {
    let folder = tempfile::tempdir().unwrap();
    let (store, lease) = with_view(&folder).await;
    let secret = || vec![SqlValue::from("s3cret")];
    let cases = [
        ("INSERT INTO t VALUES ($1, NULL)", "NOT NULL constraint failed: t.n"),
        ("SELECT json_extract('{}', $1)", "bad JSON path"),
        ("SELECT json($1)", "malformed JSON"),
        ("SELECT absent($1)", "no such function: absent"),
        ("SELECT $1 FROM nowhere", "no such table: nowhere"),
    ];
    for (sql, expected) in cases {
        let error = failure(&store, &lease, sql, secret()).await;
        assert_eq!(error.kind(), ViewErrorKind::Statement, "{sql}: {error}");
        assert_eq!(error.to_string(), format!("view: {expected}"), "{sql}");
    }
}

#[tokio::test]
async fn statements_say_how_many_rows_they_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, lease) = with_view(&folder).await;
    transact(&store, &lease, |view| {
        async {
            let mut changed = Vec::new();
            for sql in [
                "INSERT INTO t VALUES ('a', 1), ('b', 2) RETURNING n",
                "CREATE TABLE u (id TEXT PRIMARY KEY)",
                "UPDATE t SET n = n + 1 WHERE id = 'a'",
                "UPDATE t SET n = 9 WHERE id = 'c'",
                "SELECT id FROM t",
            ] {
                changed.push(view.execute(sql, &[]).await.unwrap());
            }
            assert_eq!(changed, [2, 0, 1, 0, 2]);
        }
        .boxed()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn work_that_finds_no_room_fails_as_such() {
    let folder = tempfile::tempdir().unwrap();
    drop(with_view(&folder).await);
    let path = folder.path().join("log.db");
    let config = SqliteStoreConfig { bytes_max: Some(1 << 20), ..SqliteStoreConfig::new(path) };
    let store = SqliteStore::open(config).await.unwrap();
    let claim = LeaseClaim { name: name(), owner: OwnerId::new("one").unwrap(), expired: None };
    let LeaseAnswer::Granted(lease, _) = store.claim_lease(claim).await.unwrap() else {
        panic!("it is the owner's own")
    };
    let filled = transact(&store, &lease, |view| {
        async {
            let large = "INSERT INTO t VALUES (hex(zeroblob(2000000)), 1)";
            let error = view.run(large, &[]).await.unwrap_err();
            assert_eq!(error.kind(), ViewErrorKind::Store);
            let error = view.run("INSERT INTO t VALUES ('a', 1)", &[]).await.unwrap_err();
            assert_eq!(error.kind(), ViewErrorKind::Store, "the transaction is lost");
        }
        .boxed()
    });
    let beside = store.append(append("ann", 0..1));
    let (filled, beside) = futures::join!(filled, beside);
    assert_eq!(filled.unwrap_err().kind(), StoreErrorKind::StorageFull);
    beside.unwrap();
    assert_eq!(count(&store).await, 0);
}

#[tokio::test]
async fn the_last_handle_may_end_with_the_work_that_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = with_view(&folder).await;
    let held = store.clone();
    let (entered, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (inside, released) = (Arc::clone(&entered), Arc::clone(&go_on));
    let (tell, dropped) = tokio::sync::oneshot::channel();
    let asking = tokio::spawn(async move {
        let wait = move || {
            inside.wait();
            released.wait();
            tell.send(catch_unwind(AssertUnwindSafe(|| drop(held))).is_ok()).unwrap();
        };
        store.transact(Box::new(move |_| async move { wait() }.map(|()| None).boxed())).await
    });
    tokio::task::spawn_blocking(move || entered.wait()).await.unwrap();
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    go_on.wait();
    assert!(dropped.await.unwrap(), "the thread does not wait for itself");
    assert_eq!(count(&open(folder.path()).await).await, 0);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = with_view(&folder).await;
    let bad = [
        "CREATE TABLE u (id TEXT); INSERT INTO nowhere VALUES (1)",
        "CREATE TABLE u (id TEXT); DELETE FROM events",
        "CREATE TABLE u (id TEXT); COMMIT",
        "CREATE TABLE u (id TEXT PRIMARY KEY); INSERT INTO u VALUES (1); \
         INSERT OR ROLLBACK INTO u VALUES (1)",
    ];
    for sql in bad {
        let migrations = [TABLE, ViewMigration::new("bad", sql)];
        let error = store.migrate_view(&name(), &migrations).await.expect_err(sql);
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{sql}: {error}");
        assert!(error.to_string().contains("migration bad of view accounts"), "{error}");
        store.query_view("SELECT * FROM u", &[]).await.expect_err("the table is not there");
    }
    let good = [TABLE, ViewMigration::new("good", "CREATE TABLE u (id TEXT)")];
    assert_eq!(store.migrate_view(&name(), &good).await.unwrap(), 1);
}

/// A handle of one tenant, on a file that others share.
async fn tenant(folder: &tempfile::TempDir, name: &str) -> factum_core::SharedStore {
    let config = SqliteStoreConfig {
        scope: factum_core::TenantScope::All,
        ..SqliteStoreConfig::new(folder.path().join("log.db"))
    };
    let all = SqliteStore::open(config).await.unwrap();
    all.for_tenant(&factum_core::TenantId::new(name).unwrap()).unwrap()
}

#[tokio::test]
async fn whose_a_table_is_follows_whatever_is_done_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (tenant(&folder, "a").await, tenant(&folder, "b").await);
    let change = |name: &'static str, sql: &'static str| ViewMigration::new(name, sql);
    let changes = [
        change("make", "CREATE TABLE first (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER)"),
        change("index", "CREATE INDEX by_n ON first (n); CREATE VIEW shown AS SELECT n FROM first"),
        change("search", "CREATE VIRTUAL TABLE words USING fts5(text)"),
        change("rename", "DROP VIEW shown; ALTER TABLE first RENAME TO Second"),
        change("add", "ALTER TABLE second ADD COLUMN m INTEGER NOT NULL DEFAULT 0 CHECK (m >= 0)"),
        change("fill", "INSERT INTO second (n) VALUES (1); INSERT INTO words VALUES ('hello you')"),
    ];
    a.migrate_view(&name(), &changes).await.unwrap();
    let found = "SELECT count(*) FROM second, words WHERE words MATCH 'hello' AND n = 1";
    assert_eq!(a.query_view(found, &[]).await.unwrap()[0].get::<i64>(0).unwrap(), 1);
    let with = "WITH many AS (SELECT n FROM second) SELECT count(*) FROM many, json_each('[1, 2]')";
    assert_eq!(a.query_view(with, &[]).await.unwrap()[0].get::<i64>(0).unwrap(), 2);
    let told = "SELECT count(*) FROM pragma_table_info('second')";
    assert_eq!(a.query_view(told, &[]).await.unwrap()[0].get::<i64>(0).unwrap(), 3);
    for sql in [
        "SELECT n FROM SECOND",
        "SELECT text FROM words",
        "SELECT c0 FROM words_content",
        "PRAGMA table_info(second)",
        "PRAGMA index_info(by_n)",
        "SELECT name FROM pragma_table_info('second')",
    ] {
        let error = b.query_view(sql, &[]).await.expect_err(sql);
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{sql}");
        assert!(error.message().contains("the tenant a"), "{sql}: {error}");
    }
    // A name that is free again is anybody's.
    let freed = "CREATE TABLE first (id INTEGER); INSERT INTO first VALUES (5)";
    b.migrate_view(&name(), &[change("make", freed)]).await.unwrap();
    let gone = change("drop", "DROP TABLE Second; DROP TABLE words");
    let all: Vec<_> = changes.iter().copied().chain([gone]).collect();
    a.migrate_view(&name(), &all).await.unwrap();
    let more = [change("make", freed), change("more", "CREATE TABLE second (id INTEGER)")];
    b.migrate_view(&name(), &more).await.unwrap();
    assert!(b.query_view("SELECT id FROM second", &[]).await.unwrap().is_empty());
    assert!(a.query_view("SELECT id FROM second", &[]).await.is_err());
}

#[tokio::test]
async fn what_is_rolled_back_was_never_anybodys() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (tenant(&folder, "a").await, tenant(&folder, "b").await);
    let make = "CREATE TABLE things (id INTEGER)";
    let work = a.transact(Box::new(move |view| {
        Box::pin(async move {
            view.batch(make).await.unwrap();
            view.undo().await.unwrap();
            view.batch(make).await.unwrap();
            None
        })
    }));
    assert_eq!(work.await.unwrap(), Transacted::RolledBack);
    b.migrate_view(&name(), &[ViewMigration::new("make", make)]).await.unwrap();
    assert!(b.query_view("SELECT id FROM things", &[]).await.unwrap().is_empty());
    let error = a.query_view("SELECT id FROM things", &[]).await.unwrap_err();
    assert!(error.message().contains("the tenant b"), "{error}");
}
