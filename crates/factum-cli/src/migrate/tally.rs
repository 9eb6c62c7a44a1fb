//! How much was copied, or would be.

use std::collections::HashSet;
use std::hash::BuildHasher;

use factum::TenantId;
use foldhash::fast::RandomState;

use super::batches::{Batch, Counts};

/// Adds batches up.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    tenants: HashSet<TenantId, RandomState>,
    /// Hashes of names: eight bytes for each stream, and one stream too few among ten million in
    /// one run of half a million.
    streams: HashSet<u64, RandomState>,
    hashes: RandomState,
}

impl Tally {
    pub(super) fn add(&mut self, batch: &Batch) {
        self.counts.add(batch.counts);
        if !self.tenants.contains(&batch.tenant) {
            self.tenants.insert(batch.tenant.clone());
        }
        let hash = |stream| self.hashes.hash_one((batch.tenant.as_str(), stream));
        self.streams.extend(batch.streams.iter().map(|(stream, _)| hash(stream.as_str())));
    }

    pub(super) fn tenants(&self) -> u64 {
        self.tenants.len() as u64
    }

    pub(super) fn streams(&self) -> u64 {
        self.streams.len() as u64
    }
}
