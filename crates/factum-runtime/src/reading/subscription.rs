//! A subscription as a program makes it: what is read, from where, into what.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use factum_core::{
    Clock, EventSubscriber, LiveProjection, LiveView, MemoryStore, Position, Reads, SharedStore,
    StoreError, StoreErrorKind, SubscriptionState, SystemClock, TenantScope, ViewProjection,
};
use tokio::task::JoinHandle;

use super::error::SubscriptionError;
use super::handle::SubscriptionHandle;
use super::letters::Triage;
use super::live::{Live, LiveSink, Slot};
use super::owner;
use super::policy::FailurePolicy;
use super::receive_sink::ReceiveSink;
use super::set_aside::SetAside;
use super::settings::SubscriptionSettings;
use super::sink::Sink;
use super::start::{EndAt, StartFrom};
use super::status::Shared;
use super::supervised::Loop;
use super::view_sink::ViewSink;
use super::well::SubscriptionsHealth;
use crate::{HealthSource, LagThresholds, Service, ServiceError, Started, Stop, Stopper};

/// Makes what a loop hands events to.
type MakeSink =
    Box<dyn FnOnce(&Arc<Shared>, Arc<Triage>, &SubscriptionSettings) -> Box<dyn Sink> + Send>;

/// A supervised read loop that has not begun yet.
///
/// It runs as a service of a [`Runner`](crate::Runner), or by [`spawn`](Self::spawn). Of all that
/// run under one name, in this process or another, one at a time holds the lease and reads; the
/// others stand by.
pub struct Subscription {
    shared: Arc<Shared>,
    /// Whoever waits is told when the loop is dropped, begun or not.
    guard: EndGuard,
    reads: Reads,
    make_sink: MakeSink,
    projection: Option<ViewProjection>,
    inline: bool,
    policy: FailurePolicy,
    settings: SubscriptionSettings,
    start: StartFrom,
    end: Option<EndAt>,
    clock: Arc<dyn Clock>,
}

impl Subscription {
    /// Keeps a projection's tables in step with `log`, in the same database.
    ///
    /// A store without views is an error when it runs: see
    /// [`Capabilities::views`](factum_core::Capabilities::views).
    pub fn project(log: SharedStore, projection: ViewProjection) -> Self {
        Self::project_into(log.clone(), log, projection)
    }

    /// Keeps a projection's tables, and its checkpoint beside them, in another database than the log:
    /// any store that has views. Its own log may be empty.
    pub fn project_into(log: SharedStore, views: SharedStore, projection: ViewProjection) -> Self {
        let reads = projection.reads().clone();
        let (own, tables) = (projection.clone(), Arc::clone(&views));
        let make_sink: MakeSink = Box::new(move |_, triage, _| {
            Box::new(ViewSink { views: tables, projection: own, triage })
        });
        Self { projection: Some(projection), ..Self::new(log, views, reads, make_sink) }
    }

    /// Hands the events of `log` to a subscriber. Its checkpoint is kept in the same store.
    pub fn deliver(log: SharedStore, subscriber: EventSubscriber) -> Self {
        let reads = subscriber.reads().clone();
        let make_sink: MakeSink = Box::new(move |shared, triage, settings| {
            let (shared, lanes) = (Arc::clone(shared), settings.lanes);
            Box::new(ReceiveSink { shared, subscriber, triage, lanes, tried: Mutex::default() })
        });
        Self::new(Arc::clone(&log), log, reads, make_sink)
    }

    /// Keeps a value in memory in step with `log`. Every program has its own, made anew when it
    /// starts; nothing is stored.
    pub fn live<V: LiveView>(log: SharedStore, projection: LiveProjection<V>) -> (Self, Live<V>) {
        let reads = projection.reads().clone();
        let scope = log.scope().clone();
        let ledger: SharedStore = Arc::new(MemoryStore::new(scope, Arc::new(SystemClock)));
        let slot = Arc::new(Slot::default());
        let (source, own, value) = (Arc::clone(&log), Arc::clone(&ledger), Arc::clone(&slot));
        let make_sink: MakeSink = Box::new(move |_, triage, settings| {
            Box::new(LiveSink {
                log: source,
                ledger: own,
                projection,
                slot: value,
                triage,
                page_events_max: settings.page_events_max,
                begin: None,
                missing: std::collections::BTreeSet::new(),
                is_dirty: false,
            })
        });
        let subscription = Self::new(log, ledger, reads, make_sink);
        let live = Live { slot, handle: subscription.handle() };
        (subscription, live)
    }

