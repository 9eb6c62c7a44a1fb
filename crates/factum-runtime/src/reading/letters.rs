//! Events that are set aside: what the loop knows of them, and what it makes of a failure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use factum_core::limits::CAUSE_BYTES_MAX;
use factum_core::{
    Clock, DeadLetter, DeadLetterStatus, EventFailure, LaneKey, LetterChange, Position, Query,
    Reads, RecordedEvent, SubscriptionKind, TenantScope,
};
use foldhash::fast::RandomState;

use super::policy::{Decision, FailurePolicy, OnFailure};
use super::status::Shared;

/// A change of what is set aside, with its key.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) key: LaneKey,
    pub(super) change: LetterChange,
}

/// The keys that stand still, each with the events that do.
#[derive(Clone, Debug, Default)]
pub(super) struct Parked {
    keys: HashMap<LaneKey, BTreeMap<Position, Standing>, RandomState>,
}

/// How an event stands.
#[derive(Clone, Copy, Debug)]
struct Standing {
    failed: bool,
    due: bool,
}

impl Parked {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn holds(&self, key: &LaneKey) -> bool {
        self.keys.contains_key(key)
    }

    pub(super) fn has(&self, key: &LaneKey, position: Position) -> bool {
        self.keys.get(key).is_some_and(|events| events.contains_key(&position))
    }

    /// The keys that are to be tried: those with an event that is due, and those in which nothing
    /// failed, whose events wait for nothing. That is so after what failed was discarded, and after a
    /// stop or a crash in the middle of trying a key again.
    pub(super) fn to_try(&self) -> Vec<LaneKey> {
        let due = |events: &BTreeMap<Position, Standing>| {
            events.values().any(|it| it.due) || events.values().all(|it| !it.failed)
        };
        self.keys.iter().filter(|(_, events)| due(events)).map(|(key, _)| key.clone()).collect()
    }

    /// Takes over a letter as it is stored.
    pub(super) fn note(&mut self, letter: &DeadLetter) {
        if letter.status.blocks() {
            let standing =
                Standing { failed: letter.status == DeadLetterStatus::Parked, due: letter.due };
            self.keys.entry(letter.key.clone()).or_default().insert(letter.position, standing);
        }
    }

    /// Takes over a change that was stored.
    pub(super) fn apply(&mut self, letter: &Letter) {
        match &letter.change {
            LetterChange::Put(put) => self.note(put),
            LetterChange::Remove(position) => {
                if let Some(events) = self.keys.get_mut(&letter.key) {
                    events.remove(position);
                    if events.is_empty() {
                        self.keys.remove(&letter.key);
                    }
                }
            }
        }
    }
}

/// An event to handle: a new one, or one that was set aside before.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) event: RecordedEvent,
    pub(super) letter: Option<DeadLetter>,
}

/// What a failure comes to.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Try again after this long.
    Retry(Duration),
    /// The subscription ends; because nothing was handled before, if `is_first` says so.
    Fail { is_first: bool },
    /// The event is left out, or set aside.
    Left(Option<Letter>),
}

/// Judges events and failures for one subscription.
#[derive(Debug)]
pub(super) struct Triage {
    pub(super) reads: Reads,
    /// What it reads.
    pub(super) query: Query,
    pub(super) scope: TenantScope,
    pub(super) policy: FailurePolicy,
    pub(super) clock: Arc<dyn Clock>,
    /// The view has taken no event yet, and is to end if the first one fails.
    pub(super) is_fresh: AtomicBool,
    pub(super) shared: Arc<Shared>,
}

impl Triage {
    /// What the event is kept in order by; its stream, if the user's own function panics.
    pub(super) fn key(&self, event: &RecordedEvent) -> LaneKey {
        let key = || self.reads.key_of(event, &self.scope);
        catch_unwind(AssertUnwindSafe(key)).unwrap_or_else(|_| {
            tracing::error!(subscription = %self.reads.name(), position = %event.position,
                "choosing the key of an event panicked; its stream is its key");
            let position = event.position;
            let what = "choosing its key panicked, so that its stream is its key";
            self.shared.notices.trouble(format_args!("event at position {position}: {what}"));
            LaneKey::of(&format!("{}/{}", event.tenant, event.stream))
        })
    }

    /// Whether a projection that has handled nothing yet is to end with its first failure.
    pub(super) fn fails_fast(&self) -> bool {
        self.is_fresh.load(Ordering::Relaxed)
    }

    /// Says whether nothing was handled yet. Only views are built from nothing.
    pub(super) fn set_fresh(&self, is_fresh: bool) {
        let may_fail =
            self.policy.fails_fast() && self.reads.kind() == SubscriptionKind::Projection;
        self.is_fresh.store(is_fresh && may_fail, Ordering::Relaxed);
    }

