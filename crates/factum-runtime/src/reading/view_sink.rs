//! Views in tables: a page of events in one transaction, with the checkpoint.
//!
//! ```text
//! swift: every event of the page, one after the other, then the step -> committed
//!   | something failed: rolled back
//!   v
//! careful: mark, one event, settle; a failed one is undone and set aside, or ends the page there
//!          -> what was done up to there is committed
//! ```
//!
//! What failed in the swift way has used one attempt there: the careful way begins with judging that.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use factum_core::{
    Advance, Advanced, EventFailure, FailureKind, Position, SharedStore, StoreError,
    StoreErrorKind, SubscriptionName, Transacted, ViewErrorKind, ViewProjection, ViewTransaction,
    ViewWork,
};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::error::{SubscriptionError, Trouble};
use super::handed::Handed;
use super::letters::{Item, Queue, Triage, Turn, Verdict, removed};
use super::sink::{Batch, Done, Halt, Sink, Stored, words};

/// A projection's tables.
#[derive(Clone, Debug)]
pub(super) struct ViewSink {
    pub(super) views: SharedStore,
    pub(super) projection: ViewProjection,
    pub(super) triage: Arc<Triage>,
}

#[async_trait]
impl Sink for ViewSink {
    fn is_eager(&self) -> bool {
        false
    }

    /// A page is a transaction.
    fn batch_max(&self) -> usize {
        usize::MAX
    }

    async fn open(&mut self) -> Result<(), StoreError> {
        let migrations = self.projection.migrations();
        self.views.migrate_view(self.name(), migrations).await.map(|_| ())
    }

    async fn reset(&mut self, advance: Advance) -> Result<Advanced, Trouble> {
        let (sink, after, failed) = (self.clone(), advance.to, Outcome::default());
        let said = failed.clone();
        let reset = work(move |view| {
            Box::pin(async move {
                let reset = async {
                    let mut handed = Handed(view);
                    let reset = sink.projection.reset(after, &mut handed);
                    reset.await.map_err(EventFailure::from)?;
                    view.settle().await.map_err(statement)
                };
                match AssertUnwindSafe(reset).catch_unwind().await {
                    Ok(Ok(())) => return Some(advance),
                    Ok(Err(failure)) => said.put(failure),
                    Err(panic) => said.put(EventFailure::panicked(panic.as_ref())),
                }
                None
            })
        });
        match self.views.transact(reset).await? {
            Transacted::Advanced(advanced) => Ok(advanced),
            Transacted::RolledBack => {
                let failure = failed.take().map_or_else(String::new, |it| it.to_string());
                Err(SubscriptionError::Reset { name: self.name().clone(), failure }.into())
            }
        }
    }

    async fn committed(&self, checkpoint: Position) {
        let call = AssertUnwindSafe(self.projection.committed(checkpoint)).catch_unwind();
        if call.await.is_err() {
            tracing::error!(subscription = %self.name(), %checkpoint,
                "the hook after a commit of a projection panicked");
        }
    }

    async fn take(&mut self, batch: Batch) -> Result<(Done, Stored), Trouble> {
        let tried = batch.attempts > 0 || batch.items().iter().any(|it| it.letter.is_some());
        let mut failed = None;
        if !tried {
            match self.transact(&batch, Way::Swift).await? {
                Some((Told::Done(done), stored)) => return Ok((done, stored)),
                Some((Told::Failed(event), _)) => failed = Some(event),
                None => {}
            }
        }
        let careful = self.transact(&batch, Way::Careful(failed)).await?;
        if let Some((Told::Done(done), stored)) = careful {
            return Ok((done, stored));
        }
        let message = "expected the transaction of a view to go on, found it lost";
        Err(StoreError::new(StoreErrorKind::Unavailable, "change view", message).into())
    }
}

/// How a batch is gone through.
enum Way {
    Swift,
    /// With what failed in the swift way.
    Careful(Option<Failed>),
}

/// What a transaction's work has to tell.
enum Told {
    Done(Done),
    /// Everything was rolled back because of one event.
    Failed(Failed),
}

/// An event that failed, by its place in the batch.
struct Failed {
    place: usize,
    failure: EventFailure,
}

impl ViewSink {
    fn name(&self) -> &SubscriptionName {
        self.projection.reads().name()
    }

    /// One transaction; `None` if it was rolled back without anything to tell.
    async fn transact(&self, batch: &Batch, way: Way) -> Result<Option<(Told, Stored)>, Trouble> {
        let outcome = Outcome::default();
        let (sink, own, told) = (self.clone(), batch.clone(), outcome.clone());
        let page = work(move |view| {
            Box::pin(async move {
                let outcome = match way {
                    Way::Swift => sink.swift(&own, view).await?,
                    Way::Careful(failed) => Told::Done(sink.careful(&own, failed, view).await?),
                };
                let Told::Done(done) = outcome else {
                    told.put(outcome);
                    return None;
                };
                let something = done.to > own.from || !done.letters.is_empty();
                let advance = something.then(|| own.advance(&done));
                told.put(Told::Done(done));
                advance
            })
        });
        let stored = match self.views.transact(page).await? {
            Transacted::Advanced(advanced) => Stored::Now(advanced),
            Transacted::RolledBack => Stored::Nothing,
        };
        Ok(outcome.take().map(|told| (told, stored)))
    }

