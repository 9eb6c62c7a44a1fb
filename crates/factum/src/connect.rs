//! Opening a store by its address.

use std::sync::Arc;

use factum_core::{MemoryStore, SharedStore, StoreError, SystemClock};

use crate::{Backend, StoreUrl};

/// Opens the store at `url`: `memory:` or `sqlite:PATH`, with options as a query string.
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
/// | `unsafe_no_flush=true` | sqlite | answers before the flush |
///
/// Characters of the path or of a value that mean something in an address are written `%3F`
/// (`?`), `%26` (`&`), `%25` (`%`), and so on.
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
    #[cfg_attr(not(feature = "sqlite"), expect(clippy::unused_async, reason = "stores open async"))]
    pub async fn connect(self) -> Result<SharedStore, StoreError> {
        let scope = self.scope.unwrap_or_default();
        match self.backend {
            Backend::Memory => Ok(Arc::new(MemoryStore::new(scope, Arc::new(SystemClock)))),
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(mut config) => {
                config.scope = scope;
                Ok(Arc::new(crate::SqliteStore::open(config).await?))
            }
        }
    }
}
