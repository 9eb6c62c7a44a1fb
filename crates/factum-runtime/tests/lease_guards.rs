//! A lease for readers of one's own is renewed while it is held, released when it is dropped, and taken
//! over from an owner that does not renew it.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod reading;

use factum_core::{
    Advance, LeaseAnswer, LeaseClaim, OwnerId, Position, Query, Registration, SharedStore,
    StoreErrorKind, SubscriptionKind, SubscriptionName,
};
use factum_runtime::{LeaseError, LeaseGuard, SubscriptionSettings};
use reading::{in_time, memory, settings, take};

fn reader() -> Registration {
    Registration {
        name: SubscriptionName::new("report").unwrap(),
        kind: SubscriptionKind::Subscription,
        version: 1,
        shape: Registration::shape_of(&Query::all()),
        start: Position::START,
    }
}

async fn acquire(store: &SharedStore) -> LeaseGuard {
    in_time(LeaseGuard::acquire(store.clone(), reader(), settings())).await.unwrap()
}

/// Another machine's owner, which never renews.
async fn taken_elsewhere(store: &SharedStore) {
    store.register(reader()).await.unwrap();
    let owner = OwnerId::new("another machine").unwrap();
    let claim = LeaseClaim { name: reader().name, owner, expired: None };
    assert!(matches!(store.claim_lease(claim).await.unwrap(), LeaseAnswer::Granted(..)));
}

#[tokio::test]
async fn a_guard_that_is_dropped_releases_the_lease() {
    let store = memory();
    let first = acquire(&store).await;
    let denied = LeaseGuard::try_acquire(store.clone(), reader(), settings()).await.unwrap();
    assert!(denied.is_none(), "it is held");
    let waiting = tokio::spawn({
        let store = store.clone();
        // Only a release lets it in: a day does not pass.
        let long = SubscriptionSettings { lease_ms: 86_400_000, ..settings() };
        async move { LeaseGuard::acquire(store, reader(), long).await.unwrap() }
    });
    let epoch = first.lease().epoch;
    drop(first);
    let second = in_time(waiting).await.unwrap();
    assert!(second.lease().epoch > epoch);
    in_time(second.release()).await.unwrap();
    assert_eq!(store.progress(&reader().name).await.unwrap().unwrap().owner, None);
}

#[tokio::test(start_paused = true)]
async fn one_call_takes_over_from_an_owner_that_does_not_renew() {
    let store = memory();
    taken_elsewhere(&store).await;
    let denied = LeaseGuard::try_acquire(store.clone(), reader(), settings()).await.unwrap();
    assert!(denied.is_none(), "its time is not up");
    let begun = tokio::time::Instant::now();
    let held = acquire(&store).await;
    assert!(begun.elapsed().as_millis() >= u128::from(settings().lease_ms), "its whole time");
    assert_eq!(held.lease().epoch.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_held_is_renewed() {
    let store = memory();
    let held = acquire(&store).await;
    // Many times what a lease lasts.
    let mut most = tokio::time::interval(std::time::Duration::from_millis(settings().lease_ms));
    for _ in 0..20 {
        most.tick().await;
        let denied = LeaseGuard::try_acquire(store.clone(), reader(), settings()).await.unwrap();
        assert!(denied.is_none());
    }
    let beat = store.progress(&reader().name).await.unwrap().unwrap().beat;
    assert!(beat >= 19, "{beat} renewals");
    assert!(!held.is_lost());
}

#[tokio::test]
async fn a_guard_says_that_its_lease_is_lost_and_leaves_it_alone() {
    let store = memory();
    take(&store, "a", &[1, 2]).await;
    let held = acquire(&store).await;
    let lease = held.lease().clone();
    let begin = Advance::new(lease.clone(), Position::START, Position::new(1));
    store.advance(begin).await.unwrap();

    // Somebody is told that the owner is dead, while it is not.
    let progress = store.progress(&reader().name).await.unwrap().unwrap();
    let seen = |beat| factum_core::LeaseSeen {
        owner: progress.owner.clone().unwrap(),
        epoch: progress.epoch,
        beat,
    };
    let owner = OwnerId::new("another").unwrap();
    let mut beat = progress.beat;
    loop {
        let expired = Some(seen(beat));
        let claim = LeaseClaim { name: reader().name, owner: owner.clone(), expired };
        match store.claim_lease(claim).await.unwrap() {
            LeaseAnswer::Granted(..) => break,
            LeaseAnswer::Held(now) => beat = now.beat,
        }
    }
    in_time(held.lost()).await;
    assert!(held.is_lost());
    let step = Advance::new(lease, Position::new(1), Position::new(2));
    let error = store.advance(step).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Fenced);
    drop(held);
    tokio::task::yield_now().await;
    let now = store.progress(&reader().name).await.unwrap().unwrap();
    assert_eq!(now.owner, Some(owner), "the new owner keeps it");
}

#[tokio::test]
async fn a_name_that_belongs_to_another_reader_is_refused() {
    let store = memory();
    drop(acquire(&store).await);
    let other = Registration { shape: "something else".into(), ..reader() };
    let error = LeaseGuard::try_acquire(store, other, settings()).await.unwrap_err();
    assert!(matches!(error, LeaseError::Shape(_)), "{error}");
}
