//! The address of a store: `scheme:place?option=value&option=value`.

mod error;
mod parameters;

use factum_core::{TenantId, TenantScope};

pub use self::error::UrlError;
pub(crate) use self::parameters::Parameters;
use crate::options;

/// The address of a store, read but not yet opened.
///
/// # Examples
///
/// ```
/// use factum::{StoreUrl, UrlError};
///
/// let url = StoreUrl::parse("memory:?tenant=*")?;
/// assert_eq!(url.scope, Some(factum::TenantScope::All));
/// assert!(matches!(StoreUrl::parse("papyrus:scroll"), Err(UrlError::UnknownScheme { .. })));
/// # Ok::<(), UrlError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StoreUrl {
    /// Which store.
    pub backend: Backend,
    /// Whose data its handle sees; `None`, where the address does not say, is the tenant `default`.
    pub scope: Option<TenantScope>,
}

/// A kind of store with its settings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Backend {
    /// In memory: `memory:`.
    Memory,
    /// One SQLite file: `sqlite:PATH`. The scope in here is not used.
    #[cfg(feature = "sqlite")]
    Sqlite(crate::SqliteStoreConfig),
    /// One schema of a PostgreSQL database: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. The scope in
    /// here is not used.
    #[cfg(feature = "postgres")]
    Postgres(crate::PostgresStoreConfig),
}

/// Kinds of store that have a scheme but no code in this program.
const NOT_BUILT_IN: [&str; 6] = ["postgres", "postgresql", "nats", "libsql", "http", "https"];

impl StoreUrl {
    /// Reads an address; opens nothing.
    ///
    /// # Errors
    ///
    /// A [`UrlError`] that says what was expected and what was found. Nothing is ignored: neither
    /// an unknown option nor one given twice.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
        // Before anything of it is taken apart, and maybe shown: it may hold a password.
        #[cfg(feature = "postgres")]
        factum_postgres::check_address(url)
            .map_err(|found| UrlError::Unescaped { character: found.character })?;
        #[cfg(not(feature = "postgres"))]
        if matches!(scheme, "postgres" | "postgresql") {
            return Err(UrlError::NotBuiltIn { scheme: scheme.into() });
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut parameters = Parameters::parse(query)?;
        let tenant = parameters.take("tenant");
        let backend = match scheme {
            "memory" => options::memory::backend(&parameters::decoded(place)?)?,
            #[cfg(feature = "sqlite")]
            "sqlite" => options::sqlite::backend(&parameters::decoded(place)?, &mut parameters)?,
            // Decoded by the driver: an escaped character of a password is not a border.
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => {
                options::postgres::backend(scheme, place, &mut parameters)?
            }
            #[cfg(not(feature = "sqlite"))]
            "sqlite" => return Err(UrlError::NotBuiltIn { scheme: scheme.into() }),
            _ if NOT_BUILT_IN.contains(&scheme) => {
                return Err(UrlError::NotBuiltIn { scheme: scheme.into() });
            }
            _ => return Err(UrlError::UnknownScheme { found: beginning(url) }),
        };
        parameters.finish(scheme, options::known(scheme))?;
        Ok(Self { backend, scope: tenant.as_deref().map(scope).transpose()? })
    }
}

impl std::str::FromStr for StoreUrl {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        Self::parse(url)
    }
}

/// As much of an address as tells what was meant, without what may be a password.
fn beginning(url: &str) -> String {
    let end = url.find("//").map_or(url.len(), |at| at + 2);
    url[..end].chars().take(60).collect()
}

fn scope(value: &str) -> Result<TenantScope, UrlError> {
    if value == "*" {
        return Ok(TenantScope::All);
    }
    let bad = |_| UrlError::BadValue {
        option: "tenant".into(),
        expected: "a tenant's name, or * for all of them",
        found: value.into(),
    };
    TenantId::new(value).map(TenantScope::One).map_err(bad)
}
