//! All that is known of a program's health at one moment.

use serde::{Deserialize, Serialize};

use super::check::{CheckHealth, HealthState};
use crate::{ServiceState, ServiceStatus};

/// How a program does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HealthReport {
    /// The worst of the checks; [`Unhealthy`](HealthState::Unhealthy) also while not every service
    /// is running, since requests would find some of them missing.
    pub status: HealthState,
    /// The services, in the order of their start.
    pub services: Vec<ServiceStatus>,
    /// What the sources said.
    pub checks: Vec<CheckHealth>,
}

impl HealthReport {
    /// Judges services and checks together.
    pub fn new(services: Vec<ServiceStatus>, checks: Vec<CheckHealth>) -> Self {
        let of_services = services.iter().map(|it| match it.state {
            ServiceState::Running => HealthState::Healthy,
            _ => HealthState::Unhealthy,
        });
        let of_checks = checks.iter().map(|it| it.state);
        let status = of_services.chain(of_checks).max().unwrap_or_default();
        Self { status, services, checks }
    }

    /// Whether requests may be sent to the program.
    pub fn is_ready(&self) -> bool {
        self.status != HealthState::Unhealthy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_and_every_service_count() {
        let check = |state| CheckHealth::new("disk", state);
        let service = |state| ServiceStatus { name: "http".into(), state };
        let judged = |state, checks: &[HealthState]| {
            let checks = checks.iter().copied().map(check).collect();
            HealthReport::new(vec![service(state)], checks).status
        };
        let (running, healthy) = (ServiceState::Running, HealthState::Healthy);
        let (degraded, unhealthy) = (HealthState::Degraded, HealthState::Unhealthy);
        assert_eq!(HealthReport::new(Vec::new(), Vec::new()).status, healthy);
        assert_eq!(judged(running, &[healthy, healthy]), healthy);
        assert_eq!(judged(running, &[degraded, healthy]), degraded);
        assert_eq!(judged(running, &[degraded, unhealthy, healthy]), unhealthy);
        let others = [ServiceState::Waiting, ServiceState::Starting];
        for state in others.into_iter().chain([ServiceState::Stopping, ServiceState::Ended]) {
            assert_eq!(judged(state, &[healthy]), unhealthy, "{state:?}");
        }
    }
}
