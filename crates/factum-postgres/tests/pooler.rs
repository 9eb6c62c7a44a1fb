//! Behind `PgBouncer`, which lends each transaction another session of the server.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{all, installs, open, soon};
use factum_core::{
    AppendRequest, Codec, EventId, EventStore, EventType, Expected, NewEvent, Position, StreamId,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::servers::{NO_PGBOUNCER, PgBouncer, PoolMode, PostgresOptions, PostgresServer};

fn append(name: &str, number: u8) -> AppendRequest {
    let event_type = EventType::new("account.opened").unwrap();
    let event = NewEvent::new(EventId::from_bytes([number; 16]), event_type, Codec::Json, "{}");
    let stream = StreamId::new("account", name).unwrap();
    AppendRequest::default().stream(stream, Expected::Any, [event])
}

/// Runs a test with a store through a pooler and one without, on the newest server there is.
async fn behind(
    mode: PoolMode,
    settings: impl Fn(PostgresStoreConfig) -> PostgresStoreConfig,
    test: impl AsyncFn(PostgresStore, PostgresStore),
) {
    if PgBouncer::find().is_none() {
        println!("{NO_PGBOUNCER}");
        return;
    }
    let Some(install) = installs().last() else { return };
    let server = PostgresServer::start(&install, &PostgresOptions::default()).unwrap();
    let pooler = PgBouncer::start(&server, mode).unwrap();
    let direct = open(PostgresStoreConfig::new(server.url("postgres"))).await;
    let through = open(settings(PostgresStoreConfig::new(pooler.url("postgres")))).await;
    test(through, direct).await;
}

/// Appends, reads and watches through the pooler while another program writes past it.
async fn works(through: PostgresStore, direct: PostgresStore) {
    let mut watch = through.watch();
    let writers = (0..8_u8).map(|writer| {
        let store = if writer % 2 == 0 { through.clone() } else { direct.clone() };
        tokio::spawn(async move {
            for number in 0..10 {
                store.append(append(&format!("w{writer}"), 10 * writer + number)).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let found = all(&through).await;
    assert_eq!(found.len(), 80);
    assert_eq!(found, all(&direct).await);
    soon("the watch catches up", watch.past(Position::new(79))).await.unwrap();
    // Nobody appends through the pooled store now: only what is heard or asked for can wake it.
    direct.append(append("late", 200)).await.unwrap();
    assert_eq!(soon("the watch wakes", watch.past(Position::new(80))).await.unwrap().get(), 81);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_a_pooler_that_lends_sessions_by_transaction_is_enough() {
    let unprepared = |config| PostgresStoreConfig { prepare: false, ..config };
    behind(PoolMode::Transaction, unprepared, works).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_lends_whole_sessions_is_like_none() {
    behind(PoolMode::Session, |config| config, works).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_notifications_the_head_is_asked_for() {
    let deaf = |config| PostgresStoreConfig { notify: false, ..config };
    behind(PoolMode::Session, deaf, works).await;
}
