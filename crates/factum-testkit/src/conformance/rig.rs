//! A case, and what it gets to work with.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use factum_core::{Capabilities, SharedStore, TenantId, TenantScope};
use futures::future::BoxFuture;
use tempfile::TempDir;

use super::Fixture;
use crate::ManualClock;

/// A case that takes longer than this hangs. Far above what any case needs.
const CASE_TIMEOUT: Duration = Duration::from_mins(5);

/// One sentence of the contract, as a test.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub(super) topic: &'static str,
    pub(super) name: &'static str,
    pub(super) need: Need,
    pub(super) run: for<'a> fn(&'a Rig) -> BoxFuture<'a, ()>,
}

/// What a store must have promised for a case to make sense.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub(super) holds: fn(&Capabilities) -> bool,
    pub(super) reason: &'static str,
}

/// Every store.
pub(super) const ALWAYS: Need = Need { holds: |_| true, reason: "" };
/// Stores whose positions have no holes.
pub(super) const DENSE: Need =
    Need { holds: |it| it.dense_positions, reason: "the store does not promise dense positions" };

impl Case {
    /// The case's name: its topic, two colons, and its sentence.
    pub fn name(&self) -> String {
        format!("{}::{}", self.topic, self.name)
    }

    /// Why the case does not apply to a store of these capabilities; `None` if it does.
    pub fn missing(&self, capabilities: &Capabilities) -> Option<&'static str> {
        (!(self.need.holds)(capabilities)).then_some(self.need.reason)
    }

    /// Runs the case in a new home, on a runtime of its own.
    ///
    /// # Errors
    ///
    /// What did not hold, in words.
    pub fn run(&self, fixture: Arc<dyn Fixture>) -> Result<(), String> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            block_on(async {
                let rig = Rig::new(fixture);
                tokio::time::timeout(CASE_TIMEOUT, (self.run)(&rig)).await
            })
        }));
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(format!("did not end within {} s", CASE_TIMEOUT.as_secs())),
            Err(panic) => Err(panic_message(panic.as_ref())),
        }
    }
}

/// Drives a future to its end on a runtime with two workers.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime can be started");
    let output = runtime.block_on(future);
    // Tasks that a failed case left behind must not keep the next one waiting.
    runtime.shutdown_background();
    output
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

/// What a case works with: a fixture, an empty home, a clock that stands still.
pub struct Rig {
    fixture: Arc<dyn Fixture>,
    home: TempDir,
    /// The clock of every store that the rig opens.
    pub clock: Arc<ManualClock>,
}

impl std::fmt::Debug for Rig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rig").field("home", &self.home).finish_non_exhaustive()
    }
}

impl Rig {
    /// A rig with an empty home.
    ///
    /// # Panics
    ///
    /// If there is no room for a temporary folder.
    pub fn new(fixture: Arc<dyn Fixture>) -> Self {
        let home = TempDir::with_prefix("factum-").expect("a temporary folder can be made");
        Self { fixture, home, clock: Arc::default() }
    }

    /// The fixture.
    pub fn fixture(&self) -> &Arc<dyn Fixture> {
        &self.fixture
    }

    /// A path in a folder that is removed with the rig; nothing is there yet.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Opens the store as the default tenant.
    pub async fn open(&self) -> SharedStore {
        self.open_as(TenantScope::default()).await
    }

    /// Opens the store for all tenants.
    pub async fn open_all(&self) -> SharedStore {
        self.open_as(TenantScope::All).await
    }

    /// Opens the store and gives the handles of two tenants, `a` and `b`.
    ///
    /// # Panics
    ///
    /// If an operator's handle cannot be narrowed.
    pub async fn open_two_tenants(&self) -> (SharedStore, SharedStore) {
        let all = self.open_all().await;
        let narrowed = |name: &str| {
            let tenant = TenantId::new(name).expect("the name is valid");
            all.for_tenant(&tenant).expect("a handle of all tenants can be narrowed")
        };
        (narrowed("a"), narrowed("b"))
    }

    /// Opens the store as `scope`.
    pub async fn open_as(&self, scope: TenantScope) -> SharedStore {
        self.open_at(&self.path("store"), scope).await
    }

    /// Opens the store that lives in another home of this rig.
    ///
    /// # Panics
    ///
    /// If the home cannot be made.
    pub async fn open_at(&self, home: &Path, scope: TenantScope) -> SharedStore {
        std::fs::create_dir_all(home).expect("the temporary folder is writable");
        self.fixture.open(home, scope, self.clock.clone()).await
    }
}

/// Lists the cases of one file. Leaving a case out makes its function dead code.
macro_rules! conformance_cases {
    ($topic:literal, $need:expr; $($case:ident,)+) => {
        pub(super) const CASES: &[crate::conformance::rig::Case] = &[$(
            crate::conformance::rig::Case {
                topic: $topic,
                name: stringify!($case),
                need: $need,
                run: |rig| Box::pin($case(rig)),
            },
        )+];
    };
}
pub(super) use conformance_cases;
