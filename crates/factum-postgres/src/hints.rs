//! Which revision a stream had reached when the writer last saw it.

use std::collections::HashMap;

use factum_core::{Appended, StreamId, TenantId};
use foldhash::fast::RandomState;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// How many streams are remembered before all are forgotten.
const KEPT_MAX: usize = 1 << 16;

/// Revisions by a hash of the stream's name. One that is too low, as where two names share a hash,
/// costs a little time; the server notices one that is too high.
#[derive(Debug, Default)]
pub(crate) struct Hints(HashMap<u64, i64, RandomState>);

impl Hints {
    /// The revision that a stream had reached; 0 if nothing is known.
    pub(crate) fn of(&self, tenant: &TenantId, stream: &StreamId) -> i64 {
        self.0.get(&key(tenant, stream)).copied().unwrap_or(0)
    }

    /// Takes in what was stored for a tenant.
    pub(crate) fn learn(&mut self, tenant: &TenantId, appended: &Appended) {
        if self.0.len() > KEPT_MAX {
            self.0.clear();
        }
        for (stream, revision) in &appended.streams {
            self.0.insert(key(tenant, stream), revision.get().cast_signed());
        }
    }
}

fn key(tenant: &TenantId, stream: &StreamId) -> u64 {
    xxh3_64_with_seed(stream.as_str().as_bytes(), xxh3_64(tenant.as_str().as_bytes()))
}
