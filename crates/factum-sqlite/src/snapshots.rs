//! Snapshots: written by the writer like everything else, read without a look at the log.

use async_trait::async_trait;
use bytes::Bytes;
use factum_core::{
    Codec, Position, Refusal, Revision, SchemaVersion, Snapshot, SnapshotInfo, SnapshotKind,
    SnapshotList, SnapshotSaved, SnapshotStore, StoreError, StreamId, TenantId, TenantScope,
    Timestamp, check_limit,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::change::of_operation;
use crate::codec::{SnapshotRow, payload_checksum};
use crate::error::Failure;
use crate::ids::Ids;
use crate::reader::Reader;
use crate::writer::{Done, Write};
use crate::{SqliteStore, sql};

/// A change of what is kept.
#[derive(Debug)]
pub(crate) enum SnapshotWrite {
    Save(Snapshot),
    Delete { stream: StreamId, kind: Option<SnapshotKind>, keep_last: usize },
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SnapshotStore for SqliteStore {
    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotSaved, StoreError> {
        const OPERATION: &str = "save snapshot";
        snapshot.check()?;
        match self.write_snapshots(OPERATION, SnapshotWrite::Save(snapshot)).await? {
            Done::Saved(saved) => Ok(saved),
            _ => unreachable!("a snapshot is answered with what became of it"),
        }
    }

    async fn latest_snapshot(
        &self,
        stream: &StreamId,
        kind: &SnapshotKind,
        through: Option<Revision>,
    ) -> Result<Option<Snapshot>, StoreError> {
        const OPERATION: &str = "load snapshot";
        let tenant = self.tenant().map_err(|it| StoreError::refused(OPERATION, &it))?.clone();
        let (stream, kind) = (stream.clone(), kind.clone());
        let through = through.map_or(i64::MAX, |it| number(it.get()));
        let find = move |reader: &mut Reader| {
            let mut statement = reader.conn.prepare_cached(sql::LATEST_SNAPSHOT)?;
            let mut rows =
                statement.query((tenant.as_str(), stream.as_str(), kind.as_str(), through))?;
            let found = rows.next()?.map(snapshot).transpose()?;
            match found {
                Some(found)
                    if found.stream != stream
                        || found.kind != kind
                        || number(found.revision.get()) > through =>
                {
                    Err(Failure::Corrupt(format!(
                        "the index of snapshots leads from stream {stream} to another one"
                    )))
                }
                found => Ok(found),
            }
        };
        self.shared.readers.run(OPERATION, find).await
    }

    async fn snapshots(&self, list: SnapshotList) -> Result<Vec<SnapshotInfo>, StoreError> {
        check_limit(list.limit)?;
        let scope = self.scope.clone();
        let read = move |reader: &mut Reader| list_snapshots(&reader.conn, &scope, &list);
        self.shared.readers.run("list snapshots", read).await
    }

    async fn delete_snapshots(
        &self,
        stream: &StreamId,
        kind: Option<&SnapshotKind>,
        keep_last: usize,
    ) -> Result<u64, StoreError> {
        let (stream, kind) = (stream.clone(), kind.cloned());
        let write = SnapshotWrite::Delete { stream, kind, keep_last };
        match self.write_snapshots("delete snapshots", write).await? {
            Done::Snapshots(count) => Ok(count),
            _ => unreachable!("a deletion is answered with the number of snapshots"),
        }
    }
}

impl SqliteStore {
    async fn write_snapshots(
        &self,
        operation: &'static str,
        write: SnapshotWrite,
    ) -> Result<Done, StoreError> {
        let tenant = self.tenant().map_err(|it| StoreError::refused(operation, &it))?.clone();
        let done = self.shared.writer.ask(|reply| Write::Snapshots { tenant, write, reply }).await;
        done.map_err(|error| of_operation(operation, error))
    }
}

/// Saves or deletes inside the open transaction.
pub(crate) fn write(
    conn: &Connection,
    ids: &mut Ids,
    tenant: &TenantId,
    write: &SnapshotWrite,
) -> Result<Done, Failure> {
    match write {
        SnapshotWrite::Save(snapshot) => {
            let known = ids.tenant(conn, tenant)?;
            let head = match known {
                Some(tenant) => ids.stream(conn, tenant, &snapshot.stream)?,
                None => None,
            };
            if head.is_some_and(|head| head.tombstoned) {
                return Err(Refusal::StreamDeleted { stream: snapshot.stream.clone() }.into());
            }
            if let Some(newest) = newer(conn, tenant, snapshot)? {
                return Ok(Done::Saved(SnapshotSaved::Older { newest }));
            }
            save(conn, tenant, snapshot)?;
            Ok(Done::Saved(SnapshotSaved::Stored))
        }
        SnapshotWrite::Delete { stream, kind, keep_last } => {
            let kind = kind.as_ref().map(SnapshotKind::as_str);
            delete(conn, tenant, stream, kind, *keep_last).map(Done::Snapshots)
        }
    }
}

/// The highest revision above a snapshot's, of those of its stream, kind and schema version.
fn newer(
    conn: &Connection,
    tenant: &TenantId,
    snapshot: &Snapshot,
) -> Result<Option<Revision>, Failure> {
    let mut statement = conn.prepare_cached(sql::NEWER_SNAPSHOT)?;
    let binds = (
        tenant.as_str(),
        snapshot.stream.as_str(),
        snapshot.kind.as_str(),
        snapshot.revision.get().cast_signed(),
        i64::from(snapshot.schema_version.get()),
    );
    let mut rows = statement.query(binds)?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (found, _) = described(row)?;
    if (&found.stream, &found.kind) != (&snapshot.stream, &snapshot.kind)
        || found.revision <= snapshot.revision
    {
        return Err(damaged(row)); // An index led here: the row decides.
    }
    Ok(Some(found.revision))
}

fn save(conn: &Connection, tenant: &TenantId, snapshot: &Snapshot) -> Result<(), Failure> {
    let payload: &[u8] = &snapshot.payload;
    let row = SnapshotRow {
        tenant: tenant.as_str(),
        stream: snapshot.stream.as_str(),
        kind: snapshot.kind.as_str(),
        revision: snapshot.revision.get().cast_signed(),
        position: snapshot.position.get().cast_signed(),
        schema_version: i64::from(snapshot.schema_version.get()),
        codec: i64::from(snapshot.codec.number()),
        taken_at: snapshot.taken_at.as_micros(),
        payload_checksum: payload_checksum(payload),
        payload_bytes: number(payload.len() as u64),
    };
    conn.prepare_cached(sql::SAVE_SNAPSHOT)?.execute((
        row.tenant,
        row.stream,
        row.kind,
        row.revision,
        row.position,
        row.schema_version,
        row.codec,
        row.taken_at,
        row.payload_checksum,
        row.checksum(),
        payload,
    ))?;
    Ok(())
}

/// Deletes a stream's snapshots, of one kind or of all, but for the newest of each kind.
pub(crate) fn delete(
    conn: &Connection,
    tenant: &TenantId,
    stream: &StreamId,
    kind: Option<&str>,
    keep_last: usize,
) -> Result<u64, Failure> {
    let keep_last = number(keep_last as u64);
    let mut statement = conn.prepare_cached(sql::DELETE_SNAPSHOTS)?;
    Ok(statement.execute((tenant.as_str(), stream.as_str(), kind, keep_last))? as u64)
}

fn list_snapshots(
    conn: &Connection,
    scope: &TenantScope,
    list: &SnapshotList,
) -> Result<Vec<SnapshotInfo>, Failure> {
    let stream = list.stream.as_ref().map(StreamId::as_str);
    let kind = list.kind.as_ref().map(SnapshotKind::as_str);
    // Every name is longer than the empty one and comes before the last character there is.
    let end = char::MAX.to_string();
    let (first_tenant, last_tenant) =
        scope.tenant().map_or(("", end.as_str()), |it| (it.as_str(), it.as_str()));
    let first_stream = stream.filter(|_| scope.tenant().is_some()).unwrap_or("");
    let first = (first_tenant, first_stream, "", -1);
    let after = list.after.as_ref().map(|(tenant, stream, kind, revision)| {
        (tenant.as_str(), stream.as_str(), kind.as_str(), number(revision.get()))
    });
    let (tenant_after, stream_after, kind_after, revision_after) =
        after.map_or(first, |after| after.max(first));
    let mut statement = conn.prepare_cached(sql::LIST_SNAPSHOTS)?;
    let mut rows = statement.query((
        tenant_after,
        stream_after,
        kind_after,
        revision_after,
        last_tenant,
        stream.unwrap_or(&end),
        stream,
        kind,
        number(list.limit as u64),
    ))?;
    let mut infos = Vec::new();
    while let Some(row) = rows.next()? {
        infos.push(described(row)?.0);
    }
    Ok(infos)
}

/// The snapshot in a row of the columns that all statements list, its payload last.
pub(crate) fn snapshot(row: &Row<'_>) -> Result<Snapshot, Failure> {
    let (info, checksum) = described(row)?;
    let payload = match row.get_ref(11) {
        Ok(ValueRef::Blob(payload)) if payload_checksum(payload) == checksum => payload,
        _ => return Err(damaged(row)),
    };
    Ok(Snapshot {
        payload: Bytes::copy_from_slice(payload),
        stream: info.stream,
        kind: info.kind,
        revision: info.revision,
        position: info.position,
        schema_version: info.schema_version,
        codec: info.codec,
        taken_at: info.taken_at,
    })
}

/// What a row says of its snapshot, verified, and the checksum that the payload must have.
fn described(row: &Row<'_>) -> Result<(SnapshotInfo, i64), Failure> {
    let read = || {
        let text = |column| row.get_ref(column).ok()?.as_str().ok();
        let number = |column| row.get_ref(column).ok()?.as_i64().ok();
        let stored = SnapshotRow {
            tenant: text(0)?,
            stream: text(1)?,
            kind: text(2)?,
            revision: number(3)?,
            position: number(4)?,
            schema_version: number(5)?,
            codec: number(6)?,
            taken_at: number(7)?,
            payload_checksum: number(8)?,
            payload_bytes: number(10)?,
        };
        if stored.checksum() != number(9)? {
            return None;
        }
        let info = SnapshotInfo {
            tenant: TenantId::new(stored.tenant).ok()?,
            stream: stored.stream.parse().ok()?,
            kind: SnapshotKind::new(stored.kind).ok()?,
            revision: Revision::new(stored.revision.cast_unsigned()),
            position: Position::new(stored.position.cast_unsigned()),
            schema_version: SchemaVersion::new(u32::try_from(stored.schema_version).ok()?),
            codec: Codec::from_number(u8::try_from(stored.codec).ok()?)?,
            payload_bytes: stored.payload_bytes.cast_unsigned(),
            taken_at: Timestamp::from_micros(stored.taken_at),
        };
        Some((info, stored.payload_checksum))
    };
    read().ok_or_else(|| damaged(row))
}

fn damaged(row: &Row<'_>) -> Failure {
    let text = |column| {
        let text = row.get_ref(column).ok().and_then(|it| it.as_str().ok());
        text.unwrap_or("?").to_owned()
    };
    let revision: i64 = row.get(3).unwrap_or(-1);
    let (tenant, stream, kind) = (text(0), text(1), text(2));
    Failure::Corrupt(format!(
        "the snapshot of kind {kind:?} of stream {stream:?} of {tenant:?} at revision {revision} \
         differs from its checksum"
    ))
}

/// As SQLite's whole number, or its largest one.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
