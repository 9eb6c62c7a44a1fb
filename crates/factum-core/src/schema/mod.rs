//! Which event types a program knows, and how older shapes of them become the current ones.
//!
//! [`Upcasters`] are declared with the events; a [`Registry`] collects both, checks that every
//! stored shape has a way to a current one, and decodes.

mod chain;
mod error;
pub(crate) mod possible;
mod raw;
mod registry;
mod upcasters;

pub use error::{EventError, EventProblem, RegistryError};
pub use possible::ImpossibleQuery;
pub use raw::{RawEvent, RawPayload};
pub use registry::{Registry, UnknownEvents};
pub use upcasters::Upcasters;
