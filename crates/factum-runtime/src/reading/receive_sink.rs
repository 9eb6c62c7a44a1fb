//! Subscribers: events of different keys side by side, those of one key in order.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use factum_core::{
    Advance, Advanced, EventFailure, EventSubscriber, LetterChange, Position, StoreError,
    SubscriptionState,
};
use foldhash::fast::{FixedState, RandomState};
use futures::FutureExt;
use futures::future::join_all;

use super::error::Trouble;
use super::letters::{Item, Letter, Queue, Triage, Turn, Verdict, removed};
use super::sink::{Batch, Done, Halt, Sink, Stored, words};
use super::status::Shared;

/// How many events of a lane are handled before the lanes wait for one another.
const EVENTS_PER_LANE: usize = 16;

/// A subscriber's handlers.
#[derive(Debug)]
pub(super) struct ReceiveSink {
    pub(super) shared: Arc<Shared>,
    pub(super) subscriber: EventSubscriber,
    pub(super) triage: Arc<Triage>,
    pub(super) lanes: usize,
    /// How often the events were tried whose next attempt had to wait for orders: one a lane at most.
    pub(super) tried: Mutex<HashMap<Position, u32, RandomState>>,
}

/// What became of one lane of a batch.
#[derive(Debug, Default)]
struct Lane {
    /// Places of the events that were handled.
    handled: Vec<usize>,
    letters: Vec<Letter>,
    /// Places of the events that were left out for good.
    skipped: Vec<usize>,
    /// The first place that was not settled, and why.
    left: Option<(usize, Option<String>)>,
}

#[async_trait]
impl Sink for ReceiveSink {
    fn is_eager(&self) -> bool {
        false
    }

    /// A few for each lane, so that the checkpoint moves while the handlers are slow.
    fn batch_max(&self) -> usize {
        self.lanes * EVENTS_PER_LANE
    }

    async fn open(&mut self) -> Result<(), StoreError> {
        self.tried().clear();
        Ok(())
    }

    /// There is no view to reset: a newer version goes on where the older one stopped.
    async fn reset(&mut self, advance: Advance) -> Result<Advanced, Trouble> {
        Ok(self.shared.ledger.advance(advance).await?)
    }

    async fn take(&mut self, batch: Batch) -> Result<(Done, Stored), Trouble> {
        let lanes = self.lanes(&batch);
        // The highest place that was begun: once stopping is requested, nothing beyond it is.
        let begun = AtomicU64::new(0);
        let lanes =
            join_all(lanes.into_iter().map(|places| self.lane(&batch, places, &begun))).await;
        Ok((settled(&batch, lanes), Stored::Owed))
    }
}

impl ReceiveSink {
    /// The places of a batch by lane, in order within each.
    fn lanes(&self, batch: &Batch) -> Vec<Vec<usize>> {
        let items = batch.items();
        if self.lanes == 1 || items.len() == 1 {
            return vec![(0..items.len()).collect()];
        }
        let mut lanes = vec![Vec::new(); self.lanes];
        for (place, item) in items.iter().enumerate() {
            let key = self.triage.key(&item.event);
            let hash = FixedState::default().hash_one(key.as_str());
            let lane = usize::try_from(hash % self.lanes as u64).expect("lanes are few");
            lanes[lane].push(place);
        }
        lanes.retain(|lane| !lane.is_empty());
        lanes
    }

    async fn lane(&self, batch: &Batch, places: Vec<usize>, begun: &AtomicU64) -> Lane {
        let mut lane = Lane::default();
        let mut queue = Queue::new(&self.triage, &batch.parked);
        for place in places {
            let item = &batch.items()[place];
            let interrupted = batch.stop.is_requested() || batch.orders.are_given();
            if interrupted && place as u64 > begun.load(Ordering::SeqCst) {
                lane.left = Some((place, None));
                return lane;
            }
            begun.fetch_max(place as u64, Ordering::SeqCst);
            match queue.turn(item) {
                Turn::Now => {}
                Turn::Passed => continue,
                Turn::Waits(letter) => {
                    lane.letters.push(letter);
                    continue;
                }
            }
            let before = self.tried().remove(&item.event.position);
            let (mut made, mut retried) = (before.unwrap_or_default(), false);
            loop {
                made += 1;
                let handled = AssertUnwindSafe(self.subscriber.handle(&item.event)).catch_unwind();
                let failure = match handled.await {
                    Ok(Ok(())) => break,
                    Ok(Err(failure)) => failure,
                    Err(panic) => EventFailure::panicked(panic.as_ref()),
                };
                match self.triage.judge(item, &failure, made, false) {
                    Verdict::Left(letter) => {
                        queue.note(letter.as_ref());
                        lane.skipped.extend(letter.is_none().then_some(place));
                        lane.letters.extend(letter);
                        made = 0;
                        break;
                    }
                    Verdict::Fail { .. } => {
                        lane.left = Some((place, Some(words(&failure))));
                        return lane;
                    }
                    Verdict::Retry(pause) => {
                        if !self.pause(batch, item, &failure, pause).await {
                            self.tried().insert(item.event.position, made);
                            lane.left = Some((place, None));
                            return lane;
                        }
                        retried = true;
                    }
                }
            }
            if retried {
                self.shared.set_state(SubscriptionState::CatchingUp, None);
            }
            if made > 0 {
                lane.handled.push(place);
                lane.letters.extend(item.letter.as_ref().map(removed));
            }
        }
        lane
    }
}

impl ReceiveSink {
    fn tried(&self) -> MutexGuard<'_, HashMap<Position, u32, RandomState>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits before the next attempt; false if something else is to be looked at first.
    async fn pause(
        &self,
        batch: &Batch,
        item: &Item,
        failure: &EventFailure,
        pause: Duration,
    ) -> bool {
        let reason = format!("event at position {}: {failure}", item.event.position);
        self.shared.set_state(SubscriptionState::Retrying, Some(reason));
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = batch.stop.requested() => false,
            _ = batch.orders.clone().given() => false,
        }
    }
}

/// What all lanes together come to: the checkpoint stands before the first event that was left.
fn settled(batch: &Batch, lanes: Vec<Lane>) -> Done {
    let mut done = Done::new(batch.to);
    let left = lanes.iter().filter_map(|lane| lane.left.clone()).min_by_key(|(place, _)| *place);
    if let Some((place, _)) = &left {
        done.to = batch.before(*place);
    }
    for lane in lanes {
        for place in lane.handled {
            let event = &batch.items()[place].event;
            if event.position <= done.to {
                done.note(event);
            } else {
                done.handled += 1; // It will come again.
            }
        }
        let left_out = lane.skipped.iter().map(|place| batch.items()[*place].event.position);
        done.skipped += left_out.filter(|it| *it <= done.to).count() as u64;
        // An event beyond the checkpoint comes again, and is judged again then.
        let again = |letter: &Letter| match &letter.change {
            LetterChange::Put(put) => put.position > done.to && put.position > batch.from,
            LetterChange::Remove(_) => false,
        };
        let letters = lane.letters.into_iter().filter(|letter| !again(letter));
        done.letters.extend(letters.collect::<Vec<_>>());
    }
    done.halt = left.map(|(place, failure)| match failure {
        Some(failure) => Halt::Fail { place, failure, is_first: false },
        None => Halt::Interrupted,
    });
    done
}
