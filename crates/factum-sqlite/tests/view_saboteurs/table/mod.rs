//! Which sabotage each case must notice.

mod inline;
mod migrations;
mod statements;
mod transactions;
mod walls;

use std::sync::{Arc, Mutex};

use factum_core::{
    Advance, Lease, LeaseAnswer, LeaseClaim, OwnerId, Position, Registration, SharedStore,
    StoreError, SubscriptionKind, SubscriptionName, ViewWork,
};

use crate::sabotage::Sabotage;

pub(crate) type Row = (&'static str, Sabotage);

pub(crate) fn table() -> Vec<Row> {
    [transactions::rows(), statements::rows(), migrations::rows(), inline::rows(), walls::rows()]
        .concat()
}

fn declared(name: SubscriptionName) -> Registration {
    let (kind, shape) = (SubscriptionKind::Projection, "every event".into());
    Registration { name, kind, version: 1, shape, start: Position::START }
}

/// Takes a lease from whoever holds it.
async fn as_thief(store: &SharedStore, name: &SubscriptionName) -> Result<Lease, StoreError> {
    let mut claim =
        LeaseClaim { name: name.clone(), owner: OwnerId::new("thief").unwrap(), expired: None };
    loop {
        match store.claim_lease(claim.clone()).await? {
            LeaseAnswer::Granted(lease, _) => return Ok(lease),
            LeaseAnswer::Held(seen) => claim.expired = Some(seen),
        }
    }
}

/// Commits whatever work does, with a step of a subscription that no case looks at. Gives the step
/// that the work wanted.
async fn committed(store: &SharedStore, work: ViewWork) -> Result<Option<Advance>, StoreError> {
    let name = SubscriptionName::new("saboteur").unwrap();
    store.register(declared(name.clone())).await?;
    let lease = as_thief(store, &name).await?;
    let wanted = Arc::new(Mutex::new(None));
    let told = Arc::clone(&wanted);
    let own = Advance::new(lease, Position::START, Position::START);
    let committing: ViewWork = Box::new(move |view| {
        Box::pin(async move {
            let step = work(view).await;
            *told.lock().unwrap() = step;
            Some(own)
        })
    });
    store.transact(committing).await?;
    let wanted = wanted.lock().unwrap().take();
    Ok(wanted)
}
