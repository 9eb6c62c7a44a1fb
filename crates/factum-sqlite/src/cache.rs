//! Small streams as they were last read, kept up to date by the writer.
//!
//! Rows are never changed, so what is kept of a stream is right for ever; the question is only
//! whether it is all there is. Positions are dense and every change of a stream is an event, so the
//! head says that: a run that is *complete through* a position serves each read that sees a head
//! up to that position, and a read takes the head from the file.
//!
//! # What a run is complete through
//!
//! - *The head that was read with it*, whatever happens later.
//! - *The published head*, while nothing but this store's writer appends. After each commit the
//!   writer adds its rows to the runs of their streams, removes those of streams that were hidden,
//!   and only then publishes the head. When it finds that another process has appended, or if it
//!   did not note its rows, it begins a new *generation* before it publishes: runs of an earlier
//!   one are complete only through the head that was read with them.
//!
//! A run is read in a transaction and kept a moment later. What the writer added to its stream in
//! between, it had no run to add to; so the writer leaves the position of each event in a table,
//! by hash of the stream, and a run that is older than what the table says is not kept.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use factum_core::StreamId;
use foldhash::fast::RandomState;

mod rows;
mod shard;
mod staged;

pub(crate) use rows::{keep_row, kept_rows};
use shard::Shard;
pub(crate) use staged::{Staged, StagedMark};

/// Most rows of a stream that are kept.
pub(crate) const RUN_ROWS_MAX: usize = 256;
/// Most bytes of a stream that are kept.
pub(crate) const RUN_BYTES_MAX: usize = 64 << 10;

/// Readers and the writer contend for a part only.
const SHARDS: usize = 16;

/// A tenant's id and its stream.
type Key = (i64, StreamId);

/// A stream's rows from one revision to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The stream's id.
    pub(crate) stream: i64,
    /// The first revision of the stream that is still read.
    pub(crate) oldest: i64,
    /// The first revision of the run.
    pub(crate) first: i64,
    /// The last revision of the run and of the stream.
    pub(crate) last: i64,
}

/// When a run was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// The generation before the transaction began.
    pub(crate) generation: u64,
    /// The head that the transaction saw.
    pub(crate) head: i64,
}

/// The runs of a store, bounded in bytes.
#[derive(Debug)]
pub(crate) struct StreamCache {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    generation: AtomicU64,
    published: AtomicI64,
    runs: AtomicUsize,
}

impl StreamCache {
    /// A cache of so many bytes; `None` if that is none at all.
    pub(crate) fn new(bytes_max: u64) -> Option<Self> {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX) / SHARDS;
        (bytes_max > 0).then(|| Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::new(bytes_max))),
            hasher: RandomState::default(),
            generation: AtomicU64::new(0),
            published: AtomicI64::new(-1),
            runs: AtomicUsize::new(0),
        })
    }

    /// The generation; to be asked for before the transaction begins that reads a run.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// What is kept of a stream, its rows written into `rows`, if it is complete through `head`.
    pub(crate) fn find(
        &self,
        tenant: i64,
        stream: &StreamId,
        head: i64,
        rows: &mut Vec<u8>,
    ) -> Option<Run> {
        // In this order: a head that was published in a later generation shows that generation.
        let published = self.published.load(Ordering::SeqCst);
        let generation = self.generation();
        let key = (tenant, stream.clone());
        let (mut shard, _) = self.shard(&key);
        let kept = shard.find(&key)?;
        let current = kept.seen.generation == generation && head <= published;
        if !current && head > kept.seen.head {
            return None;
        }
        rows.clear();
        rows.extend_from_slice(&kept.rows);
        Some(kept.run)
    }

    /// Keeps a run that was read, unless the writer was faster.
    pub(crate) fn keep(&self, tenant: i64, stream: &StreamId, run: Run, rows: &[u8], seen: Seen) {
        let key = (tenant, stream.clone());
        let (mut shard, hash) = self.shard(&key);
        let before = shard.runs();
        if shard.written(hash) <= seen.head {
            shard.keep(key, run, rows, seen);
        }
        self.count(before, shard.runs());
    }

    /// The bytes that are taken.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).bytes()).sum()
    }

    fn shard(&self, key: &Key) -> (MutexGuard<'_, Shard>, u64) {
        let hash = self.hasher.hash_one(key);
        let number = usize::try_from(hash >> 60).unwrap_or(0) % SHARDS;
        (lock(&self.shards[number]), hash)
    }

    fn count(&self, before: usize, after: usize) {
        // Under the lock of one shard; wraps around where there are fewer.
        self.runs.fetch_add(after.wrapping_sub(before), Ordering::SeqCst);
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
