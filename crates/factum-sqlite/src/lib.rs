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
//! | `subscriptions` | scope, name | how far each one got, who runs it, its orders |
//! | `letters` | scope, name, position | events that a subscription set aside |
//! | `view_migrations` | scope, name, number | changes that were made to the tables of views |
//!
//! The tables of views stand beside these, under names that their programs choose. Names that begin
//! with `factum_` are kept for formats to come.
//!
//! # Guarantees
//!
//! Positions are dense. An append is flushed before it is acknowledged; a snapshot, a step of a
//! subscription and the view that moves with it are not. Every row but those of subscriptions and
//! views carries a checksum that is verified when it is read. Several processes may open one file:
//! positions stay dense, and a watch wakes for another process's append within
//! [`foreign_wake_ms_max`](factum_core::Capabilities::foreign_wake_ms_max).
//!
//! # Views
//!
//! A view's tables move in the writer's own transactions, together with the checkpoint, so its work
//! runs on the writing thread: appends wait while a page of it is handled. Its statements reach no
//! table of the store but to read it, no other file, no temporary table, and neither begin nor end a
//! transaction. `$1` binds a truth value as 0 or 1, and a number that is none as null.
//! SQLite's foreign keys are not enforced.
//!
//! # Limits
//!
//! Those of [`factum_core::limits`]. The file must be on a local disk: write-ahead mode shares
//! memory between processes, which network file systems do not offer.

mod admin;
mod append;
mod backup;
mod cache;
mod change;
mod claims;
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
mod letters;
mod maintenance;
mod migrate;
mod names;
mod pages;
mod pool;
mod posting;
mod query;
mod read;
mod read_file;
mod reader;
mod rows;
mod snapshots;
mod sql;
mod store;
mod streams;
mod subscriptions;
mod tenants;
mod verify;
mod views;
mod writer;

pub use config::SqliteStoreConfig;
pub use store::SqliteStore;
