//! Connections, and how one is made.

use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts,
};
use factum_core::{StoreError, StoreErrorKind};
use futures::Stream;
use futures::stream;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, NoTls, Transaction};

use crate::PostgresStoreConfig;
use crate::address::check_address;
use crate::error::Failure;
use crate::place::Place;
use crate::tls::{Tls, tls};

pub(crate) const OPERATION: &str = "open store";

/// What every session of our own is told. Plans are made once, for whatever comes, and by the indexes
/// that are there for it: one made while a table was small must not outlive that.
pub(crate) const SETTINGS: &str = "SET default_transaction_isolation = 'read committed'; \
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; \
     SET plan_cache_mode = force_generic_plan; SET search_path = pg_catalog, pg_temp";

/// A statement's parameter with its type.
pub(crate) type Bind<'a> = (&'a (dyn ToSql + Sync), Type);

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    config: tokio_postgres::Config,
    tls: Tls,
    timeout: Duration,
    place: Place,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive() // The rest may hold a password.
    }
}

impl Connector {
    pub(crate) fn new(config: &PostgresStoreConfig) -> Result<Self, StoreError> {
        let invalid =
            |message: String| StoreError::new(StoreErrorKind::Invalid, OPERATION, message);
        check_address(&config.url).map_err(|error| invalid(error.to_string()))?;
        let parsed: Result<tokio_postgres::Config, _> = config.url.parse();
        let mut parsed = parsed.map_err(|error| {
            let cause =
                std::error::Error::source(&error).map_or(String::new(), ToString::to_string);
            invalid(format!(
                "expected postgres://user@host:port/database, found another address: {cause}"
            ))
        })?;
        if parsed.get_hosts().is_empty() && parsed.get_hostaddrs().is_empty() {
            return Err(invalid("expected a host in the address, found none".into()));
        }
        if parsed.get_application_name().is_none() {
            parsed.application_name("factum");
        }
        let timeout = Duration::from_millis(config.connect_timeout_ms.into());
        if parsed.get_connect_timeout().is_none() {
            parsed.connect_timeout(timeout);
        }
        let tls = tls(&parsed, config)?;
        let place = Place::new(&parsed);
        Ok(Self { config: parsed, tls, timeout, place })
    }

    /// Where its connections lead, for messages.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// A new connection, driven by a task that ends with it.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        self.connect_hearing(|_| {}).await
    }

    /// The same, handing what the server tells unasked to `hear`.
    pub(crate) async fn connect_hearing(
        &self,
        hear: impl FnMut(AsyncMessage) + Send + 'static,
    ) -> Result<Client, Failure> {
        let refused = |error| Failure::to_connect(error, &self.place);
        // Boxed: to connect takes many kilobytes of state, which nothing else needs.
        let connecting = Box::pin(async {
            match &self.tls {
                Tls::None => {
                    let connected = self.config.connect(NoTls).await;
                    let (client, connection) = connected.map_err(refused)?;
                    drive(connection, hear);
                    Ok(client)
                }
                #[cfg(feature = "tls")]
                Tls::Rustls(tls) => {
                    let connected = self.config.connect(tls.clone()).await;
                    let (client, connection) = connected.map_err(refused)?;
                    drive(connection, hear);
                    Ok(client)
                }
            }
        });
        self.in_time(connecting).await
    }

    /// What `connecting` comes to, unless it takes longer than connecting may.
    pub(crate) async fn in_time<T>(
        &self,
        connecting: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(self.timeout, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(self.too_late()),
        }
    }

    /// Asks the server to stop what `client` has it do.
    pub(crate) async fn cancel(&self, client: &Client) {
        let token = client.cancel_token();
        let cancelling = Box::pin(async {
            match &self.tls {
                Tls::None => token.cancel_query(NoTls).await,
                #[cfg(feature = "tls")]
                Tls::Rustls(tls) => token.cancel_query(tls.clone()).await,
            }
        });
        // A request to stop that does not arrive changes nothing: the caller has given up waiting.
        let _ = tokio::time::timeout(self.timeout, cancelling).await;
    }

    pub(crate) fn too_late(&self) -> Failure {
        let (hosts, timeout) = (self.place.hosts(), self.timeout);
        Failure::not_connected(format!("could not connect to {hosts} within {timeout:?}"))
    }

    /// A pool of at most `connections_max` connections. Connects when one is asked for. `own` says
    /// that its sessions are ours alone, and may be told how to plan.
    pub(crate) fn pool(&self, connections_max: usize, own: bool) -> Result<Pool, StoreError> {
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let config = self.config.clone();
        let manager = match &self.tls {
            Tls::None => Manager::from_config(config, NoTls, how),
            #[cfg(feature = "tls")]
            Tls::Rustls(tls) => Manager::from_config(config, tls.clone(), how),
        };
        let timeout = Some(self.timeout);
        let timeouts = Timeouts { wait: timeout, create: timeout, recycle: timeout };
        let mut pool = Pool::builder(manager).max_size(connections_max).timeouts(timeouts);
        if own {
            // The pool's own limit does not cover what follows on connecting.
            let limit = self.timeout;
            pool = pool.post_create(Hook::async_fn(move |client, _| {
                Box::pin(async move {
                    let set = tokio::time::timeout(limit, client.batch_execute(SETTINGS)).await;
                    let late = |_| HookError::message("expected new settings in time");
                    set.map_err(late)?.map_err(HookError::Backend)
                })
            }));
        }
        pool.runtime(Runtime::Tokio1).build().map_err(|error| {
            StoreError::new(StoreErrorKind::Invalid, OPERATION, "expected a pool")
                .with_source(error)
        })
    }
}

/// Runs the connection's side of the protocol until the client is dropped or the connection breaks.
fn drive<S, T>(
    mut connection: tokio_postgres::Connection<S, T>,
    mut hear: impl FnMut(AsyncMessage) + Send + 'static,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        let mut messages = std::pin::pin!(messages(&mut connection));
        loop {
            let message = std::future::poll_fn(|cx| messages.as_mut().poll_next(cx)).await;
            match message {
                Some(Ok(message)) => hear(message),
                Some(Err(error)) => {
                    tracing::debug!(%error, "a connection to PostgreSQL broke");
                    return; // Whoever uses the client is told.
                }
                None => return,
            }
        }
    });
}

fn messages<S, T>(
    connection: &mut tokio_postgres::Connection<S, T>,
) -> impl Stream<Item = Result<AsyncMessage, tokio_postgres::Error>> + '_
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    stream::poll_fn(|cx| connection.poll_message(cx))
}

/// Lifts the limits of time that the server, the database or the role sets, for the rest of a
/// transaction that reads the whole log.
pub(crate) async fn lift_limits(transaction: &Transaction<'_>) -> Result<(), Failure> {
    transaction.batch_execute("SET LOCAL statement_timeout = 0").await?; // At once.
    transaction.query_typed(&lifting("true"), &[]).await?;
    Ok(())
}

/// The same for what is left of a session of our own.
pub(crate) async fn lift_session_limits(client: &Client) -> Result<(), Failure> {
    client.batch_execute("SET statement_timeout = 0").await?; // At once.
    client.query_typed(&lifting("false"), &[]).await?;
    Ok(())
}

/// Older servers do not know all of them.
pub(crate) fn lifting(local: &str) -> String {
    format!(
        "SELECT pg_catalog.set_config(name, '0', {local}) FROM pg_catalog.pg_settings WHERE name IN \
         ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')"
    )
}
