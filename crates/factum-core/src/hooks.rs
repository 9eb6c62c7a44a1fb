//! Hooks around writes: checks that may refuse them, and observers that see what came of them.

mod reading;

use std::fmt::Debug;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;

use crate::{
    AdminRecord, AppendError, AppendRequest, Appended, Capabilities, CategoryInfo, CategoryList,
    Claim, CommandId, EventStore, Expected, HeadWatch, Health, LogRead, Maintenance, PageStream,
    Position, Recalled, Refusal, Revision, SharedStore, Snapshot, SnapshotInfo, SnapshotKind,
    SnapshotList, SnapshotSaved, SnapshotStore, StoreError, StoreStats, StreamAdmin, StreamId,
    StreamInfo, StreamList, StreamRead, TenantId, TenantScope, Verified,
};

/// A write as hooks see it. Deletions and truncations are writes too: they store a record, and a
/// check that they went round would be no check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// [`EventStore::append`], of guards alone too: a check may ask who may know.
    Append(AppendRequest),
    /// [`StreamAdmin::tombstone`].
    Tombstone {
        /// The stream to delete.
        stream: StreamId,
        /// Where it should be.
        expected: Expected,
        /// How the deletion is recorded.
        record: AdminRecord,
    },
    /// [`StreamAdmin::truncate_before`].
    Truncate {
        /// The stream whose beginning is to be hidden.
        stream: StreamId,
        /// The first revision that stays.
        first: Revision,
        /// How the truncation is recorded.
        record: AdminRecord,
    },
}

/// Runs before and after every write through a [`HookedStore`].
#[async_trait]
pub trait AppendHook: Debug + Send + Sync + 'static {
    /// The hook's name, for refusals.
    fn name(&self) -> &'static str;

    /// Runs before the store is asked. The hooks run in their order; the first refusal ends the
    /// write, nothing is stored, and no `after` runs. A panic is a refusal.
    ///
    /// It also runs for a repeated command, as only the store knows which are repeated.
    ///
    /// # Errors
    ///
    /// The reason for refusing, which becomes [`Refusal::Hook`].
    async fn before(&self, scope: &TenantScope, write: &Write) -> Result<(), String>;

    /// Runs when the store has answered, in the order of the hooks, before the caller is answered.
    /// It cannot change the answer, and a panic is swallowed: what is stored is stored.
    async fn after(
        &self,
        scope: &TenantScope,
        write: &Write,
        result: &Result<Appended, AppendError>,
    );
}

/// A store whose writes pass through hooks. Reads go straight to the store beneath.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use factum_core::hooks::{AppendHook, HookedStore, Write};
/// use factum_core::{AppendError, Appended, MemoryStore, TenantScope};
///
/// /// Refuses whatever deletes.
/// #[derive(Debug)]
/// struct KeepEverything;
///
/// #[async_trait::async_trait]
/// impl AppendHook for KeepEverything {
///     fn name(&self) -> &'static str {
///         "keep everything"
///     }
///     async fn before(&self, _: &TenantScope, write: &Write) -> Result<(), String> {
///         match write {
///             Write::Append(_) => Ok(()),
///             _ => Err("nothing is deleted here".into()),
///         }
///     }
///     async fn after(&self, _: &TenantScope, _: &Write, _: &Result<Appended, AppendError>) {}
/// }
///
/// let store = HookedStore::new(Arc::new(MemoryStore::default()), vec![Arc::new(KeepEverything)]);
/// # drop(store);
/// ```
#[derive(Clone, Debug)]
pub struct HookedStore {
    inner: SharedStore,
    hooks: Arc<[Arc<dyn AppendHook>]>,
}

impl HookedStore {
    /// Puts `hooks`, in this order, around the writes of `inner`.
    pub fn new(inner: SharedStore, hooks: Vec<Arc<dyn AppendHook>>) -> Self {
        Self { inner, hooks: hooks.into() }
    }

