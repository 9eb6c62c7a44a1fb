//! Appending inside a transaction of the caller's.

use factum_core::{AppendError, AppendRequest, Appended};
use tokio_postgres::Transaction;
use tokio_postgres::types::Type;

use crate::PostgresStore;
use crate::answer::Verdict;
use crate::commands;
use crate::commit::lock_ms;
use crate::connection::Bind;
use crate::error::Failure;
use crate::group::Group;

impl PostgresStore {
    /// Appends inside `transaction`, which is the caller's: the events and what the caller writes
    /// with SQL are stored together when it commits, or not at all.
    ///
    /// The request is judged like that of [`append`](factum_core::EventStore::append), against
    /// everything committed and everything this transaction has appended before, and the answer
    /// gives the places that the events will have. Readers and watches see them after the commit.
    ///
    /// The transaction must be of a connection to this store's database and of the isolation level
    /// `read committed`, which is PostgreSQL's own default.
    ///
    /// # Cost
    ///
    /// From here to its end the transaction holds the log: everyone else's append waits for it. So
    /// append last, and commit at once. If the session sets no limit to how long a transaction may
    /// be idle, [`idle_timeout_ms`](crate::PostgresStoreConfig::idle_timeout_ms) is set for this
    /// transaction, and a server that sees it idle for longer ends the session.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: roll the transaction back.
    ///
    /// # Errors
    ///
    /// - [`AppendError::Conflict`] and [`AppendError::Refused`] store nothing and leave the
    ///   transaction as it was: the caller may go on or roll back. It holds the log all the same.
    /// - [`AppendError::Store`]: the server has given the transaction up; roll it back. Nothing of
    ///   it will be stored. [`Invalid`](factum_core::StoreErrorKind::Invalid) for another isolation
    ///   level.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn place(
    /// #     store: &factum_postgres::PostgresStore,
    /// #     client: &mut factum_postgres::tokio_postgres::Client,
    /// #     request: factum_core::AppendRequest,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let transaction = client.transaction().await?;
    /// transaction.execute("UPDATE stock SET left_over = left_over - 1 WHERE item = $1", &[&7]).await?;
    /// let appended = store.append_in(&transaction, request).await?;
    /// transaction.commit().await?; // Now both are there.
    /// # Ok(())
    /// # }
    /// ```
    pub async fn append_in(
        &self,
        transaction: &Transaction<'_>,
        request: AppendRequest,
    ) -> Result<Appended, AppendError> {
        request.check()?;
        let tenant = self.tenant()?;
        let config = &self.shared.config;
        let now = config.clock.now();
        let mut columns = Group::new(now.as_micros(), None);
        columns.push(tenant, &request);
        let (lock_ms, flush) = (lock_ms(config.busy_timeout_ms), !config.unsafe_no_flush);
        let idle_ms = i32::try_from(config.idle_timeout_ms).unwrap_or(i32::MAX);
        let channel = config.notify.then(|| self.shared.schema.channel());
        let now_us = now.as_micros();
        let plain = columns.is_plain();
        let own: [Bind<'_>; 6] = [
            (&lock_ms, Type::INT4),
            (&idle_ms, Type::INT4),
            (&flush, Type::BOOL),
            (&now_us, Type::INT8),
            (&channel, Type::TEXT),
            (&plain, Type::BOOL),
        ];
        let binds: Vec<Bind<'_>> = own.into_iter().chain(columns.binds()).collect();
        // Nothing is stored before the caller commits, so no failure here leaves doubt.
        let failed = |failure: Failure| failure.into_store_error("append");
        let sql = &self.shared.sql;
        let rows = transaction.query_typed(&sql.append_in_transaction, &binds).await;
        let rows = rows.map_err(|error| failed(error.into()))?;
        let mut verdicts = columns.verdicts(std::iter::once(&request), &rows).map_err(failed)?;
        match verdicts.pop() {
            Some(Verdict::Stored(appended)) => Ok(appended),
            Some(Verdict::Refused(error)) => Err(error),
            Some(Verdict::Known) | None => {
                let command = request.command.as_ref().ok_or_else(|| {
                    failed(Failure::Corrupt("expected a verdict on the append, found none".into()))
                })?;
                let found = commands::find(transaction, sql, tenant, &command.id, now).await;
                let found = found.map_err(failed)?.ok_or_else(|| {
                    failed(Failure::Corrupt(format!(
                        "expected the stored answer of command {}, found none",
                        command.id
                    )))
                })?;
                found.answer(command)
            }
        }
    }
}
