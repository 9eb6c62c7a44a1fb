//! Sabotage of leases.

use factum_core::{
    Epoch, Lease, LeaseAnswer, LeaseClaim, LeaseSeen, OwnerId, Position, Progress, Registration,
    SharedStore, StoreError, StoreErrorKind, SubscriptionKind, SubscriptionName,
};

use super::admin::ONE_FOR_ALL;
use super::{Row, shorter};
use crate::sabotage::Later;
use crate::sabotage::Sabotage::{self, ClaimLease, Release, Renew};

pub(super) fn rows() -> Vec<Row> {
    [claimed(), expired(), renewed(), given_up()].concat()
}

/// What a store makes of a subscription that it should not know.
pub(super) fn declared(name: SubscriptionName) -> Registration {
    Registration {
        name,
        kind: SubscriptionKind::Projection,
        version: 1,
        shape: "every event".into(),
        start: Position::START,
    }
}

/// Grants a lease, whoever holds it.
async fn taken(store: &SharedStore, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError> {
    match store.claim_lease(claim.clone()).await? {
        LeaseAnswer::Held(seen) => {
            store.claim_lease(LeaseClaim { expired: Some(seen), ..claim }).await
        }
        granted @ LeaseAnswer::Granted(..) => Ok(granted),
    }
}

pub(super) const NEVER_HELD: Sabotage =
    ClaimLease(|store, claim| Box::pin(async move { taken(&store, claim).await }));

/// Takes a lease from whoever holds it.
pub(super) async fn as_thief(
    store: &SharedStore,
    name: &SubscriptionName,
) -> Result<Lease, StoreError> {
    let owner = OwnerId::new("thief").unwrap();
    match taken(store, LeaseClaim { name: name.clone(), owner, expired: None }).await? {
        LeaseAnswer::Granted(lease, _) => Ok(lease),
        LeaseAnswer::Held(_) => unreachable!("nobody else claims it meanwhile"),
    }
}

fn claimed() -> Vec<Row> {
    vec![
        (
            "leases::a_free_lease_is_granted",
            ClaimLease(|store, claim| {
                Box::pin(async move {
                    Ok(match store.claim_lease(claim).await? {
                        LeaseAnswer::Granted(lease, found) => LeaseAnswer::Granted(
                            lease,
                            Box::new(Progress { owner: None, ..*found }),
                        ),
                        held @ LeaseAnswer::Held(_) => held,
                    })
                })
            }),
        ),
        ("leases::a_lease_of_another_is_held", NEVER_HELD),
        (
            "leases::a_lease_is_granted_to_its_owner_again",
            ClaimLease(|store, claim| {
                Box::pin(async move {
                    match store.progress(&claim.name).await? {
                        Some(Progress { owner: Some(owner), epoch, beat, .. })
                            if owner == claim.owner =>
                        {
                            Ok(LeaseAnswer::Held(LeaseSeen { owner, epoch, beat }))
                        }
                        _ => store.claim_lease(claim).await,
                    }
                })
            }),
        ),
        (
            "leases::every_lease_has_a_higher_epoch",
            ClaimLease(|store, claim| {
                Box::pin(async move {
                    Ok(match store.claim_lease(claim).await? {
                        LeaseAnswer::Granted(lease, found) => {
                            LeaseAnswer::Granted(Lease { epoch: Epoch::new(1), ..lease }, found)
                        }
                        held @ LeaseAnswer::Held(_) => held,
                    })
                })
            }),
        ),
        (
            "leases::a_lease_of_an_unknown_subscription_is_refused",
            ClaimLease(|store, claim| {
                Box::pin(async move {
                    store.register(declared(claim.name.clone())).await?;
                    store.claim_lease(claim).await
                })
            }),
        ),
        ("leases::of_many_claims_one_is_granted", NEVER_HELD),
        ("leases::leases_are_per_tenant", ONE_FOR_ALL),
    ]
}

/// Grants a lease if what the claim names as expired is `alike` to what is stored.
fn given_over(
    store: SharedStore,
    claim: LeaseClaim,
    alike: fn(&LeaseSeen, &LeaseSeen) -> bool,
) -> Later<LeaseAnswer> {
    Box::pin(async move {
        match (store.claim_lease(claim.clone()).await?, &claim.expired) {
            (LeaseAnswer::Held(seen), Some(expired)) if alike(&seen, expired) => {
                taken(&store, claim).await
            }
            (answer, _) => Ok(answer),
        }
    })
}

fn expired() -> Vec<Row> {
    vec![
        (
            "leases::a_lease_that_expired_is_given_over",
            ClaimLease(|store, claim| {
                Box::pin(
                    async move { store.claim_lease(LeaseClaim { expired: None, ..claim }).await },
                )
            }),
        ),
        (
            "leases::a_lease_that_was_renewed_has_not_expired",
            ClaimLease(|store, claim| {
                given_over(store, claim, |a, b| (&a.owner, a.epoch) == (&b.owner, b.epoch))
            }),
        ),
        (
            "leases::a_lease_that_was_granted_anew_has_not_expired",
            ClaimLease(|store, claim| {
                given_over(store, claim, |a, b| (&a.owner, a.beat) == (&b.owner, b.beat))
            }),
        ),
        (
            "leases::a_lease_of_a_third_owner_has_not_expired",
            ClaimLease(|store, claim| {
                given_over(store, claim, |a, b| (a.epoch, a.beat) == (b.epoch, b.beat))
            }),
        ),
    ]
}

fn renewed() -> Vec<Row> {
    vec![
        (
            "leases::a_renewal_stores_the_report",
            Renew(|store, lease, mut report| {
                Box::pin(async move {
                    report.head = Position::START;
                    store.renew_lease(&lease, report).await
                })
            }),
        ),
        (
            "leases::a_long_reason_of_a_report_is_cut",
            Renew(|store, lease, mut report| {
                Box::pin(async move {
                    report.reason.iter_mut().for_each(|it| shorter(it, 100));
                    store.renew_lease(&lease, report).await
                })
            }),
        ),
        (
            "leases::a_renewal_under_an_older_lease_is_fenced",
            Renew(|store, lease, report| {
                Box::pin(async move {
                    match store.renew_lease(&lease, report.clone()).await {
                        Err(error) if error.kind() == StoreErrorKind::Fenced => {
                            let stored = store.progress(&lease.name).await?.ok_or(error)?;
                            let lease = Lease { epoch: stored.epoch, ..lease };
                            store.renew_lease(&lease, report).await
                        }
                        answer => answer,
                    }
                })
            }),
        ),
        (
            "leases::a_renewal_of_a_lease_that_was_given_up_is_fenced",
            Renew(|store, lease, report| {
                Box::pin(async move {
                    match store.progress(&lease.name).await? {
                        Some(stored) if stored.owner.is_none() => Ok(stored),
                        _ => store.renew_lease(&lease, report).await,
                    }
                })
            }),
        ),
        (
            "leases::a_renewal_of_an_unknown_subscription_is_fenced",
            Renew(|store, lease, report| {
                Box::pin(async move {
                    match store.progress(&lease.name).await? {
                        None => store.register(declared(lease.name)).await,
                        Some(_) => store.renew_lease(&lease, report).await,
                    }
                })
            }),
        ),
    ]
}

fn given_up() -> Vec<Row> {
    vec![
        (
            "leases::a_lease_that_is_given_up_is_free",
            Release(|store, lease, report| {
                Box::pin(async move { store.renew_lease(&lease, report).await.map(drop) })
            }),
        ),
        (
            "leases::giving_up_a_lease_of_another_changes_nothing",
            Release(|store, lease, report| {
                Box::pin(async move {
                    let stored = store.progress(&lease.name).await?;
                    let epoch = stored.map_or(lease.epoch, |it| it.epoch);
                    store.release_lease(&Lease { epoch, ..lease }, report).await
                })
            }),
        ),
    ]
}
