//! Whether the program works, in words that a probe understands.
//!
//! A [`HealthSource`] answers with a [`CheckHealth`] for each thing it looks after; a
//! [`HealthReport`] judges all of them together with the services of a run. With the feature
//! `health`, a [`HealthServer`] answers probes over HTTP.

mod check;
#[cfg(feature = "health")]
mod connections;
mod report;
#[cfg(feature = "health")]
mod server;
#[cfg(feature = "health")]
mod sources;

pub use check::{CheckHealth, HealthSource, HealthState, LagThresholds};
pub use report::HealthReport;
#[cfg(feature = "health")]
pub use server::HealthServer;
