//! Opening a store by its address.

use std::sync::Arc;

use factum_core::{MemoryStore, SharedStore, StoreError, SystemClock};

use crate::{Backend, StoreUrl};

/// Opens the store at `url`: `memory:`, `sqlite:PATH` or
/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with options as a query string.
///
/// | option | of | means |
/// |---|---|---|
/// | `tenant=NAME` | all | the handle sees this tenant; `*` for all of them; `default` unless given |
/// | `create=false` | sqlite | a missing file is an error |
/// | `readers=N` | sqlite | threads that serve reads, 1 to 64 |
/// | `busy_timeout_ms=N` | sqlite | how long a write waits for another process's |
/// | `foreign_poll_ms=N` | sqlite | how often other processes' appends are looked for |
/// | `bytes_max=N` | sqlite | largest size of the file |
/// | `cache_bytes_max=N` | sqlite | most memory for streams that were read lately; 0 for none |
/// | `schema=NAME` | postgres | the schema that holds the store; `factum` unless given |
/// | `create=false` | postgres | a missing schema, or an older format, is an error |
/// | `connections_max=N` | postgres | most connections that serve reads, 1 to 1,024 |
/// | `view_connections_max=N` | postgres | most connections for the transactions of views, 1 to 1,024 |
/// | `connect_timeout_ms=N` | postgres | how long to try to connect |
/// | `busy_timeout_ms=N` | postgres | how long an append waits for another process's |
/// | `answer_timeout_ms=N` | postgres | how long to wait for the answer to a statement |
/// | `idle_timeout_ms=N` | postgres | how long a caller's transaction that appended may be idle |
/// | `notify=false` | postgres | ask for the head instead of listening |
/// | `foreign_poll_ms=N` | postgres | how often the head is asked for, where listening does not work |
/// | `prepare=false` | postgres | prepare no statements, for poolers |
/// | `sslmode=require`, `sslrootcert=FILE` | postgres | encrypted connections, with the feature `postgres-tls` |
/// | `application_name=NAME` and more of libpq's | postgres | handed on to the driver |
/// | `unsafe_no_flush=true` | sqlite, postgres | answers before the flush |
///
/// Characters of the path or of a value that mean something in an address are written `%3F`
/// (`?`), `%26` (`&`), `%25` (`%`), and so on; those of a user name, a password or a database besides
/// `%40` (`@`), `%2F` (`/`), `%23` (`#`) and `%3A` (`:`). An address of PostgreSQL that could be read in
/// two ways is refused.
///
/// # Cancel safety
///
/// Cancel safe: a store that was being opened is closed again.
///
/// # Errors
///
/// - [`Invalid`](factum_core::StoreErrorKind::Invalid): the address makes no sense. The cause is
///   the [`UrlError`](crate::UrlError). Nothing was opened.
/// - [`Unsupported`](factum_core::StoreErrorKind::Unsupported): a kind of store that is known, but
///   not part of this program.
/// - Those of the store itself, such as [`SqliteStore::open`](crate::SqliteStore::open).
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use factum::{EventStore, StoreErrorKind, connect};
///
/// let store = connect("memory:?tenant=acme").await.expect("it is in memory");
/// assert_eq!(store.scope().to_string(), "tenant acme");
///
/// let refused = connect("memory:?tennant=acme").await.expect_err("options are not guessed");
/// assert_eq!(refused.kind(), StoreErrorKind::Invalid);
/// # }
/// ```
pub async fn connect(url: impl AsRef<str>) -> Result<SharedStore, StoreError> {
    StoreUrl::parse(url.as_ref())?.connect().await
}

impl StoreUrl {
    /// Opens the store; see [`connect`].
    ///
    /// # Cancel safety
    ///
    /// As [`connect`].
    ///
    /// # Errors
    ///
    /// As [`connect`].
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "postgres")),
        expect(clippy::unused_async, reason = "stores open async")
    )]
    pub async fn connect(self) -> Result<SharedStore, StoreError> {
        let scope = self.scope.unwrap_or_default();
        match self.backend {
            Backend::Memory => Ok(Arc::new(MemoryStore::new(scope, Arc::new(SystemClock)))),
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(mut config) => {
                config.scope = scope;
                Ok(Arc::new(crate::SqliteStore::open(config).await?))
            }
            #[cfg(feature = "postgres")]
            Backend::Postgres(mut config) => {
                config.scope = scope;
                Ok(Arc::new(crate::PostgresStore::open(config).await?))
            }
        }
    }
}
