//! What a subscription does at the moment, for whoever asks or waits.

use std::sync::Arc;
use std::time::Duration;

use factum_core::{
    Epoch, Position, Progress, Rebuild, SharedStore, SubscriptionKind, SubscriptionName,
    SubscriptionReport, SubscriptionState,
};
use tokio::sync::{Notify, watch};

/// What a subscription does at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionStatus {
    /// Its name.
    pub name: SubscriptionName,
    /// What kind of reader it is.
    pub kind: SubscriptionKind,
    /// What it does.
    pub state: SubscriptionState,
    /// Why, where there is a reason to tell.
    pub reason: Option<String>,
    /// Everything at or below this place was handled, set aside or skipped. The checkpoint of a
    /// subscriber may be behind it by as much as the settings allow.
    pub position: Position,
    /// The end of the log, as far as it is known here.
    pub head: Position,
    /// How many events were handled since it was started here.
    pub handled: u64,
    /// How long it will take to catch up, at the pace so far.
    pub eta: Option<Duration>,
    /// The rebuild that goes on, if there is one.
    pub rebuild: Option<Rebuild>,
    /// How many keys stand still behind a failed event.
    pub parked_keys: u64,
    /// How many events stand behind those that failed.
    pub waiting_events: u64,
    /// How many events failed and are set aside.
    pub dead_letters: u64,
    /// It is behind and has not moved for [`stall_ms`](crate::SubscriptionSettings::stall_ms).
    pub stalled: bool,
    /// The number of its lease.
    pub epoch: Epoch,
}

impl SubscriptionStatus {
    fn new(name: SubscriptionName, kind: SubscriptionKind) -> Self {
        Self {
            name,
            kind,
            state: SubscriptionState::Waiting,
            reason: None,
            position: Position::START,
            head: Position::START,
            handled: 0,
            eta: None,
            rebuild: None,
            parked_keys: 0,
            waiting_events: 0,
            dead_letters: 0,
            stalled: false,
            epoch: Epoch::default(),
        }
    }

    /// How many events of the log it has not looked at.
    pub fn lag(&self) -> u64 {
        self.head.get().saturating_sub(self.position.get())
    }

    /// Whether it ended and will do nothing more.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, SubscriptionState::Failed | SubscriptionState::Stopped)
    }

    pub(super) fn report(&self) -> SubscriptionReport {
        SubscriptionReport { state: self.state, reason: self.reason.clone(), head: self.head }
    }

    /// Takes over what the store knows.
    pub(super) fn take_stored(&mut self, progress: &Progress) {
        self.rebuild.clone_from(&progress.rebuild);
        self.parked_keys = progress.parked_keys;
        self.waiting_events = progress.waiting_events;
        self.dead_letters = progress.dead_letters;
        self.epoch = progress.epoch;
    }
}

/// What a loop, its keeper and its handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: SubscriptionName,
    /// What is read.
    pub(super) log: SharedStore,
    /// Where checkpoint, lease and letters are kept.
    pub(super) ledger: SharedStore,
    pub(super) status: watch::Sender<SubscriptionStatus>,
    /// An order was given here: it need not wait for the next beat.
    pub(super) nudge: Notify,
}

impl Shared {
    pub(super) fn new(
        name: SubscriptionName,
        kind: SubscriptionKind,
        log: SharedStore,
        ledger: SharedStore,
    ) -> Arc<Self> {
        let (status, _) = watch::channel(SubscriptionStatus::new(name.clone(), kind));
        Arc::new(Self { name, log, ledger, status, nudge: Notify::new() })
    }

    /// Changes the status; nobody is woken if nothing changed.
    pub(super) fn update(&self, change: impl FnOnce(&mut SubscriptionStatus)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    pub(super) fn set_state(&self, state: SubscriptionState, reason: Option<String>) {
        self.update(|status| {
            if status.state != state {
                tracing::info!(subscription = %self.name, from = %status.state, to = %state,
                    reason = reason.as_deref().unwrap_or(""), "subscription changed its state");
            }
            status.state = state;
            status.reason = reason;
        });
    }

    pub(super) fn report(&self) -> SubscriptionReport {
        self.status.borrow().report()
    }
}
