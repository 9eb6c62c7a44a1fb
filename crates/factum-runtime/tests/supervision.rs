//! A loop that loses its store, its lease or its wakes: it comes back by itself, is never in two
//! places, and never stops in silence.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod reading;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use factum_core::{
    Advance, Instruction, LeaseClaim, Position, Query, SharedStore, StoreErrorKind,
    SubscriptionName, SubscriptionReport, SubscriptionState,
};
use factum_runtime::{
    FailurePolicy, HealthSource, HealthState, LagThresholds, OnFailure, Retry, SubscriptionError,
    SubscriptionSettings, SubscriptionsHealth,
};
use factum_testkit::faults::{FaultyStore, WriteFault};
use reading::{Seen, handling, in_time, memory, recording, settings, take};

fn name() -> SubscriptionName {
    SubscriptionName::new("recording").unwrap()
}

#[tokio::test(start_paused = true)]
async fn f19_it_gets_over_a_store_that_comes_and_goes() {
    let (inner, seen) = (memory(), Seen::default());
    take(&inner, "a", &[1, 2, 3]).await;
    let faulty = FaultyStore::new(inner.clone());
    let orders = faulty.faults();
    let store: SharedStore = Arc::new(faulty);
    orders.checkpoints([WriteFault::Before; 3]);
    orders.reads([Some(0), Some(0), None, Some(0)]);
    let running = recording(&store, &Query::all(), &seen).spawn();
    in_time(running.caught_up()).await.unwrap();
    orders.reads([Some(0); 5]);
    take(&inner, "a", &[4]).await;
    in_time(running.caught_up()).await.unwrap();
    in_time(running.stop()).await.unwrap();
    assert_eq!(seen.positions(), [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn f19_it_says_that_it_is_interrupted_and_why() {
    let inner = memory();
    let faulty = FaultyStore::new(inner);
    let orders = faulty.faults();
    let store: SharedStore = Arc::new(faulty);
    orders.checkpoints(vec![WriteFault::Before; 10_000]);
    let running = recording(&store, &Query::all(), &Seen::default()).spawn();
    let retrying = running.wait_for(|it| it.state == SubscriptionState::Retrying);
    let status = in_time(retrying).await.unwrap();
    assert!(status.reason.unwrap().contains("ordered to be unavailable"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_wake_costs_time_and_never_an_event() {
    let (inner, seen) = (memory(), Seen::default());
    let faulty = FaultyStore::new(inner.clone());
    faulty.faults().lose_wakes(true);
    let store: SharedStore = Arc::new(faulty);
    let running = recording(&store, &Query::all(), &seen).spawn();
    in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    take(&inner, "a", &[1]).await;
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.positions(), [1]);
}

#[tokio::test]
async fn one_runs_and_the_others_stand_by() {
    let (store, seen) = (memory(), Seen::default());
    let first = recording(&store, &Query::all(), &seen).spawn();
    in_time(first.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    let second = recording(&store, &Query::all(), &seen).spawn();
    let waiting = second.wait_for(|it| it.reason.as_ref().is_some_and(|it| it.contains("run by")));
    in_time(waiting).await.unwrap();
    take(&store, "a", &[1, 2]).await;
    in_time(first.caught_up()).await.unwrap();
    // The one that stands by knows how far the other got.
    in_time(second.wait_for(|_| true)).await.unwrap();
    in_time(first.stop()).await.unwrap();
    in_time(second.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    take(&store, "a", &[3]).await;
    in_time(second.caught_up()).await.unwrap();
    assert_eq!(seen.positions(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_not_renewed_is_taken_over_after_its_time() {
    let (store, seen) = (memory(), Seen::default());
    let first = recording(&store, &Query::all(), &seen).spawn();
    in_time(first.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    first.abort(); // As a crash: the lease is not given up.
    let second = recording(&store, &Query::all(), &seen).spawn();
    take(&store, "a", &[1]).await;
    in_time(second.caught_up()).await.unwrap();
    assert_eq!(second.status().epoch.get(), 2);
}

#[tokio::test]
async fn f20_a_stale_owner_is_refused_by_the_store() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[1]).await;
    let slow = SubscriptionSettings { beat_ms: 60_000, ..settings() };
    let (begun, go) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (own_begun, own_go, own_seen) = (Arc::clone(&begun), Arc::clone(&go), seen.clone());
    let first = handling(&store, move |event| {
        let (begun, go, seen) = (Arc::clone(&own_begun), Arc::clone(&own_go), own_seen.clone());
        async move {
            begun.notify_one();
            go.notified().await; // The owner is paused here, and does not know for how long.
            seen.note(event);
            Ok(())
        }
    })
    .with_settings(slow)
    .spawn();
    in_time(begun.notified()).await;
    // Somebody else takes over by right: the lease ran out.
    let name = first.name().clone();
    let held = store.progress(&name).await.unwrap().unwrap();
    let seen_lease =
        factum_core::LeaseSeen { owner: held.owner.unwrap(), epoch: held.epoch, beat: held.beat };
    let claim = LeaseClaim {
        name: name.clone(),
        owner: factum_core::OwnerId::new("another").unwrap(),
        expired: Some(seen_lease),
    };
    let answer = store.claim_lease(claim).await.unwrap();
    let factum_core::LeaseAnswer::Granted(lease, _) = answer else { panic!("{answer:?}") };
    let step = Advance::new(lease.clone(), Position::START, Position::new(1));
    store.advance(step).await.unwrap();
    go.notify_one();
    // Its checkpoint is refused, so it goes back to waiting.
    let waiting = first.wait_for(|it| it.state == SubscriptionState::Waiting);
    in_time(waiting).await.unwrap();
    let now = store.progress(&name).await.unwrap().unwrap();
    assert_eq!((now.epoch, now.position), (lease.epoch, Position::new(1)));
    store.release_lease(&lease, SubscriptionReport::default()).await.unwrap();
    in_time(first.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    assert_eq!(seen.positions(), [1], "the new owner had handled it");
}

#[tokio::test]
async fn it_pauses_and_resumes_also_across_restarts() {
    let (store, seen) = (memory(), Seen::default());
    let running = recording(&store, &Query::all(), &seen).spawn();
    in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    running.pause("the view is moved").await.unwrap();
    let paused = in_time(running.wait_for(|it| it.state == SubscriptionState::Paused)).await;
    assert_eq!(paused.unwrap().reason.as_deref(), Some("the view is moved"));
    take(&store, "a", &[1]).await;
    in_time(running.stop()).await.unwrap();
    let running = recording(&store, &Query::all(), &seen).spawn();
    in_time(running.wait_for(|it| it.state == SubscriptionState::Paused)).await.unwrap();
    assert!(seen.events().is_empty());
    // From another program, which shares nothing but the store.
    store.instruct(&name(), Instruction::Resume).await.unwrap();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.positions(), [1]);
}

/// Whoever shares nothing but the store with it sees there that it stands still, exactly as long as it does.
#[tokio::test]
async fn the_store_knows_that_it_stands_still() {
    let store = memory();
    let begin = || {
        let own = Arc::clone(&store);
        let subscription = handling(&store, move |event| {
            let store = Arc::clone(&own);
            async move {
                let name = SubscriptionName::new("handling")?;
                let stored = store.progress(&name).await?.ok_or("it is known")?;
                let paused = stored.is_paused() || stored.report.state == SubscriptionState::Paused;
                assert!(!paused, "event {} was handled in a pause", event.position);
                Ok(())
            }
        });
        let policy = FailurePolicy::new(OnFailure::Fail).retried(Retry::NEVER);
        // Nothing but what follows orders renews the lease.
        let slow = SubscriptionSettings { beat_ms: 100_000, lease_ms: 1, ..settings() };
        subscription.on_failure(policy).with_settings(slow).spawn()
    };
    let running = begin();
    in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    for round in 0..5 {
        running.pause("").await.unwrap();
        in_time(running.followed()).await.unwrap();
        let stored = store.progress(running.name()).await.unwrap().unwrap();
        assert!(stored.is_paused() && stored.is_followed(), "round {round}: {stored:?}");
        take(&store, "a", &[round]).await;
        running.resume().await.unwrap();
        in_time(running.caught_up()).await.unwrap();
    }
    assert_eq!(running.status().handled, 5);
    // A stop in the middle of a pause that is taken back before the next start.
    running.pause("").await.unwrap();
    in_time(running.followed()).await.unwrap();
    let name = running.name().clone();
    let held = store.progress(&name).await.unwrap().unwrap();
    running.abort();
    store.instruct(&name, Instruction::Resume).await.unwrap();
    let lease = factum_core::Lease { name, epoch: held.epoch };
    store.release_lease(&lease, held.report).await.unwrap();
    take(&store, "a", &[9]).await;
    in_time(begin().caught_up()).await.unwrap();
}

/// One that stands by knows of the other's orders what the store knows.
#[tokio::test]
async fn one_that_stands_by_waits_for_the_orders_of_the_other() {
    let (store, seen) = (memory(), Seen::default());
    let first = recording(&store, &Query::all(), &seen).spawn();
    in_time(first.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    let second = recording(&store, &Query::all(), &seen).spawn();
    let waiting = second.wait_for(|it| it.reason.as_ref().is_some_and(|it| it.contains("run by")));
    in_time(waiting).await.unwrap();
    second.pause("").await.unwrap();
    in_time(second.followed()).await.unwrap();
    assert_eq!(first.status().state, SubscriptionState::Paused);
    second.resume().await.unwrap();
    in_time(second.followed()).await.unwrap();
    assert_ne!(first.status().state, SubscriptionState::Paused);
}

#[tokio::test]
async fn f13_a_checkpoint_beyond_the_head_is_refused() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[1, 2]).await;
    let running = recording(&store, &Query::all(), &seen).spawn();
    in_time(running.caught_up()).await.unwrap();
    in_time(running.stop()).await.unwrap();
    for (events, beyond) in [(vec![7], true), (vec![7, 8], false)] {
        // The log of an older copy, or another one: shorter, or as long with other events.
        let other = factum_core::MemoryStore::default();
        let other: SharedStore = Arc::new(other);
        take(&other, "b", &events).await;
        let progress = store.progress(&name()).await.unwrap().unwrap();
        carry(&other, &progress).await;
        let error = in_time(recording(&other, &Query::all(), &seen).spawn().ended()).await;
        match error.unwrap_err() {
            SubscriptionError::BeyondHead { position, head, .. } if beyond => {
                assert_eq!((position.get(), head.get()), (2, 1));
            }
            SubscriptionError::OtherHistory { position, .. } if !beyond => {
                assert_eq!(position.get(), 2);
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(seen.positions(), [1, 2]);
}

/// Puts a checkpoint into another store.
async fn carry(store: &SharedStore, progress: &factum_core::Progress) {
    let registration = factum_core::Registration {
        name: progress.name.clone(),
        kind: progress.kind,
        version: progress.version,
        shape: progress.shape.clone(),
        start: Position::START,
    };
    store.register(registration).await.unwrap();
    let claim = LeaseClaim {
        name: progress.name.clone(),
        owner: factum_core::OwnerId::new("restorer").unwrap(),
        expired: None,
    };
    let answer = store.claim_lease(claim).await.unwrap();
    let factum_core::LeaseAnswer::Granted(lease, _) = answer else { panic!("{answer:?}") };
    let step = Advance {
        last: progress.last,
        ..Advance::new(lease.clone(), Position::START, progress.position)
    };
    store.advance(step).await.unwrap();
    store.release_lease(&lease, SubscriptionReport::default()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn behind_and_not_moving_raises_an_alarm() {
    let store = memory();
    take(&store, "a", &[1]).await;
    let subscription = handling(&store, |_| std::future::pending());
    let running = subscription.spawn();
    let status = in_time(running.wait_for(|it| it.stalled)).await.unwrap();
    assert_eq!((status.lag(), status.state), (1, SubscriptionState::CatchingUp));
}

#[tokio::test]
async fn f18_for_a_slow_consumer_no_more_is_read_than_a_page() {
    let inner = memory();
    let numbers: Vec<u64> = (0..1_000).collect();
    take(&inner, "a", &numbers).await;
    let faulty = FaultyStore::new(inner);
    let pages = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&pages);
    faulty.faults().observe(move |operation, _| {
        counted.fetch_add(u64::from(operation == "read log"), Ordering::SeqCst);
    });
    let store: SharedStore = Arc::new(faulty);
    let begun = Arc::new(tokio::sync::Semaphore::new(0));
    let go = Arc::new(tokio::sync::Semaphore::new(0));
    let (own_begun, own_go) = (Arc::clone(&begun), Arc::clone(&go));
    let running = handling(&store, move |_| {
        let (begun, go) = (Arc::clone(&own_begun), Arc::clone(&own_go));
        async move {
            begun.add_permits(1);
            go.acquire().await?.forget();
            Ok(())
        }
    })
    .with_settings(SubscriptionSettings { page_events_max: 10, ..settings() })
    .spawn();
    for page in 1..=100 {
        for _ in 0..10 {
            in_time(begun.acquire()).await.unwrap().forget();
            assert_eq!(pages.load(Ordering::SeqCst), page, "nothing is read ahead of the handler");
            go.add_permits(1);
        }
    }
    in_time(running.caught_up()).await.unwrap();
}

#[tokio::test]
async fn its_end_is_seen_by_those_who_wait() {
    let store = memory();
    let running = recording(&store, &Query::all(), &Seen::default()).spawn();
    let handle = running.clone();
    in_time(running.caught_up()).await.unwrap();
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.wait_until(Position::new(99)).await }
    });
    in_time(running.stop()).await.unwrap();
    let ended = in_time(waiting).await.unwrap().unwrap_err();
    assert_eq!(ended.state, SubscriptionState::Stopped);
    let progress = store.progress(&name()).await.unwrap().unwrap();
    assert_eq!((progress.owner, progress.report.state), (None, SubscriptionState::Stopped));
    let lease = factum_core::Lease { name: name(), epoch: progress.epoch };
    let error = store.renew_lease(&lease, SubscriptionReport::default()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Fenced);
}

#[tokio::test]
async fn a_task_that_is_dropped_does_not_look_alive() {
    let store = memory();
    let running = recording(&store, &Query::all(), &Seen::default()).spawn();
    let handle = running.clone();
    in_time(running.caught_up()).await.unwrap();
    running.abort();
    let ended = in_time(handle.wait_until(Position::new(99))).await.unwrap_err();
    assert_eq!(ended.reason, "its task was dropped");
}

#[tokio::test(start_paused = true)]
async fn an_idle_subscription_stores_nothing_but_its_beats() {
    let store = memory();
    take(&store, "a", &[1]).await;
    let running = recording(&store, &Query::all(), &Seen::default())
        .with_settings(SubscriptionSettings::default())
        .spawn();
    in_time(running.caught_up()).await.unwrap();
    pass(Duration::from_secs(3)).await;
    let before = store.progress(&name()).await.unwrap().unwrap();
    pass(Duration::from_mins(1)).await;
    let after = store.progress(&name()).await.unwrap().unwrap();
    assert_eq!((before.position, before.updated_at), (after.position, after.updated_at));
    let beats = after.beat - before.beat;
    assert!((28..=32).contains(&beats), "one every two seconds: {beats} in a minute");
}

/// Lets paused time go by, with everything that is due in it.
async fn pass(time: Duration) {
    let never = std::future::pending::<()>();
    tokio::time::timeout(time, never).await.unwrap_err();
}

/// The same event comes again, after a crash between what was done and the checkpoint.
#[tokio::test]
async fn f15_what_comes_again_is_the_same_event() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[1, 2]).await;
    let (done, own) = (Arc::new(tokio::sync::Notify::new()), seen.clone());
    let told = Arc::clone(&done);
    let first = handling(&store, move |event| {
        own.note(event);
        told.notify_one();
        std::future::pending() // It is done, and nobody learns of it.
    })
    .spawn();
    in_time(done.notified()).await;
    first.abort();
    let own = seen.clone();
    let second = handling(&store, move |event| {
        own.note(event);
        std::future::ready(Ok(()))
    })
    .spawn();
    in_time(second.caught_up()).await.unwrap();
    let ids: Vec<_> = seen.events().iter().map(|it| it.id).collect();
    assert_eq!((ids.len(), ids[0]), (3, ids[1]), "the first one came twice, as the same event");
}

#[tokio::test]
async fn health_is_judged_by_lag_and_by_what_it_does() {
    let store = memory();
    let thresholds = LagThresholds { degraded_above: 1, unhealthy_above: 3 };
    let running = recording(&store, &Query::all(), &Seen::default()).spawn();
    in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    let source = SubscriptionsHealth::new(thresholds).with(running.clone());
    assert_eq!(source.health()[0].state, HealthState::Healthy);
    running.pause("").await.unwrap();
    in_time(running.wait_for(|it| it.state == SubscriptionState::Paused)).await.unwrap();
    assert_eq!(source.health()[0].state, HealthState::Degraded);
    take(&store, "a", &[1, 2, 3, 4]).await;
    in_time(running.wait_for(|it| it.lag() == 4)).await.unwrap();
    let check = &source.health()[0];
    assert_eq!((check.state, check.lag), (HealthState::Unhealthy, Some(4)));
    running.resume().await.unwrap();
    in_time(running.caught_up()).await.unwrap();
    let live = in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    assert_eq!((live.lag(), source.health()[0].state), (0, HealthState::Healthy));
    in_time(running.stop()).await.unwrap();
    assert_eq!(source.health()[0].state, HealthState::Unhealthy, "nobody runs it here any more");
}
