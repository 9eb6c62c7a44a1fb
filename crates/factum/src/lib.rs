//! Factum: event sourcing and CQRS. This is the crate that applications use.
//!
//! It gathers the domain and the contracts of [`factum_core`], the derive for events, what
//! [runs](factum_runtime) deciders and decisions, the stores that were chosen by feature, and
//! [`connect`], which opens any of them by its address.
//!
//! # Examples
//!
//! ```
//! use factum::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Event, Serialize, Deserialize)]
//! enum CounterEvent {
//!     Counted { by: u64 },
//! }
//!
//! #[derive(Default)]
//! struct Counter {
//!     count: u64,
//! }
//!
//! impl Decider for Counter {
//!     const CATEGORY: &'static str = "counter";
//!     type Command = u64;
//!     type Event = CounterEvent;
//!     type Error = &'static str;
//!
//!     fn decide(&self, by: u64) -> Result<Vec<CounterEvent>, &'static str> {
//!         if self.count + by > 100 { Err("full") } else { Ok(vec![CounterEvent::Counted { by }]) }
//!     }
//!
//!     fn evolve(&mut self, CounterEvent::Counted { by }: &CounterEvent) {
//!         self.count += by;
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = factum::connect("memory:").await?; // Or `sqlite:hall.db`.
//! let counters = Repository::<Counter>::new(store)?;
//! counters.execute("visitors", 98).await?;
//! assert_eq!(counters.execute("visitors", 2).await?.state.count, 100);
//! assert_eq!(counters.execute("visitors", 1).await.unwrap_err().rejection(), Some(&"full"));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `sqlite` | yes | the store on one SQLite file; compiles SQLite in |
//! | `postgres` | no | the store in a PostgreSQL database, version 14 or newer |
//! | `postgres-tls` | no | the same with encrypted connections, by rustls |
//! | `health` | no | answers to probes of load balancers over HTTP |
//! | `protobuf` | no | events whose payloads are `prost` messages |

mod connect;
mod options;
pub mod prelude;
mod report;
mod url;

/// For services of your own: the attribute that [`Service`] is implemented with.
pub use async_trait::async_trait;
pub use connect::connect;
pub use factum_core::*;
pub use factum_derive::Event;
#[cfg(feature = "postgres")]
pub use factum_postgres::{PostgresStore, PostgresStoreConfig, tokio_postgres};
pub use factum_runtime::*;
#[cfg(feature = "sqlite")]
pub use factum_sqlite::{SqliteStore, SqliteStoreConfig};
pub use report::report;
pub use url::{Backend, StoreUrl, UrlError};

/// The README, compiled so that what it shows works.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The pages for users, compiled likewise.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../docs/deciding.md")]
    struct Deciding;

    #[cfg(feature = "sqlite")]
    #[doc = include_str!("../../../docs/reading.md")]
    struct Reading;

    #[cfg(feature = "health")]
    #[doc = include_str!("../../../docs/running.md")]
    struct Running;

    #[doc = include_str!("../../../docs/schema.md")]
    struct Schema;

    #[doc = include_str!("../../../docs/testing.md")]
    struct Testing;
}
