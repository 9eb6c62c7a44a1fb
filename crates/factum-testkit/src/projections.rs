//! Given events, then what became of them: tests of projections, live views and subscribers,
//! without the loop that runs them.
//!
//! - [`given_view`] for a projection's tables, in a store that has views;
//! - [`given_live`] for views in memory;
//! - [`given_subscriber`] for everything else that is done with events.
//!
//! They hand over each event once and in order. A real log does so on good days only:
//!
//! - [`Disturbed`] hands over events as on a bad one, by a plan that is made of a seed;
//! - [`ProjectionSpec`], [`SubscriberSpec`] and [`LiveSpec`] do so again and again, and compare
//!   with a straight pass.
//!
//! [`given_log`] makes the events for these as they would stand in a log.
//!
//! # Examples
//!
//! ```
//! # use factum_core::{Fold, LiveHandlers, LiveView, RecordedEvent};
//! # use factum_derive::Event;
//! # use serde::{Deserialize, Serialize};
//! use factum_testkit::{LiveSpec, given_live, given_log};
//!
//! # #[derive(Event, Serialize, Deserialize, Debug)]
//! # #[factum(crate = "factum_core")]
//! # enum DoorEvent { Opened, Closed }
//! # use DoorEvent::{Closed, Opened};
//! # #[derive(Default, Clone, Debug, PartialEq)]
//! # struct OpenDoors { open: u32 }
//! # impl LiveView for OpenDoors {
//! #     const NAME: &'static str = "open-doors";
//! #     fn handlers(on: LiveHandlers<Self>) -> LiveHandlers<Self> { on.events::<DoorEvent>() }
//! # }
//! # impl Fold<DoorEvent> for OpenDoors {
//! #     fn fold(&mut self, event: DoorEvent, _: &RecordedEvent) {
//! #         match event { Opened => self.open += 1, Closed => self.open -= 1 }
//! #     }
//! # }
//! given_live::<OpenDoors>()
//!     .events("door/front", [Opened, Closed])
//!     .events("door/back", [Opened])
//!     .then(|view| view.open == 1);
//!
//! let log = given_log().events("door/front", [Opened, Closed]).events("door/back", [Opened]);
//! LiveSpec::<OpenDoors>::new(log).check();
//! ```

#![expect(clippy::return_self_not_must_use, reason = "an expectation may be the last word")]

mod arrangement;
mod deliveries;
mod disturbance;
mod disturbed;
mod failing;
mod failures;
mod given_live;
mod given_subscriber;
mod given_view;
mod live_spec;
mod log;
mod plan;
mod projection_spec;
mod rounds;
mod rows;
mod subscriber_spec;
mod tables;

pub use self::disturbance::Disturbance;
pub use self::disturbed::{DeliveryError, Disturbed};
pub use self::given_live::{GivenLive, given_live};
pub use self::given_subscriber::{GivenSubscriber, given_subscriber};
pub use self::given_view::{GivenView, given_view};
pub use self::live_spec::LiveSpec;
pub use self::log::{GivenLog, given_log};
pub use self::projection_spec::ProjectionSpec;
#[doc(hidden)]
pub use self::rows::sql_value;
pub use self::subscriber_spec::SubscriberSpec;
