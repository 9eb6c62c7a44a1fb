//! Snapshots: kept beside the log, not through the writer.

use async_trait::async_trait;
use bytes::Bytes;
use factum_core::{
    Codec, Position, Refusal, Revision, SchemaVersion, Snapshot, SnapshotInfo, SnapshotKind,
    SnapshotList, SnapshotSaved, SnapshotStore, StoreError, StreamId, TenantId, Timestamp,
    check_limit,
};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use crate::PostgresStore;
use crate::codec::{Checksum, payload_checksum};
use crate::connection::Bind;
use crate::error::Failure;
use crate::parameters::Hidden;
use crate::read::rows_max;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SnapshotStore for PostgresStore {
    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotSaved, StoreError> {
        const OPERATION: &str = "save snapshot";
        snapshot.check()?;
        let tenant = self.tenant_for(OPERATION)?.as_str();
        let payload = &snapshot.payload[..];
        let row = Numbers {
            revision: snapshot.revision.get().cast_signed(),
            position: snapshot.position.get().cast_signed(),
            schema_version: snapshot.schema_version.get().into(),
            codec: snapshot.codec.number().into(),
            taken_at: snapshot.taken_at.as_micros(),
            payload_checksum: payload_checksum(payload),
            payload_bytes: rows_max(payload.len()),
        };
        let (stream, kind) = (snapshot.stream.as_str(), snapshot.kind.as_str());
        let checksum = row.checksum([tenant, stream, kind]);
        let binds: [Bind<'_>; 11] = [
            (&tenant, Type::TEXT),
            (&stream, Type::TEXT),
            (&kind, Type::TEXT),
            (&row.revision, Type::INT8),
            (&row.position, Type::INT8),
            (&row.schema_version, Type::INT8),
            (&row.codec, Type::INT2),
            (&row.taken_at, Type::INT8),
            (&row.payload_checksum, Type::INT8),
            (&checksum, Type::INT8),
            (&Hidden(payload), Type::BYTEA),
        ];
        let saved = self.shared.readers.query_once(&self.shared.sql.save_snapshot, &binds).await;
        let saved = saved.map_err(|failure| failure.into_write_error(OPERATION))?;
        let newer: Option<i64> = saved.first().and_then(|row| row.get(0));
        match newer.map(u64::try_from) {
            None => Ok(SnapshotSaved::Stored),
            Some(Ok(newest)) => Ok(SnapshotSaved::Older { newest: Revision::new(newest) }),
            Some(Err(_)) => {
                let refusal = Refusal::StreamDeleted { stream: snapshot.stream };
                Err(StoreError::refused(OPERATION, &refusal))
            }
        }
    }

    async fn latest_snapshot(
        &self,
        stream: &StreamId,
        kind: &SnapshotKind,
        through: Option<Revision>,
    ) -> Result<Option<Snapshot>, StoreError> {
        const OPERATION: &str = "load snapshot";
        let tenant = self.tenant_for(OPERATION)?.as_str();
        let through = through.map_or(i64::MAX, |it| i64::try_from(it.get()).unwrap_or(i64::MAX));
        let binds: [Bind<'_>; 4] = [
            (&tenant, Type::TEXT),
            (&stream.as_str(), Type::TEXT),
            (&kind.as_str(), Type::TEXT),
            (&through, Type::INT8),
        ];
        let rows = self.rows(OPERATION, &self.shared.sql.latest_snapshot, &binds).await?;
        let found = rows.first().map(snapshot).transpose();
        found.map_err(|failure| failure.into_store_error(OPERATION))
    }

    async fn snapshots(&self, list: SnapshotList) -> Result<Vec<SnapshotInfo>, StoreError> {
        const OPERATION: &str = "list snapshots";
        check_limit(list.limit)?;
        let tenant = self.scope.tenant().map(TenantId::as_str);
        let stream = list.stream.as_ref().map(StreamId::as_str);
        let kind = list.kind.as_ref().map(SnapshotKind::as_str);
        let after = list.after.as_ref().map(|(tenant, stream, kind, revision)| {
            let revision = i64::try_from(revision.get()).unwrap_or(i64::MAX);
            (tenant.as_str(), stream.as_str(), kind.as_str(), revision)
        });
        let (after_tenant, after_stream, after_kind, after_revision) =
            after.unwrap_or((tenant.unwrap_or(""), "", "", -1));
        let most = rows_max(list.limit);
        let binds: [Bind<'_>; 8] = [
            (&after_tenant, Type::TEXT),
            (&after_stream, Type::TEXT),
            (&after_kind, Type::TEXT),
            (&after_revision, Type::INT8),
            (&tenant, Type::TEXT),
            (&stream, Type::TEXT),
            (&kind, Type::TEXT),
            (&most, Type::INT8),
        ];
        let rows = self.rows(OPERATION, &self.shared.sql.list_snapshots, &binds).await?;
        let infos = rows.iter().map(|row| Ok(described(row)?.0)).collect::<Result<_, _>>();
        infos.map_err(|failure: Failure| failure.into_store_error(OPERATION))
    }

    async fn delete_snapshots(
        &self,
        stream: &StreamId,
        kind: Option<&SnapshotKind>,
        keep_last: usize,
    ) -> Result<u64, StoreError> {
        const OPERATION: &str = "delete snapshots";
        let tenant = self.tenant_for(OPERATION)?.as_str();
        let kind = kind.map(SnapshotKind::as_str);
        let binds: [Bind<'_>; 4] = [
            (&tenant, Type::TEXT),
            (&stream.as_str(), Type::TEXT),
            (&kind, Type::TEXT),
            (&rows_max(keep_last), Type::INT8),
        ];
        let sql = &self.shared.sql.delete_snapshots;
        let deleted = self.shared.readers.query_once(sql, &binds).await;
        let deleted = deleted.map_err(|failure| failure.into_write_error(OPERATION))?;
        Ok(deleted.len() as u64)
    }
}

