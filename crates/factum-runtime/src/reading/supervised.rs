//! The one loop by which everything reads: supervised, fenced, never silent.
//!
//! ```text
//!            +------------- fenced: somebody else took over -----------------+
//!            v                                                               |
//!  Waiting --lease--> opening --> CatchingUp <--head moved, poll--> Live ----+
//!     ^                 |            |   ^                            |      |
//!     |                 |     pause  v   | resume              pause  |      |
//!     |                 |           Paused <--------------------------+      |
//!     |                 |                                                    |
//!     +--pause-- Retrying <---- the store is away ---------------------------+
//!                       |
//!       Failed <--------+---- an error that trying again does not help: the loop returns it
//!       Stopped <------------ stopping was requested: checkpoint stored, lease given up
//! ```
//!
//! Reading is one operation over `(checkpoint, head]`, repeated: whether that is a million events or
//! one makes no difference, so there is no hand-over from catching up to live. A wake is a hint; one
//! that is lost costs [`poll_ms`](crate::SubscriptionSettings::poll_ms) at most.

use std::sync::Arc;
use std::time::Duration;

use factum_core::{
    HeadWatch, Lease, LogRead, OwnerId, Page, PageStream, Position, Progress, Rebuild,
    RegistrationFit, StoreError, SubscriptionKind, SubscriptionState, ViewProjection,
};
use futures::TryStreamExt;
use tokio::time::Instant;

use super::candidate::{Candidate, Look};
use super::error::{SubscriptionError, Trouble, may_pass};
use super::inline::Inline;
use super::keeper::Keeper;
use super::letters::Triage;
use super::metrics;
use super::run::Run;
use super::settings::SubscriptionSettings;
use super::sink::Sink;
use super::start::{EndAt, StartFrom};
use super::status::Shared;
use crate::{Retry, Stop};

/// What a subscription's loop is made of.
pub(super) struct Loop {
    pub(super) shared: Arc<Shared>,
    pub(super) sink: Box<dyn Sink>,
    pub(super) triage: Arc<Triage>,
    pub(super) start: StartFrom,
    /// Where the run ends by itself.
    pub(super) end: Option<EndAt>,
    pub(super) settings: SubscriptionSettings,
    pub(super) owner: OwnerId,
    pub(super) watch: HeadWatch,
    /// The projection that appends are to keep as well, until they do.
    pub(super) inline: Option<ViewProjection>,
    pub(super) kept: Option<Arc<Inline>>,
    /// The last lease that was granted.
    pub(super) lease: Option<Lease>,
}

/// Where the loop stands while it runs.
enum State {
    Waiting,
    Opening(Lease, Box<Progress>),
    CatchingUp(Box<Run>),
    Live(Box<Run>),
    Paused(Box<Run>),
}

/// What ended a wait.
enum Woken {
    /// The head moved, or may have.
    Head,
    /// Orders were given.
    Instructed,
    /// A page of the read that was waited for; `None` after the last one.
    Page(Option<Page>),
    /// What is owed is to be stored.
    Due,
}

impl Loop {
    /// Runs until stopping is requested, or an error that trying again does not help; then gives the
    /// lease up.
    pub(super) async fn run(mut self, stop: &Stop) -> Result<(), SubscriptionError> {
        let ended = self.run_on(stop).await;
        match &ended {
            Ok(()) => self.shared.set_state(SubscriptionState::Stopped, None),
            Err(error) => {
                tracing::error!(subscription = %self.shared.name, %error, "a subscription ended");
                self.shared.notices.say(format_args!("ended: {error}"));
                self.shared.set_state(SubscriptionState::Failed, Some(error.to_string()));
            }
        }
        if let Some(kept) = self.kept.take() {
            kept.end();
        }
        self.release().await;
        ended
    }

