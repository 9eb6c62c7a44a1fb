//! Stores that have no views.

use std::sync::Arc;

use factum_core::{InlineView, RecordedEvent, StoreErrorKind, SubscriptionName, ViewTransaction};
use futures::future::BoxFuture;

use super::rig::{Need, Rig, conformance_cases};
use super::subscribers::named;
use super::support::failure;

const NO_VIEWS: Need = Need { holds: |it| it.views.is_none(), reason: "the store has views" };

conformance_cases!["no_views", NO_VIEWS;
    a_store_without_views_says_so,
];

#[derive(Debug)]
struct Unkept(SubscriptionName);

impl InlineView for Unkept {
    fn name(&self) -> &SubscriptionName {
        &self.0
    }

    fn fits(&self, _: &factum_core::Progress) -> bool {
        true
    }

    fn apply<'t>(
        &'t self,
        _: &'t [RecordedEvent],
        _: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

async fn a_store_without_views_says_so(rig: &Rig) {
    let store = rig.open().await;
    let changed = store.transact(Box::new(|_| Box::pin(async { None }))).await;
    assert_eq!(failure(changed), StoreErrorKind::Unsupported);
    let migrated = store.migrate_view(&named("mails"), &[]).await;
    assert_eq!(failure(migrated), StoreErrorKind::Unsupported);
    let found = store.query_view("SELECT 1", &[]).await;
    assert_eq!(failure(found), StoreErrorKind::Unsupported);
    let kept = store.keep_inline(Arc::new(Unkept(named("mails"))));
    assert_eq!(failure(kept), StoreErrorKind::Unsupported);
}
