//! Factum: event sourcing and CQRS. This is the crate that applications use.
//!
//! It gathers the vocabulary and the contracts of [`factum_core`], the stores that were chosen by
//! feature, and [`connect`], which opens any of them by its address.
//!
//! # Examples
//!
//! ```
//! use factum::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = factum::connect("memory:").await?; // Or `sqlite:bank.db`.
//! let opened = NewEvent::new(
//!     RandomIds.next_id(),
//!     EventType::new("account.opened")?,
//!     Codec::Json,
//!     r#"{"owner":"ann"}"#,
//! );
//! let stream: StreamId = "account/ann".parse()?;
//! store.append(AppendRequest::default().stream(stream, Expected::NoStream, [opened])).await?;
//!
//! let events = store.collect(LogRead::default()).await?;
//! assert_eq!(events[0].stream.to_string(), "account/ann");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `sqlite` | yes | the store on one SQLite file; compiles SQLite in |

mod connect;
mod options;
pub mod prelude;
mod url;

pub use connect::connect;
pub use factum_core::*;
pub use factum_derive::Event;
pub use factum_runtime::*;
#[cfg(feature = "sqlite")]
pub use factum_sqlite::{SqliteStore, SqliteStoreConfig};
pub use url::{Backend, StoreUrl, UrlError};

/// The README, compiled so that what it shows works.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
