//! A store with hooks around it keeps the contract.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use factum_core::hooks::{AppendHook, HookedStore, Write};
use factum_core::{AppendError, Appended, Clock, MemoryStore, SharedStore, TenantScope};
use factum_testkit::conformance::{self, Fixture};

/// A hook that lets everything pass.
#[derive(Debug)]
struct Passing;

#[async_trait]
impl AppendHook for Passing {
    fn name(&self) -> &'static str {
        "passing"
    }

    async fn before(&self, _: &TenantScope, _: &Write) -> Result<(), String> {
        Ok(())
    }

    async fn after(&self, _: &TenantScope, _: &Write, _: &Result<Appended, AppendError>) {}
}

struct Hooked;

#[async_trait]
impl Fixture for Hooked {
    async fn open(&self, _: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
        let memory = Arc::new(MemoryStore::new(scope, clock));
        Arc::new(HookedStore::new(memory, vec![Arc::new(Passing), Arc::new(Passing)]))
    }
}

fn main() -> ExitCode {
    conformance::main(Hooked)
}
