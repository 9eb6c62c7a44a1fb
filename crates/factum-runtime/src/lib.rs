//! Runs what users write on a store: loads, decides, appends, and tries again on conflict.
//!
//! - [`Repository`] runs an [`Aggregate`](factum_core::Aggregate) over one stream each;
//!   [`Decisions`] runs a [`Decision`](factum_core::Decision) over whatever its query finds.
//! - [`Options`] of one execution: command id, expected revision, claims, metadata.
//! - [`Snapshots`] keep loading short; [`Analytics`] count along; [`At`] asks for the past.
//! - [`Subscription`] reads the log: into tables, into a value in memory ([`Live`]), to a subscriber.
//! - [`Runner`] starts what a program runs, in order, and stops it; [`Stop`] is how it asks.
//!   [`HealthSource`]s say whether all is well, and `HealthServer` tells it to probes, with the
//!   feature `health`.
//! - [`Seed`] puts first events in, once; [`check_sample`] reads exported ones with this program.

mod analytics;
mod answer;
mod cache;
mod decisions;
mod envelope;
mod error;
mod execute;
mod fold;
mod health;
mod load;
mod options;
mod past;
mod reading;
mod repository;
mod retry;
mod runner;
mod sample;
mod seed;
mod settings;
mod snapshots;
mod stderr;
mod stop;

pub use analytics::Analytics;
pub use answer::{Decided, Executed, Loaded, SnapshotUse};
pub use decisions::Decisions;
pub use error::{ExecuteError, LoadError, SeedError};
#[cfg(feature = "health")]
pub use health::HealthServer;
pub use health::{CheckHealth, HealthReport, HealthSource, HealthState, LagThresholds};
pub use options::Options;
pub use past::At;
pub use reading::{
    CaughtUp, Ended, FailedEvent, FailurePolicy, LeaseError, LeaseGuard, Live, OnFailure, Reaction,
    RunSummary, RunningSubscription, SetAside, StartFrom, Subscription, SubscriptionError,
    SubscriptionHandle, SubscriptionSettings, SubscriptionStatus, SubscriptionsHealth, WaitError,
    position_before, settle,
};
pub use repository::Repository;
pub use retry::Retry;
pub use runner::{
    RunError, RunFailure, Runner, Service, ServiceError, ServiceFailure, ServicePhase,
    ServiceState, ServiceStates, ServiceStatus, Started,
};
pub use sample::{SampleReport, check_sample};
pub use seed::{Seed, Seeded};
pub use snapshots::Snapshots;
pub use stop::{Stop, Stopper};
