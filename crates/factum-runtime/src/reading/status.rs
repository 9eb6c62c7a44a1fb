//! What a subscription does at the moment, for whoever asks or waits.

use std::sync::Arc;
use std::time::Duration;

use factum_core::{
    Epoch, Lease, Position, Progress, Rebuild, SharedStore, StoreError, SubscriptionKind,
    SubscriptionName, SubscriptionReport, SubscriptionState,
};
use tokio::sync::{Mutex, Notify, watch};

use super::notices::Notices;
use super::set_aside::{FailedEvent, SetAside};

/// What a subscription does at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionStatus {
    /// Its name.
    pub name: SubscriptionName,
    /// What kind of reader it is.
    pub kind: SubscriptionKind,
    /// What it does.
    pub state: SubscriptionState,
    /// Whether it was opened in this version since it was started here, by this process or by the one that
    /// runs it: its view is as this version wants it, and its place is known.
    pub opened: bool,
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
    /// The first of them, in the order of the log, as far as it is known here.
    pub first_failed: Option<FailedEvent>,
    /// How many events were left out since it was started here.
    pub skipped: u64,
    /// How many orders were given so far, replays and discards included, as far as is known here.
    pub orders: u64,
    /// How many of them have taken effect: a pause when the loop stands still, a rebuild when the view was
    /// reset, a replay or a discard when everything that it concerns was tried.
    pub followed: u64,
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
            opened: false,
            reason: None,
            position: Position::START,
            head: Position::START,
            handled: 0,
            eta: None,
            rebuild: None,
            parked_keys: 0,
            waiting_events: 0,
            dead_letters: 0,
            first_failed: None,
            skipped: 0,
            orders: 0,
            followed: 0,
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

    /// Whether everything at or below a place was handled, set aside or skipped, and no rebuild is
    /// ordered or under way.
    pub(super) fn has_passed(&self, position: Position) -> bool {
        self.opened && self.position >= position && self.rebuild.is_none()
    }

    /// What it did not handle of what it got to.
    pub fn set_aside(&self) -> SetAside {
        SetAside {
            failed_events: self.dead_letters,
            waiting_events: self.waiting_events,
            parked_keys: self.parked_keys,
            skipped_events: self.skipped,
            first: self.first_failed.clone(),
        }
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
        if progress.dead_letters == 0 {
            self.first_failed = None;
        }
        self.orders = progress.instructions;
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
    /// What must show even without a `tracing` subscriber.
    pub(super) notices: Notices,
    /// Whether whoever depends on it may start.
    pub(super) ready: watch::Sender<bool>,
    /// One renewal at a time, so that an older report never replaces a newer one.
    renewal: Mutex<()>,
}

impl Shared {
    pub(super) fn new(
        name: SubscriptionName,
        kind: SubscriptionKind,
        log: SharedStore,
        ledger: SharedStore,
    ) -> Arc<Self> {
        let (status, _) = watch::channel(SubscriptionStatus::new(name.clone(), kind));
        let (notices, ready) = (Notices::new(name.clone()), watch::Sender::new(false));
        let (nudge, renewal) = (Notify::new(), Mutex::new(()));
        Arc::new(Self { name, log, ledger, status, nudge, notices, ready, renewal })
    }

    /// Renews the lease, with the state as it is now.
    pub(super) async fn renew(&self, lease: &Lease) -> Result<Progress, StoreError> {
        let _turn = self.renewal.lock().await;
        self.ledger.renew_lease(lease, self.report()).await
    }

    /// Whoever depends on it may start.
    pub(super) fn set_ready(&self) {
        self.ready.send_replace(true);
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
