//! Factum's event store on one SQLite file.

mod config;

pub use config::SqliteStoreConfig;
