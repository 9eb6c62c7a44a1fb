//! The store that a [`Sabotage`] breaks.

mod reading;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    AdminRecord, AppendError, AppendRequest, Appended, Capabilities, CategoryInfo, CategoryList,
    Claim, CommandId, EventStore, Expected, HeadWatch, Health, LogRead, Maintenance, PageStream,
    Position, Recalled, Refusal, Revision, SharedStore, Snapshot, SnapshotInfo, SnapshotKind,
    SnapshotList, SnapshotSaved, SnapshotStore, StoreError, StoreErrorKind, StoreStats,
    StreamAdmin, StreamId, StreamInfo, StreamList, StreamRead, TenantId, TenantScope, Verified,
};
use futures::{StreamExt, stream};

use crate::journal::{Deed, Entry, Journaled};
use crate::sabotage::{Answer, Sabotage};

#[derive(Clone)]
pub(crate) struct Saboteur {
    journaled: Arc<Journaled>,
    inner: SharedStore,
    sabotage: Sabotage,
    scope: TenantScope,
    backup: bool,
    handle: Arc<()>,
}

impl std::fmt::Debug for Saboteur {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Saboteur")
    }
}

impl Saboteur {
    pub(crate) fn new(
        journaled: Arc<Journaled>,
        scope: TenantScope,
        sabotage: Sabotage,
        backup: bool,
    ) -> Self {
        let narrowed = |tenant: &TenantId| journaled.all.for_tenant(tenant).unwrap();
        let inner = match (&scope, sabotage) {
            (TenantScope::One(tenant), Sabotage::Tenant(other)) => narrowed(&other(tenant)),
            (TenantScope::One(tenant), _) => narrowed(tenant),
            (TenantScope::All, Sabotage::AllActsAs(name)) => {
                narrowed(&TenantId::new(name).unwrap())
            }
            (TenantScope::All, _) => Arc::clone(&journaled.all),
        };
        Self { journaled, inner, sabotage, scope, backup, handle: Arc::default() }
    }

    /// Notes a deed that succeeded, so that a reopened store has done it too.
    fn note<T, E>(&self, answer: &Result<T, E>, deed: Deed) {
        if let (true, Some(tenant)) = (answer.is_ok(), self.scope.tenant()) {
            let at = self.journaled.clock.now();
            let entry = Entry { tenant: tenant.clone(), at, deed };
            self.journaled.homes.note(&self.journaled.home, entry);
        }
    }

    async fn act(&self, stream: &StreamId, deed: Deed, record: &AdminRecord) -> Answer {
        if let Sabotage::Act(act) = self.sabotage {
            let deletes = matches!(deed, Deed::Tombstone(..));
            return act(Arc::clone(&self.inner), stream.clone(), record.clone(), deletes).await;
        }
        let answer = match deed.clone() {
            Deed::Tombstone(stream, expected, record) => {
                self.inner.tombstone(&stream, expected, record).await
            }
            Deed::Truncate(stream, first, record) => {
                self.inner.truncate_before(&stream, first, record).await
            }
            Deed::Append(request) => self.inner.append(request).await,
            _ => unreachable!("an act on a stream deletes or truncates"),
        };
        self.note(&answer, deed);
        match self.sabotage {
            Sabotage::Admin(change) => change(answer),
            _ => answer,
        }
    }
}

