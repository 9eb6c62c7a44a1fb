//! Whether subscriptions are well, for probes.

use factum_core::SubscriptionState;

use super::handle::SubscriptionHandle;
use super::status::SubscriptionStatus;
use crate::{CheckHealth, HealthSource, HealthState, LagThresholds};

/// The health of several subscriptions, each judged by its lag and by what it does.
///
/// | is | when |
/// |---|---|
/// | unhealthy | it failed, was stopped, is behind and does not move, or its lag is above the threshold |
/// | degraded | it is paused or retrying, has events set aside, or its lag is above the lower threshold |
/// | healthy | otherwise, standing by included |
#[derive(Clone, Debug)]
pub struct SubscriptionsHealth {
    thresholds: LagThresholds,
    handles: Vec<(SubscriptionHandle, LagThresholds)>,
}

impl SubscriptionsHealth {
    /// None yet, to be judged by `thresholds`.
    pub fn new(thresholds: LagThresholds) -> Self {
        Self { thresholds, handles: Vec::new() }
    }

    /// Judges this one as well.
    #[must_use]
    pub fn with(self, handle: SubscriptionHandle) -> Self {
        let thresholds = self.thresholds;
        self.with_thresholds(handle, thresholds)
    }

    /// Judges this one as well, by thresholds of its own.
    #[must_use]
    pub fn with_thresholds(mut self, handle: SubscriptionHandle, own: LagThresholds) -> Self {
        self.handles.push((handle, own));
        self
    }
}

impl HealthSource for SubscriptionsHealth {
    fn health(&self) -> Vec<CheckHealth> {
        self.handles.iter().map(|(handle, own)| judge(&handle.status(), *own)).collect()
    }
}

fn judge(status: &SubscriptionStatus, thresholds: LagThresholds) -> CheckHealth {
    let check = CheckHealth::of_lag(status.name.as_str(), status.lag(), thresholds);
    let (state, message) = match status.state {
        SubscriptionState::Failed | SubscriptionState::Stopped => {
            (HealthState::Unhealthy, status.state.to_string())
        }
        _ if status.stalled => (HealthState::Unhealthy, "behind and not moving".into()),
        SubscriptionState::Paused | SubscriptionState::Retrying => {
            (HealthState::Degraded, status.state.to_string())
        }
        _ if status.dead_letters > 0 => {
            (HealthState::Degraded, format!("{} events set aside", status.dead_letters))
        }
        other => (HealthState::Healthy, other.to_string()),
    };
    // Why it is so may name what only operators are to see: it is in the status, not here.
    CheckHealth { state: check.state.max(state), ..check }.with_message(message)
}
