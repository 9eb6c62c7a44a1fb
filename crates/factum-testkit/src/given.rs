//! Given, when, then: tests of the domain without a store, a runtime or `async`.
//!
//! - [`given`] for deciders and aggregates, in every style;
//! - [`given_facts`] for decisions over tags;
//! - [`upcast`] for older shapes of events;
//! - [`check_decider`] for rules that hold after any sequence of commands.
//!
//! What does not match is shown as a difference, line by line. An arrangement that fails, fails
//! the test, whatever was expected after it; and so does a test that expects nothing.
//!
//! Time and ids, where a domain is given them, come from [`ManualClock`](crate::ManualClock) and
//! [`SequentialIds`](crate::SequentialIds).
//!
//! # Examples
//!
//! ```
//! # use factum_core::Decider;
//! # use factum_derive::Event;
//! # use serde::{Deserialize, Serialize};
//! use factum_testkit::given;
//!
//! # #[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
//! # #[factum(crate = "factum_core")]
//! # enum DoorEvent { Opened, Closed }
//! # #[derive(Default, Debug, PartialEq)]
//! # struct Door { open: bool }
//! # #[derive(Clone)]
//! # enum DoorCommand { Open, Close }
//! # impl Decider for Door {
//! #     const CATEGORY: &'static str = "door";
//! #     type Command = DoorCommand;
//! #     type Event = DoorEvent;
//! #     type Error = &'static str;
//! #     fn decide(&self, command: DoorCommand) -> Result<Vec<DoorEvent>, &'static str> {
//! #         match (command, self.open) {
//! #             (DoorCommand::Open, false) => Ok(vec![DoorEvent::Opened]),
//! #             (DoorCommand::Close, true) => Ok(vec![DoorEvent::Closed]),
//! #             (DoorCommand::Open, true) => Err("it is open"),
//! #             (DoorCommand::Close, false) => Ok(vec![]),
//! #         }
//! #     }
//! #     fn evolve(&mut self, event: &DoorEvent) { self.open = *event == DoorEvent::Opened; }
//! # }
//! given::<Door>([DoorEvent::Opened])
//!     .when(DoorCommand::Close)
//!     .then([DoorEvent::Closed])
//!     .then_state(|door| !door.open);
//!
//! given::<Door>([]).when(DoorCommand::Close).then_nothing();
//! given::<Door>([]).given_command(DoorCommand::Open).when(DoorCommand::Open).then_error("it is open");
//! ```

#![expect(clippy::return_self_not_must_use, reason = "an expectation may be the last word")]
#![expect(clippy::needless_pass_by_value, reason = "tests read better without borrows")]

mod aggregates;
mod decisions;
pub(crate) mod difference;
mod outcome;
mod properties;
mod record;
mod upcasts;

pub use self::aggregates::{Given, given};
pub use self::decisions::{GivenFacts, given_facts};
pub use self::outcome::Outcome;
pub use self::properties::{check_decider, check_decider_with};
pub use self::upcasts::{Upcast, upcast};
