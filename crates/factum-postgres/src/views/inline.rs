//! Views that are kept inside each append.

use std::sync::{Arc, PoisonError, RwLock};

use factum_core::{InlineView, StoreError, StoreErrorKind, TenantScope};

/// A view, and whose events it is made of.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) scope: TenantScope,
    pub(crate) view: Arc<dyn InlineView>,
}

/// The views that an opened store keeps inside its appends, in the order of their coming.
#[derive(Clone, Debug, Default)]
pub(crate) struct InlineViews(Arc<RwLock<Arc<[Kept]>>>);

impl InlineViews {
    pub(crate) fn keep(
        &self,
        scope: TenantScope,
        view: Arc<dyn InlineView>,
    ) -> Result<(), StoreError> {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.iter().any(|it| it.scope == scope && it.view.name() == view.name()) {
            let message =
                format!("view {}: expected one that is not kept yet, found it kept", view.name());
            return Err(StoreError::new(StoreErrorKind::Invalid, "keep view inline", message));
        }
        *kept = kept.iter().cloned().chain([Kept { scope, view }]).collect();
        Ok(())
    }

    /// Those that are kept now.
    pub(crate) fn now(&self) -> Arc<[Kept]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
