//! In which order and how often events come, by a list of disturbances.
//!
//! ```text
//! Keep [0 1 2] -> Lose [3 4] (a crash at 4) -> Keep [3 4 5] -> Attempt 6 -> Keep [6 7] -> Reset
//! ```

use std::collections::{BTreeMap, BTreeSet};

use factum_core::LaneKey;

use super::disturbance::Disturbance;

/// What is done next. Places are those of the events that are handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// These events are handled, and the checkpoint is stored.
    Keep(Vec<usize>),
    /// These events are handled, the last one perhaps not to its end, and come again.
    Lose {
        places: Vec<usize>,
        /// As in [`Disturbance::Crash`].
        at: Option<u32>,
        restart: bool,
    },
    /// This event is handled, and comes again.
    Attempt(usize),
    /// The view is made empty, and everything comes again.
    Reset,
}

/// What becomes of all events, step by step.
#[derive(Debug)]
pub(super) struct Deliveries {
    /// The places in the order in which they come.
    order: Vec<usize>,
    /// Where in the order pages begin.
    cuts: BTreeSet<usize>,
    /// What is yet to happen, and where in the order.
    ahead: Vec<(usize, Disturbance)>,
    /// Where in the order it goes on.
    next: usize,
    resets: bool,
}

impl Deliveries {
    /// # Panics
    ///
    /// If a disturbance is about an event that is not there.
    pub(super) fn new(plan: &[Disturbance], keys: &[LaneKey]) -> Self {
        let order = order(plan, keys);
        let mut index = vec![0; order.len()];
        for (at, place) in order.iter().enumerate() {
            index[*place] = at;
        }
        let (mut cuts, mut ahead) = (BTreeSet::new(), Vec::new());
        for it in plan {
            let at = index[it.place()];
            match it {
                Disturbance::Cut { .. } => drop(cuts.insert(at)),
                Disturbance::Again { .. }
                | Disturbance::Crash { .. }
                | Disturbance::Rebuild { .. } => ahead.push((at, *it)),
                _ => {}
            }
        }
        Self { order, cuts, ahead, next: 0, resets: false }
    }

    /// The events up to, but without, `end`; it goes on there.
    fn keep(&mut self, end: usize) -> Delivery {
        let places = self.order[self.next..end].to_vec();
        self.next = end;
        Delivery::Keep(places)
    }
}

impl Iterator for Deliveries {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        if std::mem::take(&mut self.resets) {
            self.next = 0;
            return Some(Delivery::Reset);
        }
        let begin = self.next;
        if begin >= self.order.len() {
            return None;
        }
        let end = self.cuts.range(begin + 1..).next().copied().unwrap_or(self.order.len());
        let ahead = self.ahead.iter().enumerate();
        let ahead = ahead.filter(|(_, (at, _))| (begin..end).contains(at));
        let Some((which, (at, what))) = ahead.min_by_key(|(_, (at, _))| *at) else {
            return Some(self.keep(end));
        };
        let (at, what) = (*at, *what);
        if matches!(what, Disturbance::Again { .. }) && at > begin {
            return Some(self.keep(at));
        }
        self.ahead.remove(which);
        Some(match what {
            Disturbance::Crash { at: wait, restart, .. } => {
                let places = self.order[begin..=at].to_vec();
                Delivery::Lose { places, at: wait, restart }
            }
            Disturbance::Rebuild { .. } => {
                self.resets = true;
                self.keep(at + 1)
            }
            _ => Delivery::Attempt(self.order[at]),
        })
    }
}

/// The places in the order in which they come; those of one key stay in theirs.
fn order(plan: &[Disturbance], keys: &[LaneKey]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    for it in plan {
        assert!(
            it.place() < keys.len(),
            "expected a disturbance of one of {} events, found {it:?}",
            keys.len()
        );
        let Disturbance::Later { place, by } = *it else { continue };
        let at = order.iter().position(|it| *it == place).expect("every place is there");
        let behind = order[at + 1..].iter().take(by);
        let passed = behind.take_while(|it| keys[**it] != keys[place]).count();
        order[at..=at + passed].rotate_left(1);
    }
    order
}

/// Which of the events that come after each other are handled side by side, and how late.
#[derive(Debug)]
pub(super) struct Lanes {
    overlaps: BTreeSet<usize>,
    turns: BTreeMap<usize, u32>,
}

impl Lanes {
    pub(super) fn new(plan: &[Disturbance]) -> Self {
        let (mut overlaps, mut turns) = (BTreeSet::new(), BTreeMap::new());
        for it in plan {
            match it {
                Disturbance::Overlap { place } => drop(overlaps.insert(*place)),
                Disturbance::Delay { place, turns: late } => {
                    *turns.entry(*place).or_default() += late;
                }
                _ => {}
            }
        }
        Self { overlaps, turns }
    }

    /// The events in groups that are handled side by side, one group after the other.
    pub(super) fn groups(&self, places: &[usize], keys: &[LaneKey]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for place in places {
            let joins = |group: &&mut Vec<usize>| {
                let alone = group.iter().all(|it| keys[*it] != keys[*place]);
                alone && self.overlaps.contains(place)
            };
            match groups.last_mut().filter(joins) {
                Some(group) => group.push(*place),
                None => groups.push(vec![*place]),
            }
        }
        groups
    }

    /// How many turns late an event is.
    pub(super) fn turns(&self, place: usize) -> u32 {
        self.turns.get(&place).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
