//! Looking after the schema.

use std::path::Path;

use async_trait::async_trait;
use factum_core::{
    ClaimIndex, EventType, Health, Maintenance, Position, StoreError, StoreErrorKind, StoreStats,
    TenantId, Verified,
};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, IsolationLevel, Transaction};

use crate::commit::lock_ms;
use crate::connection::{Bind, lift_limits, lift_session_limits};
use crate::error::Failure;
use crate::read::{events, no_row};
use crate::store::Shared;
use crate::{PostgresStore, holder, migrate, verify};

/// How many events are read at once to make the claims again.
const ROWS: i64 = 100;
/// How many expired commands are forgotten in one transaction.
const AT_ONCE: i64 = 1_000;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Maintenance for PostgresStore {
    async fn stats(&self) -> Result<StoreStats, StoreError> {
        let tenant = self.scope.tenant().map(TenantId::as_str);
        let stats = stats(&self.shared, tenant).await;
        stats.map_err(|failure| self.at(failure).into_store_error("count store"))
    }

    async fn health(&self) -> Result<Health, StoreError> {
        let head = factum_core::EventStore::head(self).await?;
        let problem = match problem(&self.shared).await {
            Ok(problem) => problem,
            Err(failure) => failure.into_store_error("check health").to_string(),
        };
        Ok(Health { head, writable: problem.is_empty(), problem })
    }

    async fn verify(&self) -> Result<Verified, StoreError> {
        let verified = verify::verify(&self.shared, &self.scope).await;
        verified.map_err(|failure| self.at(failure).into_store_error("verify store"))
    }

    async fn rebuild_claims(&self) -> Result<u64, StoreError> {
        let rebuilt = rebuild_claims(&self.shared).await;
        rebuilt.map_err(|failure| self.at(failure).into_write_error("rebuild claims"))
    }

    async fn backup(&self, _: &Path) -> Result<Position, StoreError> {
        let message =
            "expected a store in a file, found one in PostgreSQL; use pg_dump or a base backup";
        Err(StoreError::new(StoreErrorKind::Unsupported, "back up store", message))
    }

    async fn compact(&self) -> Result<u64, StoreError> {
        let now = self.shared.config.clock.now().as_micros();
        let compacted = compact(&self.shared, now).await;
        compacted.map_err(|failure| self.at(failure).into_write_error("compact store"))
    }
}

impl PostgresStore {
    fn at(&self, failure: Failure) -> Failure {
        failure.at(self.shared.connector.place())
    }
}

async fn stats(shared: &Shared, tenant: Option<&str>) -> Result<StoreStats, Failure> {
    // Counting may take longer than a read may.
    let mut client = shared.connector.connect().await?;
    let client = client.build_transaction().read_only(true).start().await?;
    lift_limits(&client).await?;
    let rows = client.query_typed(&shared.sql.stats, &[(&tenant, Type::TEXT)]).await?;
    let row = rows.first().ok_or_else(|| no_row("what the store holds"))?;
    let number = |column| row.get::<_, i64>(column).cast_unsigned();
    Ok(StoreStats {
        head: Position::new(number(0)),
        events: number(1),
        streams: number(2),
        event_types: number(3),
        tags: number(4),
        claims: number(5),
        commands: number(6),
        tenants: number(7),
        bytes: bytes(client.client(), shared).await?,
        format: migrate::format(),
    })
}

/// What the tables and indexes of the schema take on the server's disk.
async fn bytes(client: &Client, shared: &Shared) -> Result<u64, Failure> {
    let binds: [Bind<'_>; 1] = [(&shared.schema.as_str(), Type::TEXT)];
    let rows = client.query_typed(&shared.sql.bytes, &binds).await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).cast_unsigned()))
}

/// What keeps the store from being written to; empty if nothing does.
async fn problem(shared: &Shared) -> Result<String, Failure> {
    if shared.writer.is_gone() {
        return Ok("the writing task is gone; reads go on, open the store again to write".into());
    }
    let sql = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'";
    let rows = shared.readers.query(sql, &[]).await?;
    if rows.first().is_some_and(|row| row.get(0)) {
        return Ok("the server takes no writes: it is a standby, or read-only".into());
    }
    let problem = shared.writer.problem.get();
    if problem.is_empty() {
        return Ok(problem);
    }
    let client = shared.readers.client().await?;
    let holder = holder::described(&client, &shared.sql, &shared.schema).await;
    Ok(holder.map_or(problem.clone(), |holder| format!("{problem}; now {holder}")))
}

/// Makes the index of claims again in one transaction, while nobody appends.
async fn rebuild_claims(shared: &Shared) -> Result<u64, Failure> {
    let mut client = shared.connector.connect().await?;
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let transaction = transaction.start().await?;
    lift_limits(&transaction).await?;
    let lock_ms = lock_ms(shared.config.busy_timeout_ms);
    transaction.query_typed(&shared.sql.take_append_lock, &[(&lock_ms, Type::INT4)]).await?;
    let claims = fold_claims(shared, &transaction).await?;
    transaction.query_typed(&shared.sql.delete_claims, &[]).await?;
    let (mut tenants, mut names, mut values, mut streams) = (vec![], vec![], vec![], vec![]);
    for (tenant, claim, owner) in claims.iter() {
        tenants.push(tenant.as_str());
        names.push(claim.name());
        values.push(claim.value());
        streams.push(owner.as_str());
    }
    let binds: [Bind<'_>; 4] = [
        (&tenants, Type::TEXT_ARRAY),
        (&names, Type::TEXT_ARRAY),
        (&values, Type::TEXT_ARRAY),
        (&streams, Type::TEXT_ARRAY),
    ];
    transaction.query_typed(&shared.sql.insert_claims, &binds).await?;
    transaction.commit().await?;
    Ok(claims.iter().len() as u64)
}

async fn fold_claims(
    shared: &Shared,
    transaction: &Transaction<'_>,
) -> Result<ClaimIndex, Failure> {
    let mut claims = ClaimIndex::default();
    let mut after = 0_i64;
    loop {
        let binds: [Bind<'_>; 3] = [
            (&after, Type::INT8),
            (&EventType::STREAM_TOMBSTONED, Type::TEXT),
            (&ROWS, Type::INT8),
        ];
        let rows = transaction.query_typed(&shared.sql.claim_events, &binds).await?;
        let events = events(shared, &rows, 0).await?;
        for event in &events {
            claims.apply(event);
        }
        let Some(last) = events.last() else { return Ok(claims) };
        after = last.position.get().cast_signed();
    }
}

/// Forgets expired commands and lets the tables that shrink be used again. Returns the bytes that
/// went back to the server's disk.
async fn compact(shared: &Shared, now: i64) -> Result<u64, Failure> {
    let client = shared.connector.connect().await?;
    if shared.config.prepare {
        // Behind a pooler the session is not ours to set.
        lift_session_limits(&client).await?;
    }
    let before = bytes(&client, shared).await?;
    loop {
        let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&AT_ONCE, Type::INT8)];
        if client.query_typed(&shared.sql.delete_expired, &binds).await?.is_empty() {
            break;
        }
    }
    let vacuum = "VACUUM {schema}.commands, {schema}.snapshots, {schema}.claims, {schema}.streams, \
                  {schema}.subscriptions, {schema}.letters";
    client.batch_execute(&shared.schema.fill(vacuum)).await?;
    Ok(before.saturating_sub(bytes(&client, shared).await?))
}
