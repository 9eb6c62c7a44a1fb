//! What repositories and decisions have in common.

use std::sync::Arc;

use factum_core::{
    Clock, Context, IdSource, RandomIds, Registry, SharedStore, StoreError, SystemClock,
};

use crate::Retry;

/// Where and in whose name.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) store: SharedStore,
    pub(crate) context: Arc<Context>,
}

impl Place {
    pub(crate) fn new(store: SharedStore) -> Self {
        Self { store, context: Arc::default() }
    }

    pub(crate) fn in_context(&self, context: Context) -> Result<Self, StoreError> {
        let store = match &context.tenant {
            Some(tenant) => self.store.for_tenant(tenant)?,
            None => Arc::clone(&self.store),
        };
        Ok(Self { store, context: Arc::new(context) })
    }
}

/// How.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) registry: Arc<Registry>,
    pub(crate) retry: Retry,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) claim_key: Option<[u8; 32]>,
}

impl Settings {
    pub(crate) fn new(registry: Registry) -> Self {
        Self {
            registry: Arc::new(registry),
            retry: Retry::default(),
            ids: Arc::new(RandomIds),
            clock: Arc::new(SystemClock),
            claim_key: None,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("retry", &self.retry)
            .field("hashed_claims", &self.claim_key.is_some())
            .finish_non_exhaustive()
    }
}
