//! The memory store keeps the contract.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{Clock, MemoryStore, SharedStore, TenantScope};
use factum_testkit::conformance::{self, Fixture};

struct Memory;

#[async_trait]
impl Fixture for Memory {
    async fn open(&self, _: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
        Arc::new(MemoryStore::new(scope, clock))
    }

    fn column(&self) -> Option<String> {
        Some("memory".into())
    }
}

fn main() -> ExitCode {
    conformance::main(Memory)
}
