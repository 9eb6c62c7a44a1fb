//! What clients observed, checked against what the log holds: no append lost, doubled, moved or
//! torn.
//!
//! Every client notes its appends as they end; a [`History`] is plain text when it must outlive
//! its process. In the end the whole log is read and [`History::check`] says what is wrong.
//!
//! ```
//! use factum_core::Position;
//! use factum_testkit::SequentialIds;
//! use factum_testkit::history::{History, Violation};
//!
//! let mut history = History::default();
//! let ids = [SequentialIds::id(1)];
//! history.acknowledged("client 1", ids, Position::new(1), Position::new(1));
//! let lost = Violation::Lost { label: "client 1".into(), id: ids[0] };
//! assert_eq!(history.check(&[]), [lost]);
//! ```

mod text;

pub use text::InvalidLine;

use std::collections::{HashMap, HashSet};

use factum_core::{EventId, Position, RecordedEvent};

/// The appends and reads of any number of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    appends: Vec<ObservedAppend>,
    reads: Vec<(String, Vec<(Position, EventId)>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ObservedAppend {
    label: String,
    ids: Vec<EventId>,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Stored, at these positions.
    Acknowledged(Position, Position),
    /// Stored whole or not at all.
    Unknown,
    /// Not stored.
    Refused,
}

/// What is wrong with a log. Labels are those of the appends and reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// An acknowledged event is not in the log.
    Lost {
        /// The append.
        label: String,
        /// The event.
        id: EventId,
    },
    /// An event is in the log more than once.
    Duplicate {
        /// The event.
        id: EventId,
        /// Where it is first.
        first: Position,
        /// Where it is again.
        again: Position,
    },
    /// An event is not where the acknowledgement said, or not in the order of its append.
    Moved {
        /// The append or read.
        label: String,
        /// The event.
        id: EventId,
        /// Where it should be.
        expected: Position,
        /// Where it is.
        found: Position,
    },
    /// Only some events of an append are in the log.
    Torn {
        /// The append.
        label: String,
        /// How many are there.
        found: usize,
        /// How many were sent.
        sent: usize,
    },
    /// An event of a refused append is in the log.
    Refused {
        /// The append.
        label: String,
        /// The event.
        id: EventId,
    },
    /// An event is in the log that nobody appended.
    Unexplained {
        /// The event.
        id: EventId,
        /// Where it is.
        position: Position,
    },
    /// Positions have a hole or go back.
    Gap {
        /// The place that should come next.
        expected: Position,
        /// The place that came.
        found: Position,
    },
    /// A client read an event that the log does not hold.
    Vanished {
        /// The read.
        label: String,
        /// The event.
        id: EventId,
    },
}

impl History {
    /// Notes an append that was acknowledged, with the positions it was told.
    pub fn acknowledged(
        &mut self,
        label: impl Into<String>,
        ids: impl IntoIterator<Item = EventId>,
        first: Position,
        last: Position,
    ) {
        self.note(label, ids, Outcome::Acknowledged(first, last));
    }

    /// Notes an append whose outcome is unknown: it may be stored, whole, or not.
    pub fn unknown(&mut self, label: impl Into<String>, ids: impl IntoIterator<Item = EventId>) {
        self.note(label, ids, Outcome::Unknown);
    }

    /// Notes an append that failed so that nothing may be stored.
    pub fn refused(&mut self, label: impl Into<String>, ids: impl IntoIterator<Item = EventId>) {
        self.note(label, ids, Outcome::Refused);
    }

    /// Notes what a client read at some time; it must still be there, in the same place.
    pub fn read(&mut self, label: impl Into<String>, events: &[RecordedEvent]) {
        let places = events.iter().map(|event| (event.position, event.id)).collect();
        self.reads.push((label.into(), places));
    }

    /// Takes in what another client noted.
    pub fn merge(&mut self, other: Self) {
        self.appends.extend(other.appends);
        self.reads.extend(other.reads);
    }

