//! Places on servers, sessions and small events for the tests beside this folder.

#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod children;
pub(crate) mod older;
pub(crate) mod proxy;
pub(crate) mod requests;
pub(crate) mod session;
pub(crate) mod views;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use factum_core::{
    AppendError, Appended, EventStoreExt, LogRead, Maintenance, Position, RecordedEvent, StoreError,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::servers::{
    NO_POSTGRES, PostgresInstall, PostgresOptions, PostgresServer, shared_postgres,
};

/// Only turns what never comes into a failure.
pub(crate) const NEVER: Duration = Duration::from_mins(1);

/// A schema on a server.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) schema: String,
}

impl Place {
    /// A schema that no other test of this process uses.
    pub(crate) fn new(server: &PostgresServer) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        Self { url: server.url("postgres"), schema: format!("t{number}") }
    }

    pub(crate) fn port(&self) -> u16 {
        let config: factum_postgres::tokio_postgres::Config = self.url.parse().expect("valid");
        config.get_ports()[0]
    }

    pub(crate) fn config(&self) -> PostgresStoreConfig {
        PostgresStoreConfig {
            schema: self.schema.clone(),
            connections_max: 3,
            ..PostgresStoreConfig::new(&self.url)
        }
    }

    /// A handle of its own to the store, with its own connections, as another program has one.
    pub(crate) async fn open(&self) -> PostgresStore {
        open(self.config()).await
    }

    /// The statement with the schema's name for `{schema}`.
    pub(crate) fn sql(&self, statement: &str) -> String {
        statement.replace("{schema}", &format!("\"{}\"", self.schema))
    }
}

pub(crate) async fn open(config: PostgresStoreConfig) -> PostgresStore {
    PostgresStore::open(config).await.expect("the store opens")
}

/// Runs a test in a schema of its own on each PostgreSQL that can be started, on servers that the
/// tests of this process share.
pub(crate) async fn on_every_postgres(test: impl AsyncFn(Place)) {
    for install in installs() {
        test(Place::new(shared_postgres(&install).expect("the server starts"))).await;
    }
}

/// Runs a test on each PostgreSQL that can be started, on a server that it may stop and kill.
pub(crate) async fn on_own_servers(
    options: &PostgresOptions,
    test: impl AsyncFn(&PostgresServer, Place),
) {
    for install in installs() {
        let server = PostgresServer::start(&install, options).expect("the server starts");
        test(&server, Place::new(&server)).await;
    }
}

/// What can be started here, one after the other; says so if that is nothing.
pub(crate) fn installs() -> impl Iterator<Item = PostgresInstall> {
    let installs = PostgresInstall::all();
    if installs.is_empty() {
        println!("{NO_POSTGRES}");
    }
    // Only shown of tests that fail.
    installs.into_iter().inspect(|install| println!("on {install}"))
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        let mut pause = tokio::time::interval(Duration::from_millis(2));
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            pause.tick().await;
        }
    };
    tokio::time::timeout(NEVER, asking).await.unwrap_or_else(|_| panic!("expected {what}"))
}

/// Waits for what should come soon.
pub(crate) async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(NEVER, coming).await.unwrap_or_else(|_| panic!("expected {what}"))
}

pub(crate) async fn all(store: &PostgresStore) -> Vec<RecordedEvent> {
    store.collect(LogRead::default()).await.expect("the log reads")
}

pub(crate) async fn after(store: &PostgresStore, seen: Position) -> Vec<RecordedEvent> {
    let request = LogRead { after: seen, ..LogRead::default() };
    store.collect(request).await.expect("the log reads")
}

/// The log, which must have consecutive positions from 1, as numbers of its events.
pub(crate) async fn numbers(store: &PostgresStore) -> Vec<u64> {
    let events = all(store).await;
    let positions: Vec<u64> = events.iter().map(|event| event.position.get()).collect();
    assert_eq!(positions, (1..=events.len() as u64).collect::<Vec<_>>(), "positions are dense");
    events.iter().map(requests::number).collect()
}

/// The failure of an append that was neither refused nor lost a conflict.
pub(crate) fn failure(answer: Result<Appended, AppendError>) -> StoreError {
    match answer {
        Err(AppendError::Store(error)) => error,
        other => panic!("expected a failure of the store, found {other:?}"),
    }
}

/// Checks the whole store.
pub(crate) async fn assert_sound(store: &PostgresStore) {
    assert_eq!(store.verify().await.expect("the store reads").findings, [""; 0]);
}
