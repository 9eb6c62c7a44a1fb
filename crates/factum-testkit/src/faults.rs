//! A store that fails as it is told, and otherwise does what the store beneath does.
//!
//! For testing whatever stands above a store: does it retry, give up, go on? Nothing is random; a
//! fault happens exactly when it was ordered.

mod reading;

use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use async_trait::async_trait;
use factum_core::{
    AdminRecord, AppendError, AppendRequest, Appended, Capabilities, CategoryInfo, CategoryList,
    Claim, CommandId, EventStore, Expected, HeadSignal, HeadWatch, Health, LogRead, Maintenance,
    PageStream, Position, Recalled, Revision, SharedStore, Snapshot, SnapshotInfo, SnapshotKind,
    SnapshotList, SnapshotSaved, SnapshotStore, StoreError, StoreErrorKind, StoreStats,
    StreamAdmin, StreamId, StreamInfo, StreamList, StreamRead, TenantId, TenantScope, Verified,
};
use futures::{StreamExt, stream};

/// What happens to one write, of events, of snapshots or of what readers keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// It fails as unavailable; nothing is stored.
    Before,
    /// It is stored, and its answer is lost: the outcome is unknown.
    After,
    /// Nothing goes wrong, so that a later write fails.
    None,
}

/// A side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The call was made, and nothing is done yet.
    Before,
    /// It is done, and the caller does not know yet.
    After,
}