    /// Compares the observations with the whole log, read from its start.
    pub fn check(&self, log: &[RecordedEvent]) -> Vec<Violation> {
        let mut violations = Vec::new();
        let places = places(log, &mut violations);
        let mut explained: HashSet<EventId> = HashSet::new();
        for append in &self.appends {
            explained.extend(&append.ids);
            append.check(&places, &mut violations);
        }
        for (label, read) in &self.reads {
            check_read(label, read, &places, &mut violations);
        }
        for event in log.iter().filter(|event| !explained.contains(&event.id)) {
            violations.push(Violation::Unexplained { id: event.id, position: event.position });
        }
        violations
    }

    fn note(
        &mut self,
        label: impl Into<String>,
        ids: impl IntoIterator<Item = EventId>,
        outcome: Outcome,
    ) {
        let (label, ids) = (label.into(), ids.into_iter().collect());
        self.appends.push(ObservedAppend { label, ids, outcome });
    }
}

type Places = HashMap<EventId, Position>;

/// Where each event is first; notes gaps and duplicates on the way.
fn places(log: &[RecordedEvent], violations: &mut Vec<Violation>) -> Places {
    let mut places = Places::new();
    let mut expected = Position::START.plus(1);
    for event in log {
        let found = event.position;
        if found != expected {
            violations.push(Violation::Gap { expected, found });
        }
        expected = found.plus(1);
        if let Some(first) = places.get(&event.id) {
            let (id, first) = (event.id, *first);
            violations.push(Violation::Duplicate { id, first, again: found });
        } else {
            places.insert(event.id, found);
        }
    }
    places
}

impl ObservedAppend {
    fn check(&self, places: &Places, violations: &mut Vec<Violation>) {
        let found: Vec<_> = self.ids.iter().filter(|id| places.contains_key(id)).collect();
        let label = || self.label.clone();
        match self.outcome {
            Outcome::Refused => violations
                .extend(found.into_iter().map(|id| Violation::Refused { label: label(), id: *id })),
            Outcome::Unknown => {
                if found.is_empty() {
                    return;
                }
                if found.len() < self.ids.len() {
                    let (found, sent) = (found.len(), self.ids.len());
                    violations.push(Violation::Torn { label: label(), found, sent });
                } else {
                    self.check_order(places[&self.ids[0]], places, violations);
                }
            }
            Outcome::Acknowledged(first, last) => {
                let missing = self.ids.iter().filter(|id| !places.contains_key(id));
                violations.extend(missing.map(|id| Violation::Lost { label: label(), id: *id }));
                self.check_order(first, places, violations);
                let Some(id) = self.ids.last() else { return };
                let expected = first.plus(self.ids.len() as u64 - 1);
                if expected != last {
                    let (label, id) = (label(), *id);
                    violations.push(Violation::Moved {
                        label,
                        id,
                        expected: last,
                        found: expected,
                    });
                }
            }
        }
    }

    /// The events must stand one after another from `first` on.
    fn check_order(&self, first: Position, places: &Places, violations: &mut Vec<Violation>) {
        for (offset, id) in (0..).zip(&self.ids) {
            let expected = first.plus(offset);
            match places.get(id) {
                Some(found) if *found != expected => {
                    let (label, id, found) = (self.label.clone(), *id, *found);
                    violations.push(Violation::Moved { label, id, expected, found });
                }
                _ => {}
            }
        }
    }
}

fn check_read(
    label: &str,
    read: &[(Position, EventId)],
    places: &Places,
    violations: &mut Vec<Violation>,
) {
    for (expected, id) in read {
        let label = label.to_owned();
        match places.get(id) {
            None => violations.push(Violation::Vanished { label, id: *id }),
            Some(found) if found != expected => {
                let (expected, found) = (*expected, *found);
                violations.push(Violation::Moved { label, id: *id, expected, found });
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
