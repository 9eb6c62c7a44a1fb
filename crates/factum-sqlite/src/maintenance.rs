//! Looking after the file.

use std::path::Path;

use async_trait::async_trait;
use factum_core::{
    ClaimIndex, Health, Maintenance, Position, StoreError, StoreErrorKind, StoreStats, Verified,
};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::claims::{put_claim, without_row};
use crate::error::{Failure, closed};
use crate::names::Names;
use crate::query::QueryScope;
use crate::reader::Reader;
use crate::rows::EventRow;
use crate::{SqliteStore, backup, migrate, sql, streams, tenants, verify};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Maintenance for SqliteStore {
    async fn stats(&self) -> Result<StoreStats, StoreError> {
        let (scope, path) = (self.scope.clone(), self.shared.config.path.clone());
        let count = move |reader: &mut Reader| {
            let tenant = match reader.query_scope(&scope)? {
                QueryScope::All => None,
                QueryScope::One { id, .. } => Some(id.unwrap_or(0)), // Ids start at 1: counts nothing.
            };
            count(&reader.conn, tenant, file_bytes(&path))
        };
        self.shared.readers.run("count store", count).await
    }

    async fn health(&self) -> Result<Health, StoreError> {
        let head = self.shared.readers.run("check health", Reader::head).await?;
        if let Some(refusal) = self.shared.writer.refusal() {
            let problem = refusal.message().to_owned();
            return Ok(Health { head, writable: false, problem });
        }
        let problem = if self.shared.writer.is_gone() {
            "the writing thread is gone; reads go on, open the store again to write"
        } else if self.shared.writer.is_full() {
            "the last append found no room; reads go on, the next append tries again"
        } else {
            ""
        };
        Ok(Health { head, writable: problem.is_empty(), problem: problem.into() })
    }

    async fn verify(&self) -> Result<Verified, StoreError> {
        let (config, scope) = (self.shared.config.clone(), self.scope.clone());
        on_thread("verify store", move || verify::verify(&config, &scope)).await
    }

    async fn rebuild_claims(&self) -> Result<u64, StoreError> {
        self.shared.writer.alone("rebuild claims", rebuild_claims).await
    }

    async fn backup(&self, to: &Path) -> Result<Position, StoreError> {
        let (config, to) = (self.shared.config.clone(), to.to_owned());
        on_thread("back up store", move || backup::backup(&config, &to)).await
    }

    async fn compact(&self) -> Result<u64, StoreError> {
        let path = self.shared.config.path.clone();
        let now = self.shared.config.clock.now();
        let work = move |conn: &mut Connection| {
            let before = file_bytes(&path);
            let mut sweep = conn.prepare_cached(sql::SWEEP_COMMANDS)?;
            sweep.execute((now.as_micros(), i64::MAX))?;
            drop(sweep);
            conn.execute_batch("VACUUM")?;
            conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            Ok(before.saturating_sub(file_bytes(&path)))
        };
        self.shared.writer.alone("compact store", work).await
    }
}

/// Runs long work on a thread of its own, so that neither readers nor the writer wait for it.
async fn on_thread<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (reply, answer) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = reply.send(work()); // Nobody waits any longer: nothing to tell.
    });
    answer.await.map_err(|_| closed(StoreErrorKind::Unavailable, operation))?
}

/// The size of the file and its companions.
fn file_bytes(path: &Path) -> u64 {
    let size = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        std::fs::metadata(name).map_or(0, |it| it.len())
    };
    size("") + size("-wal") + size("-shm")
}

fn count(conn: &Connection, tenant: Option<i64>, bytes: u64) -> Result<StoreStats, Failure> {
    let mut statement = conn.prepare_cached(sql::STATS)?;
    let stats = statement.query_row([tenant], |row| {
        let number = |column| row.get(column).map(i64::cast_unsigned);
        Ok(StoreStats {
            head: Position::new(number(0)?),
            events: number(1)?,
            streams: number(2)?,
            event_types: number(3)?,
            tags: number(4)?,
            claims: number(5)?,
            commands: number(6)?,
            tenants: number(7)?,
            bytes,
            format: migrate::format(),
        })
    });
    Ok(stats?)
}

/// Makes the index of claims again in one transaction.
fn rebuild_claims(conn: &mut Connection) -> Result<u64, Failure> {
    let transaction = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let claims = fold_claims(&transaction)?;
    transaction.execute("DELETE FROM claims", [])?;
    for (tenant, claim, owner) in claims.iter() {
        let tenant = tenants::find(&transaction, tenant)?.ok_or_else(|| without_row(owner))?;
        let stream =
            streams::find(&transaction, tenant, owner)?.ok_or_else(|| without_row(owner))?;
        put_claim(&transaction, tenant, claim, stream.id)?;
    }
    transaction.commit().map_err(Failure::Commit)?;
    Ok(claims.iter().len() as u64)
}

fn fold_claims(conn: &Connection) -> Result<ClaimIndex, Failure> {
    let (mut claims, mut names) = (ClaimIndex::default(), Names::default());
    let mut statement = conn.prepare_cached(sql::LOG_PAGE)?;
    let mut rows = statement.query((0, i64::MAX, i64::MAX))?;
    while let Some(row) = rows.next()? {
        claims.apply(&EventRow::verified(row)?.event(conn, &mut names)?);
    }
    Ok(claims)
}
