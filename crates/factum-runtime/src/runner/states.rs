//! How far each service of a run is, for whoever asks.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{CheckHealth, HealthSource};

/// How far a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// Its turn to start has not come.
    Waiting,
    /// It was started and is not ready.
    Starting,
    /// It is ready.
    Running,
    /// It was asked to stop.
    Stopping,
    /// It does not run any more, or never will.
    Ended,
}

impl ServiceState {
    /// The state in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Ended => "ended",
        }
    }
}

/// A service and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: ServiceState,
}

/// A view of the services of a [`Runner`](crate::Runner), in the order of their start. Clones are
/// cheap, may be taken before services are added, and stay right after the run.
#[derive(Clone)]
pub struct ServiceStates {
    receiver: watch::Receiver<Vec<ServiceStatus>>,
    sources: Sources,
}

/// Those of the services that know how they do.
type Sources = Arc<Mutex<Vec<Arc<dyn HealthSource>>>>;

impl ServiceStates {
    /// Every service and how far it is just now.
    pub fn list(&self) -> Vec<ServiceStatus> {
        self.receiver.borrow().clone()
    }

    /// Whether every service is running.
    pub fn all_run(&self) -> bool {
        all_run(&self.receiver.borrow())
    }

    /// How the services do that know it, such as subscriptions.
    pub fn checks(&self) -> Vec<CheckHealth> {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sources.iter().flat_map(HealthSource::health).collect()
    }

    /// Waits until every service is running, or until that will not happen any more. Returns
    /// whether they are.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn started(&self) -> bool {
        let over = |state| matches!(state, ServiceState::Stopping | ServiceState::Ended);
        let mut receiver = self.receiver.clone();
        let decided = receiver
            .wait_for(|services| all_run(services) || services.iter().any(|it| over(it.state)));
        // Fails if the runner was dropped without a run.
        decided.await.is_ok_and(|services| all_run(&services))
    }
}

impl std::fmt::Debug for ServiceStates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceStates").field("services", &self.list()).finish_non_exhaustive()
    }
}

fn all_run(services: &[ServiceStatus]) -> bool {
    services.iter().all(|it| it.state == ServiceState::Running)
}

/// Where a run writes down how far its services are. Once dropped, all have ended.
pub(super) struct States {
    sender: watch::Sender<Vec<ServiceStatus>>,
    sources: Sources,
}

impl States {
    pub(super) fn new() -> Self {
        Self { sender: watch::Sender::new(Vec::new()), sources: Sources::default() }
    }

    pub(super) fn view(&self) -> ServiceStates {
        ServiceStates { receiver: self.sender.subscribe(), sources: Arc::clone(&self.sources) }
    }

    pub(super) fn add(&self, name: String, health: Option<Box<dyn HealthSource>>) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.extend(health.map(Arc::from));
        drop(sources);
        let state = ServiceState::Waiting;
        self.sender.send_modify(|services| services.push(ServiceStatus { name, state }));
    }

    pub(super) fn set(&self, index: usize, state: ServiceState) {
        self.sender.send_modify(|services| services[index].state = state);
    }

    pub(super) fn get(&self, index: usize) -> ServiceState {
        self.sender.borrow()[index].state
    }

    pub(super) fn name(&self, index: usize) -> String {
        self.sender.borrow()[index].name.clone()
    }
}

impl Drop for States {
    fn drop(&mut self) {
        self.sender.send_modify(|services| {
            for service in services.iter_mut() {
                service.state = ServiceState::Ended;
            }
        });
    }
}
