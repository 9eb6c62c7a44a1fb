//! The contract once more, where every append is made inside a transaction of the caller's, with a
//! row of the caller's own beside it: on the newest PostgreSQL that can be started here.

#[path = "../suite/mod.rs"]
mod suite;
mod views;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    AppendError, AppendRequest, Appended, Capabilities, Clock, CommandId, EventStore, HeadWatch,
    LogRead, PageStream, Position, Recalled, SharedStore, StoreError, StreamRead, TenantId,
    TenantScope,
};
use factum_postgres::tokio_postgres::{self, NoTls};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::conformance::Fixture;
use factum_testkit::servers::{PostgresOptions, TestPostgres, postgres_under_test};
use tokio::sync::Semaphore;

struct InTransaction(TestPostgres);

#[async_trait]
impl Fixture for InTransaction {
    async fn open(&self, home: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
        let config = PostgresStoreConfig {
            schema: suite::schema(home),
            scope,
            clock,
            connections_max: 2,
            ..PostgresStoreConfig::new(self.0.url())
        };
        let url = config.url.clone();
        let store = PostgresStore::open(config).await.expect("the server is up");
        Arc::new(Caller { store, url })
    }
}

/// A store whose appends are made in transactions of its own.
#[derive(Debug)]
struct Caller {
    store: PostgresStore,
    url: String,
}

/// A server takes a hundred sessions, and cases run beside one another.
static SESSIONS: Semaphore = Semaphore::const_new(16);

impl Caller {
    async fn append_in(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        let _session = SESSIONS.acquire().await.expect("it is never closed");
        let (mut client, connection) =
            tokio_postgres::connect(&self.url, NoTls).await.expect("the server is up");
        let driving = tokio::spawn(connection);
        let transaction = client.transaction().await.expect("a transaction begins");
        transaction
            .batch_execute("CREATE TEMPORARY TABLE beside (number integer)")
            .await
            .expect("made");
        let appended = self.store.append_in(&transaction, request).await;
        let ended = match &appended {
            Ok(_) => transaction.commit().await,
            Err(_) => transaction.rollback().await,
        };
        ended.expect("the transaction ends as it is told");
        drop(client);
        driving.await.expect("driven to the end").expect("the connection did not break");
        appended
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl EventStore for Caller {
    fn capabilities(&self) -> Capabilities {
        Capabilities { views: None, ..self.store.capabilities() }
    }

    fn scope(&self) -> &TenantScope {
        self.store.scope()
    }

    fn for_tenant(&self, tenant: &TenantId) -> Result<SharedStore, StoreError> {
        let store = self.store.narrowed(tenant)?;
        Ok(Arc::new(Self { store, url: self.url.clone() }))
    }

    async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        self.append_in(request).await
    }

    async fn recall(&self, command: &CommandId) -> Result<Option<Recalled>, StoreError> {
        self.store.recall(command).await
    }

    fn read(&self, request: LogRead) -> PageStream {
        self.store.read(request)
    }

    fn read_stream(&self, request: StreamRead) -> PageStream {
        self.store.read_stream(request)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.store.head().await
    }

    fn watch(&self) -> HeadWatch {
        self.store.watch()
    }
}

factum_testkit::delegate!(
    Caller.store:
        StreamAdmin, SnapshotStore, CheckpointStore, LeaseStore, DeadLetters, Maintenance
);

fn main() -> ExitCode {
    let servers = match postgres_under_test(&PostgresOptions::default()) {
        Ok(servers) => servers,
        Err(error) => {
            println!("expected a PostgreSQL server to test on: {error}");
            return ExitCode::FAILURE;
        }
    };
    let named = |server: TestPostgres| -> (String, Arc<dyn Fixture>) {
        (format!("{} in a transaction", server.name()), Arc::new(InTransaction(server)))
    };
    suite::main(servers.into_iter().next_back().map(named).into_iter().collect())
}
