//! Who runs a subscription: one at a time, fenced.

use factum_core::limits::CAUSE_BYTES_MAX;
use factum_core::{
    Clock, Epoch, Lease, LeaseAnswer, LeaseClaim, LeaseSeen, Progress, StoreErrorKind,
    SubscriptionReport, SubscriptionState,
};
use futures::future::join_all;

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::subscribers::{
    advance, answer, claim, declared, granted, named, owner_id, register, release, renew, report,
    run, set_aside, step, stored, waiting,
};
use super::support::failure;

conformance_cases!["leases", ALWAYS;
    a_free_lease_is_granted,
    a_lease_of_another_is_held,
    a_lease_is_granted_to_its_owner_again,
    a_lease_that_expired_is_given_over,
    a_lease_that_was_renewed_has_not_expired,
    a_lease_that_was_granted_anew_has_not_expired,
    a_lease_of_a_third_owner_has_not_expired,
    every_lease_has_a_higher_epoch,
    a_lease_of_an_unknown_subscription_is_refused,
    of_many_claims_one_is_granted,
    leases_are_per_tenant,
    a_renewal_stores_the_report,
    a_long_reason_of_a_report_is_cut,
    a_renewal_under_an_older_lease_is_fenced,
    a_renewal_of_a_lease_that_was_given_up_is_fenced,
    a_renewal_of_an_unknown_subscription_is_fenced,
    a_lease_that_is_given_up_is_free,
    giving_up_a_lease_of_another_changes_nothing,
];

/// A claim that takes `seen` for dead.
fn over(seen: LeaseSeen, owner: &str) -> LeaseClaim {
    LeaseClaim { expired: Some(seen), ..claim("mails", owner) }
}

fn held(answer: LeaseAnswer) -> LeaseSeen {
    match answer {
        LeaseAnswer::Held(seen) => seen,
        LeaseAnswer::Granted(lease, _) => panic!("expected the lease to be held, found {lease:?}"),
    }
}

async fn a_free_lease_is_granted(rig: &Rig) {
    let store = rig.open().await;
    let before = register(&store, declared("mails")).await;
    rig.clock.advance_ms(1_000);
    let (epoch, owner) = (Epoch::new(1), Some(owner_id("ann")));
    let expected = Progress { epoch, owner, beat_at: Some(rig.clock.now()), ..before };
    let lease = Lease { name: named("mails"), epoch };
    let granted = answer(&store, claim("mails", "ann")).await;
    assert_eq!(granted, LeaseAnswer::Granted(lease.clone(), Box::new(expected.clone())));
    assert_eq!(stored(&store, "mails").await, expected);
    set_aside(&store, &lease, [waiting(1, "k")]).await;
    let LeaseAnswer::Granted(_, found) = answer(&store, claim("mails", "ann")).await else {
        panic!("expected the lease to be granted again");
    };
    assert_eq!(*found, stored(&store, "mails").await, "it comes with all that is stored");
}

async fn a_lease_of_another_is_held(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let lease = granted(&store, claim("mails", "ann")).await;
    renew(&store, &lease).await;
    let before = stored(&store, "mails").await;
    let seen = LeaseSeen { owner: owner_id("ann"), epoch: lease.epoch, beat: before.beat };
    rig.clock.advance_ms(10_000_000);
    assert_eq!(held(answer(&store, claim("mails", "bob")).await), seen);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn a_lease_is_granted_to_its_owner_again(rig: &Rig) {
    let store = rig.open().await;
    let first = run(&store, "mails").await;
    let again = granted(&store, claim("mails", "runner")).await;
    assert!(again.epoch > first.epoch);
    advance(&store, step(&again, 0, 1)).await;
    let found = store.advance(step(&first, 1, 2)).await;
    assert_eq!(failure(found), StoreErrorKind::Fenced);
}

async fn a_lease_that_expired_is_given_over(rig: &Rig) {
    let store = rig.open().await;
    let first = run(&store, "mails").await;
    renew(&store, &first).await;
    let seen = held(answer(&store, claim("mails", "bob")).await);
    let taken = granted(&store, over(seen, "bob")).await;
    assert!(taken.epoch > first.epoch);
    let found = stored(&store, "mails").await;
    assert_eq!((found.owner, found.epoch), (Some(owner_id("bob")), taken.epoch));
}

async fn a_lease_that_was_renewed_has_not_expired(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let seen = held(answer(&store, claim("mails", "bob")).await);
    renew(&store, &lease).await;
    let now = held(answer(&store, over(seen.clone(), "bob")).await);
    assert!(now.beat > seen.beat, "found {now:?} after {seen:?}");
    renew(&store, &lease).await;
}

async fn a_lease_that_was_granted_anew_has_not_expired(rig: &Rig) {
    let store = rig.open().await;
    run(&store, "mails").await;
    let seen = held(answer(&store, claim("mails", "bob")).await);
    let again = granted(&store, claim("mails", "runner")).await;
    let older = LeaseSeen { beat: stored(&store, "mails").await.beat, ..seen };
    let now = held(answer(&store, over(older, "bob")).await);
    assert_eq!(now.epoch, again.epoch);
}

async fn a_lease_of_a_third_owner_has_not_expired(rig: &Rig) {
    let store = rig.open().await;
    run(&store, "mails").await;
    let seen = held(answer(&store, claim("mails", "bob")).await);
    let other = LeaseSeen { owner: owner_id("cid"), ..seen.clone() };
    assert_eq!(held(answer(&store, over(other, "bob")).await), seen);
}

async fn every_lease_has_a_higher_epoch(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let mut last = Epoch::default();
    for round in 0..3 {
        let lease = granted(&store, claim("mails", "ann")).await;
        assert!(lease.epoch > last, "round {round}: expected above {last}, found {}", lease.epoch);
        let seen = held(answer(&store, claim("mails", "bob")).await);
        let taken = granted(&store, over(seen, "bob")).await;
        assert!(taken.epoch > lease.epoch);
        release(&store, &taken).await;
        last = taken.epoch;
    }
}

async fn a_lease_of_an_unknown_subscription_is_refused(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let found = store.claim_lease(claim("other", "ann")).await;
    assert_eq!(failure(found), StoreErrorKind::Invalid);
    assert_eq!(store.progress(&named("other")).await.expect("looked up"), None);
}

async fn of_many_claims_one_is_granted(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let calls = (0..8).map(|number| {
        let (store, claim) = (store.clone(), claim("mails", &format!("owner {number}")));
        tokio::spawn(async move { answer(&store, claim).await })
    });
    let answers = join_all(calls).await.into_iter().map(|it| it.expect("no panic"));
    let granted = answers.filter(|it| matches!(it, LeaseAnswer::Granted(..)));
    assert_eq!(granted.count(), 1);
}

async fn leases_are_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    let lease = run(&a, "mails").await;
    register(&b, declared("mails")).await;
    granted(&b, claim("mails", "other")).await;
    assert_eq!(stored(&a, "mails").await.owner, Some(owner_id("runner")));
    advance(&a, step(&lease, 0, 5)).await;
}

