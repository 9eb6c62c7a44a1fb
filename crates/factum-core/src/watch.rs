//! A hint that the head moved.

use tokio::sync::watch;

use crate::{Position, StoreError, StoreErrorKind};

/// The sending side, held by a store.
#[derive(Debug)]
pub struct HeadSignal(watch::Sender<Position>);

impl HeadSignal {
    /// A signal that starts at `head`.
    pub fn new(head: Position) -> Self {
        Self(watch::Sender::new(head))
    }

    /// Announces that the head is at least `head`; a lower one changes nothing.
    pub fn publish(&self, head: Position) {
        self.0.send_if_modified(|seen| {
            let moved = head > *seen;
            *seen = head.max(*seen);
            moved
        });
    }

    /// The highest head announced so far.
    pub fn last(&self) -> Position {
        *self.0.borrow()
    }

    /// How many watches are alive.
    pub fn watchers(&self) -> usize {
        self.0.receiver_count()
    }

    /// A watch on this signal.
    pub fn watch(&self) -> HeadWatch {
        HeadWatch(self.0.subscribe())
    }
}

/// Waits for the head to move.
///
/// A watch is a hint: it may wake late, and a wake that is lost costs latency, never an event,
/// because whoever wakes reads the log from where it stopped.
#[derive(Clone, Debug)]
pub struct HeadWatch(watch::Receiver<Position>);

impl HeadWatch {
    /// The highest head known without asking the store.
    pub fn last(&self) -> Position {
        *self.0.borrow()
    }

    /// Waits until the head is past `seen`, and returns it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Unavailable`] once the store is closed.
    pub async fn past(&mut self, seen: Position) -> Result<Position, StoreError> {
        let moved = self.0.wait_for(|head| *head > seen).await;
        moved.map(|head| *head).map_err(|_| {
            StoreError::new(StoreErrorKind::Unavailable, "watch head", "the store was closed")
        })
    }
}
