//! Projections and subscribers as a store keeps them, moved by hand through the ports.

use std::sync::Arc;

use factum::{
    Advance, Clock, DeadLetter, DeadLetterStatus, HandledEvent, LaneKey, Lease, LeaseAnswer,
    LeaseClaim, LetterChange, OwnerId, Position, Progress, RebuildStep, Registration, SharedStore,
    SqliteStore, SqliteStoreConfig, SubscriptionKind, SubscriptionName, SubscriptionReport,
    SubscriptionState, SystemClock, TenantId, TenantScope, Timestamp,
};
use tokio::runtime::Runtime;

use super::Rig;

/// Who runs everything here.
pub(crate) const OWNER: &str = "web-1 process 4711 loop 2 of ab-cd/17 99";

/// A clock that is late.
#[derive(Debug)]
struct Late(i64);

impl Clock for Late {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(-self.0)
    }
}

/// A store, and what moves things in it.
pub(crate) struct Readers {
    runtime: Runtime,
    pub store: SharedStore,
}

impl Readers {
    /// Those of tenant `default` in `log.db`, which everything here happened to so many seconds ago.
    pub(crate) fn seconds_ago(rig: &Rig, seconds: i64) -> Self {
        Self::in_file(rig, "log.db", TenantScope::default(), seconds)
    }

    pub(crate) fn in_file(rig: &Rig, file: &str, scope: TenantScope, seconds: i64) -> Self {
        let config = SqliteStoreConfig {
            scope,
            clock: Arc::new(Late(seconds * 1_000)),
            ..SqliteStoreConfig::new(rig.path(file))
        };
        let runtime = runtime();
        let store = runtime.block_on(SqliteStore::open(config)).expect("the store opens");
        Self { runtime, store: Arc::new(store) }
    }

    pub(crate) fn at(address: &str) -> Self {
        let runtime = runtime();
        let store = runtime.block_on(factum::connect(address)).expect("the store opens");
        Self { runtime, store }
    }

    pub(crate) fn register(&self, name: &str, kind: SubscriptionKind) {
        let registration = Registration {
            name: named(name),
            kind,
            version: 1,
            shape: "category account".into(),
            start: Position::START,
        };
        self.runtime.block_on(self.store.register(registration)).expect("registered");
    }

    /// Makes a projection known that runs and is at this position.
    pub(crate) fn projection(&self, name: &str, position: u64) -> Lease {
        self.register(name, SubscriptionKind::Projection);
        let lease = self.claim(name);
        self.advance(self.step(name, &lease, position));
        self.report(&lease, SubscriptionState::Live, None);
        lease
    }

    pub(crate) fn claim_new(&self, name: &str, kind: SubscriptionKind) -> Lease {
        self.register(name, kind);
        self.claim(name)
    }

    pub(crate) fn claim(&self, name: &str) -> Lease {
        let owner = OwnerId::new(OWNER).expect("valid");
        let claim = LeaseClaim { name: named(name), owner, expired: None };
        match self.runtime.block_on(self.store.claim_lease(claim)).expect("claimed") {
            LeaseAnswer::Granted(lease, _) => lease,
            LeaseAnswer::Held(seen) => panic!("held by {seen:?}"),
        }
    }

    /// A step from wherever it is.
    pub(crate) fn step(&self, name: &str, lease: &Lease, to: u64) -> Advance {
        Advance::new(lease.clone(), self.progress(name).position, Position::new(to))
    }

    pub(crate) fn advance(&self, advance: Advance) {
        self.runtime.block_on(self.store.advance(advance)).expect("advanced");
    }

    /// What a loop does first of a rebuild.
    pub(crate) fn begin_rebuild(&self, name: &str, lease: &Lease, target: u64) {
        let after = self.progress(name).rebuild.expect("ordered").after;
        let mut step = self.step(name, lease, after.get());
        step.rebuild = Some(RebuildStep::Begin { target: Position::new(target) });
        self.advance(step);
    }

    pub(crate) fn report(&self, lease: &Lease, state: SubscriptionState, reason: Option<&str>) {
        let head = self.runtime.block_on(self.store.head()).expect("a head");
        self.report_head(lease, state, reason, head.get());
    }

    pub(crate) fn report_head(
        &self,
        lease: &Lease,
        state: SubscriptionState,
        reason: Option<&str>,
        head: u64,
    ) {
        let (reason, head) = (reason.map(Into::into), Position::new(head));
        let report = SubscriptionReport { state, reason, head };
        self.runtime.block_on(self.store.renew_lease(lease, report)).expect("renewed");
    }

    pub(crate) fn release(&self, lease: &Lease, state: SubscriptionState, reason: Option<&str>) {
        let reason = reason.map(Into::into);
        let report = SubscriptionReport { state, reason, head: Position::START };
        self.runtime.block_on(self.store.release_lease(lease, report)).expect("released");
    }

    pub(crate) fn progress(&self, name: &str) -> Progress {
        let found = self.runtime.block_on(self.store.progress(&named(name)));
        found.expect("read").expect("known")
    }

    /// Sets the event at `position` aside, with the log's own id where it has that event.
    pub(crate) fn set_aside(&self, name: &str, lease: &Lease, position: u64, cause: Option<&str>) {
        let event = self.event(position);
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let status =
            if cause.is_some() { DeadLetterStatus::Parked } else { DeadLetterStatus::Waiting };
        let letter = DeadLetter {
            position: event.position,
            key: LaneKey::of(event.stream.as_str()),
            status,
            id: event.id,
            tenant: TenantId::default(),
            stream: event.stream,
            event_type: event.event_type,
            cause: cause.unwrap_or_default().into(),
            attempts: if cause.is_some() { 3 } else { 0 },
            first_at: now,
            last_at: now.plus_millis(60_000),
            due: false,
        };
        let mut step = self.step(name, lease, position);
        step.to = step.to.max(step.from);
        step.last = Some(HandledEvent { position: event.position, id: event.id });
        step.letters = vec![LetterChange::Put(letter)];
        self.advance(step);
    }

    /// The event at `position` is handled after all.
    pub(crate) fn handled(&self, name: &str, lease: &Lease, position: u64) {
        let mut step = Advance::new(lease.clone(), self.progress(name).position, Position::START);
        step.to = step.from;
        step.letters = vec![LetterChange::Remove(Position::new(position))];
        self.advance(step);
    }

    fn event(&self, position: u64) -> factum::RecordedEvent {
        use futures::TryStreamExt;
        let read = factum::LogRead { after: Position::new(position - 1), ..Default::default() };
        let mut pages = self.store.read(read);
        let page = self.runtime.block_on(pages.try_next()).expect("read").expect("a page");
        page.events.into_iter().next().expect("an event")
    }
}

pub(crate) fn named(name: &str) -> SubscriptionName {
    SubscriptionName::new(name).expect("valid")
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}
