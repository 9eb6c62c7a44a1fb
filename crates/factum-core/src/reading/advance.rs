//! One step of a subscription, stored whole or not at all.

use super::dead_letter::DeadLetter;
use super::lease::Lease;
use super::progress::{Progress, Registration, SubscriptionKind};
use crate::{EventId, Position};

/// An event by its place and identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandledEvent {
    /// Its place in the log.
    pub position: Position,
    /// Its identity.
    pub id: EventId,
}

/// What became of an event that could not be handled, or now was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterChange {
    /// It is set aside, or failed once more: replaces what is stored of it.
    Put(DeadLetter),
    /// It was handled, or is left out for good.
    Remove(Position),
}

/// A turn that the rebuild of a view takes with a step. It starts where the step leads to, whatever
/// place was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RebuildStep {
    /// The view was reset; the checkpoint goes back. Every letter is removed. It is done when the
    /// checkpoint gets to `target`; at once if it is there already. Not for a subscriber.
    Begin {
        /// The head of the log as it is now.
        target: Position,
    },
    /// As `Begin`, for a newer version of the subscription, which is stored as well. A subscriber's goes on
    /// where the older one stopped, with its letters.
    Upgrade {
        /// The subscription as it is declared now.
        registration: Registration,
        /// The head of the log as it is now.
        target: Position,
    },
}

/// One step of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// By what right.
    pub lease: Lease,
    /// The checkpoint that the step was made from.
    pub from: Position,
    /// The new checkpoint. Below `from` only with a [`RebuildStep`].
    pub to: Position,
    /// The last event that was handled; `None` leaves the stored one, or, in a rebuild, removes it.
    pub last: Option<HandledEvent>,
    /// Events that were set aside, or no longer are.
    pub letters: Vec<LetterChange>,
    /// Whether a rebuild begins with it.
    pub rebuild: Option<RebuildStep>,
}

impl Advance {
    /// Whether everything that was set aside is removed with it: what is rebuilt is handled anew. A newer
    /// version of what keeps no view goes on where the older one stopped, and keeps it; for stores.
    pub fn removes_letters(&self, kind: SubscriptionKind) -> bool {
        self.rebuild.is_some() && kind == SubscriptionKind::Projection
    }

    /// A step from one checkpoint to another.
    pub fn new(lease: Lease, from: Position, to: Position) -> Self {
        Self { lease, from, to, last: None, letters: Vec::new(), rebuild: None }
    }
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advanced {
    /// It is stored. Carries [`Progress::instructions`] as it is now.
    Stored {
        /// The number of orders so far.
        instructions: u64,
    },
    /// The checkpoint is not where the step was made from; nothing is stored.
    Moved(Box<Progress>),
}
