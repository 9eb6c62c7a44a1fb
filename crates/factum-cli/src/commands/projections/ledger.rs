//! The two stores: the one that keeps checkpoints, leases and dead letters beside the views, and
//! the one whose log is read. Mostly they are the same.

use factum::{
    Clock, DeadLetterList, LogRead, Position, Progress, ProgressList, RecordedEvent, SharedStore,
    StoreError, SubscriptionKind, SubscriptionName, SystemClock, TenantId, Timestamp,
};
use futures::TryStreamExt;

use super::Sight;
use super::alarm::{self, Alarm};
use super::look::Look;
use crate::outcome::Failure;
use crate::session::Session;

/// Where subscriptions are kept, and what they read.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Has checkpoints, leases and dead letters.
    pub(super) store: SharedStore,
    /// Has the events.
    pub(super) log: SharedStore,
    stall_after_s: u32,
}

impl Ledger {
    pub(super) async fn open(session: &Session, sight: &Sight) -> Result<Self, Failure> {
        let store = session.open().await?;
        let log = match &sight.log {
            Some(address) => session.open_other(address).await?,
            None => SharedStore::clone(&store),
        };
        Ok(Self { store, log, stall_after_s: sight.stall_after_s })
    }

    /// One store that is both.
    pub(super) fn of(store: SharedStore, stall_after_s: u32) -> Self {
        Self { log: SharedStore::clone(&store), store, stall_after_s }
    }

    /// Everything that the handle sees, or what of it is of one kind.
    pub(super) async fn looks(&self, kind: Option<SubscriptionKind>) -> Result<Vec<Look>, Failure> {
        let head = self.log.head().await?;
        let mut looks = Vec::new();
        for progress in self.subscriptions().await? {
            if kind.is_none_or(|it| it == progress.kind) {
                looks.push(self.judged(progress, head).await?);
            }
        }
        Ok(looks)
    }

    /// How many events at or below a place failed or wait.
    pub(super) async fn letters_through(
        &self,
        name: &SubscriptionName,
        through: Position,
    ) -> Result<u64, Failure> {
        let name = Some(name.clone());
        let mut list = DeadLetterList { name, waiting: true, ..DeadLetterList::default() };
        let mut count = 0;
        loop {
            let found = self.store.dead_letters(list.clone()).await?;
            count += found.iter().filter(|(_, letter)| letter.position <= through).count() as u64;
            if found.len() < list.limit {
                return Ok(count);
            }
            list.after = found.last().map(|(key, _)| key.clone());
        }
    }

    /// One by its name.
    ///
    /// # Errors
    ///
    /// One that lists what there is, if it is not known.
    pub(super) async fn look(&self, name: &SubscriptionName) -> Result<Look, Failure> {
        let Some(progress) = self.store.progress(name).await? else {
            return Err(self.unknown(name).await?);
        };
        self.judged(progress, self.log.head().await?).await
    }

    /// The same as it is after an order.
    pub(super) async fn judged(&self, progress: Progress, head: Position) -> Result<Look, Failure> {
        // A database that only has views has no log to ask.
        let reported = head == Position::START && progress.report.head > head;
        let head = if reported { progress.report.head } else { head };
        let now = SystemClock.now();
        let mut alarms = Alarm::of(&progress, head, now, self.stall_after_s);
        let stands = |it: &Alarm| matches!(it, Alarm::NotMoving(..));
        if alarms.iter().any(stands) && !reported && self.came_lately(&progress, now).await? {
            alarms.retain(|it| !stands(it));
        }
        Ok(Look { progress, head, reported, now, alarms })
    }

    /// Whether the next event is so young that nobody had the time to handle it: a log in which
    /// nothing happened for long stands still without a fault.
    async fn came_lately(&self, progress: &Progress, now: Timestamp) -> Result<bool, StoreError> {
        let next = self.first_after(progress.position, None).await?;
        let limit = i64::from(self.stall_after_s);
        Ok(next.is_some_and(|it| !alarm::is_older(it.recorded_at, now, limit)))
    }

    /// The event at a place of the log.
    pub(super) async fn event(
        &self,
        position: Position,
    ) -> Result<Option<RecordedEvent>, StoreError> {
        let Some(before) = position.get().checked_sub(1) else { return Ok(None) };
        self.first_after(Position::new(before), Some(position)).await
    }

    async fn first_after(
        &self,
        after: Position,
        through: Option<Position>,
    ) -> Result<Option<RecordedEvent>, StoreError> {
        let read =
            LogRead { after, through, limit: Some(1), page_events_max: 1, ..LogRead::default() };
        let mut pages = self.log.read(read);
        while let Some(page) = pages.try_next().await? {
            if let Some(event) = page.events.into_iter().next() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    async fn subscriptions(&self) -> Result<Vec<Progress>, StoreError> {
        let mut list = ProgressList::default();
        let mut all = Vec::new();
        loop {
            let page = self.store.subscriptions(list.clone()).await?;
            let more = page.len() == list.limit;
            list.after = page.last().map(|it| (it.tenant.clone(), it.name.clone()));
            all.extend(page);
            if !more {
                return Ok(all);
            }
        }
    }

    pub(super) async fn unknown(&self, name: &SubscriptionName) -> Result<Failure, StoreError> {
        let scope = self.store.scope();
        let own = match scope {
            factum::TenantScope::One(tenant) => Some(tenant),
            factum::TenantScope::All => None,
        };
        let all = self.subscriptions().await?;
        let shown = |it: &Progress| match &it.tenant {
            tenant if tenant.as_ref() == own => it.name.to_string(),
            tenant => format!("{} of {}", it.name, of(tenant.as_ref())),
        };
        let there: Vec<String> = all.iter().map(shown).collect();
        let there = if there.is_empty() { "nothing".into() } else { there.join(", ") };
        let message =
            format!("expected a projection or subscriber {name} of {}, found {there}", of(own));
        let hint = match own {
            Some(_) => "one that reads all tenants is found with --all-tenants",
            None => "one of a tenant is found with --tenant NAME",
        };
        Ok(Failure::not_found(message).hint(hint))
    }
}

/// Whose a subscription is.
pub(super) fn of(tenant: Option<&TenantId>) -> String {
    tenant.map_or_else(|| "all tenants".into(), |it| format!("tenant {it}"))
}
