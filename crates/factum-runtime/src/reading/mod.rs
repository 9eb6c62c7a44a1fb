//! Reading the log: one supervised loop for projections, live views and subscribers.

mod error;
mod handed;
mod handle;
mod inline;
mod keeper;
mod letters;
mod live;
mod metrics;
mod owner;
mod policy;
mod receive_sink;
mod run;
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
pub use handle::{Ended, SubscriptionHandle, WaitError, settle};
pub use live::Live;
pub use policy::{FailurePolicy, OnFailure, Reaction};
pub use settings::SubscriptionSettings;
pub use start::{StartFrom, position_before};
pub use status::SubscriptionStatus;
pub use subscription::{RunningSubscription, Subscription};
pub use well::SubscriptionsHealth;