#[async_trait]
impl EventStore for Saboteur {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            durable: true,
            multi_process: true,
            backup: self.backup,
            ..self.inner.capabilities()
        }
    }

    fn scope(&self) -> &TenantScope {
        self.inner.scope()
    }

    fn for_tenant(&self, tenant: &TenantId) -> Result<SharedStore, StoreError> {
        let scope = match self.sabotage {
            Sabotage::NoWallForHandles => TenantScope::One(tenant.clone()),
            _ => self.scope.narrowed(tenant)?,
        };
        let journaled = Arc::clone(&self.journaled);
        Ok(Arc::new(Self::new(journaled, scope, self.sabotage, self.backup)))
    }

    async fn append(&self, mut request: AppendRequest) -> Result<Appended, AppendError> {
        match self.sabotage {
            Sabotage::Request(change) => change(&mut request),
            Sabotage::Append(append) => return append(Arc::clone(&self.inner), request).await,
            _ => {}
        }
        let deed = Deed::Append(request.clone());
        let answer = self.inner.append(request).await;
        self.note(&answer, deed);
        match self.sabotage {
            Sabotage::Answer(change) => change(answer),
            _ => answer,
        }
    }

    async fn recall(&self, command: &CommandId) -> Result<Option<Recalled>, StoreError> {
        let mut recalled = self.inner.recall(command).await?;
        if let Sabotage::Recall(change) = self.sabotage {
            change(&mut recalled);
        }
        Ok(recalled)
    }

    fn read(&self, mut request: LogRead) -> PageStream {
        match self.sabotage {
            Sabotage::LogRead(change) => change(&mut request),
            Sabotage::Read(read) => return read(Arc::clone(&self.inner), request),
            Sabotage::NoWallForReads => return self.journaled.all.read(request),
            _ => {}
        }
        let pages = self.inner.read(request);
        match self.sabotage {
            Sabotage::LogPage(change) => changed(pages, change),
            Sabotage::LogPages(change) => change(pages),
            Sabotage::ReadsEndWithTheHandle => {
                let handle = Arc::downgrade(&self.handle);
                pages.take_while(move |_| std::future::ready(handle.strong_count() > 0)).boxed()
            }
            _ => pages,
        }
    }

    fn read_stream(&self, mut request: StreamRead) -> PageStream {
        match self.sabotage {
            Sabotage::StreamRead(change) => change(&mut request),
            Sabotage::ReadStream(read) => return read(Arc::clone(&self.inner), request),
            _ => {}
        }
        let pages = self.inner.read_stream(request);
        match self.sabotage {
            Sabotage::StreamPage(change) => changed(pages, change),
            Sabotage::StreamPages(change) => change(pages),
            _ => pages,
        }
    }

    async fn head(&self) -> Result<Position, StoreError> {
        let head = self.inner.head().await?;
        Ok(match self.sabotage {
            Sabotage::Head(change) => change(head),
            _ => head,
        })
    }

    fn watch(&self) -> HeadWatch {
        let watch = self.inner.watch();
        match self.sabotage {
            Sabotage::Watch(change) => change(watch),
            _ => watch,
        }
    }
}

fn changed(pages: PageStream, change: fn(&mut factum_core::Page)) -> PageStream {
    let change = move |page: Result<_, _>| {
        page.map(|mut page| {
            change(&mut page);
            page
        })
    };
    pages.map(change).boxed()
}

/// A read that fails at once.
pub(crate) fn failed(refusal: &Refusal) -> PageStream {
    let error = StoreError::refused("sabotage", refusal);
    stream::once(async { Err(error) }).boxed()
}

#[async_trait]
impl StreamAdmin for Saboteur {
    async fn stream(&self, stream: &StreamId) -> Result<Option<StreamInfo>, StoreError> {
        let mut found = self.inner.stream(stream).await?;
        if let Sabotage::Info(change) = self.sabotage {
            change(&mut found);
        }
        Ok(found)
    }

    async fn streams(&self, mut list: StreamList) -> Result<Vec<StreamInfo>, StoreError> {
        if let Sabotage::ListStreams(change) = self.sabotage {
            change(&mut list);
        }
        let mut found = self.inner.streams(list).await?;
        if let Sabotage::Streams(change) = self.sabotage {
            change(&mut found);
        }
        Ok(found)
    }

    async fn categories(&self, mut list: CategoryList) -> Result<Vec<CategoryInfo>, StoreError> {
        if let Sabotage::ListCategories(change) = self.sabotage {
            change(&mut list);
        }
        let mut found = self.inner.categories(list).await?;
        if let Sabotage::Categories(change) = self.sabotage {
            change(&mut found);
        }
        Ok(found)
    }

    async fn claim_owner(&self, claim: &Claim) -> Result<Option<StreamId>, StoreError> {
        let mut owner = self.inner.claim_owner(claim).await?;
        if let Sabotage::Owner(change) = self.sabotage {
            change(&mut owner);
        }
        Ok(owner)
    }

    async fn tombstone(
        &self,
        stream: &StreamId,
        mut expected: Expected,
        mut record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        if let Sabotage::Tombstone(change) = self.sabotage {
            change(&mut expected, &mut record);
        }
        let deed = Deed::Tombstone(stream.clone(), expected, record.clone());
        self.act(stream, deed, &record).await
    }

    async fn truncate_before(
        &self,
        stream: &StreamId,
        first: Revision,
        mut record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        if let Sabotage::Truncate(change) = self.sabotage {
            change(&mut record);
        }
        let deed = Deed::Truncate(stream.clone(), first, record.clone());
        self.act(stream, deed, &record).await
    }
}

