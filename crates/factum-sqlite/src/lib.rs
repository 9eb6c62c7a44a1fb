//! Factum's event store on one SQLite file.
//!
//! # The file
//!
//! SQLite in write-ahead mode. Streams, event types, tags and tenants are interned to integers.
//!
//! | table | key | holds |
//! |---|---|---|
//! | `events` | position | stream, revision, kind, time, envelope, payload, checksum |
//! | `kind_positions`, `term_positions` | (kind or term, position) | which events a query finds |
//! | `tenants`, `streams`, `kinds`, `terms` | id | names; a kind is a category and a type, a term a tag or a correlation |
//! | `claims` | tenant, name, value | the stream that holds a unique value |
//! | `commands` | tenant, id | answers to repeat |
//! | `snapshots` | tenant, stream, kind, revision | states to begin loading with |
//!
//! # Guarantees
//!
//! Positions are dense. An append is flushed before it is acknowledged; a snapshot is not. Every row carries a
//! checksum that is verified when it is read. Several processes may open one file: positions stay
//! dense, and a watch wakes for another process's append within
//! [`foreign_wake_ms_max`](factum_core::Capabilities::foreign_wake_ms_max).
//!
//! # Limits
//!
//! Those of [`factum_core::limits`]. The file must be on a local disk: write-ahead mode shares
//! memory between processes, which network file systems do not offer.

mod admin;
mod append;
mod backup;
mod cache;
mod codec;
mod commands;
mod commit;
mod config;
mod connection;
mod error;
mod fail_point;
mod foreign;
mod head;
mod ids;
mod maintenance;
mod migrate;
mod names;
mod pages;
mod pool;
mod posting;
mod query;
mod read;
mod reader;
mod rows;
mod snapshots;
mod sql;
mod store;
mod tenants;
mod verify;
mod writer;

pub use config::SqliteStoreConfig;
pub use store::SqliteStore;
