//! Views that are kept inside the append's own transaction.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use factum_core::{
    EventFailure, InlineView, Position, Progress, Query, RecordedEvent, Registration,
    RegistrationFit, StoreError, StoreErrorKind, SubscriptionName, ViewProjection, ViewTransaction,
};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::handed::Handed;
use super::status::Shared;

/// A projection that an append keeps.
#[derive(Debug)]
pub(super) struct Inline {
    projection: ViewProjection,
    declared: Registration,
    query: Query,
    over: AtomicBool,
}

impl Inline {
    /// Has the store of the log keep the projection from now on, until [`end`](Self::end).
    pub(super) fn attach(
        shared: &Shared,
        projection: ViewProjection,
    ) -> Result<Arc<Self>, StoreError> {
        if !Arc::ptr_eq(&shared.log, &shared.ledger) {
            let message = "expected an inline view in the database of its log, found another";
            return Err(StoreError::new(StoreErrorKind::Invalid, "keep inline view", message));
        }
        let declared = projection.reads().registration(Position::START);
        let query = projection.reads().query();
        let inline = Arc::new(Self { projection, declared, query, over: AtomicBool::new(false) });
        shared.log.keep_inline(Arc::clone(&inline) as _)?;
        Ok(inline)
    }

    /// Appends keep it no longer.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Release);
    }
}

impl InlineView for Inline {
    fn name(&self) -> &SubscriptionName {
        &self.declared.name
    }

    fn fits(&self, progress: &Progress) -> bool {
        matches!(progress.fit(&self.declared), Ok(RegistrationFit::Same))
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn apply<'t>(
        &'t self,
        events: &'t [RecordedEvent],
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), String>> {
        let all = async move {
            let view = &mut Handed(view);
            for event in events.iter().filter(|event| self.query.matches(event)) {
                self.projection.handle(event, view).await?;
            }
            view.settle().await.map_err(factum_core::HandlerError::from)?;
            Ok::<(), EventFailure>(())
        };
        Box::pin(async move {
            match AssertUnwindSafe(all).catch_unwind().await {
                Ok(handled) => handled.map_err(|failure| failure.to_string()),
                Err(panic) => Err(EventFailure::panicked(panic.as_ref()).to_string()),
            }
        })
    }
}
