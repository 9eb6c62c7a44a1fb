//! Keeps a lease while the loop is busy with other things, and watches that the loop moves.

use std::sync::Arc;
use std::time::Duration;

use factum_core::{Lease, Progress, StoreErrorKind, SubscriptionState};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::error::Trouble;
use super::settings::SubscriptionSettings;
use super::status::Shared;

/// What the keeper learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct News {
    /// The number of orders that were given.
    instructions: u64,
    /// The lease is another's.
    fenced: bool,
}

/// A task that renews a lease; it ends with this.
#[derive(Debug)]
pub(super) struct Keeper {
    news: watch::Receiver<News>,
    urgent: Arc<Notify>,
    task: AbortHandle,
}

impl Keeper {
    pub(super) fn start(
        shared: Arc<Shared>,
        lease: Lease,
        progress: &Progress,
        settings: SubscriptionSettings,
    ) -> Self {
        let first = News { instructions: progress.instructions, fenced: false };
        let (sender, news) = watch::channel(first);
        let urgent = Arc::new(Notify::new());
        let soon = Arc::clone(&urgent);
        let task = tokio::spawn(keep(shared, lease, settings, sender, soon)).abort_handle();
        Self { news, urgent, task }
    }

    /// Orders that were not looked at, `seen` being the number of those that were.
    pub(super) fn orders(&self, seen: u64) -> Orders {
        Orders { news: self.news.clone(), seen }
    }

    /// Has the state reported now: others are to see at once that something is wrong.
    pub(super) fn report_soon(&self) {
        self.urgent.notify_one();
    }
}

/// Orders that were not looked at, and the loss of the lease.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    news: watch::Receiver<News>,
    seen: u64,
}

impl Orders {
    /// Waits until there are some.
    pub(super) async fn given(mut self) -> Result<(), Trouble> {
        let seen = self.seen;
        match self.news.wait_for(|it| it.fenced || it.instructions != seen).await {
            Ok(news) if !news.fenced => Ok(()),
            _ => Err(Trouble::Fenced),
        }
    }

    /// Whether there are some, or the lease is lost.
    pub(super) fn are_given(&self) -> bool {
        let news = *self.news.borrow();
        news.fenced || news.instructions != self.seen || self.news.has_changed().is_err()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(
    shared: Arc<Shared>,
    lease: Lease,
    settings: SubscriptionSettings,
    news: watch::Sender<News>,
    urgent: Arc<Notify>,
) {
    let beat = Duration::from_millis(settings.beat_ms);
    let mut watchdog = Watchdog::new(&shared, settings.stall_ms);
    loop {
        tokio::select! {
            () = tokio::time::sleep(beat) => {}
            () = shared.nudge.notified() => {}
            () = urgent.notified() => {}
        }
        watchdog.look(&shared);
        match shared.renew(&lease).await {
            Ok(progress) => {
                shared.update(|status| status.take_stored(&progress));
                let learnt = News { instructions: progress.instructions, fenced: false };
                news.send_if_modified(|known| std::mem::replace(known, learnt) != learnt);
            }
            Err(error) if error.kind() == StoreErrorKind::Fenced => {
                shared.update(|status| status.stalled = false); // It is another's concern now.
                super::metrics::stalled(&shared.name, false);
                news.send_modify(|known| known.fenced = true);
                return;
            }
            Err(error) => {
                tracing::warn!(subscription = %shared.name, %error, "a lease could not be renewed");
                shared.notices.trouble(format_args!("its lease could not be renewed: {error}"));
            }
        }
    }
}

/// Notices a loop that is behind and does not move.
#[derive(Debug)]
struct Watchdog {
    position: factum_core::Position,
    moved_at: Instant,
    stall: Duration,
}

impl Watchdog {
    fn new(shared: &Shared, stall_ms: u64) -> Self {
        let position = shared.status.borrow().position;
        Self { position, moved_at: Instant::now(), stall: Duration::from_millis(stall_ms) }
    }

    fn look(&mut self, shared: &Shared) {
        let status = shared.status.borrow().clone();
        let stands = status.position == self.position
            && status.lag() > 0
            && status.state != SubscriptionState::Paused;
        if !stands {
            (self.position, self.moved_at) = (status.position, Instant::now());
        }
        let stalled = stands && self.moved_at.elapsed() >= self.stall;
        if stalled && !status.stalled {
            tracing::error!(subscription = %shared.name, position = %status.position,
                head = %status.head, lag = status.lag(), state = %status.state,
                "a subscription is behind and does not move");
            let (position, head) = (status.position, status.head);
            shared.notices.say(format_args!("behind and not moving: at {position} of {head}"));
        }
        super::metrics::stalled(&shared.name, stalled);
        shared.update(|status| status.stalled = stalled);
    }
}
