//! What the loop holds while it has the lease.

use std::sync::Arc;
use std::time::Duration;

use factum_core::{Advance, HandledEvent, Lease, LetterChange, Position, Progress};
use tokio::time::Instant;

use super::keeper::Keeper;
use super::letters::{Letter, Parked};
use super::sink::Done;

/// A lease, and how far the loop got under it.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) lease: Lease,
    pub(super) keeper: Keeper,
    /// The number of orders that were looked at.
    pub(super) instructions: u64,
    /// The checkpoint as it is stored.
    pub(super) stored: Position,
    /// Everything at or below it was handled, set aside or skipped.
    pub(super) position: Position,
    pub(super) parked: Arc<Parked>,
    /// How often the event at this place was tried.
    pub(super) tried: Option<(Position, u32)>,
    owed: Owed,
    pace: Pace,
}

/// What was done and is not stored yet.
#[derive(Debug, Default)]
struct Owed {
    last: Option<HandledEvent>,
    letters: Vec<LetterChange>,
    events: u64,
    since: Option<Instant>,
}

impl Run {
    pub(super) fn new(lease: Lease, keeper: Keeper, progress: &Progress) -> Self {
        Self {
            lease,
            keeper,
            instructions: progress.instructions,
            stored: progress.position,
            position: progress.position,
            parked: Arc::default(),
            tried: None,
            owed: Owed::default(),
            pace: Pace::new(progress.position),
        }
    }

    /// The checkpoint is elsewhere, by right: a rebuild began, or somebody moved it along.
    pub(super) fn moved_to(&mut self, position: Position) {
        (self.stored, self.position) = (position, position);
        (self.owed, self.tried) = (Owed::default(), None);
        self.pace = Pace::new(position);
    }

    /// Takes over what was stored together with the view.
    pub(super) fn stored(&mut self, done: &Done) {
        self.set_aside(&done.letters);
        self.position = self.position.max(done.to);
        self.stored = self.stored.max(done.to);
        self.owed = Owed::default();
    }

    /// Takes note of what is to be stored.
    pub(super) fn owe(&mut self, done: Done, now: Instant) {
        self.set_aside(&done.letters);
        self.position = self.position.max(done.to);
        self.owed.last = done.last.or(self.owed.last);
        self.owed.letters.extend(done.letters.into_iter().map(|it| it.change));
        self.owed.events += done.handled;
        self.owed.since.get_or_insert(now);
    }

    /// Nothing was of interest up to `through`.
    pub(super) fn skip_to(&mut self, through: Position, now: Instant) {
        if through > self.position {
            self.position = through;
            self.owed.since.get_or_insert(now);
        }
    }

    /// The step that stores what is owed, if anything is.
    pub(super) fn step(&self) -> Option<Advance> {
        if self.position == self.stored && self.owed.letters.is_empty() {
            return None;
        }
        Some(Advance {
            last: self.owed.last,
            letters: self.owed.letters.clone(),
            ..Advance::new(self.lease.clone(), self.stored, self.position)
        })
    }

    /// What was owed is stored.
    pub(super) fn paid(&mut self) {
        self.stored = self.position;
        self.owed = Owed::default();
    }

    /// Whether so many events are owed that they are to be stored now; letters are at once.
    pub(super) fn is_due(&self, events_max: u64) -> bool {
        self.owed.events >= events_max || !self.owed.letters.is_empty()
    }

    /// When what is owed is to be stored at the latest.
    pub(super) fn due_at(&self, within: Duration) -> Option<Instant> {
        self.owed.since.map(|since| since + within)
    }

    /// How often the event at `position` was tried.
    pub(super) fn attempts_at(&self, position: Position) -> u32 {
        self.tried.filter(|(at, _)| *at == position).map_or(0, |(_, count)| count)
    }

    /// How long it takes to the head at the pace so far.
    pub(super) fn eta(&self, head: Position) -> Option<Duration> {
        self.pace.eta(self.position, head)
    }

    /// Begins to measure the pace anew.
    pub(super) fn begin_pace(&mut self) {
        self.pace = Pace::new(self.position);
    }

    fn set_aside(&mut self, letters: &[Letter]) {
        if !letters.is_empty() {
            let parked = Arc::make_mut(&mut self.parked);
            for letter in letters {
                parked.apply(letter);
            }
        }
    }
}

/// How fast the loop goes through the log.
#[derive(Clone, Copy, Debug)]
struct Pace {
    from: Position,
    since: Instant,
}

impl Pace {
    fn new(from: Position) -> Self {
        Self { from, since: Instant::now() }
    }

    fn eta(self, position: Position, head: Position) -> Option<Duration> {
        let done = position.get().checked_sub(self.from.get()).filter(|done| *done > 0)?;
        let left = head.get().saturating_sub(position.get());
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let share = left as f64 / done as f64;
        Duration::try_from_secs_f64(self.since.elapsed().as_secs_f64() * share).ok()
    }
}
