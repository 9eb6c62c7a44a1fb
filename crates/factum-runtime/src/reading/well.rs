//! Whether subscriptions are well, for probes.

use factum_core::SubscriptionState;

use super::handle::SubscriptionHandle;
use super::status::SubscriptionStatus;
use crate::{CheckHealth, HealthSource, HealthState, LagThresholds};

/// The health of several subscriptions, each judged by its lag and by what it does.
///
/// | is | when |
/// |---|---|
/// | unhealthy | it failed, was stopped, is behind and does not move, its lag is above the threshold, or more events failed and are set aside than [may be](Self::set_aside_max) |
/// | degraded | it is paused or retrying, has events set aside or left out, or its lag is above the lower threshold |
/// | healthy | otherwise, standing by included |
#[derive(Clone, Debug)]
pub struct SubscriptionsHealth {
    thresholds: LagThresholds,
    set_aside_max: u64,
    handles: Vec<(SubscriptionHandle, LagThresholds)>,
}

impl SubscriptionsHealth {
    /// None yet, to be judged by `thresholds`.
    pub fn new(thresholds: LagThresholds) -> Self {
        Self { thresholds, set_aside_max: u64::MAX, handles: Vec::new() }
    }

    /// How many events may fail and be set aside, of each, before it is unhealthy: any number unless set,
    /// since a program that has set one aside serves all others.
    #[must_use]
    pub fn set_aside_max(mut self, most: u64) -> Self {
        self.set_aside_max = most;
        self
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
        let judged = |(handle, own): &(SubscriptionHandle, LagThresholds)| {
            judge(&handle.status(), *own, self.set_aside_max)
        };
        self.handles.iter().map(judged).collect()
    }
}

fn judge(status: &SubscriptionStatus, thresholds: LagThresholds, most: u64) -> CheckHealth {
    let (failed, waiting) = (status.dead_letters, status.waiting_events);
    let check = CheckHealth::of_lag(status.name.as_str(), status.lag(), thresholds);
    let (state, message) = match status.state {
        SubscriptionState::Failed | SubscriptionState::Stopped => {
            (HealthState::Unhealthy, status.state.to_string())
        }
        _ if status.stalled => (HealthState::Unhealthy, "behind and not moving".into()),
        _ if failed > most => (HealthState::Unhealthy, format!("{failed} events set aside")),
        SubscriptionState::Paused | SubscriptionState::Retrying => {
            (HealthState::Degraded, status.state.to_string())
        }
        _ if failed + waiting > 0 => {
            (HealthState::Degraded, format!("{failed} events set aside, {waiting} waiting"))
        }
        _ if status.skipped > 0 => {
            (HealthState::Degraded, format!("{} events left out", status.skipped))
        }
        other => (HealthState::Healthy, other.to_string()),
    };
    // Why it is so may name what only operators are to see: it is in the status, not here.
    CheckHealth { state: check.state.max(state), ..check }.with_message(message)
}
