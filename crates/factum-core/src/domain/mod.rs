//! What users write: events, the rules over one stream, the decisions over several.
//!
//! - [`Event`] and what it says about itself: [`EventSpec`], [`Facts`].
//! - [`Decider`]: one state, one command type. [`Aggregate`] with [`Handle`]: one small impl per
//!   command. [`Recorded`]: record and apply, step by step, in one unit of work.
//! - [`Both`] and [`Adapted`] build a decider out of others.
//! - [`Decision`] over a [`DecisionModel`]: rules over whatever a query matches.
//!
//! All of it is pure: no I/O, no clock, no `async`.

mod adapt;
mod both;
mod decider;
mod decision;
mod event;
mod facts;
mod model;
mod recorded;

pub use adapt::{Adapted, Adapter};
pub use both::Both;
pub use decider::{Aggregate, Decider, Handle};
pub use decision::Decision;
pub use event::{Event, EventSpec, Part};
pub use facts::Facts;
pub use model::{DecisionModel, Models};
pub use recorded::Recorded;
