//! Reading the log: one supervised loop for projections, live views and subscribers.

mod candidate;
mod error;
mod handed;
mod handle;
mod inline;
mod keeper;
mod lease_guard;
mod letters;
mod live;
mod metrics;
mod notices;
mod owner;
mod policy;
mod receive_sink;
mod run;
mod set_aside;
mod settings;
mod sink;
mod start;
mod status;
mod steps;
mod subscription;
mod supervised;
mod view_sink;
mod well;

pub use error::SubscriptionError;
pub use handle::{CaughtUp, Ended, SubscriptionHandle, WaitError, settle};
pub use lease_guard::{LeaseError, LeaseGuard};
pub use live::Live;
pub use policy::{FailurePolicy, OnFailure, Reaction};
pub use set_aside::{FailedEvent, SetAside};
pub use settings::SubscriptionSettings;
pub use start::{StartFrom, position_before};
pub use status::SubscriptionStatus;
pub use subscription::{RunSummary, RunningSubscription, Subscription};
pub use well::SubscriptionsHealth;
