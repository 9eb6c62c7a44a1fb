//! The options of each kind of store, one file per kind.

pub(crate) mod memory;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

/// The options that addresses of this kind may have.
pub(crate) fn known(scheme: &str) -> &'static [&'static str] {
    match scheme {
        #[cfg(feature = "sqlite")]
        "sqlite" => &sqlite::OPTIONS,
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => &postgres::OPTIONS,
        _ => &memory::OPTIONS,
    }
}
