//! A part of the cache: runs by stream, and which of them goes when the bytes run out.
//!
//! Runs stand in a circle. When room is needed a hand goes round: a run that was found since the
//! hand last passed stays, another goes. A run that nobody has found yet is among the first to go,
//! so reading many streams once does not drive out those that are read again and again.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::rows::rows_after;
use super::{Key, RUN_BYTES_MAX, RUN_ROWS_MAX, Run, Seen};

/// Positions last written, by hash of the stream; a power of two.
const WRITTEN: usize = 1 << 10;

/// What a run takes beside its rows and its name: its slot and its entry in the map, twice for the
/// room that both keep to grow, and the headers of two allocations.
const RUN_BYTES: usize = 2 * size_of::<Option<Slot>>() + 2 * size_of::<(Key, usize)>() + 64;
/// Room for rows to come, so that not each one moves the others.
const SPARE_BYTES: usize = 256;

#[derive(Debug)]
pub(super) struct Shard {
    places: HashMap<Key, usize, RandomState>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    hand: usize,
    bytes: usize,
    bytes_max: usize,
    /// The position of the last event of any stream with this hash.
    written: Vec<i64>,
}

#[derive(Debug)]
struct Slot {
    key: Key,
    kept: Kept,
    found: bool,
}

/// A run with its rows.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) run: Run,
    pub(super) rows: Vec<u8>,
    pub(super) seen: Seen,
}

impl Slot {
    fn bytes(&self) -> usize {
        RUN_BYTES + self.key.1.as_str().len() + self.kept.rows.capacity()
    }
}

impl Shard {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            places: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            hand: 0,
            bytes: 0,
            bytes_max,
            written: vec![0; WRITTEN],
        }
    }

    pub(super) fn runs(&self) -> usize {
        self.places.len()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The same, counted anew.
    #[cfg(test)]
    pub(super) fn count_bytes(&self) -> usize {
        self.slots.iter().flatten().map(Slot::bytes).sum()
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    pub(super) fn find(&mut self, key: &Key) -> Option<&Kept> {
        let slot = self.slots[*self.places.get(key)?].as_mut()?;
        slot.found = true;
        Some(&slot.kept)
    }

    /// The last position that was written to any stream with this hash.
    pub(super) fn written(&self, hash: u64) -> i64 {
        self.written[written_place(hash)]
    }

    /// Notes an event of a stream.
    pub(super) fn note_written(&mut self, hash: u64, position: i64) {
        let written = &mut self.written[written_place(hash)];
        *written = position.max(*written);
    }

    /// Keeps a run in place of what was kept of its stream.
    pub(super) fn keep(&mut self, key: Key, run: Run, rows: &[u8], seen: Seen) {
        self.remove(&key);
        let mut owned = Vec::with_capacity(rows.len() + SPARE_BYTES);
        owned.extend_from_slice(rows);
        let slot = Slot { key, kept: Kept { run, rows: owned, seen }, found: false };
        if slot.bytes() > self.bytes_max {
            return;
        }
        self.make_room(slot.bytes());
        self.bytes += slot.bytes();
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.places.insert(slot.key.clone(), place);
        self.slots[place] = Some(slot);
    }

    /// Adds a row to the run of its stream, if there is one. Without the row, the run goes.
    pub(super) fn add(&mut self, key: &Key, revision: i64, row: Option<&[u8]>) {
        let Some(slot) = self.places.get(key).and_then(|place| self.slots[*place].as_mut()) else {
            return;
        };
        if revision <= slot.kept.run.last {
            return; // It was read with the run.
        }
        let Some(row) = row.filter(|_| revision == slot.kept.run.last + 1) else {
            self.remove(key);
            return;
        };
        let before = slot.bytes();
        slot.kept.add(row);
        let after = slot.bytes();
        self.bytes = self.bytes + after - before;
        self.make_room(0);
    }

    pub(super) fn remove(&mut self, key: &Key) {
        if let Some(place) = self.places.remove(key) {
            self.clear(place);
        }
    }

    fn clear(&mut self, place: usize) {
        if let Some(slot) = self.slots[place].take() {
            self.bytes -= slot.bytes();
            self.free.push(place);
        }
    }

    fn make_room(&mut self, bytes: usize) {
        while self.bytes + bytes > self.bytes_max && !self.places.is_empty() {
            self.hand = (self.hand + 1) % self.slots.len();
            match &mut self.slots[self.hand] {
                Some(slot) if slot.found => slot.found = false,
                Some(slot) => {
                    self.places.remove(&slot.key);
                    self.clear(self.hand);
                }
                None => {}
            }
        }
    }
}

impl Kept {
    /// Adds the next row. A run that grows too long loses its earlier half.
    fn add(&mut self, row: &[u8]) {
        let Self { run, rows, .. } = self;
        let count = run.last - run.first + 1;
        if rows.len() + row.len() > RUN_BYTES_MAX || count.unsigned_abs() >= RUN_ROWS_MAX as u64 {
            let less = (count / 2).max(1);
            rows.drain(..rows_after(rows, less));
            run.first += less;
        }
        if rows.capacity() - rows.len() < row.len() {
            rows.reserve_exact(row.len() + SPARE_BYTES);
        }
        rows.extend_from_slice(row);
        run.last += 1;
    }
}

fn written_place(hash: u64) -> usize {
    usize::try_from(hash >> 32).unwrap_or(0) & (WRITTEN - 1)
}
