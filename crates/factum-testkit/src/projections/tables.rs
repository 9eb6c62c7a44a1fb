//! A projection's tables in a store, as a loop keeps them: by a lease, and together with a
//! checkpoint.

use std::sync::{Arc, Mutex, PoisonError};

use factum_core::{
    Advance, Advanced, EventFailure, FailureKind, HandledEvent, Lease, LeaseAnswer, LeaseClaim,
    OwnerId, Position, RebuildStep, RegistrationFit, SharedStore, SqlRow, Transacted, ViewError,
    ViewProjection, ViewTransaction,
};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::disturbed::DeliveryError;

/// The tables of one projection, and the right to change them.
#[derive(Debug)]
pub(super) struct Tables {
    store: SharedStore,
    lease: Lease,
    at: Position,
}

/// A step that a transaction is to commit with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) to: Position,
    pub(super) last: Option<HandledEvent>,
    rebuild: bool,
}

impl Step {
    pub(super) fn to(to: Position, last: Option<HandledEvent>) -> Self {
        Self { to, last, rebuild: false }
    }
}

impl Tables {
    /// Makes what is missing of the tables, and claims the lease.
    pub(super) async fn open(
        store: &SharedStore,
        projection: &ViewProjection,
    ) -> Result<Self, DeliveryError> {
        if store.capabilities().views.is_none() {
            return Err(DeliveryError::NoViews);
        }
        let declared = projection.reads().registration(Position::START);
        let name = declared.name.clone();
        let stored = store.register(declared.clone()).await?;
        if stored.fit(&declared)? == RegistrationFit::Newer {
            return Err(DeliveryError::Newer { name });
        }
        let owner = OwnerId::new("factum-testkit").expect("the owner is valid");
        let claim = LeaseClaim { name: name.clone(), owner, expired: None };
        let (lease, progress) = match store.claim_lease(claim).await? {
            LeaseAnswer::Granted(lease, progress) => (lease, progress),
            LeaseAnswer::Held(_) => return Err(DeliveryError::Held { name }),
        };
        store.migrate_view(&name, projection.migrations()).await?;
        Ok(Self { store: store.clone(), lease, at: progress.position })
    }

    /// The checkpoint.
    pub(super) fn at(&self) -> Position {
        self.at
    }

    /// Runs `work` in a transaction: a step commits it, `None` rolls it back.
    pub(super) async fn transact<T, W>(&mut self, work: W) -> Result<T, DeliveryError>
    where
        T: Send + 'static,
        W: for<'t> FnOnce(&'t mut dyn ViewTransaction) -> BoxFuture<'t, (Option<Step>, T)>
            + Send
            + 'static,
    {
        let told = Arc::new(Mutex::new(None));
        let (tell, lease, from) = (Arc::clone(&told), self.lease.clone(), self.at);
        let done = self.store.transact(Box::new(move |view| {
            let advanced = work(view).map(move |(step, outcome)| {
                *tell.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((step.map(|it| it.to), outcome));
                step.map(|step| {
                    let rebuild = step.rebuild.then_some(RebuildStep::Begin { target: from });
                    Advance { last: step.last, rebuild, ..Advance::new(lease, from, step.to) }
                })
            });
            advanced.boxed()
        }));
        let done = done.await?;
        if let Transacted::Advanced(Advanced::Moved(found)) = done {
            return Err(DeliveryError::Moved { expected: from, found: found.position });
        }
        let outcome = told.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (to, outcome) = outcome.expect("work that was done has an outcome");
        self.at = to.unwrap_or(self.at);
        Ok(outcome)
    }

    /// Makes the tables what they are before any event.
    pub(super) async fn reset(&mut self, projection: &ViewProjection) -> Result<(), DeliveryError> {
        let projection = projection.clone();
        let reset = self.transact(work(move |view| {
            async move {
                let start = Position::START;
                let done = match projection.reset(start, view).await {
                    Ok(()) => view.settle().await.map_err(statement),
                    Err(error) => Err(error.into()),
                };
                let step = Step { to: start, last: None, rebuild: true };
                (done.is_ok().then_some(step), done)
            }
            .boxed()
        }));
        reset.await?.map_err(DeliveryError::Reset)
    }

    /// What is committed.
    pub(super) async fn rows(&self, sql: &str) -> Result<Vec<SqlRow>, DeliveryError> {
        Ok(self.store.query_view(sql, &[]).await?)
    }
}

pub(super) fn statement(error: ViewError) -> EventFailure {
    EventFailure::new(FailureKind::Statement, error)
}

/// Gives a closure the type that [`Tables::transact`] takes.
pub(super) fn work<T, W>(work: W) -> W
where
    W: for<'t> FnOnce(&'t mut dyn ViewTransaction) -> BoxFuture<'t, (Option<Step>, T)>
        + Send
        + 'static,
{
    work
}