/// Told of each call, by the name of the operation.
type Observer = Arc<dyn Fn(&'static str, Moment) + Send + Sync>;

/// The faults that are ordered, shared by all handles of one [`FaultyStore`].
pub struct Faults {
    orders: Mutex<Orders>,
    /// Never moves and never closes: what a watch is given while wakes are lost.
    silence: HeadSignal,
    observer: OnceLock<Observer>,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faults").field("orders", &self.orders).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Orders {
    writes: VecDeque<WriteFault>,
    snapshots: VecDeque<WriteFault>,
    checkpoints: VecDeque<WriteFault>,
    reads: VecDeque<Option<usize>>,
    storage_full: bool,
    wakes_lost: bool,
}

impl Faults {
    /// Orders faults for the next writes, one each; after them, writes work again.
    pub fn writes(&self, faults: impl IntoIterator<Item = WriteFault>) {
        self.orders().writes.extend(faults);
    }

    /// Orders faults for the next changes of snapshots, one each; after them, they work again.
    pub fn snapshots(&self, faults: impl IntoIterator<Item = WriteFault>) {
        self.orders().snapshots.extend(faults);
    }

    /// Orders faults for the next changes of checkpoints, leases and views, one each; after them,
    /// they work again: [`register`](factum_core::CheckpointStore::register),
    /// [`advance`](factum_core::CheckpointStore::advance),
    /// [`claim_lease`](factum_core::LeaseStore::claim_lease),
    /// [`renew_lease`](factum_core::LeaseStore::renew_lease),
    /// [`release_lease`](factum_core::LeaseStore::release_lease) and
    /// [`transact`](factum_core::ViewStore::transact).
    pub fn checkpoints(&self, faults: impl IntoIterator<Item = WriteFault>) {
        self.orders().checkpoints.extend(faults);
    }

    /// Orders faults for the next reads, one each: fail as unavailable after so many pages, or,
    /// with `None`, work.
    pub fn reads(&self, fail_after_pages: impl IntoIterator<Item = Option<usize>>) {
        self.orders().reads.extend(fail_after_pages);
    }

    /// Fills the storage: writes fail and reads go on until it is [cleared](Faults::clear).
    pub fn fill(&self) {
        self.orders().storage_full = true;
    }

    /// Makes room again.
    pub fn clear(&self) {
        self.orders().storage_full = false;
    }

    /// From now on, new watches never wake (`true`), or do again (`false`).
    pub fn lose_wakes(&self, lost: bool) {
        self.orders().wakes_lost = lost;
    }

    /// Tells `observer` of every write, change and read of a page, before and after it: the moments at
    /// which a process may be killed. The first observer stays.
    pub fn observe(&self, observer: impl Fn(&'static str, Moment) + Send + Sync + 'static) {
        // A second one is not wanted by anybody, and would only hide the first.
        let _ = self.observer.set(Arc::new(observer));
    }

    fn tell(&self, operation: &'static str, moment: Moment) {
        if let Some(observer) = self.observer.get() {
            observer(operation, moment);
        }
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A decorator that fails as its [`Faults`] say.
#[derive(Clone, Debug)]
pub struct FaultyStore {
    inner: SharedStore,
    faults: Arc<Faults>,
}

impl FaultyStore {
    /// Decorates `inner`; no fault is ordered yet.
    pub fn new(inner: SharedStore) -> Self {
        let silence = HeadSignal::new(Position::START);
        Self {
            inner,
            faults: Arc::new(Faults {
                orders: Mutex::default(),
                silence,
                observer: OnceLock::new(),
            }),
        }
    }

    /// Where faults are ordered, before or after the store is shared.
    pub fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }

    async fn write(
        &self,
        operation: &'static str,
        store: impl Future<Output = Result<Appended, AppendError>> + Send,
    ) -> Result<Appended, AppendError> {
        let fault = self.faults.orders().writes.pop_front();
        self.faulted(fault, operation, store).await
    }

    async fn faulted<T: Send, E: From<StoreError>>(
        &self,
        fault: Option<WriteFault>,
        operation: &'static str,
        store: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let failed = |kind, message| Err(StoreError::new(kind, operation, message).into());
        if self.faults.orders().storage_full {
            return failed(StoreErrorKind::StorageFull, "expected room, found the storage full");
        }
        self.faults.tell(operation, Moment::Before);
        let outcome = match fault.unwrap_or(WriteFault::None) {
            WriteFault::Before => failed(StoreErrorKind::Unavailable, "ordered to be unavailable"),
            WriteFault::After => {
                store.await?;
                failed(StoreErrorKind::OutcomeUnknown, "ordered to lose the answer")
            }
            WriteFault::None => store.await,
        };
        self.faults.tell(operation, Moment::After);
        outcome
    }

    fn pages(&self, operation: &'static str, pages: PageStream) -> PageStream {
        let faults = self.faults();
        let pages = pages.inspect(move |_| faults.tell(operation, Moment::After)).boxed();
        let Some(after) = self.faults.orders().reads.pop_front().flatten() else { return pages };
        let failed = async move {
            Err(StoreError::new(
                StoreErrorKind::Unavailable,
                operation,
                "ordered to be unavailable",
            ))
        };
        pages.take(after).chain(stream::once(failed)).boxed()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl EventStore for FaultyStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn scope(&self) -> &TenantScope {
        self.inner.scope()
    }

    fn for_tenant(&self, tenant: &TenantId) -> Result<SharedStore, StoreError> {
        let inner = self.inner.for_tenant(tenant)?;
        Ok(Arc::new(Self { inner, faults: self.faults() }))
    }

    async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        self.write("append", self.inner.append(request)).await
    }

    async fn recall(&self, command: &CommandId) -> Result<Option<Recalled>, StoreError> {
        self.inner.recall(command).await
    }

    fn read(&self, request: LogRead) -> PageStream {
        self.pages("read log", self.inner.read(request))
    }

    fn read_stream(&self, request: StreamRead) -> PageStream {
        self.pages("read stream", self.inner.read_stream(request))
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.inner.head().await
    }

    fn watch(&self) -> HeadWatch {
        if self.faults.orders().wakes_lost {
            return self.faults.silence.watch();
        }
        self.inner.watch()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl StreamAdmin for FaultyStore {
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
        self.write("tombstone stream", self.inner.tombstone(stream, expected, record)).await
    }

    async fn truncate_before(
        &self,
        stream: &StreamId,
        first: Revision,
        record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        self.write("truncate stream", self.inner.truncate_before(stream, first, record)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SnapshotStore for FaultyStore {
    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotSaved, StoreError> {
        let fault = self.faults.orders().snapshots.pop_front();
        self.faulted(fault, "save snapshot", self.inner.save_snapshot(snapshot)).await
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
        let fault = self.faults.orders().snapshots.pop_front();
        let delete = self.inner.delete_snapshots(stream, kind, keep_last);
        self.faulted(fault, "delete snapshots", delete).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Maintenance for FaultyStore {
    async fn stats(&self) -> Result<StoreStats, StoreError> {
        self.inner.stats().await
    }

    async fn health(&self) -> Result<Health, StoreError> {
        let health = self.inner.health().await?;
        if self.faults.orders().storage_full {
            return Ok(Health { writable: false, problem: "the storage is full".into(), ..health });
        }
        Ok(health)
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