    async fn write(
        &self,
        write: Write,
        store: impl Future<Output = Result<Appended, AppendError>> + Send,
    ) -> Result<Appended, AppendError> {
        let scope = self.inner.scope();
        for hook in self.hooks.iter() {
            let judged = AssertUnwindSafe(hook.before(scope, &write)).catch_unwind().await;
            let judged = judged.unwrap_or_else(|_| Err("the hook panicked".into()));
            judged.map_err(|reason| Refusal::Hook { hook: hook.name(), reason })?;
        }
        let result = store.await;
        for hook in self.hooks.iter() {
            let seen = AssertUnwindSafe(hook.after(scope, &write, &result)).catch_unwind().await;
            drop(seen); // An observer's failure does not change what is stored.
        }
        result
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl EventStore for HookedStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn scope(&self) -> &TenantScope {
        self.inner.scope()
    }

    fn for_tenant(&self, tenant: &TenantId) -> Result<SharedStore, StoreError> {
        let inner = self.inner.for_tenant(tenant)?;
        Ok(Arc::new(Self { inner, hooks: Arc::clone(&self.hooks) }))
    }

    async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        if self.hooks.is_empty() {
            return self.inner.append(request).await;
        }
        self.write(Write::Append(request.clone()), self.inner.append(request)).await
    }

    async fn recall(&self, command: &CommandId) -> Result<Option<Recalled>, StoreError> {
        self.inner.recall(command).await
    }

    fn read(&self, request: LogRead) -> PageStream {
        self.inner.read(request)
    }

    fn read_stream(&self, request: StreamRead) -> PageStream {
        self.inner.read_stream(request)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.inner.head().await
    }

    fn watch(&self) -> HeadWatch {
        self.inner.watch()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl StreamAdmin for HookedStore {
    async fn stream(&self, stream: &StreamId) -> Result<Option<StreamInfo>, StoreError> {
        self.inner.stream(stream).await
    }

    async fn streams(&self, list: StreamList) -> Result<Vec<StreamInfo>, StoreError> {
        self.inner.streams(list).await
    }

    async fn categories(&self, list: CategoryList) -> Result<Vec<CategoryInfo>, StoreError> {
        self.inner.categories(list).await
    }

    async fn claim_owner(&self, claim: &Claim) -> Result<Option<StreamId>, StoreError> {
        self.inner.claim_owner(claim).await
    }

    async fn tombstone(
        &self,
        stream: &StreamId,
        expected: Expected,
        record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        let write = Write::Tombstone { stream: stream.clone(), expected, record: record.clone() };
        self.write(write, self.inner.tombstone(stream, expected, record)).await
    }

    async fn truncate_before(
        &self,
        stream: &StreamId,
        first: Revision,
        record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        let write = Write::Truncate { stream: stream.clone(), first, record: record.clone() };
        self.write(write, self.inner.truncate_before(stream, first, record)).await
    }
}

/// Snapshots are no part of the log: no hook is asked about them.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SnapshotStore for HookedStore {
    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotSaved, StoreError> {
        self.inner.save_snapshot(snapshot).await
    }

    async fn latest_snapshot(
        &self,
        stream: &StreamId,
        kind: &SnapshotKind,
        through: Option<Revision>,
    ) -> Result<Option<Snapshot>, StoreError> {
        self.inner.latest_snapshot(stream, kind, through).await
    }

    async fn snapshots(&self, list: SnapshotList) -> Result<Vec<SnapshotInfo>, StoreError> {
        self.inner.snapshots(list).await
    }

    async fn delete_snapshots(
        &self,
        stream: &StreamId,
        kind: Option<&SnapshotKind>,
        keep_last: usize,
    ) -> Result<u64, StoreError> {
        self.inner.delete_snapshots(stream, kind, keep_last).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Maintenance for HookedStore {
    async fn stats(&self) -> Result<StoreStats, StoreError> {
        self.inner.stats().await
    }

    async fn health(&self) -> Result<Health, StoreError> {
        self.inner.health().await
    }

    async fn verify(&self) -> Result<Verified, StoreError> {
        self.inner.verify().await
    }

    async fn rebuild_claims(&self) -> Result<u64, StoreError> {
        self.inner.rebuild_claims().await
    }

    async fn backup(&self, to: &Path) -> Result<Position, StoreError> {
        self.inner.backup(to).await
    }

    async fn compact(&self) -> Result<u64, StoreError> {
        self.inner.compact().await
    }
}