    /// Everything at a stretch, up to the first event that fails; `None` if the transaction is lost.
    async fn swift(&self, batch: &Batch, view: &mut dyn ViewTransaction) -> Option<Told> {
        let mut place = 0;
        let all = async {
            let mut done = Done::new(batch.to);
            let queue = Queue::new(&self.triage, &batch.parked);
            for (index, item) in batch.items().iter().enumerate() {
                match queue.turn(item) {
                    Turn::Now => {}
                    Turn::Passed => continue,
                    Turn::Waits(letter) => {
                        done.letters.push(letter);
                        continue;
                    }
                }
                place = index;
                view.begin_part(index);
                self.projection.handle(&item.event, &mut Handed(view)).await?;
                done.note(&item.event);
            }
            view.settle().await.map_err(statement)?;
            Ok(done)
        };
        let failure = match AssertUnwindSafe(all).catch_unwind().await {
            Ok(Ok(done)) => return Some(Told::Done(done)),
            Ok(Err(failure)) => failure,
            Err(panic) => EventFailure::panicked(panic.as_ref()),
        };
        // That a statement failed may show only while a later event is handled.
        match view.settle().await {
            Ok(()) => Some(Told::Failed(Failed { place, failure })),
            Err(error) if error.kind() == ViewErrorKind::Store => None,
            Err(error) => match view.failed_part()? {
                part if part == place => Some(Told::Failed(Failed { place, failure })),
                part => Some(Told::Failed(Failed { place: part, failure: statement(error) })),
            },
        }
    }

    /// One event after the other; `None` if the transaction is lost.
    async fn careful(
        &self,
        batch: &Batch,
        mut failed: Option<Failed>,
        view: &mut dyn ViewTransaction,
    ) -> Option<Done> {
        let mut done = Done::new(batch.to);
        let mut queue = Queue::new(&self.triage, &batch.parked);
        for (place, item) in batch.items().iter().enumerate() {
            match queue.turn(item) {
                Turn::Now => {}
                Turn::Passed => continue,
                Turn::Waits(letter) => {
                    done.letters.push(letter);
                    continue;
                }
            }
            let failure = if let Some(failed) = failed.take_if(|it| it.place == place) {
                failed.failure // It was run with the others, and undone with them.
            } else {
                view.mark().await.ok()?;
                let Err(failure) = self.attempt(item, view).await? else {
                    done.note(&item.event);
                    done.letters.extend(item.letter.as_ref().map(removed));
                    continue;
                };
                view.undo().await.ok()?;
                failure
            };
            let made = if place == 0 { batch.attempts.saturating_add(1) } else { 1 };
            let is_first = self.triage.fails_fast() && done.handled == 0;
            let halt = match self.triage.judge(item, &failure, made, is_first) {
                Verdict::Left(letter) => {
                    queue.note(letter.as_ref());
                    done.leave(letter);
                    continue;
                }
                Verdict::Retry(pause) => Halt::Retry { place, pause, failure: words(&failure) },
                Verdict::Fail { is_first } => {
                    Halt::Fail { place, failure: words(&failure), is_first }
                }
            };
            (done.to, done.halt) = (batch.before(place), Some(halt));
            return Some(done);
        }
        Some(done)
    }

    /// Handles one event to its last statement; `None` if the transaction is lost.
    async fn attempt(
        &self,
        item: &Item,
        view: &mut dyn ViewTransaction,
    ) -> Option<Result<(), EventFailure>> {
        let mut own = Handed(view);
        let handled = self.projection.handle(&item.event, &mut own);
        let failure = match AssertUnwindSafe(handled).catch_unwind().await {
            Ok(Ok(())) => match view.settle().await {
                Ok(()) => return Some(Ok(())),
                Err(error) if error.kind() == ViewErrorKind::Store => return None,
                Err(error) => statement(error),
            },
            Ok(Err(failure)) => failure,
            Err(panic) => EventFailure::panicked(panic.as_ref()),
        };
        Some(Err(failure))
    }
}

fn statement(error: factum_core::ViewError) -> EventFailure {
    EventFailure::new(FailureKind::Statement, error)
}

/// Gives a closure the type that stores take.
fn work<W>(work: W) -> ViewWork
where
    W: for<'t> FnOnce(&'t mut dyn ViewTransaction) -> BoxFuture<'t, Option<Advance>>
        + Send
        + 'static,
{
    Box::new(work)
}

/// What a transaction's work has to tell, wherever it ran.
struct Outcome<T>(Arc<Mutex<Option<T>>>);

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Outcome<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Outcome<T> {
    fn put(&self, told: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }

    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
