//! Views that are kept inside the transactions that store events.
//!
//! ```text
//! for each view of the events' tenant, and of all tenants: hold its subscription's row
//!   -> it stands elsewhere, or is to stand still: leave it to its loop
//!   -> the view's statements -> move its checkpoint
//! ```

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};

use deadpool_postgres::ClientWrapper;
use factum_core::{
    AppendError, HandledEvent, InlineView, Position, Progress, RecordedEvent, Refusal, StoreError,
    StoreErrorKind, TenantId, TenantScope, Timestamp,
};
use futures::FutureExt;

use super::ahead::Limits;
use super::pipeline::Pipeline;
use super::space::Spaces;
use crate::error::Failure;
use crate::sql::Sql;
use crate::subscriptions::{Key, locked, store};

/// The settings of the role, for the rest of the transaction: users' tables are found and planned for
/// as in any other session.
const AS_ROLE: &str = "SET LOCAL search_path TO DEFAULT; SET LOCAL enable_seqscan TO DEFAULT; \
     SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT; \
     SET LOCAL jit TO DEFAULT; SET LOCAL plan_cache_mode TO DEFAULT";

/// Why events with their views are not stored.
pub(crate) enum Hindered {
    /// A view refused them.
    Refused(Refusal),
    /// Nothing was committed.
    Failed(Failure),
    /// Nothing was committed; the error says why.
    Lost(StoreError),
    /// The commit failed.
    Doubtful(Failure),
}

impl Hindered {
    /// The error of the append.
    pub(crate) fn into_append_error(self) -> AppendError {
        match self {
            Self::Refused(refusal) => refusal.into(),
            Self::Failed(failure) => failure.into_store_error("append").into(),
            Self::Lost(error) => error.into(),
            Self::Doubtful(failure) => failure.into_append_error(),
        }
    }
}

impl From<Failure> for Hindered {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A view, and whose events it is made of.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) scope: TenantScope,
    pub(crate) view: Arc<dyn InlineView>,
}

/// The views that an opened store keeps inside its appends, in the order of their coming.
#[derive(Clone, Debug, Default)]
pub(crate) struct InlineViews(Arc<RwLock<Arc<[Kept]>>>);

impl InlineViews {
    pub(crate) fn keep(
        &self,
        scope: TenantScope,
        view: Arc<dyn InlineView>,
    ) -> Result<(), StoreError> {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_kept = |it: &&Kept| !it.view.is_over();
        if kept.iter().filter(is_kept).any(|it| it.scope == scope && it.view.name() == view.name())
        {
            let message =
                format!("view {}: expected one that is not kept yet, found it kept", view.name());
            return Err(StoreError::new(StoreErrorKind::Invalid, "keep view inline", message));
        }
        *kept = kept.iter().filter(is_kept).cloned().chain([Kept { scope, view }]).collect();
        Ok(())
    }

    /// Those that are kept now.
    pub(crate) fn now(&self) -> Arc<[Kept]> {
        let kept = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        if kept.iter().all(|it| !it.view.is_over()) {
            return kept;
        }
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *kept = kept.iter().filter(|it| !it.view.is_over()).cloned().collect();
        Arc::clone(&kept)
    }
}

/// A transaction that has stored events, and brings views up to date with them.
pub(crate) struct Keeper<'k> {
    pub(crate) client: &'k ClientWrapper,
    pub(crate) sql: &'k Sql,
    pub(crate) limits: &'k Limits,
    pub(crate) spaces: &'k Spaces,
    pub(crate) now: Timestamp,
}

impl Keeper<'_> {
    /// Keeps those views that see events of `tenant`.
    pub(crate) async fn keep(
        &self,
        kept: &[Kept],
        tenant: &TenantId,
        events: &[RecordedEvent],
    ) -> Result<(), Hindered> {
        for kept in kept.iter().filter(|it| it.scope.includes(tenant)) {
            self.keep_one(kept, events).await?;
        }
        Ok(())
    }

    /// Brings one view up to date, if it stands right before the events.
    async fn keep_one(&self, kept: &Kept, events: &[RecordedEvent]) -> Result<(), Hindered> {
        let (limits, client) = (self.limits, self.client);
        let key = Key::new(&kept.scope, kept.view.name());
        let prepared = limits.in_time(async { Ok(client.batch_execute(AS_ROLE).await?) });
        let found = limits.in_time(locked(client, self.sql, key));
        let (prepared, found) = futures::join!(prepared, found);
        let found = prepared.and(found)?;
        let (Some(mut progress), Some(first), Some(last)) = (found, events.first(), events.last())
        else {
            return Ok(());
        };
        if stands_before(&progress, first.position) && kept.view.fits(&progress) {
            self.apply(kept, events).await?;
            progress.position = last.position;
            progress.last = Some(HandledEvent { position: last.position, id: last.id });
            progress.updated_at = self.now;
            limits.in_time(store(client, self.sql, key, &progress)).await?;
            let done = async { Ok(client.batch_execute("RELEASE SAVEPOINT mark").await?) };
            limits.in_time(done).await?;
        }
        Ok(())
    }

    async fn apply(&self, kept: &Kept, events: &[RecordedEvent]) -> Result<(), Hindered> {
        let space = self.spaces.known(&kept.scope).ok_or_else(|| {
            let message = "expected a view whose tables were made, found none";
            Hindered::Lost(StoreError::new(StoreErrorKind::Invalid, "append", message))
        })?;
        let mut view = Pipeline::new("append", self.client, self.limits, space);
        view.enter_marked();
        let applying = async { kept.view.apply(events, &mut view).await };
        let applied = AssertUnwindSafe(applying).catch_unwind().await;
        let applied = applied.unwrap_or_else(|_| Err("the view panicked".into()));
        view.leave_for_good();
        let settled = view.settled().await;
        if let Some(lost) = view.lost() {
            return Err(Hindered::Lost(lost));
        }
        let settled = settled.map_err(|error| error.message().to_owned());
        applied.and(settled).map_err(|reason| {
            let reason = format!("{}: {reason}", kept.view.name());
            Hindered::Refused(Refusal::Hook { hook: "inline view", reason })
        })
    }
}

/// Whether a view's loop has nothing left to do before `first`.
fn stands_before(progress: &Progress, first: Position) -> bool {
    progress.position.get() + 1 == first.get()
        && progress.paused.is_none()
        && progress.rebuild.is_none()
        && progress.waiting_events == 0
        && progress.dead_letters == 0
}
