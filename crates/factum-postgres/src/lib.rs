//! Factum's event store on PostgreSQL, 14 and newer.
//!
//! # The schema
//!
//! Everything stands in one schema, `factum` unless said otherwise. Streams, event types, tags and
//! tenants are interned to integers.
//!
//! | table | key | holds |
//! |---|---|---|
//! | `events` | position | stream, revision, kind, time, envelope, payload, checksum |
//! | `term_positions` | (term, position) | which events a query by tag or correlation finds |
//! | `tenants`, `streams`, `kinds`, `terms` | id | names; a kind is a category and a type, a term a tag or a correlation |
//! | `claims` | tenant, name, value | the stream that holds a unique value |
//! | `commands` | tenant, id | answers to repeat |
//! | `snapshots` | tenant, stream, kind, revision | states to begin loading with |
//! | `subscriptions` | scope, name | how far readers of the log got, who runs them, their orders |
//! | `letters` | scope, name, position | events that readers set aside |
//! | `view_migrations` | scope, name, number | how the tables of views were made |
//! | `append_lock` | | nothing: whoever appends holds its lock |
//! | `migrations` | number | which steps made the schema |
//!
//! The view `log` shows the events with every name written out.
//!
//! # Guarantees
//!
//! Positions are dense over all connections and processes: an append holds the lock of `append_lock`
//! until it is committed. Appends of one process that wait together share one statement, one
//! round trip and one flush. Several programs may use one store; a watch wakes for another
//! program's append by a notification, or, where those do not arrive, within
//! [`foreign_wake_ms_max`](factum_core::Capabilities::foreign_wake_ms_max).
//!
//! # Limits
//!
//! Those of [`factum_core::limits`].

mod address;
mod admin;
mod answer;
mod checkpoints;
mod codec;
mod commands;
mod commit;
mod config;
mod connection;
mod dead_letters;
mod error;
mod group;
mod hints;
mod holder;
mod leases;
mod letters;
mod listen;
mod maintenance;
mod migrate;
mod names;
mod pages;
mod parameters;
mod place;
mod pool;
mod read;
mod rows;
mod snapshots;
mod sql;
mod store;
mod subscriptions;
mod tls;
mod transaction;
mod verify;
mod views;
mod writer;

pub use address::{Unescaped, check_address};
pub use config::PostgresStoreConfig;
pub use store::PostgresStore;
/// The driver, in the version that [`PostgresStore::append_in`] takes transactions of.
pub use tokio_postgres;
