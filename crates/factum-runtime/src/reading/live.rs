//! Views in memory: a value that the loop keeps and everybody reads.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use factum_core::{
    Advance, Advanced, EventFailure, LiveProjection, LiveView, LogRead, Position, RecordedEvent,
    SharedStore, StoreError,
};
use futures::TryStreamExt;

use super::error::Trouble;
use super::handle::{Ended, SubscriptionHandle};
use super::letters::{Queue, Triage, Turn, Verdict, removed};
use super::set_aside::SetAside;
use super::sink::{Batch, Done, Halt, Sink, Stored, words};

/// A value that everybody may read while the loop changes it.
#[derive(Debug)]
pub(super) struct Slot<V>(RwLock<Arc<V>>);

impl<V: LiveView> Default for Slot<V> {
    fn default() -> Self {
        Self(RwLock::new(Arc::new(V::default())))
    }
}

impl<V: LiveView> Slot<V> {
    fn get(&self) -> Arc<V> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, view: V) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    fn change<T>(&self, change: impl FnOnce(&mut V) -> T) -> T {
        let mut view = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut view))
    }
}

/// A view in memory, as its readers have it. Clones read the same view.
#[derive(Debug)]
pub struct Live<V> {
    pub(super) slot: Arc<Slot<V>>,
    pub(super) handle: SubscriptionHandle,
}

impl<V> Clone for Live<V> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot), handle: self.handle.clone() }
    }
}

impl<V: LiveView> Live<V> {
    /// The view as it is now. Whoever holds on to it keeps it as it was: the loop then copies it once
    /// before it goes on.
    pub fn snapshot(&self) -> Arc<V> {
        self.slot.get()
    }

