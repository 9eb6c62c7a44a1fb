//! The contract, case by case, on every PostgreSQL that can be started here. Each case gets a schema
//! of its own.

mod suite;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{Clock, SharedStore, TenantScope};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::conformance::Fixture;
use factum_testkit::servers::{PostgresOptions, TestPostgres, postgres_under_test};

struct Postgres(TestPostgres);

#[async_trait]
impl Fixture for Postgres {
    async fn open(&self, home: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
        let config = PostgresStoreConfig {
            schema: suite::schema(home),
            scope,
            clock,
            connections_max: 3,
            ..PostgresStoreConfig::new(self.0.url())
        };
        Arc::new(PostgresStore::open(config).await.expect("the server is up"))
    }

    /// `PostgreSQL 18` for 18.4; a server that was given by its address has no column.
    fn column(&self) -> Option<String> {
        self.0.server()?;
        self.0.name().split('.').next().map(String::from)
    }
}

fn main() -> ExitCode {
    let servers = match postgres_under_test(&PostgresOptions::default()) {
        Ok(servers) => servers,
        Err(error) => {
            println!("expected PostgreSQL servers to test on: {error}");
            return ExitCode::FAILURE;
        }
    };
    let named = |server: TestPostgres| -> (String, Arc<dyn Fixture>) {
        (server.name(), Arc::new(Postgres(server)))
    };
    suite::main(servers.into_iter().map(named).collect())
}
