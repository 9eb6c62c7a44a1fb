//! What is checked, and how it is judged.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How well something works, the best first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    /// As it should.
    #[default]
    Healthy,
    /// Worse than it should; requests may still be sent.
    Degraded,
    /// Not well enough for requests to be sent.
    Unhealthy,
}

impl HealthState {
    /// The state in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// How far behind the log something may be, in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LagThresholds {
    /// With more than this, it is degraded.
    pub degraded_above: u64,
    /// With more than this, it is unhealthy.
    pub unhealthy_above: u64,
}

impl LagThresholds {
    /// Judges a lag.
    pub const fn judge(self, lag: u64) -> HealthState {
        if lag > self.unhealthy_above {
            HealthState::Unhealthy
        } else if lag > self.degraded_above {
            HealthState::Degraded
        } else {
            HealthState::Healthy
        }
    }
}

/// How one thing does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckHealth {
    /// What was checked.
    pub name: String,
    /// How well it works.
    pub state: HealthState,
    /// What is wrong, or otherwise worth knowing. Whoever may probe may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many events it is behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
    /// What its lag was judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<LagThresholds>,
}

impl CheckHealth {
    /// Something in this state.
    pub fn new(name: impl Into<String>, state: HealthState) -> Self {
        Self { name: name.into(), state, message: None, lag: None, thresholds: None }
    }

    /// Something behind the log by `lag` events, in the state that the thresholds say.
    pub fn of_lag(name: impl Into<String>, lag: u64, thresholds: LagThresholds) -> Self {
        let judged = Self::new(name, thresholds.judge(lag));
        Self { lag: Some(lag), thresholds: Some(thresholds), ..judged }
    }

    /// The same, saying what is wrong.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

/// Knows how some things do. A closure that returns checks is a source.
///
/// # Examples
///
/// ```
/// use factum_runtime::{CheckHealth, HealthSource, HealthState, LagThresholds};
///
/// let thresholds = LagThresholds { degraded_above: 1_000, unhealthy_above: 100_000 };
/// let source = move || vec![CheckHealth::of_lag("seats", 1_001, thresholds)];
/// assert_eq!(source.health()[0].state, HealthState::Degraded);
/// ```
pub trait HealthSource: Send + Sync + 'static {
    /// Answers with one check for each thing.
    ///
    /// It answers at once, with what it knows. It is asked outside of the runtime, so that one that
    /// waits keeps nothing from running; a report that waits for it too long says so.
    fn health(&self) -> Vec<CheckHealth>;
}

impl<F: Fn() -> Vec<CheckHealth> + Send + Sync + 'static> HealthSource for F {
    fn health(&self) -> Vec<CheckHealth> {
        self()
    }
}

impl<S: HealthSource + ?Sized> HealthSource for Arc<S> {
    fn health(&self) -> Vec<CheckHealth> {
        (**self).health()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_judged_by_what_it_exceeds() {
        let thresholds = LagThresholds { degraded_above: 10, unhealthy_above: 20 };
        let judged = [0, 10, 11, 20, 21, u64::MAX].map(|lag| thresholds.judge(lag));
        let (healthy, degraded) = (HealthState::Healthy, HealthState::Degraded);
        let unhealthy = HealthState::Unhealthy;
        assert_eq!(judged, [healthy, healthy, degraded, degraded, unhealthy, unhealthy]);
    }

    #[test]
    fn a_check_survives_json_and_shows_what_it_has() {
        let plain = CheckHealth::new("disk", HealthState::Healthy);
        assert_eq!(serde_json::to_string(&plain).unwrap(), r#"{"name":"disk","state":"healthy"}"#);
        let thresholds = LagThresholds { degraded_above: 1, unhealthy_above: 2 };
        for check in [plain, CheckHealth::of_lag("seats", 3, thresholds).with_message("stuck")] {
            let text = serde_json::to_string(&check).unwrap();
            assert_eq!(serde_json::from_str::<CheckHealth>(&text).unwrap(), check);
        }
    }
}
