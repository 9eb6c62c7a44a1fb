//! A hint that the head moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::{Position, StoreError, StoreErrorKind};

/// The sending side, held by a store.
///
/// Announcing costs two atomic operations where nobody waits: it is done for every append.
#[derive(Debug)]
pub struct HeadSignal(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    head: AtomicU64,
    closed: AtomicBool,
    watchers: AtomicUsize,
    moved: Notify,
}

impl HeadSignal {
    /// A signal that starts at `head`.
    pub fn new(head: Position) -> Self {
        Self(Arc::new(Shared {
            head: AtomicU64::new(head.get()),
            closed: AtomicBool::new(false),
            watchers: AtomicUsize::new(0),
            moved: Notify::new(),
        }))
    }

    /// Announces that the head is at least `head`; a lower one changes nothing.
    pub fn publish(&self, head: Position) {
        if self.0.head.fetch_max(head.get(), Ordering::SeqCst) < head.get() {
            self.0.moved.notify_waiters();
        }
    }

    /// The highest head announced so far.
    pub fn last(&self) -> Position {
        Position::new(self.0.head.load(Ordering::SeqCst))
    }

    /// How many watches are alive.
    pub fn watchers(&self) -> usize {
        self.0.watchers.load(Ordering::SeqCst)
    }

    /// A watch on this signal.
    pub fn watch(&self) -> HeadWatch {
        HeadWatch::new(Arc::clone(&self.0))
    }
}

impl Drop for HeadSignal {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::SeqCst);
        self.0.moved.notify_waiters();
    }
}

/// Waits for the head to move.
///
/// A watch is a hint: it may wake late, and a wake that is lost costs latency, never an event,
/// because whoever wakes reads the log from where it stopped.
#[derive(Debug)]
pub struct HeadWatch(Arc<Shared>);

impl HeadWatch {
    fn new(shared: Arc<Shared>) -> Self {
        shared.watchers.fetch_add(1, Ordering::SeqCst);
        Self(shared)
    }

    /// The highest head known without asking the store.
    pub fn last(&self) -> Position {
        Position::new(self.0.head.load(Ordering::SeqCst))
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
        loop {
            // Listening begins before looking, so that a move between the two is not missed.
            let moved = self.0.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let head = self.last();
            if head > seen {
                return Ok(head);
            }
            if self.0.closed.load(Ordering::SeqCst) {
                let (kind, said) = (StoreErrorKind::Unavailable, "the store was closed");
                return Err(StoreError::new(kind, "watch head", said));
            }
            moved.await;
        }
    }
}

impl Clone for HeadWatch {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.0))
    }
}

impl Drop for HeadWatch {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::SeqCst);
    }
}
