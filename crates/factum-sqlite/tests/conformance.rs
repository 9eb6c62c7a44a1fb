//! SQLite passes the whole suite, durability included.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use factum_core::{Clock, SharedStore, TenantScope};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use factum_testkit::conformance::{self, Fixture};

struct Sqlite;

#[async_trait::async_trait]
impl Fixture for Sqlite {
    /// The store that lives in `home`: empty the first time, the same events ever after.
    async fn open(&self, home: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
        let path = home.join("log.db");
        let config = SqliteStoreConfig { scope, clock, ..SqliteStoreConfig::new(path) };
        Arc::new(SqliteStore::open(config).await.expect("the home is writable"))
    }

    async fn restore(&self, copy: &Path, home: &Path) {
        std::fs::copy(copy, home.join("log.db")).expect("a backup is one file");
    }

    fn column(&self) -> Option<String> {
        Some("SQLite".into())
    }
}

fn main() -> ExitCode {
    conformance::main(Sqlite)
}
