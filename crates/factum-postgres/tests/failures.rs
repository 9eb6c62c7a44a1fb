//! What an operator is told when the store cannot be reached, is set up wrongly or may only be read: the
//! server and the database by name, never the password, and what to change.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::net::TcpListener;

use common::requests::append;
use common::session::Session;
use common::{
    Place, all, failure, installs, numbers, on_every_postgres, on_own_servers, open, soon, until,
};
use factum_core::{
    EventStore, Maintenance, Position, StoreError, StoreErrorKind, StreamAdmin, StreamList,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::servers::{NO_PGBOUNCER, PgBouncer, PoolMode, PostgresOptions, PostgresServer};

async fn refused(url: &str) -> StoreError {
    let config = PostgresStoreConfig { connect_timeout_ms: 2_000, ..PostgresStoreConfig::new(url) };
    PostgresStore::open(config).await.unwrap_err()
}

fn assert_told(error: &StoreError, kind: StoreErrorKind, words: &[&str]) {
    let shown = error.to_string();
    assert_eq!(error.kind(), kind, "{shown}");
    for word in words {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = refused(&format!("postgres://ann:s3cret@{closed}/bank")).await;
    let words = [&format!("could not connect to {closed}"), "connection refused"];
    assert_told(&error, StoreErrorKind::Unavailable, &words);
    let error = refused("postgres://ann:s3cret@nowhere.invalid:77/bank").await;
    assert_told(&error, StoreErrorKind::Unavailable, &["could not connect to nowhere.invalid:77"]);
}

#[tokio::test]
async fn a_password_that_ends_the_address_early_is_refused() {
    for url in ["postgres://ann:s3@cret@host/bank", "postgres://ann:s3cret#1@host/bank"] {
        assert_told(&refused(url).await, StoreErrorKind::Invalid, &["percent-encoded"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_and_a_role_that_are_not_there_are_named() {
    on_every_postgres(async |place| {
        let at = format!("127.0.0.1:{}/", place.port());
        let url = format!("postgres://postgres:s3cret@{at}nowhere");
        let words = [&*format!("{at}nowhere"), "\"nowhere\" does not exist", "database"];
        assert_told(&refused(&url).await, StoreErrorKind::Misconfigured, &words);
        let url = place.url.replace("postgres@", "nobody:s3cret@");
        let words = [&*format!("{at}postgres"), "permission denied", "role \"nobody\""];
        assert_told(&refused(&url).await, StoreErrorKind::Denied, &words);
    })
    .await;
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_encryption_is_no_reason_to_try_again() {
    on_every_postgres(async |place| {
        let error = refused(&format!("{}?sslmode=require", place.url)).await;
        let at = format!("could not connect to 127.0.0.1:{}", place.port());
        let words = [&*at, "does not support TLS", "sslmode=disable"];
        assert_told(&error, StoreErrorKind::Misconfigured, &words);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_a_pooler_mixes_up_say_how_not_to_prepare_them() {
    if PgBouncer::find().is_none() {
        println!("{NO_PGBOUNCER}");
        return;
    }
    let Some(install) = installs().last() else { return };
    let server = PostgresServer::start(&install, &PostgresOptions::default()).unwrap();
    let pooler = PgBouncer::start(&server, PoolMode::Transaction).unwrap();
    let url = pooler.url("postgres");
    let mut told = Vec::new();
    for number in 0..4 {
        // Each as another program, which knows nothing of what the others prepared.
        match PostgresStore::open(PostgresStoreConfig::new(&url)).await {
            Err(error) => told.push(error),
            Ok(store) => {
                if let Err(factum_core::AppendError::Store(error)) =
                    store.append(append("a", [number])).await
                {
                    told.push(error);
                }
            }
        }
    }
    // A pooler since 1.21 keeps prepared statements apart, and there is nothing to tell.
    for error in told {
        assert_told(&error, StoreErrorKind::Misconfigured, &["prepare=false", "pooler"]);
    }
    let config = PostgresStoreConfig { prepare: false, ..PostgresStoreConfig::new(&url) };
    open(config).await.append(append("a", [9])).await.unwrap();
}

/// A role of this test with a setting, and the place as that role.
async fn role(place: &Place, setting: &str) -> Place {
    let name = format!("role_{}", place.schema);
    let session = Session::connect(place).await;
    let make = format!("CREATE ROLE {name} LOGIN SUPERUSER; ALTER ROLE {name} SET {setting}");
    session.client.batch_execute(&make).await.unwrap();
    let url = place.url.replace("//postgres@", &format!("//{name}@"));
    Place { url, ..place.clone() }
}

async fn assert_looked_at(store: &PostgresStore) {
    assert_eq!(numbers(store).await, [1, 2]);
    assert_eq!(store.streams(StreamList::default()).await.unwrap().len(), 1);
    assert_eq!(store.stats().await.unwrap().events, 2);
    assert_eq!(store.verify().await.unwrap().findings, [""; 0]);
    assert!(!store.health().await.unwrap().writable);
    let denied = failure(store.append(append("a", [3])).await);
    assert_told(&denied, StoreErrorKind::Denied, &["permission denied", "primary"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_may_only_read_looks_at_the_store() {
    on_every_postgres(async |place| {
        let owner = place.open().await;
        owner.append(append("a", [1, 2])).await.unwrap();
        let reader = role(&place, "default_transaction_read_only = on").await.open().await;
        assert_looked_at(&reader).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_looked_at_and_denies_writes() {
    on_own_servers(&PostgresOptions::default(), async |server, place| {
        let owner = place.open().await;
        owner.append(append("a", [1, 2])).await.unwrap();
        drop(owner);
        server.stop().unwrap();
        std::fs::write(server.folder().join("data/standby.signal"), "").unwrap();
        server.restart().unwrap();
        let standby = open(PostgresStoreConfig { create: false, ..place.config() }).await;
        assert_looked_at(&standby).await;
        let mut watch = standby.watch();
        assert_eq!(soon("the head", watch.past(Position::new(1))).await.unwrap().get(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_everything_takes_longer_than_statements_may() {
    on_every_postgres(async |place| {
        let owner = place.open().await;
        owner.append(append("a", [1, 2])).await.unwrap();
        let hurried = role(&place, "statement_timeout = '50ms'").await.open().await;
        let mut holder = Session::connect(&place).await;
        let observer = Session::connect(&place).await;
        let pid = holder.pid;
        // A lock stands for a table so large that reading it takes its time.
        let held = holder.client.transaction().await.unwrap();
        let lock = place.sql("LOCK TABLE {schema}.claims IN ACCESS EXCLUSIVE MODE");
        held.batch_execute(&lock).await.unwrap();
        for work in ["verify", "stats", "rebuild_claims", "compact"] {
            let store = hurried.clone();
            let working = tokio::spawn(async move {
                match work {
                    "verify" => store.verify().await.map(|it| it.events),
                    "rebuild_claims" => store.rebuild_claims().await,
                    "compact" => store.compact().await,
                    _ => store.stats().await.map(|it| it.events),
                }
            });
            let overdue = "SELECT 1 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)) \
                           AND now() - query_start > interval '200 ms'";
            until("a statement that is overdue, or was stopped", async || {
                let rows = observer.client.query(overdue, &[&pid]).await.unwrap();
                (!rows.is_empty() || working.is_finished()).then_some(())
            })
            .await;
            assert!(!working.is_finished(), "{work} was stopped");
            working.abort();
        }
        // Anything else is told which limit it met.
        let lock = place.sql("LOCK TABLE {schema}.events IN ACCESS EXCLUSIVE MODE");
        held.batch_execute(&lock).await.unwrap();
        let read = hurried.head().await.unwrap_err();
        assert_told(&read, StoreErrorKind::TimedOut, &["statement_timeout", "127.0.0.1"]);
        held.rollback().await.unwrap();
        assert_eq!(all(&hurried).await.len(), 2);
        assert_eq!(hurried.verify().await.unwrap().findings, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_prepared_for_tables_that_changed_are_prepared_anew() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        store.append(append("a", [1])).await.unwrap();
        let before = store.streams(StreamList::default()).await.unwrap();
        let session = Session::connect(&place).await;
        let change = "DROP VIEW {schema}.log; \
                      ALTER TABLE {schema}.streams ALTER COLUMN name TYPE varchar(500) COLLATE \"C\"";
        session.client.batch_execute(&place.sql(change)).await.unwrap();
        assert_eq!(store.streams(StreamList::default()).await.unwrap(), before);
    })
    .await;
}