    async fn run_on(&mut self, stop: &Stop) -> Result<(), SubscriptionError> {
        let mut failures = 0;
        loop {
            let trouble = self.live_through(stop, &mut failures).await;
            match trouble {
                Trouble::Stop => return Ok(()),
                Trouble::Fenced => {
                    self.shared.set_state(SubscriptionState::Waiting, Some("fenced".into()));
                    // Two that each take the lease from the other must not do so in a rush.
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(self.settings.standby_ms)) => {}
                        () = stop.requested() => return Ok(()),
                    }
                }
                Trouble::Store(error) if may_pass(&error) => {
                    failures += 1;
                    let words = error.to_string();
                    tracing::warn!(subscription = %self.shared.name, %error, failures,
                        "a subscription is interrupted and tries again");
                    let notices = &self.shared.notices;
                    notices.trouble(format_args!("interrupted, and tries again: {error}"));
                    self.shared.set_ready(); // Others may get on without it until the store is back.
                    metrics::troubled(&self.shared.name);
                    self.shared.set_state(SubscriptionState::Retrying, Some(words));
                    tokio::select! {
                        () = tokio::time::sleep(self.pause_after(failures)) => {}
                        () = stop.requested() => return Ok(()),
                    }
                }
                Trouble::Store(source) => {
                    let name = self.shared.name.clone();
                    return Err(SubscriptionError::Store { name, source });
                }
                Trouble::Fatal(error) => return Err(*error),
            }
        }
    }

    /// From waiting for the lease to whatever interrupts it.
    async fn live_through(&mut self, stop: &Stop, failures: &mut u32) -> Trouble {
        let mut state = State::Waiting;
        loop {
            let next = match state {
                State::Waiting => self.wait_for_lease(stop).await,
                State::Opening(lease, progress) => self.open(lease, *progress, stop).await,
                State::CatchingUp(mut run) | State::Live(mut run)
                    if self.has_reached_end(run.position) =>
                {
                    self.show(&run);
                    Err(self.finish(&mut run).await)
                }
                State::CatchingUp(run) => self.read_on(run, stop, failures).await,
                State::Live(run) => self.await_more(run, stop).await,
                State::Paused(run) => self.stand_still(run, stop).await,
            };
            match next {
                Ok(next) => state = next,
                Err(trouble) => return trouble,
            }
        }
    }

    // Waiting -> Opening.

    async fn wait_for_lease(&mut self, stop: &Stop) -> Result<State, Trouble> {
        self.shared.set_state(SubscriptionState::Waiting, None);
        if self.end == Some(EndAt::Head) {
            self.end = Some(EndAt::Position(self.shared.log.head().await?));
        }
        let ledger = Arc::clone(&self.shared.ledger);
        let known = ledger.progress(&self.shared.name).await?;
        let start = match &known {
            Some(progress) => progress.position,
            None => self.start.position(&self.shared.log).await?,
        };
        let declared = self.triage.reads.registration(start);
        let progress = ledger.register(declared.clone()).await?;
        let fit = progress.fit(&declared).map_err(SubscriptionError::from)?;
        self.attach_inline(fit).await?;
        let (name, owner) = (self.shared.name.clone(), self.owner.clone());
        let mut candidate = Candidate::new(name, owner, self.settings.lease_ms);
        loop {
            match candidate.look(&ledger).await? {
                Look::Granted(lease, progress) => {
                    self.lease = Some(lease.clone());
                    return Ok(State::Opening(lease, progress));
                }
                Look::Held(owner, progress) => self.stand_by(&owner, progress).await?,
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(self.settings.standby_ms)) => {}
                () = stop.requested() => return Err(Trouble::Stop),
            }
        }
    }

    /// Has the appends of this program keep the view too, once its tables are as this version wants
    /// them, whoever holds the lease.
    async fn attach_inline(&mut self, fit: RegistrationFit) -> Result<(), Trouble> {
        let Some(projection) = self.inline.take_if(|_| fit == RegistrationFit::Same) else {
            return Ok(());
        };
        self.sink.open().await.inspect_err(|_| self.inline = Some(projection.clone()))?;
        self.kept = Some(Inline::attach(&self.shared, projection)?);
        Ok(())
    }

    /// Shows what the owner of the lease does; it is over if that was all there was to do.
    async fn stand_by(
        &self,
        owner: &OwnerId,
        progress: Option<Box<Progress>>,
    ) -> Result<(), Trouble> {
        self.shared.set_state(SubscriptionState::Waiting, Some(format!("run by {owner}")));
        self.shared.set_ready();
        let Some(progress) = progress else { return Ok(()) };
        let first = self.first_failed(&progress).await?;
        let declared = self.triage.reads.registration(progress.position);
        let is_of_this_version = progress.fit(&declared) == Ok(RegistrationFit::Same);
        let known = self.shared.status.borrow().followed;
        let followed = known != progress.instructions
            && progress.is_followed()
            && self.all_tried(&progress).await?;
        self.shared.update(|status| {
            status.take_stored(&progress);
            status.first_failed = first;
            status.opened = is_of_this_version;
            (status.position, status.head) = (progress.position, progress.report.head);
            if followed {
                status.followed = progress.instructions;
            }
        });
        metrics::stands(&self.shared.status.borrow());
        if progress.rebuild.is_none() && self.has_reached_end(progress.position) {
            return Err(Trouble::Stop); // Its owner did the work.
        }
        Ok(())
    }

    // Opening -> CatchingUp, Paused.

    async fn open(
        &mut self,
        lease: Lease,
        progress: Progress,
        stop: &Stop,
    ) -> Result<State, Trouble> {
        let (shared, settings) = (Arc::clone(&self.shared), self.settings);
        tracing::info!(subscription = %shared.name, epoch = %lease.epoch,
            position = %progress.position, "a subscription has its lease");
        let keeper = Keeper::start(Arc::clone(&shared), lease.clone(), &progress, settings);
        self.sink.open().await?;
        let head = shared.log.head().await?;
        let first = self.first_failed(&progress).await?;
        shared.update(|status| {
            status.take_stored(&progress);
            status.first_failed = first;
            (status.position, status.head) = (progress.position, head);
        });
        let declared = self.triage.reads.registration(progress.position);
        let fit = progress.fit(&declared).map_err(SubscriptionError::from)?;
        let anew = progress.rebuild.as_ref().is_some_and(|it| it.target.is_none())
            || (fit == RegistrationFit::Newer && progress.kind == SubscriptionKind::Projection);
        if !anew {
            self.check_history(&progress, head).await?;
        }
        let from_start = |it: &Rebuild| it.after == Position::START;
        self.triage
            .set_fresh(progress.last.is_none() && progress.rebuild.as_ref().is_none_or(from_start));
        let mut run = Box::new(Run::new(lease, keeper, &progress));
        if fit == RegistrationFit::Newer {
            self.upgrade(&mut run, declared).await?;
            self.attach_inline(RegistrationFit::Same).await?;
        }
        self.sink.committed(run.stored).await;
        self.obey(run, stop).await
    }

    /// Does what was ordered since the loop last looked; decides how it goes on.
    async fn obey(&mut self, mut run: Box<Run>, stop: &Stop) -> Result<State, Trouble> {
        let name = &self.shared.name;
        let progress = self.shared.ledger.progress(name).await?;
        let progress = progress.filter(|it| it.epoch == run.lease.epoch).ok_or(Trouble::Fenced)?;
        run.instructions = progress.instructions;
        self.shared.update(|status| {
            status.take_stored(&progress);
            status.opened = true;
        });
        if let Some(pause) = &progress.paused {
            self.save(&mut run).await?;
            let reason = Some(pause.reason.clone()).filter(|it| !it.is_empty());
            self.shared.set_state(SubscriptionState::Paused, reason);
            self.shared.renew(&run.lease).await?;
            self.follow(&run, self.all_tried(&progress).await?);
            self.shared.set_ready();
            return Ok(State::Paused(run));
        }
        if progress.report.state == SubscriptionState::Paused {
            // Whoever reads in the store that it stands still may rely on it.
            self.shared.set_state(SubscriptionState::CatchingUp, None);
            self.shared.renew(&run.lease).await?;
        }
        let is_done = match progress.rebuild.as_ref().filter(|it| it.target.is_none()) {
            Some(rebuild) => self.rebuild(&mut run, rebuild.after).await.map(|()| true),
            None => self.try_letters_again(&mut run, stop).await,
        }?;
        self.show_letters().await?;
        self.follow(&run, is_done);
        if !self.triage.fails_fast() {
            self.shared.set_ready();
        }
        run.begin_pace();
        self.shared.set_state(SubscriptionState::CatchingUp, None);
        Ok(State::CatchingUp(run))
    }

    /// Shows that the orders that were looked at have taken effect, if all of that is done.
    fn follow(&self, run: &Run, is_done: bool) {
        if is_done {
            self.shared.update(|status| status.followed = run.instructions);
        }
    }

    // CatchingUp -> Live, Paused.

    async fn read_on(
        &mut self,
        mut run: Box<Run>,
        stop: &Stop,
        failures: &mut u32,
    ) -> Result<State, Trouble> {
        let read = LogRead {
            through: self.end.and_then(EndAt::position),
            page_events_max: self.settings.page_events_max,
            ..LogRead::after(self.triage.query.clone(), run.position)
        };
        let mut pages = self.shared.log.read(read);
        loop {
            match self.next_page(&mut run, &mut pages, stop).await? {
                Woken::Page(None) => return Ok(State::Live(run)),
                Woken::Page(Some(page)) => {
                    if page.events.len() >= self.settings.page_events_max {
                        self.shared.set_state(SubscriptionState::CatchingUp, None);
                    }
                    let instructed = !self.take_page(&mut run, page, stop).await?;
                    *failures = 0;
                    self.show(&run);
                    if instructed {
                        return self.obey(run, stop).await;
                    }
                }
                Woken::Instructed => return self.obey(run, stop).await,
                Woken::Due => self.save(&mut run).await?,
                Woken::Head => {}
            }
        }
    }

    async fn next_page(
        &mut self,
        run: &mut Run,
        pages: &mut PageStream,
        stop: &Stop,
    ) -> Result<Woken, Trouble> {
        if stop.is_requested() {
            return Err(self.finish(run).await);
        }
        let orders = run.keeper.orders(run.instructions).given();
        let due = run.due_at(Duration::from_millis(self.settings.checkpoint_ms_max));
        tokio::select! {
            biased;
            orders = orders => orders.map(|()| Woken::Instructed),
            page = pages.try_next() => match page {
                Ok(page) => Ok(Woken::Page(page)),
                Err(error) => {
                    self.finish(run).await; // What was handled need not come again.
                    Err(error.into())
                }
            },
            () = stop.requested() => Err(self.finish(run).await),
            () = sleep_until(due) => Ok(Woken::Due),
        }
    }

    // Live -> CatchingUp, Paused.

    async fn await_more(&mut self, mut run: Box<Run>, stop: &Stop) -> Result<State, Trouble> {
        self.shared.set_state(SubscriptionState::Live, None);
        self.shared.set_ready();
        self.show(&run);
        loop {
            match self.next_wake(&mut run, stop).await? {
                Woken::Head if self.kept.is_some() && self.is_kept(&mut run).await? => {
                    self.show(&run);
                    if self.has_reached_end(run.position) {
                        return Ok(State::Live(run));
                    }
                }
                Woken::Head => return Ok(State::CatchingUp(run)),
                Woken::Instructed => return self.obey(run, stop).await,
                Woken::Due | Woken::Page(_) => self.save(&mut run).await?,
            }
        }
    }

    /// Whether the appends have kept the view up to date by themselves, so that there is nothing to read.
    async fn is_kept(&mut self, run: &mut Run) -> Result<bool, Trouble> {
        let progress = self.shared.ledger.progress(&self.shared.name).await?;
        let progress = progress.filter(|it| it.epoch == run.lease.epoch).ok_or(Trouble::Fenced)?;
        if progress.position > run.stored {
            self.moved(run, &progress)?;
            self.sink.committed(run.stored).await;
        }
        Ok(run.position >= self.watch.last())
    }

    async fn next_wake(&mut self, run: &mut Run, stop: &Stop) -> Result<Woken, Trouble> {
        let orders = run.keeper.orders(run.instructions).given();
        let due = run.due_at(Duration::from_millis(self.settings.checkpoint_ms_max));
        let position = run.position;
        let poll = poll(&self.shared, self.settings.poll_ms);
        let head = tokio::select! {
            biased;
            head = self.watch.past(position) => head,
            () = stop.requested() => return Err(self.finish(run).await),
            orders = orders => return orders.map(|()| Woken::Instructed),
            () = sleep_until(due) => return Ok(Woken::Due),
            head = poll => head,
        };
        if head.is_err() {
            self.finish(run).await; // What was handled need not come again.
        }
        let head = head?;
        self.shared.update(|status| status.head = status.head.max(head));
        Ok(if head > position { Woken::Head } else { Woken::Due })
    }

    // Paused -> CatchingUp.

    async fn stand_still(&mut self, mut run: Box<Run>, stop: &Stop) -> Result<State, Trouble> {
        loop {
            tokio::select! {
                orders = run.keeper.orders(run.instructions).given() => {
                    orders?;
                    return self.obey(run, stop).await;
                }
                () = stop.requested() => return Err(self.finish(&mut run).await),
                head = poll(&self.shared, self.settings.poll_ms) => {
                    let head = head?; // The lag of what stands still is of interest as well.
                    self.shared.update(|status| status.head = status.head.max(head));
                    metrics::stands(&self.shared.status.borrow());
                }
            }
        }
    }

    // The end.

    /// Whether everything that the run was to handle is behind `position`.
    fn has_reached_end(&self, position: Position) -> bool {
        self.end.and_then(EndAt::position).is_some_and(|end| end <= position)
    }

    /// Stores what is owed: what is not comes again.
    pub(super) async fn finish(&mut self, run: &mut Run) -> Trouble {
        match self.save(run).await {
            Err(Trouble::Store(error)) => {
                tracing::warn!(subscription = %self.shared.name, %error,
                    "a checkpoint could not be stored at the end; some events will come again");
                self.shared.notices.say(format_args!(
                    "a checkpoint could not be stored, so that some events will come again: {error}"
                ));
                Trouble::Stop
            }
            Err(Trouble::Fatal(error)) => Trouble::Fatal(error),
            Ok(()) | Err(Trouble::Fenced | Trouble::Stop) => Trouble::Stop,
        }
    }

    /// Gives the lease up with a last report, so that another owner need not wait.
    async fn release(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let report = self.shared.report();
        if let Err(error) = self.shared.ledger.release_lease(&lease, report).await {
            tracing::warn!(subscription = %self.shared.name, %error,
                "a lease could not be given up; it will run out");
            self.shared.notices.say(format_args!("its lease could not be given up: {error}"));
        }
    }

    /// Shows how far it got.
    pub(super) fn show(&self, run: &Run) {
        let watched = self.watch.last();
        self.shared.update(|status| {
            status.head = status.head.max(watched).max(run.position);
            status.position = run.position;
            status.eta = if status.lag() == 0 { None } else { run.eta(status.head) };
            if status.rebuild.as_ref().and_then(|it| it.target).is_some_and(|it| it <= run.position)
            {
                status.rebuild = None;
            }
        });
        metrics::stands(&self.shared.status.borrow());
    }

    fn pause_after(&self, failures: u32) -> Duration {
        let SubscriptionSettings { pause_ms_first, pause_ms_max, .. } = self.settings;
        let retry = Retry { attempts_max: u32::MAX, pause_ms_first, pause_ms_max };
        // At least half of it: a store that is away is not asked again at once.
        let ceiling = retry.ceiling(failures.saturating_add(1));
        ceiling.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// Asks for the head after a while although nothing told that it moved.
async fn poll(shared: &Shared, poll_ms: u64) -> Result<Position, StoreError> {
    tokio::time::sleep(Duration::from_millis(poll_ms)).await;
    shared.log.head().await
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
