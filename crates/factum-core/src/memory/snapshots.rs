//! Snapshots in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::admin::check_limit;
use crate::{
    Revision, Snapshot, SnapshotInfo, SnapshotKey, SnapshotKind, SnapshotList, SnapshotSaved,
    SnapshotStore, StoreError, StreamId, TenantId,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SnapshotStore for MemoryStore {
    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotSaved, StoreError> {
        const OPERATION: &str = "save snapshot";
        snapshot.check()?;
        let tenant = self.tenant().map_err(|it| StoreError::refused(OPERATION, &it))?;
        let mut log = self.log();
        log.judge_streams(tenant, std::iter::once(&snapshot.stream))
            .map_err(|it| StoreError::refused(OPERATION, &it))?;
        let (stream, kind) = (snapshot.stream.clone(), snapshot.kind.clone());
        let at = |revision| (tenant.clone(), stream.clone(), kind.clone(), revision);
        let newer = log.snapshots.range(at(snapshot.revision)..=at(Revision::new(u64::MAX)));
        let mut newer = newer.rev().filter(|it| it.1.schema_version == snapshot.schema_version);
        if let Some(newest) =
            newer.next().map(|(key, _)| key.3).filter(|it| *it > snapshot.revision)
        {
            return Ok(SnapshotSaved::Older { newest });
        }
        log.snapshots.insert(at(snapshot.revision), snapshot);
        Ok(SnapshotSaved::Stored)
    }

    async fn latest_snapshot(
        &self,
        stream: &StreamId,
        kind: &SnapshotKind,
        through: Option<Revision>,
    ) -> Result<Option<Snapshot>, StoreError> {
        let tenant = self.tenant().map_err(|it| StoreError::refused("load snapshot", &it))?;
        let through = through.unwrap_or(Revision::new(u64::MAX));
        let at = |revision| (tenant.clone(), stream.clone(), kind.clone(), revision);
        let log = self.log();
        let found = log.snapshots.range(at(Revision::FIRST)..=at(through)).next_back();
        Ok(found.map(|(_, snapshot)| snapshot.clone()))
    }

    async fn snapshots(&self, list: SnapshotList) -> Result<Vec<SnapshotInfo>, StoreError> {
        check_limit(list.limit)?;
        let wanted = |key: &SnapshotKey| {
            self.scope.includes(&key.0)
                && list.stream.as_ref().is_none_or(|stream| *stream == key.1)
                && list.kind.as_ref().is_none_or(|kind| *kind == key.2)
                && list.after.as_ref().is_none_or(|after| key > after)
        };
        let log = self.log();
        let found = log.snapshots.iter().filter(|(key, _)| wanted(key)).take(list.limit);
        Ok(found.map(|(key, snapshot)| described(&key.0, snapshot)).collect())
    }

    async fn delete_snapshots(
        &self,
        stream: &StreamId,
        kind: Option<&SnapshotKind>,
        keep_last: usize,
    ) -> Result<u64, StoreError> {
        let tenant = self.tenant().map_err(|it| StoreError::refused("delete snapshots", &it))?;
        let mut log = self.log();
        let meant = |key: &&SnapshotKey| {
            (&key.0, &key.1) == (tenant, stream) && kind.is_none_or(|kind| *kind == key.2)
        };
        // By kind and revision, so that within a kind the newest come first from behind.
        let keys: Vec<SnapshotKey> = log.snapshots.keys().filter(meant).rev().cloned().collect();
        let old = keys.chunk_by(|a, b| a.2 == b.2).flat_map(|kind| kind.iter().skip(keep_last));
        Ok(old.filter(|key| log.snapshots.remove(key).is_some()).count() as u64)
    }
}

fn described(tenant: &TenantId, snapshot: &Snapshot) -> SnapshotInfo {
    SnapshotInfo {
        tenant: tenant.clone(),
        stream: snapshot.stream.clone(),
        kind: snapshot.kind.clone(),
        revision: snapshot.revision,
        position: snapshot.position,
        schema_version: snapshot.schema_version,
        codec: snapshot.codec,
        payload_bytes: snapshot.payload.len() as u64,
        taken_at: snapshot.taken_at,
    }
}
