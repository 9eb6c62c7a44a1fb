//! The connections that reads share.

use std::time::Duration;

use deadpool_postgres::{Object, Pool, PoolError};
use factum_core::StoreError;
use futures::{StreamExt, TryStreamExt};
use tokio_postgres::types::Type;
use tokio_postgres::{Row, RowStream};

use crate::PostgresStoreConfig;
use crate::connection::{Bind, Connector, refused};
use crate::error::Failure;

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
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => refused(error),
            PoolError::Timeout(_) => self.connector.too_late(),
            other => Failure::NoConnection(other.to_string()),
        })
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
            Err(failure) if failure.is_connection() => {
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
        let client = Lent(Some(self.client().await?));
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
                Err(failure)
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

/// A connection of the pool that is at work. Unless it is given back, it leaves the pool: whoever
/// dropped the read, its rest would be in the way of the next one.
struct Lent(Option<Object>);

impl Lent {
    fn give_back(mut self) {
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
