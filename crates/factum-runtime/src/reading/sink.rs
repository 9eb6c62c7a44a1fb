//! Where events go: what the loop asks of a view, a subscriber, a value in memory.

use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    Advance, Advanced, EventFailure, HandledEvent, Lease, Position, RecordedEvent, StoreError,
};

use super::error::Trouble;
use super::keeper::Orders;
use super::letters::{Item, Letter, Parked};
use crate::Stop;

/// A run of events to handle. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) items: Arc<Vec<Item>>,
    /// Where in the items to begin, 0-based.
    pub(super) begin: usize,
    /// By what right.
    pub(super) lease: Lease,
    /// The checkpoint that is stored.
    pub(super) from: Position,
    /// The checkpoint once all items are handled.
    pub(super) to: Position,
    /// The keys that stand still.
    pub(super) parked: Arc<Parked>,
    /// How often the first item was tried before.
    pub(super) attempts: u32,
    /// Whether pauses between attempts are to end: because of a stop, or of orders.
    pub(super) stop: Stop,
    pub(super) orders: Orders,
}

impl Batch {
    pub(super) fn items(&self) -> &[Item] {
        &self.items[self.begin..]
    }

    /// The checkpoint that stands right before an item of the batch, counted from its beginning.
    pub(super) fn before(&self, place: usize) -> Position {
        let at = self.items()[place].event.position.get();
        self.from.max(Position::new(at.saturating_sub(1))).min(self.to)
    }

    /// The step that stores what was done.
    pub(super) fn advance(&self, done: &Done) -> Advance {
        Advance {
            last: done.last,
            letters: done.letters.iter().map(|it| it.change.clone()).collect(),
            ..Advance::new(self.lease.clone(), self.from, done.to)
        }
    }
}

/// Why a batch was not handled to its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// An item is to be tried again after a pause.
    Retry { place: usize, pause: std::time::Duration, failure: String },
    /// An item could not be handled, and the subscription ends.
    Fail { place: usize, failure: String, is_first: bool },
    /// Stopping was requested, or there are orders to look at.
    Interrupted,
}

/// What was done with a batch.
#[derive(Debug)]
pub(super) struct Done {
    /// The checkpoint it leads to.
    pub(super) to: Position,
    /// How many events were handled.
    pub(super) handled: u64,
    /// The last one of them.
    pub(super) last: Option<HandledEvent>,
    pub(super) letters: Vec<Letter>,
    /// How many events were left out for good.
    pub(super) skipped: u64,
    pub(super) halt: Option<Halt>,
}

impl Done {
    pub(super) fn new(to: Position) -> Self {
        Self { to, handled: 0, last: None, letters: Vec::new(), skipped: 0, halt: None }
    }

    /// Takes in what a failed event is left with: a letter, or nothing.
    pub(super) fn leave(&mut self, letter: Option<Letter>) {
        self.skipped += u64::from(letter.is_none());
        self.letters.extend(letter);
    }

    /// Counts an event that was handled.
    pub(super) fn note(&mut self, event: &RecordedEvent) {
        self.handled += 1;
        if self.last.is_none_or(|last| last.position < event.position) {
            self.last = Some(HandledEvent { position: event.position, id: event.id });
        }
    }
}

/// Whether what was done is stored.
#[derive(Debug)]
pub(super) enum Stored {
    /// Together with the view.
    Now(Advanced),
    /// The loop has yet to store it.
    Owed,
    /// There was nothing to store.
    Nothing,
}

/// Where events go.
#[async_trait]
pub(super) trait Sink: Send + Sync {
    /// Whether the checkpoint is to be stored after every batch.
    fn is_eager(&self) -> bool;

    /// Most events to hand over at once.
    fn batch_max(&self) -> usize;

    /// Makes everything ready, as the owner.
    async fn open(&mut self) -> Result<(), StoreError>;

    /// Makes the view what it is before any event after `advance.to`, and stores the step.
    async fn reset(&mut self, advance: Advance) -> Result<Advanced, Trouble>;

    /// Tells that the checkpoint is stored, and with it what a view holds.
    async fn committed(&self, _checkpoint: Position) {}

    /// Handles a batch, as far as it can be.
    async fn take(&mut self, batch: Batch) -> Result<(Done, Stored), Trouble>;
}

/// A failure that is found outside any handler.
pub(super) fn words(failure: &EventFailure) -> String {
    failure.to_string()
}
