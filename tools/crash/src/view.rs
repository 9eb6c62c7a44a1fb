//! What the writers of one child have seen of the log so far.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use factum_core::{Appended, Revision, SharedStore, StoreError, StreamId, TenantId};

use crate::workload::{Seen, Shape};

/// The newest revision per stream and position per course that the child's own appends reached.
#[derive(Debug, Default)]
pub(crate) struct View {
    revisions: Mutex<HashMap<(TenantId, StreamId), u64>>,
    courses: Mutex<HashMap<(TenantId, u64), u64>>,
}

impl View {
    /// What to put into the guards of an append. Asks the store where the child knows nothing.
    pub(crate) async fn seen(
        &self,
        store: &SharedStore,
        shape: &Shape,
    ) -> Result<Seen, StoreError> {
        let tenant = shape.label.tenant();
        let mut seen = Seen::default();
        if let Some(course) = shape.course() {
            let known = lock(&self.courses).get(&(tenant.clone(), course)).copied();
            seen.after = match known {
                Some(position) => position,
                None => store.head().await?.get(),
            };
        }
        if let Some(stream) = shape.watched_stream() {
            let known = lock(&self.revisions).get(&(tenant, stream.clone())).copied();
            seen.revision = match known {
                Some(revision) => Some(revision),
                None => store.stream(stream).await?.map(|info| info.last.get()),
            };
        }
        Ok(seen)
    }

    /// Learns from an answer.
    pub(crate) fn learn(&self, shape: &Shape, appended: &Appended) {
        let tenant = shape.label.tenant();
        if let Some(course) = shape.course() {
            let key = (tenant.clone(), course);
            raise(&mut lock(&self.courses), key, appended.last.get());
        }
        let mut revisions = lock(&self.revisions);
        for (stream, last) in &appended.streams {
            raise(&mut revisions, (tenant.clone(), stream.clone()), last.get());
        }
    }

    /// Forgets what turned out to be old, so that it is asked for again.
    pub(crate) async fn refresh(
        &self,
        store: &SharedStore,
        shape: &Shape,
    ) -> Result<(), StoreError> {
        let tenant = shape.label.tenant();
        if let Some(course) = shape.course() {
            let head = store.head().await?.get();
            raise(&mut lock(&self.courses), (tenant.clone(), course), head);
        }
        if let Some(stream) = shape.watched_stream() {
            let last = store.stream(stream).await?.map_or(0, |info| Revision::get(info.last));
            raise(&mut lock(&self.revisions), (tenant, stream.clone()), last);
        }
        Ok(())
    }
}

fn raise<K: std::hash::Hash + Eq>(map: &mut HashMap<K, u64>, key: K, value: u64) {
    let known = map.entry(key).or_insert(value);
    *known = value.max(*known);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