async fn a_renewal_stores_the_report(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    for state in SubscriptionState::ALL {
        let before = stored(&store, "mails").await;
        rig.clock.advance_ms(1_000);
        let mut told = report(state, 1 << 40);
        told.reason = (state == SubscriptionState::Retrying).then(|| "no answer".into());
        let found = store.renew_lease(&lease, told.clone()).await.expect("it is the owner's");
        assert!(found.beat > before.beat);
        let beat_at = Some(rig.clock.now());
        let expected = Progress { beat: found.beat, beat_at, report: told, ..before };
        assert_eq!(found, expected);
        assert_eq!(stored(&store, "mails").await, expected);
    }
}

async fn a_long_reason_of_a_report_is_cut(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let fits = format!("x{}", "ä".repeat((CAUSE_BYTES_MAX - 1) / 2));
    let long = |state| SubscriptionReport { reason: Some(format!("{fits}ä")), ..report(state, 1) };
    let renewed = store.renew_lease(&lease, long(SubscriptionState::Live)).await.expect("renewed");
    let cut = |it: Progress| it.report.reason.expect("there is a reason") == fits;
    assert!(cut(renewed), "the reason is cut");
    let released = store.release_lease(&lease, long(SubscriptionState::Stopped)).await;
    released.expect("given up");
    assert!(cut(stored(&store, "mails").await), "the last reason is cut");
}

async fn a_renewal_under_an_older_lease_is_fenced(rig: &Rig) {
    let store = rig.open().await;
    let older = run(&store, "mails").await;
    let seen = held(answer(&store, claim("mails", "bob")).await);
    granted(&store, over(seen, "bob")).await;
    let before = stored(&store, "mails").await;
    let found = store.renew_lease(&older, report(SubscriptionState::Live, 1)).await;
    assert_eq!(failure(found), StoreErrorKind::Fenced);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn a_renewal_of_a_lease_that_was_given_up_is_fenced(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    release(&store, &lease).await;
    let before = stored(&store, "mails").await;
    let found = store.renew_lease(&lease, report(SubscriptionState::Live, 1)).await;
    assert_eq!(failure(found), StoreErrorKind::Fenced);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn a_renewal_of_an_unknown_subscription_is_fenced(rig: &Rig) {
    let store = rig.open().await;
    let lease = Lease { name: named("other"), ..run(&store, "mails").await };
    let found = store.renew_lease(&lease, report(SubscriptionState::Live, 1)).await;
    assert_eq!(failure(found), StoreErrorKind::Fenced);
}

async fn a_lease_that_is_given_up_is_free(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let before = stored(&store, "mails").await;
    let last = report(SubscriptionState::Stopped, 7);
    store.release_lease(&lease, last.clone()).await.expect("given up");
    let expected = Progress { owner: None, report: last, ..before };
    assert_eq!(stored(&store, "mails").await, expected);
    granted(&store, claim("mails", "bob")).await;
}

async fn giving_up_a_lease_of_another_changes_nothing(rig: &Rig) {
    let store = rig.open().await;
    let older = run(&store, "mails").await;
    granted(&store, claim("mails", "runner")).await;
    let before = stored(&store, "mails").await;
    let unknown = Lease { name: named("other"), ..older.clone() };
    for lease in [older, unknown] {
        let last = report(SubscriptionState::Stopped, 7);
        store.release_lease(&lease, last).await.expect("that is no error");
    }
    assert_eq!(stored(&store, "mails").await, before);
}
