//! What is kept of subscriptions: their progress, and the letters that it is counted from.

use std::collections::{BTreeMap, HashSet};

use crate::{
    DeadLetter, DeadLetterKey, DeadLetterSelection, DeadLetterStatus, Epoch, LaneKey, LetterChange,
    Position, Progress, ProgressKey, judge,
};

/// Every subscription of every scope.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    rows: BTreeMap<ProgressKey, Progress>,
    /// The last leases of those that were forgotten.
    forgotten: BTreeMap<ProgressKey, Epoch>,
    letters: BTreeMap<DeadLetterKey, DeadLetter>,
}

impl Subscriptions {
    /// What is stored of one, with its letters counted.
    pub(super) fn get(&self, key: &ProgressKey) -> Option<Progress> {
        self.rows.get(key).map(|row| self.counted(key, row))
    }

    /// All of them by their keys, with their letters counted.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ProgressKey, Progress)> {
        self.rows.iter().map(|(key, row)| (key, self.counted(key, row)))
    }

    /// Stores one and gives it back with its letters counted.
    pub(super) fn put(&mut self, key: &ProgressKey, progress: Progress) -> Progress {
        let counted = self.counted(key, &progress);
        self.rows.insert(key.clone(), progress);
        counted
    }

    /// The last lease that there was under a name that is not known.
    pub(super) fn last_epoch(&self, key: &ProgressKey) -> Epoch {
        self.forgotten.get(key).copied().unwrap_or_default()
    }

    pub(super) fn forget(&mut self, key: &ProgressKey) {
        let epoch = self.rows.remove(key).map(|it| it.epoch);
        self.forgotten.extend(epoch.map(|it| (key.clone(), it)));
        self.remove_letters(key);
    }

    pub(super) fn letters(&self) -> impl Iterator<Item = (&DeadLetterKey, &DeadLetter)> {
        self.letters.iter()
    }

    pub(super) fn remove_letters(&mut self, key: &ProgressKey) {
        self.letters.retain(|(tenant, name, _), _| (tenant, name) != (&key.0, &key.1));
    }

    pub(super) fn change_letter(&mut self, key: &ProgressKey, change: LetterChange) {
        let place = |position| (key.0.clone(), key.1.clone(), position);
        match change {
            LetterChange::Put(letter) => {
                let cause = judge::cut_cause(letter.cause);
                self.letters.insert(place(letter.position), DeadLetter { cause, ..letter });
            }
            LetterChange::Remove(position) => drop(self.letters.remove(&place(position))),
        }
    }

    /// Has the meant letters tried again, and says how many those are.
    pub(super) fn replay(&mut self, key: &ProgressKey, selection: &DeadLetterSelection) -> u64 {
        let meant = self.meant(key, selection);
        for place in &meant {
            self.letters.get_mut(place).expect("meant letters are stored").due = true;
        }
        self.instructed(key, meant.len() as u64)
    }

    /// Leaves the meant letters out, has what waits behind them tried, and says how many those are.
    pub(super) fn discard(&mut self, key: &ProgressKey, selection: &DeadLetterSelection) -> u64 {
        let meant = self.meant(key, selection);
        for place in &meant {
            let removed = self.letters.remove(place).expect("meant letters are stored");
            if removed.status == DeadLetterStatus::Parked {
                self.let_go_on(key, &removed.key);
            }
        }
        self.instructed(key, meant.len() as u64)
    }

    /// Has the first waiting event of a lane tried if no failed one stands before it any more.
    fn let_go_on(&mut self, key: &ProgressKey, lane: &LaneKey) {
        let range = all_letters(key);
        let mut of_lane =
            self.letters.range_mut(range).map(|(_, it)| it).filter(|it| it.key == *lane);
        let blocking = of_lane.find(|it| it.status.blocks());
        let still_parked = of_lane.any(|it| it.status == DeadLetterStatus::Parked);
        if let Some(first) = blocking
            && first.status == DeadLetterStatus::Waiting
            && !still_parked
        {
            first.due = true;
        }
    }

    /// The places of the meant letters, as far as they failed.
    fn meant(&self, key: &ProgressKey, selection: &DeadLetterSelection) -> Vec<DeadLetterKey> {
        let meant = |letter: &DeadLetter| match selection {
            DeadLetterSelection::All => true,
            DeadLetterSelection::Key(lane) => letter.key == *lane,
            DeadLetterSelection::At(position) => letter.position == *position,
        };
        let letters = self.letters.range(all_letters(key));
        let failed = letters.filter(|(_, it)| it.status != DeadLetterStatus::Waiting);
        failed.filter(|(_, it)| meant(it)).map(|(place, _)| place.clone()).collect()
    }

    /// Shows the owner that there is something to do, if there is.
    fn instructed(&mut self, key: &ProgressKey, count: u64) -> u64 {
        if let Some(row) = self.rows.get_mut(key).filter(|_| count > 0) {
            row.instructions += 1;
        }
        count
    }

    fn counted(&self, key: &ProgressKey, row: &Progress) -> Progress {
        let (mut keys, mut waiting, mut failed) = (HashSet::new(), 0, 0);
        for (_, letter) in self.letters.range(all_letters(key)) {
            match letter.status {
                DeadLetterStatus::Waiting => waiting += 1,
                DeadLetterStatus::Parked | DeadLetterStatus::Dead => failed += 1,
            }
            if letter.status.blocks() {
                keys.insert(&letter.key);
            }
        }
        let parked_keys = keys.len() as u64;
        Progress { parked_keys, waiting_events: waiting, dead_letters: failed, ..row.clone() }
    }
}

/// The places that a subscription's letters may have.
fn all_letters(key: &ProgressKey) -> std::ops::RangeInclusive<DeadLetterKey> {
    let place = |position| (key.0.clone(), key.1.clone(), position);
    place(Position::START)..=place(Position::new(u64::MAX))
}
