//! For those who write or wrap a Factum store: proof that it keeps the contract. For those who
//! store events: proof that they stay readable.
//!
//! - [`conformance`]: one named case per sentence of the contract, run against any store.
//! - [`model`]: random operations on a store and on the memory store, compared.
//! - [`faults`]: a decorator that fails as it is told, for testing what stands above a store.
//! - [`history`]: what concurrent clients observed, checked against what the log holds.
//! - [`generators`]: seeded events, streams and appends.
//! - [`given`], [`given_facts`], [`upcast`], [`check_decider`]: a domain's own tests, without a
//!   store. [`ManualClock`] and [`SequentialIds`] stand in for the machine's time and ids.
//! - [`given_view`], [`given_live`], [`given_subscriber`]: what is made of events, without the loop
//!   that reads them. [`ProjectionSpec`], [`SubscriberSpec`], [`LiveSpec`]: that it stands crashes,
//!   repetition and rebuilds; [`Disturbed`] brings these about.
//! - [`mod@schema_lock`]: a program's stored shapes, compared with those it had before.
//! - [`mod@bench`]: how fast a store is, case by case.
//! - `servers`, a feature: PostgreSQL and `PgBouncer` for tests.
//!
//! # A backend's side
//!
//! A backend runs the whole suite with a test target that has `harness = false`:
//!
//! ```no_run
//! use std::path::Path;
//! use std::process::ExitCode;
//! use std::sync::Arc;
//!
//! use factum_core::{Clock, MemoryStore, SharedStore, TenantScope};
//! use factum_testkit::conformance::{self, Fixture};
//!
//! struct Memory;
//!
//! #[async_trait::async_trait]
//! impl Fixture for Memory {
//!     /// A store with files puts them into `home`.
//!     async fn open(&self, _: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
//!         Arc::new(MemoryStore::new(scope, clock))
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     conformance::main(Memory)
//! }
//! ```
//!
//! What the store's [`Capabilities`](factum_core::Capabilities) do not promise is shown as
//! ignored, with the reason, and never as passed.

pub mod bench;
pub mod conformance;
pub mod faults;
pub mod generators;
pub mod history;
pub mod model;
pub mod schema_lock;
#[cfg(all(feature = "servers", unix))]
pub mod servers;

mod chance;
mod given;
mod projections;

pub use chance::{ManualClock, SequentialIds};
#[doc(hidden)]
pub use factum_core; // For what `row!` makes.
pub use given::{
    Given, GivenFacts, Outcome, Upcast, check_decider, check_decider_with, given, given_facts,
    upcast,
};
#[doc(hidden)]
pub use projections::sql_value;
pub use projections::{
    DeliveryError, Disturbance, Disturbed, GivenLive, GivenLog, GivenSubscriber, GivenView,
    LiveSpec, ProjectionSpec, SubscriberSpec, given_live, given_log, given_subscriber, given_view,
};
pub use proptest;
pub use schemars;
