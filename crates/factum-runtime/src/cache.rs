//! States kept between commands.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use factum_core::{StreamId, TenantScope};
use foldhash::fast::RandomState;
use lru::LruCache;

use crate::Loaded;

/// The least recently used states make way for new ones.
///
/// A state is taken out while it is used, so two commands on one entity never work on one value:
/// the second one loads. What is in here may be older than the log; the append's guard, and a
/// second look before a command is rejected, see to that.
pub(crate) struct Cache<A> {
    entries: Mutex<LruCache<Box<str>, Entry<A>, RandomState>>,
    entries_max: NonZeroUsize,
    /// Whose states they are: a handle of another tenant has none in here.
    scope: TenantScope,
    /// A copy for when a caller still holds the last answer.
    copy: fn(&A) -> A,
}

struct Entry<A> {
    /// The stream's name, so that it need not be put together again.
    stream: StreamId,
    /// `None` while a command works on it.
    loaded: Option<Loaded<A>>,
}

impl<A> Cache<A> {
    pub(crate) fn new(entries_max: NonZeroUsize, scope: TenantScope, copy: fn(&A) -> A) -> Self {
        // Grows as it is used, and is trimmed below: a large bound costs nothing until then.
        let entries = LruCache::unbounded_with_hasher(RandomState::default());
        Self { entries: Mutex::new(entries), entries_max, scope, copy }
    }

    /// An empty cache like this one, if `scope` is another one's.
    pub(crate) fn for_scope(self: &Arc<Self>, scope: &TenantScope) -> Arc<Self> {
        if *scope == self.scope {
            return Arc::clone(self);
        }
        Arc::new(Self::new(self.entries_max, scope.clone(), self.copy))
    }

    /// An empty cache like this one.
    pub(crate) fn emptied(&self) -> Self {
        Self::new(self.entries_max, self.scope.clone(), self.copy)
    }

    /// The name of the entity's stream and, ready to be changed, its state: each if it is known.
    pub(crate) fn take(&self, id: &str) -> Option<(StreamId, Option<Loaded<A>>)> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get_mut(id)?;
        let (stream, mut loaded) = (entry.stream.clone(), entry.loaded.take());
        drop(entries);
        if let Some(loaded) = &mut loaded
            && Arc::get_mut(&mut loaded.state).is_none()
        {
            loaded.state = Arc::new((self.copy)(&loaded.state));
        }
        Some((stream, loaded))
    }

    pub(crate) fn put(&self, stream: &StreamId, loaded: Loaded<A>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(stream.id()) {
            entry.loaded = Some(loaded);
        } else {
            let entry = Entry { stream: stream.clone(), loaded: Some(loaded) };
            entries.put(stream.id().into(), entry);
            if entries.len() > self.entries_max.get() {
                entries.pop_lru();
            }
        }
    }
}

impl<A> std::fmt::Debug for Cache<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("scope", &self.scope).finish_non_exhaustive()
    }
}