#[async_trait]
impl SnapshotStore for Saboteur {
    async fn save_snapshot(&self, mut snapshot: Snapshot) -> Result<SnapshotSaved, StoreError> {
        match self.sabotage {
            Sabotage::SaveSnapshot(change) => change(&mut snapshot),
            Sabotage::Save(save) => return save(Arc::clone(&self.inner), snapshot).await,
            _ => {}
        }
        let answer = self.inner.save_snapshot(snapshot.clone()).await;
        self.note(&answer, Deed::Snapshot(snapshot));
        answer
    }

    async fn latest_snapshot(
        &self,
        stream: &StreamId,
        kind: &SnapshotKind,
        through: Option<Revision>,
    ) -> Result<Option<Snapshot>, StoreError> {
        let through = match self.sabotage {
            Sabotage::Through(change) => change(through),
            Sabotage::Latest(find) => {
                return Ok(find(Arc::clone(&self.inner), stream.clone(), kind.clone()).await);
            }
            _ => through,
        };
        self.inner.latest_snapshot(stream, kind, through).await
    }

    async fn snapshots(&self, mut list: SnapshotList) -> Result<Vec<SnapshotInfo>, StoreError> {
        if let Sabotage::ListSnapshots(change) = self.sabotage {
            change(&mut list);
        }
        let mut found = self.inner.snapshots(list).await?;
        if let Sabotage::Snapshots(change) = self.sabotage {
            change(&mut found);
        }
        Ok(found)
    }

    async fn delete_snapshots(
        &self,
        stream: &StreamId,
        kind: Option<&SnapshotKind>,
        mut keep_last: usize,
    ) -> Result<u64, StoreError> {
        let mut kind = kind.cloned();
        match self.sabotage {
            Sabotage::DeleteSnapshots(change) => change(&mut kind, &mut keep_last),
            Sabotage::DeleteEverySnapshot => {
                for info in self.inner.snapshots(SnapshotList::default()).await? {
                    self.inner.delete_snapshots(&info.stream, kind.as_ref(), keep_last).await?;
                }
            }
            _ => {}
        }
        let deleted = self.inner.delete_snapshots(stream, kind.as_ref(), keep_last).await?;
        Ok(match self.sabotage {
            Sabotage::Deleted(change) => change(deleted),
            _ => deleted,
        })
    }
}

#[async_trait]
impl Maintenance for Saboteur {
    async fn stats(&self) -> Result<StoreStats, StoreError> {
        let mut stats = self.inner.stats().await?;
        if let Sabotage::Stats(change) = self.sabotage {
            change(&mut stats);
        }
        Ok(stats)
    }

    async fn health(&self) -> Result<Health, StoreError> {
        let mut health = self.inner.health().await?;
        if let Sabotage::Health(change) = self.sabotage {
            change(&mut health);
        }
        Ok(health)
    }

    async fn verify(&self) -> Result<Verified, StoreError> {
        let mut verified = self.inner.verify().await?;
        if let Sabotage::Verified(change) = self.sabotage {
            change(&mut verified);
        }
        Ok(verified)
    }

    async fn rebuild_claims(&self) -> Result<u64, StoreError> {
        let held = self.inner.rebuild_claims().await?;
        Ok(match self.sabotage {
            Sabotage::Rebuilt(change) => change(held),
            _ => held,
        })
    }

    async fn backup(&self, to: &Path) -> Result<Position, StoreError> {
        if !self.backup {
            let answer = self.inner.backup(to).await;
            return match self.sabotage {
                Sabotage::Backup(change) => change(answer),
                _ => answer,
            };
        }
        if to.exists() && !matches!(self.sabotage, Sabotage::BackupOverwrites) {
            return Err(StoreError::new(StoreErrorKind::Invalid, "back up", "the file exists"));
        }
        std::fs::write(to, "a copy").unwrap();
        let (homes, home) = (&self.journaled.homes, &self.journaled.home);
        homes.copy(home, to);
        let answer = self.inner.head().await;
        match self.sabotage {
            Sabotage::Backup(change) => change(answer),
            _ => answer,
        }
    }

    async fn compact(&self) -> Result<u64, StoreError> {
        if let Sabotage::Compact(compact) = self.sabotage {
            compact(Arc::clone(&self.inner)).await;
            return Ok(0);
        }
        self.inner.compact().await
    }
}