    fn new(log: SharedStore, ledger: SharedStore, reads: Reads, make_sink: MakeSink) -> Self {
        let shared = Shared::new(reads.name().clone(), reads.kind(), log, ledger);
        Self {
            guard: EndGuard(Arc::clone(&shared)),
            shared,
            reads,
            make_sink,
            projection: None,
            inline: false,
            policy: FailurePolicy::default(),
            settings: SubscriptionSettings::default(),
            start: StartFrom::default(),
            end: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Says what becomes of events that cannot be handled; their keys are parked unless changed.
    #[must_use]
    pub fn on_failure(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Says where it begins if it is new; at the beginning unless changed.
    #[must_use]
    pub fn starting(mut self, start: StartFrom) -> Self {
        self.start = start;
        self
    }

    /// Ends by itself once everything is handled, parked or skipped that is in the log when it starts:
    /// for a batch job or a test.
    ///
    /// It ends as `Stopped`, with its checkpoint stored at the head of that moment and its lease given
    /// up. If another owner holds the lease, it waits until that one has come as far, or takes over
    /// from it. While it is paused it waits. [`RunningSubscription::ended`] waits for the end.
    #[must_use]
    pub fn until_caught_up(mut self) -> Self {
        self.end = Some(EndAt::Head);
        self
    }

    /// Ends by itself once everything up to `position` is handled, parked or skipped, and nothing
    /// after it: for a view of the past, or for steps of equal size.
    ///
    /// Otherwise like [`until_caught_up`](Self::until_caught_up). A position beyond the head is waited
    /// for. One that is behind the checkpoint ends it at once.
    #[must_use]
    pub fn until(mut self, position: Position) -> Self {
        self.end = Some(EndAt::Position(position));
        self
    }

    /// Keeps the view inside each append of this process as well, so that it is there with the event.
    ///
    /// While the view is behind, paused, rebuilt or has events set aside, and for appends of programs
    /// that do not keep it inline, the loop does what it does for other views. An event that the
    /// projection cannot handle refuses the append. Only for projections in the log's own database;
    /// anything else is an error when it runs.
    #[must_use]
    pub fn inline(mut self) -> Self {
        self.inline = true;
        self
    }

    /// Changes how it reads.
    #[must_use]
    pub fn with_settings(mut self, settings: SubscriptionSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Tells it the time of failures.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// A handle to look at it, wait for it and give it orders, before and while it runs.
    pub fn handle(&self) -> SubscriptionHandle {
        SubscriptionHandle { shared: Arc::clone(&self.shared) }
    }

    /// What it reads, under which name.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Starts it on the runtime at hand.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with time enabled.
    pub fn spawn(self) -> RunningSubscription {
        let handle = self.handle();
        let stopper = Stopper::new();
        let stop = stopper.signal();
        let task = tokio::spawn(self.run(stop));
        RunningSubscription { handle, stopper, task }
    }

    /// Runs it until stopping is requested.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the page at hand and leaves the lease to run out; nothing is
    /// lost, and a subscriber may see some events again.
    ///
    /// # Errors
    ///
    /// A [`SubscriptionError`] that trying again does not help. Its state is `Failed` from then on,
    /// here and in the store.
    pub async fn run(self, stop: Stop) -> Result<RunSummary, SubscriptionError> {
        let Self { shared, guard, reads, make_sink, projection, inline, policy, settings, .. } =
            self;
        let (start, end, clock) = (self.start, self.end, self.clock);
        let scope: TenantScope = shared.log.scope().clone();
        let settings = settings.bounded();
        let triage = Arc::new(Triage {
            query: reads.query(),
            reads,
            scope,
            policy,
            clock,
            is_fresh: AtomicBool::new(false),
            shared: Arc::clone(&shared),
        });
        let inline = match (inline, projection) {
            (true, None) => return Err(guard.no_tables(&shared)),
            (true, projection) => projection,
            (false, _) => None,
        };
        let sink = make_sink(&shared, Arc::clone(&triage), &settings);
        let watch = shared.log.watch();
        let owner = owner::new_owner();
        let read_loop = Loop {
            shared: Arc::clone(&shared),
            sink,
            triage,
            start,
            end,
            settings,
            owner,
            watch,
            inline,
            kept: None,
            lease: None,
        };
        let ended = read_loop.run(&stop).await;
        drop(guard);
        ended.map(|()| RunSummary::of(&shared))
    }
}

/// What came of a run that was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunSummary {
    /// Everything at or below this place was handled, set aside or skipped.
    pub position: Position,
    /// How many events were handled.
    pub handled: u64,
    /// What was not, including what an earlier run left.
    pub set_aside: SetAside,
}

impl RunSummary {
    /// Says so too, if something is set aside.
    fn of(shared: &Shared) -> Self {
        let status = shared.status.borrow().clone();
        let set_aside = status.set_aside();
        if !set_aside.is_empty() {
            shared.notices.say(format_args!("stopped; {set_aside}"));
        }
        Self { position: status.position, handled: status.handled, set_aside }
    }
}

/// Shows that a loop has ended, even if its task was dropped.
struct EndGuard(Arc<Shared>);

impl EndGuard {
    fn end(&self, state: SubscriptionState, reason: Option<String>) {
        self.0.set_state(state, reason);
    }
}

impl EndGuard {
    /// Nothing but tables can be kept inside appends.
    fn no_tables(&self, shared: &Shared) -> SubscriptionError {
        let message = "expected a projection to keep inline, found something without tables";
        let source = StoreError::new(StoreErrorKind::Invalid, "keep inline view", message);
        self.end(SubscriptionState::Failed, Some(message.into()));
        SubscriptionError::Store { name: shared.name.clone(), source }
    }
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        if !self.0.status.borrow().has_ended() {
            self.end(SubscriptionState::Stopped, Some("its task was dropped".into()));
        }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("reads", &self.reads)
            .field("settings", &self.settings)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Service for Subscription {
    /// It is ready as soon as it runs or stands by; a new projection once it got past its first events,
    /// so that one that cannot handle any does not start. A view may take long to catch up: wait for
    /// [`caught_up`](SubscriptionHandle::caught_up) where that matters.
    async fn run(self: Box<Self>, started: Started, stop: Stop) -> Result<(), ServiceError> {
        let mut ready = self.shared.ready.subscribe();
        let mut run = std::pin::pin!(Subscription::run(*self, stop));
        tokio::select! {
            biased;
            ended = &mut run => return ended.map(|_| ()).map_err(ServiceError::from),
            _ = ready.wait_for(|it| *it) => started.ready(),
        }
        run.await.map(|_| ()).map_err(ServiceError::from)
    }

    fn health(&self) -> Option<Box<dyn HealthSource>> {
        // How far behind it may be is known to nobody but whoever wrote the program.
        let any = LagThresholds { degraded_above: u64::MAX, unhealthy_above: u64::MAX };
        Some(Box::new(SubscriptionsHealth::new(any).with(self.handle())))
    }
}

/// A subscription that runs as a task of its own. Dropping it asks the task to stop.
#[derive(Debug)]
pub struct RunningSubscription {
    handle: SubscriptionHandle,
    stopper: Stopper,
    task: JoinHandle<Result<RunSummary, SubscriptionError>>,
}

impl RunningSubscription {
    /// Asks it to stop and waits until it has: checkpoint stored, lease given up. Says what is set aside.
    ///
    /// # Errors
    ///
    /// The [`SubscriptionError`] by which it ended before.
    pub async fn stop(self) -> Result<RunSummary, SubscriptionError> {
        self.stopper.stop();
        self.ended().await
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    ///
    /// The [`SubscriptionError`] by which it ended.
    pub async fn ended(self) -> Result<RunSummary, SubscriptionError> {
        let name = self.handle.name().clone();
        let Self { task, stopper, .. } = self;
        let ended = task.await;
        drop(stopper);
        ended.unwrap_or_else(|_| {
            let message = "expected the loop to end by itself, found its task gone";
            let source = StoreError::new(StoreErrorKind::Unavailable, "run subscription", message);
            Err(SubscriptionError::Store { name, source })
        })
    }

    /// Ends it at once, as a crash would: nothing is stored, the lease is not given up.
    pub fn abort(self) {
        self.task.abort();
    }
}

impl std::ops::Deref for RunningSubscription {
    type Target = SubscriptionHandle;

    fn deref(&self) -> &SubscriptionHandle {
        &self.handle
    }
}
