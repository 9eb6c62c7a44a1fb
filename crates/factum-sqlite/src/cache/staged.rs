//! What a group has written, until its commit: then the runs of its streams take it in.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use factum_core::StreamId;

use super::{Key, RUN_BYTES_MAX, StreamCache, keep_row};
use crate::codec::RowNumbers;

/// Memory for rows that is kept from group to group.
const ROWS_BYTES_KEPT: usize = 256 << 10;

/// The writer's side of the cache.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    cache: Option<Arc<StreamCache>>,
    changes: Vec<Change>,
    rows: Vec<u8>,
    /// Something was written that is not among the changes.
    skipped: bool,
}

#[derive(Debug)]
struct Change {
    key: Key,
    what: What,
}

#[derive(Debug)]
enum What {
    /// An event. Its row, if its stream had a run then.
    Event { position: i64, revision: i64, row: Option<Range<usize>> },
    /// Events of the stream are no longer read.
    Hidden,
}

/// Where the notes of a group ended before a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StagedMark {
    changes: usize,
    rows: usize,
    skipped: bool,
}

impl Staged {
    pub(crate) fn new(cache: Option<Arc<StreamCache>>) -> Self {
        Self { cache, ..Self::default() }
    }

    /// Notes an event that was written.
    pub(crate) fn event(
        &mut self,
        tenant: i64,
        stream: &StreamId,
        numbers: RowNumbers,
        envelope: &[u8],
        payload: &[u8],
    ) {
        let Some(cache) = &self.cache else { return };
        if self.skipped || cache.runs.load(Ordering::SeqCst) == 0 {
            self.skipped = true; // The next generation sees to it.
            return;
        }
        let key = (tenant, stream.clone());
        let fits = envelope.len() + payload.len() < RUN_BYTES_MAX / 2;
        let row = (fits && cache.shard(&key).0.contains(&key)).then(|| {
            let start = self.rows.len();
            keep_row(&mut self.rows, numbers, envelope, payload);
            start..self.rows.len()
        });
        let RowNumbers { position, revision, .. } = numbers;
        self.changes.push(Change { key, what: What::Event { position, revision, row } });
    }

    /// Notes that events of a stream are no longer read.
    pub(crate) fn hidden(&mut self, tenant: i64, stream: &StreamId) {
        if self.cache.is_some() {
            self.changes.push(Change { key: (tenant, stream.clone()), what: What::Hidden });
        }
    }

    /// Where the notes end, for [`undo`](Self::undo).
    pub(crate) fn mark(&self) -> StagedMark {
        StagedMark { changes: self.changes.len(), rows: self.rows.len(), skipped: self.skipped }
    }

    /// Drops what was noted since the mark: it was rolled back.
    pub(crate) fn undo(&mut self, mark: StagedMark) {
        self.changes.truncate(mark.changes);
        self.rows.truncate(mark.rows);
        self.skipped = mark.skipped;
    }

    /// Drops what was noted: it was rolled back.
    pub(crate) fn forget(&mut self) {
        self.changes.clear();
        self.rows.clear();
        self.skipped = false;
    }

    /// What runs know is no longer all there is: others have written too.
    pub(crate) fn begin_generation(&self) {
        if let Some(cache) = &self.cache {
            cache.generation.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// What was noted is committed, and the log now ends at `head`.
    pub(crate) fn publish(&mut self, head: i64) {
        let Some(cache) = &self.cache else { return };
        for Change { key, what } in self.changes.drain(..) {
            let (mut shard, hash) = cache.shard(&key);
            let before = shard.runs();
            match what {
                What::Event { position, revision, row } => {
                    shard.note_written(hash, position);
                    shard.add(&key, revision, row.map(|row| &self.rows[row]));
                }
                What::Hidden => shard.remove(&key),
            }
            cache.count(before, shard.runs());
        }
        if self.skipped {
            self.begin_generation();
        }
        cache.published.store(head, Ordering::SeqCst);
        self.forget();
        if self.rows.capacity() > ROWS_BYTES_KEPT {
            self.rows = Vec::new();
        }
    }
}