    /// Reads something of the view as it is now, without a copy. The loop waits meanwhile.
    ///
    /// After a handler has panicked half way the view is made anew from the log; until that is done it
    /// may show that half.
    pub fn read<T>(&self, read: impl FnOnce(&V) -> T) -> T {
        read(&self.slot.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until everything at or below `position` is in the view, so that whoever appended it
    /// finds it there, but for what the answer says is set aside.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Ended`] once the view's loop has ended before it came there.
    pub async fn wait_until(&self, position: Position) -> Result<SetAside, Ended> {
        self.handle.wait_until(position).await
    }

    /// The loop that keeps it.
    pub fn handle(&self) -> &SubscriptionHandle {
        &self.handle
    }
}

/// Takes events into a value.
#[derive(Debug)]
pub(super) struct LiveSink<V> {
    pub(super) log: SharedStore,
    /// A store in memory of this view's own: it begins anew with the program.
    pub(super) ledger: SharedStore,
    pub(super) projection: LiveProjection<V>,
    pub(super) slot: Arc<Slot<V>>,
    pub(super) triage: Arc<Triage>,
    pub(super) page_events_max: usize,
    /// Where the view begins.
    pub(super) begin: Option<Position>,
    /// Places of events that are not in the view: set aside, or left out for good.
    pub(super) missing: BTreeSet<Position>,
    /// The view holds a part of what is not handled, and is to be made anew before anything else.
    pub(super) is_dirty: bool,
}

#[async_trait]
impl<V: LiveView> Sink for LiveSink<V> {
    fn is_eager(&self) -> bool {
        true
    }

    fn batch_max(&self) -> usize {
        usize::MAX
    }

    async fn open(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn reset(&mut self, advance: Advance) -> Result<Advanced, Trouble> {
        let begin = advance.to;
        let advanced = self.ledger.advance(advance).await?;
        self.slot.set(V::default());
        self.is_dirty = false;
        self.missing.clear();
        self.begin = Some(begin);
        Ok(advanced)
    }

    async fn take(&mut self, batch: Batch) -> Result<(Done, Stored), Trouble> {
        self.begin.get_or_insert(batch.from);
        if self.is_dirty {
            self.restore(None, batch.from).await?;
        }
        let mut done = Done::new(batch.to);
        let triage = Arc::clone(&self.triage);
        let mut queue = Queue::new(&triage, &batch.parked);
        let mut place = 0;
        while place < batch.items().len() {
            let Some(failure) = self.run(&batch, &mut queue, &mut place, &mut done) else { break };
            let item = &batch.items()[place];
            let made = if place == 0 { batch.attempts.saturating_add(1) } else { 1 };
            let verdict = self.triage.judge(item, &failure, made, false);
            // A handler that panicked may have changed the view by half.
            if failure.kind() == factum_core::FailureKind::Panicked {
                self.is_dirty = true;
                let through = done.last.map_or(batch.from, |last| batch.from.max(last.position));
                self.restore(Some(item.event.position), through).await?;
            }
            match verdict {
                Verdict::Left(letter) => {
                    queue.note(letter.as_ref());
                    done.leave(letter);
                    self.missing.insert(item.event.position);
                    place += 1;
                }
                Verdict::Retry(pause) => {
                    done.to = batch.before(place);
                    done.halt = Some(Halt::Retry { place, pause, failure: words(&failure) });
                    break;
                }
                Verdict::Fail { is_first } => {
                    done.to = batch.before(place);
                    let failure = words(&failure);
                    done.halt = Some(Halt::Fail { place, failure, is_first });
                    break;
                }
            }
        }
        Ok((done, Stored::Owed))
    }
}

impl<V: LiveView> LiveSink<V> {
    /// Takes events in up to the first that fails; `place` then says which.
    fn run(
        &mut self,
        batch: &Batch,
        queue: &mut Queue<'_>,
        place: &mut usize,
        done: &mut Done,
    ) -> Option<EventFailure> {
        let (projection, missing) = (&self.projection, &mut self.missing);
        self.slot.change(|view| {
            // One catch for the whole run: it costs nothing per event.
            let run = catch_unwind(AssertUnwindSafe(|| {
                while let Some(item) = batch.items().get(*place) {
                    match queue.turn(item) {
                        Turn::Passed => {}
                        Turn::Waits(letter) => {
                            done.letters.push(letter);
                            missing.insert(item.event.position);
                        }
                        Turn::Now => {
                            projection.take(view, &item.event)?;
                            done.note(&item.event);
                            if let Some(letter) = &item.letter {
                                done.letters.push(removed(letter));
                                missing.remove(&item.event.position);
                            }
                        }
                    }
                    *place += 1;
                }
                Ok(())
            }));
            match run {
                Ok(Ok(())) => None,
                Ok(Err(failure)) => Some(failure),
                Err(panic) => Some(EventFailure::panicked(panic.as_ref())),
            }
        })
    }

    /// Makes the view anew from the log: everything up to `through`, but for what is missing and the
    /// event at `without`. Events that were set aside and taken in later stand where they belong then.
    async fn restore(
        &mut self,
        without: Option<Position>,
        through: Position,
    ) -> Result<(), Trouble> {
        let read = LogRead {
            through: Some(through),
            page_events_max: self.page_events_max,
            ..LogRead::after(self.triage.query.clone(), self.begin.unwrap_or_default())
        };
        let mut view = V::default();
        let mut pages = self.log.read(read);
        while let Some(page) = pages.try_next().await? {
            for event in &page.events {
                if Some(event.position) == without || self.missing.contains(&event.position) {
                    continue;
                }
                self.again(&mut view, event)?;
            }
        }
        self.slot.set(view);
        self.is_dirty = false;
        Ok(())
    }

    /// Takes in an event that was taken in before.
    fn again(&self, view: &mut V, event: &RecordedEvent) -> Result<(), Trouble> {
        let taken = catch_unwind(AssertUnwindSafe(|| self.projection.take(view, event)));
        let failure = match taken {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(panic) => EventFailure::panicked(panic.as_ref()),
        };
        Err(super::SubscriptionError::Event {
            name: self.triage.reads.name().clone(),
            position: event.position,
            stream: event.stream.clone(),
            failure: words(&failure),
        }
        .into())
    }
}