/// What a row says of its snapshot in numbers.
struct Numbers {
    revision: i64,
    position: i64,
    schema_version: i64,
    codec: i16,
    taken_at: i64,
    payload_checksum: i64,
    payload_bytes: i64,
}

impl Numbers {
    fn checksum(&self, texts: [&str; 3]) -> i64 {
        let numbers = [
            self.revision,
            self.position,
            self.schema_version,
            self.codec.into(),
            self.taken_at,
            self.payload_checksum,
            self.payload_bytes,
        ];
        Checksum::default().of_snapshot(texts, numbers)
    }
}

/// The snapshot in a row of the columns that all statements list, its payload last.
pub(crate) fn snapshot(row: &Row) -> Result<Snapshot, Failure> {
    let (info, checksum) = described(row)?;
    let payload: &[u8] = row.try_get(11).map_err(|_| damaged(row))?;
    if payload_checksum(payload) != checksum {
        return Err(damaged(row));
    }
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
pub(crate) fn described(row: &Row) -> Result<(SnapshotInfo, i64), Failure> {
    fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Option<T> {
        row.try_get(column).ok()
    }
    let read = || {
        let texts: [&str; 3] = [get(row, 0)?, get(row, 1)?, get(row, 2)?];
        let numbers = Numbers {
            revision: get(row, 3)?,
            position: get(row, 4)?,
            schema_version: get(row, 5)?,
            codec: get(row, 6)?,
            taken_at: get(row, 7)?,
            payload_checksum: get(row, 8)?,
            payload_bytes: get(row, 10)?,
        };
        if numbers.checksum(texts) != get::<i64>(row, 9)? {
            return None;
        }
        let info = SnapshotInfo {
            tenant: TenantId::new(texts[0]).ok()?,
            stream: texts[1].parse().ok()?,
            kind: SnapshotKind::new(texts[2]).ok()?,
            revision: Revision::new(numbers.revision.cast_unsigned()),
            position: Position::new(numbers.position.cast_unsigned()),
            schema_version: SchemaVersion::new(u32::try_from(numbers.schema_version).ok()?),
            codec: Codec::from_number(u8::try_from(numbers.codec).ok()?)?,
            payload_bytes: numbers.payload_bytes.cast_unsigned(),
            taken_at: Timestamp::from_micros(numbers.taken_at),
        };
        Some((info, numbers.payload_checksum))
    };
    read().ok_or_else(|| damaged(row))
}

fn damaged(row: &Row) -> Failure {
    let text = |column| row.try_get::<_, &str>(column).unwrap_or("?").to_owned();
    let revision: i64 = row.try_get(3).unwrap_or(-1);
    let (tenant, stream, kind) = (text(0), text(1), text(2));
    Failure::Corrupt(format!(
        "the snapshot of kind {kind:?} of stream {stream:?} of {tenant:?} at revision {revision} \
         differs from its checksum"
    ))
}
