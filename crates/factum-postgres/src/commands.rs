//! Remembered commands.

use bytes::Bytes;
use factum_core::{
    Appended, CommandDigest, CommandId, CommandTarget, Position, Recalled, Revision, StreamId,
    TenantId, Timestamp, TouchedStreams,
};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::codec::Checksum;
use crate::connection::Bind;
use crate::error::Failure;
use crate::names::bad;
use crate::sql::Sql;

/// Runs a statement that only reads, on whatever connection serves.
pub(crate) trait Query: Sync {
    async fn rows(&self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Failure>;
}

impl Query for crate::pool::Readers {
    async fn rows(&self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Failure> {
        self.query(sql, binds).await
    }
}

impl Query for tokio_postgres::Transaction<'_> {
    async fn rows(&self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Failure> {
        Ok(self.query_typed(sql, binds).await?)
    }
}

/// The stored answer of a command, unless it has expired.
pub(crate) async fn find(
    query: &impl Query,
    sql: &Sql,
    tenant: &TenantId,
    command: &CommandId,
    now: Timestamp,
) -> Result<Option<Recalled>, Failure> {
    let (owner, id) = (tenant.as_str(), command.as_str());
    let binds: [Bind<'_>; 2] = [(&owner, Type::TEXT), (&id, Type::TEXT)];
    let rows = query.rows(&sql.find_command, &binds).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (target, first, last): (&str, Option<i64>, i64) = (row.get(0), row.get(1), row.get(2));
    let (outcome, expires_at): (&[u8], Option<i64>) = (row.get(3), row.get(4));
    let digest: Option<&[u8]> = row.get(6);
    let found = Checksum::default().of_command(tenant, id, target, digest, expires_at, outcome);
    let target = CommandTarget::new(target).ok().filter(|_| found == row.get::<_, i64>(5));
    let digest = digest.map(<[u8; 32]>::try_from).transpose().ok();
    let (Some(target), Some(digest)) = (target, digest) else {
        return Err(Failure::Corrupt(format!("the row of command {id} differs from its checksum")));
    };
    if expires_at.is_some_and(|at| at <= now.as_micros()) {
        return Ok(None);
    }
    let streams = match first {
        Some(first) => places(query, sql, first, last).await?,
        None => TouchedStreams::default(),
    };
    let appended = Appended {
        first: first.map(|it| Position::new(it.cast_unsigned())),
        last: Position::new(last.cast_unsigned()),
        streams: streams.into_vec(),
        outcome: Some(Bytes::copy_from_slice(outcome)),
        repeated: true,
    };
    let digest = digest.map(CommandDigest::from_bytes);
    Ok(Some(Recalled { target, digest, appended }))
}

/// The streams that the events of an answer went to.
async fn places(
    query: &impl Query,
    sql: &Sql,
    first: i64,
    last: i64,
) -> Result<TouchedStreams, Failure> {
    let binds: [Bind<'_>; 2] = [(&first, Type::INT8), (&last, Type::INT8)];
    let mut streams = TouchedStreams::default();
    for row in query.rows(&sql.answer_places, &binds).await? {
        let (name, revision): (&str, i64) = (row.get(0), row.get(1));
        let stream: StreamId = name.parse().map_err(|_| bad("stream", name))?;
        streams.note(&stream, Revision::new(revision.cast_unsigned()));
    }
    Ok(streams)
}
