//! What users write to read the log: which events, and what is made of them.
//!
//! - A [`Projection`] keeps tables in step with the log: [`Project`] per type of event.
//! - A [`LiveView`] is a value in memory that is kept in step: [`Fold`] per type of event.
//! - A [`Subscriber`] does whatever it does with events: [`Receive`] per type of event.
//!
//! All three dispatch by [`Routes`]: one look at the type, whatever the number of handlers.

mod error;
mod live;
mod projection;
mod reads;
mod routes;
mod subscriber;

pub use error::{EventFailure, FailureKind, HandlerError};
pub use live::{Fold, LiveHandlers, LiveProjection, LiveView};
pub use projection::{Project, Projection, ProjectionHandlers, ViewProjection};
pub use reads::Reads;
pub use routes::{Routes, RoutesError};
pub use subscriber::{EventSubscriber, Receive, Subscriber, SubscriberHandlers};
