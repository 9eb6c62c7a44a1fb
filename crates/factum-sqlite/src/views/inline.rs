//! Views that are kept inside each append.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use factum_core::{
    AppendError, Appended, HandledEvent, InlineView, Position, Progress, RecordedEvent, Refusal,
    StoreError, StoreErrorKind, TenantId, TenantScope, Timestamp,
};
use rusqlite::Connection;

use super::statements::Statements;
use super::transaction::SqliteView;
use super::work::{Polled, begin, end, poll_once};
use crate::error::Failure;
use crate::names::Names;
use crate::rows::EventRow;
use crate::{sql, subscriptions};

/// A view and the scope of the handle that it was given to.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    scope: TenantScope,
    view: Arc<dyn InlineView>,
}

/// The views that this opened store keeps.
#[derive(Debug, Default)]
pub(crate) struct InlineViews {
    kept: Mutex<Vec<Kept>>,
    /// So that a store without any looks no further.
    any: AtomicBool,
}

impl InlineViews {
    pub(crate) fn keep(
        &self,
        scope: &TenantScope,
        view: Arc<dyn InlineView>,
    ) -> Result<(), StoreError> {
        let mut kept = self.lock();
        kept.retain(|it| !it.view.is_over());
        if kept.iter().any(|it| it.scope == *scope && it.view.name() == view.name()) {
            let name = view.name();
            let message = format!("expected no inline view of the name {name}, found one");
            return Err(StoreError::new(StoreErrorKind::Invalid, "keep view inline", message));
        }
        kept.push(Kept { scope: scope.clone(), view });
        self.any.store(true, Ordering::Release);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// Those that take what a tenant appends.
    pub(crate) fn of(&self, tenant: &TenantId) -> Vec<Kept> {
        let mut kept = self.lock();
        kept.retain(|it| !it.view.is_over());
        self.any.store(!kept.is_empty(), Ordering::Release);
        kept.iter().filter(|it| it.scope.includes(tenant)).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Brings views up to date with what was just appended. `Ok(Err(_))` refuses the append.
pub(crate) fn apply(
    conn: &mut Connection,
    statements: &mut Statements,
    names: &mut Names,
    kept: &[Kept],
    appended: &Appended,
    now: Timestamp,
) -> Result<Result<(), AppendError>, Failure> {
    let Some(first) = appended.first.filter(|_| !appended.repeated) else { return Ok(Ok(())) };
    let mut events = Vec::new();
    for Kept { scope, view } in kept {
        let found = subscriptions::find(conn, scope.tenant(), view.name())?;
        let Some(progress) = found.filter(|it| is_next(it, first) && view.fits(it)) else {
            continue;
        };
        if events.is_empty() {
            events = read(conn, names, first, appended.last)?;
        }
        begin(conn)?;
        let whose = subscriptions::scope_text(scope.tenant());
        let mut transaction = SqliteView::new(conn, statements, whose);
        let polled = poll_once(|| view.apply(&events, &mut transaction));
        let failed = transaction.end().map_err(|lost| Failure::Append(lost.into()))?;
        let reason = match polled {
            Polled::Ready(Ok(())) => failed.map(|it| it.to_string()),
            Polled::Ready(Err(reason)) => Some(reason),
            Polled::Waits => Some("it waited for something other than the transaction".into()),
            Polled::Panicked => Some("it panicked".into()),
        };
        end(conn, reason.is_none())?;
        if let Some(reason) = reason {
            statements.guard.forget();
            let reason = format!("{}: {reason}", view.name());
            return Ok(Err(Refusal::Hook { hook: "inline view", reason }.into()));
        }
        let last = events.last().map(|it| HandledEvent { position: it.position, id: it.id });
        let position = appended.last;
        subscriptions::put(conn, &Progress { position, last, updated_at: now, ..progress })?;
    }
    Ok(Ok(()))
}

/// Whether the view stands right before the events, and nothing keeps it from going on.
fn is_next(progress: &Progress, first: Position) -> bool {
    let letters = progress.parked_keys + progress.waiting_events + progress.dead_letters;
    progress.position.get() + 1 == first.get()
        && progress.paused.is_none()
        && progress.rebuild.is_none()
        && letters == 0
}

/// The events as they stand in the open transaction.
fn read(
    conn: &Connection,
    names: &mut Names,
    first: Position,
    last: Position,
) -> Result<Vec<RecordedEvent>, Failure> {
    let after = first.get().cast_signed() - 1;
    let mut events = Vec::new();
    let mut statement = conn.prepare_cached(sql::LOG_PAGE)?;
    let mut rows = statement.query((after, last.get().cast_signed(), i64::MAX))?;
    while let Some(row) = rows.next()? {
        events.push(EventRow::verified(row)?.event(conn, names)?);
    }
    Ok(events)
}
