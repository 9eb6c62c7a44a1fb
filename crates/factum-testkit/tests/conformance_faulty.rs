//! A faulty store without a fault keeps the contract.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{Clock, MemoryStore, SharedStore, TenantScope};
use factum_testkit::conformance::{self, Fixture};
use factum_testkit::faults::FaultyStore;

struct Faultless;

#[async_trait]
impl Fixture for Faultless {
    async fn open(&self, _: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
        Arc::new(FaultyStore::new(Arc::new(MemoryStore::new(scope, clock))))
    }
}

fn main() -> ExitCode {
    conformance::main(Faultless)
}
