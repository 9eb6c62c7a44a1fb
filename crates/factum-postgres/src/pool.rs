//! The connections that reads share.

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, HookError, Object, Pool, PoolError, TimeoutType};
use factum_core::{StoreError, StoreErrorKind};
use futures::{StreamExt, TryStreamExt};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, RowStream};

use crate::PostgresStoreConfig;
use crate::connection::{Bind, Connector};
use crate::error::Failure;

/// Begins a transaction that may be lost in a crash of the server.
pub(crate) const BEGIN: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off";
/// Begins a transaction whose commit waits for the flush, whatever the role's own setting.
pub(crate) const BEGIN_FLUSHED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SELECT set_config('synchronous_commit', 'on', true) \
     WHERE current_setting('synchronous_commit') = 'off'";

/// A pool, and how statements are run on its connections.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    pool: Pool,
    connector: Connector,
    prepare: bool,
    timeout: Duration,
}

impl Readers {
    pub(crate) fn new(
        config: &PostgresStoreConfig,
        connector: Connector,
    ) -> Result<Self, StoreError> {
        let pool = connector.pool(config.connections_max, config.prepare)?;
        let timeout = Duration::from_millis(config.answer_timeout_ms.into());
        Ok(Self { pool, connector, prepare: config.prepare, timeout })
    }

    /// A connection of the pool.
    pub(crate) async fn client(&self) -> Result<Object, Failure> {
        object(&self.pool, &self.connector).await
    }

    /// A transaction on a connection of the pool. Its commit waits for the flush if it should, and
    /// for none otherwise.
    pub(crate) async fn work(&self, flush: bool) -> Result<Work, Failure> {
        match self.begin(flush).await {
            Err(failure) if failure.is_connection() => {
                drop(self.pool.retain(|_, _| false));
                self.begin(flush).await
            }
            other => other,
        }
    }

    async fn begin(&self, flush: bool) -> Result<Work, Failure> {
        let client = Lent::new(self.client().await?);
        let work = Work { client, connector: self.connector.clone(), timeout: self.timeout };
        let begin = if flush { BEGIN_FLUSHED } else { BEGIN };
        work.in_time(async { Ok(work.batch_execute(begin).await?) }).await?;
        Ok(work)
    }

    /// The rows of a statement that changes nothing. A connection that turns out broken is
    /// replaced once: it may have been idle while the server went away and came back.
    pub(crate) async fn query(&self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Failure> {
        self.query_until(sql, binds, |_| false).await
    }

    /// The same up to and with the first row that is `enough`.
    pub(crate) async fn query_until(
        &self,
        sql: &str,
        binds: &[Bind<'_>],
        mut enough: impl FnMut(&Row) -> bool,
    ) -> Result<Vec<Row>, Failure> {
        match self.run(sql, binds, &mut enough).await {
            Err(failure) if failure.is_connection() || failure.is_outdated() => {
                // Those that are idle have broken with it, most likely.
                drop(self.pool.retain(|_, _| false));
                self.run(sql, binds, &mut enough).await
            }
            other => other,
        }
    }

    /// The rows of a statement that is run once, whatever comes of it.
    pub(crate) async fn query_once(
        &self,
        sql: &str,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, Failure> {
        self.run(sql, binds, &mut |_| false).await
    }

    async fn run(
        &self,
        sql: &str,
        binds: &[Bind<'_>],
        enough: &mut impl FnMut(&Row) -> bool,
    ) -> Result<Vec<Row>, Failure> {
        let client = Lent::new(self.client().await?);
        let rows = async {
            let stream = self.start(&client, sql, binds).await?;
            let mut stream = std::pin::pin!(stream);
            let mut rows = Vec::new();
            while let Some(row) = stream.try_next().await? {
                let last = enough(&row);
                rows.push(row);
                if last {
                    // Nothing may follow; if something does, it is too much to be thrown away.
                    return Ok((rows, stream.next().await.is_some()));
                }
            }
            Ok::<_, Failure>((rows, false))
        };
        match tokio::time::timeout(self.timeout, rows).await {
            Ok(Ok((rows, rest))) => {
                if rest {
                    self.connector.cancel(&client).await;
                } else {
                    client.give_back();
                }
                Ok(rows)
            }
            Ok(Err(failure)) => {
                client.give_back();
                Err(failure.at(self.connector.place()))
            }
            Err(_) => {
                self.connector.cancel(&client).await;
                Err(Failure::NoAnswer(self.timeout))
            }
        }
    }

    async fn start(
        &self,
        client: &Object,
        sql: &str,
        binds: &[Bind<'_>],
    ) -> Result<RowStream, Failure> {
        if !self.prepare {
            let binds = binds.iter().map(|(value, kind)| (*value, kind.clone()));
            return Ok(client.query_typed_raw(sql, binds).await?);
        }
        let types: Vec<Type> = binds.iter().map(|(_, kind)| kind.clone()).collect();
        let statement = client.prepare_typed_cached(sql, &types).await?;
        Ok(client.query_raw(&statement, binds.iter().map(|(value, _)| *value)).await?)
    }
}

/// A connection of a pool.
pub(crate) async fn object(pool: &Pool, connector: &Connector) -> Result<Object, Failure> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            Failure::to_connect(error, connector.place())
        }
        PoolError::Timeout(TimeoutType::Wait) => Failure::NoConnection(
            StoreErrorKind::Unavailable,
            "all connections of the store were in use for too long".into(),
            Some("raise connections_max"),
        ),
        PoolError::Timeout(_) => connector.too_late(),
        other => Failure::not_connected(other.to_string()),
    })
}

/// A transaction. Unless it is committed or rolled back, its connection leaves the pool, which rolls
/// it back.
pub(crate) struct Work {
    client: Lent,
    connector: Connector,
    timeout: Duration,
}

impl Work {
    /// The connection with its prepared statements.
    pub(crate) fn session(&self) -> &ClientWrapper {
        &self.client
    }

    /// What an answer to statements of the transaction comes to, unless it takes too long.
    pub(crate) async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        if let Ok(answer) = tokio::time::timeout(self.timeout, answer).await {
            return answer.map_err(|failure| failure.at(self.connector.place()));
        }
        self.connector.cancel(self).await;
        Err(Failure::NoAnswer(self.timeout))
    }

    /// The failure of a commit may leave doubt.
    pub(crate) async fn commit(self) -> Result<(), Failure> {
        self.in_time(async { Ok(self.batch_execute("COMMIT").await?) }).await?;
        self.client.give_back();
        Ok(())
    }

    /// Ends it with nothing stored, whether the server hears of it or not.
    pub(crate) async fn roll_back(self) {
        let rolled = self.in_time(async { Ok(self.batch_execute("ROLLBACK").await?) }).await;
        if rolled.is_ok() {
            self.client.give_back();
        }
    }
}

impl std::ops::Deref for Work {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A connection of a pool that is at work. Unless it is given back, it leaves the pool: whoever
/// dropped the read, its rest would be in the way of the next one; and a transaction must end.
pub(crate) struct Lent(Option<Object>);

impl Lent {
    pub(crate) fn new(object: Object) -> Self {
        Self(Some(object))
    }

    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl std::ops::Deref for Lent {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.0.as_ref().expect("it is there until it is given back")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}