    /// What to do about an event that failed, `made` attempts so far included. `is_first` says that the
    /// view has taken no event before it.
    pub(super) fn judge(
        &self,
        item: &Item,
        failure: &EventFailure,
        made: u32,
        is_first: bool,
    ) -> Verdict {
        let event = &item.event;
        if let Some(letter) = &item.letter {
            return Verdict::Left(Some(self.failed_again(letter, failure)));
        }
        let (then, is_first) = match self.policy.decide(failure, made, is_first) {
            Decision::Retry(pause) => return Verdict::Retry(pause),
            Decision::Settle(then) => (then, false),
            Decision::FailFast => (OnFailure::Fail, true),
        };
        tracing::warn!(subscription = %self.reads.name(), position = %event.position,
            stream = %event.stream, event_type = %event.event_type, attempts = made, %failure,
            reaction = ?then, "an event could not be handled");
        if then != OnFailure::Fail {
            let (position, stream) = (event.position, &event.stream);
            let what = format_args!("event at position {position}, stream {stream}: {failure}");
            self.shared.notices.failed(what, then);
        }
        let status = match then {
            OnFailure::Fail => return Verdict::Fail { is_first },
            OnFailure::Skip => return Verdict::Left(None),
            OnFailure::Park => DeadLetterStatus::Parked,
            OnFailure::DeadLetter => DeadLetterStatus::Dead,
        };
        let mut letter = self.set_aside(event, self.key(event), status);
        (letter.cause, letter.attempts) = (cause(failure), made);
        Verdict::Left(Some(put(letter)))
    }

    /// The letter of an event that waits behind one that failed.
    pub(super) fn waiting(&self, event: &RecordedEvent, key: LaneKey) -> Letter {
        put(self.set_aside(event, key, DeadLetterStatus::Waiting))
    }

    fn failed_again(&self, letter: &DeadLetter, failure: &EventFailure) -> Letter {
        let status = match letter.status {
            DeadLetterStatus::Waiting => DeadLetterStatus::Parked,
            other => other,
        };
        tracing::warn!(subscription = %self.reads.name(), position = %letter.position,
            stream = %letter.stream, %failure, "an event that was set aside failed again");
        let (position, stream) = (letter.position, &letter.stream);
        let then = if status.blocks() { OnFailure::Park } else { OnFailure::DeadLetter };
        let what = format_args!("event at position {position}, stream {stream}, again: {failure}");
        self.shared.notices.failed(what, then);
        put(DeadLetter {
            status,
            cause: cause(failure),
            attempts: letter.attempts.saturating_add(1),
            last_at: self.clock.now(),
            due: false,
            ..letter.clone()
        })
    }

    fn set_aside(
        &self,
        event: &RecordedEvent,
        key: LaneKey,
        status: DeadLetterStatus,
    ) -> DeadLetter {
        let now = self.clock.now();
        DeadLetter {
            position: event.position,
            key,
            status,
            id: event.id,
            tenant: event.tenant.clone(),
            stream: event.stream.clone(),
            event_type: event.event_type.clone(),
            cause: String::new(),
            attempts: 0,
            first_at: now,
            last_at: now,
            due: false,
        }
    }
}

/// Whether it is an item's turn.
#[derive(Debug)]
pub(super) enum Turn {
    /// It is.
    Now,
    /// It waits behind one that failed; its letter.
    Waits(Letter),
    /// It is set aside already.
    Passed,
}

/// Which items of a batch wait, as the batch goes on: behind keys that were parked before, and
/// behind those that failed in it.
#[derive(Debug)]
pub(super) struct Queue<'a> {
    triage: &'a Triage,
    parked: &'a Parked,
    failed: HashSet<LaneKey, RandomState>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(triage: &'a Triage, parked: &'a Parked) -> Self {
        Self { triage, parked, failed: HashSet::default() }
    }

    /// Whether it is the item's turn.
    pub(super) fn turn(&self, item: &Item) -> Turn {
        match &item.letter {
            // It is being tried again; what stands behind it in this batch waits if it fails again.
            Some(letter) if self.failed.contains(&letter.key) && letter.due => {
                // Tried again means together with what stands before it.
                Turn::Waits(put(DeadLetter { due: false, ..letter.clone() }))
            }
            Some(letter) if self.failed.contains(&letter.key) => Turn::Passed,
            Some(_) => Turn::Now,
            None if self.parked.is_empty() && self.failed.is_empty() => Turn::Now,
            None => {
                let key = self.triage.key(&item.event);
                if self.parked.has(&key, item.event.position) {
                    return Turn::Passed; // It came again before the checkpoint moved over it.
                }
                if self.parked.holds(&key) || self.failed.contains(&key) {
                    return Turn::Waits(self.triage.waiting(&item.event, key));
                }
                Turn::Now
            }
        }
    }

    /// Takes note of what became of a failure.
    pub(super) fn note(&mut self, letter: Option<&Letter>) {
        if let Some(letter) = letter
            && let LetterChange::Put(put) = &letter.change
            && put.status.blocks()
        {
            self.failed.insert(letter.key.clone());
        }
    }
}

/// The change by which an event is no longer set aside.
pub(super) fn removed(letter: &DeadLetter) -> Letter {
    Letter { key: letter.key.clone(), change: LetterChange::Remove(letter.position) }
}

pub(super) fn put(letter: DeadLetter) -> Letter {
    Letter { key: letter.key.clone(), change: LetterChange::Put(letter) }
}

/// What went wrong, as it is stored.
fn cause(failure: &EventFailure) -> String {
    let mut cause = failure.to_string();
    let mut end = CAUSE_BYTES_MAX.min(cause.len());
    while !cause.is_char_boundary(end) {
        end -= 1;
    }
    cause.truncate(end);
    cause
}
