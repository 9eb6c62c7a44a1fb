//! Numbers at the edges of what databases can count: kept as they are or refused, never changed.

mod probe;

use std::sync::Arc;

use factum_core::limits::POSITION_MAX;
use factum_core::{
    Advance, Advanced, DeadLetterList, DeadLetterSelection, DeadLetters, Epoch, InstructError,
    Instruction, Lease, LetterChange, MemoryStore, RebuildStep, Registration, SharedStore,
    SnapshotKind, SnapshotList, StoreErrorKind, SubscriptionReport, TenantScope,
};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::snapshots::snapshot;
use super::subscribers::{
    advance, claim, declared, handled, instruct, listed, looked_up, named, owner_id, parked,
    register, run, set_aside, step, stored,
};
use super::support::{account, failure, position, revision};

conformance_cases!["numbers", ALWAYS;
    every_number_is_answered_as_the_memory_store_answers,
    the_highest_numbers_come_back,
    a_start_that_cannot_be_kept_is_refused,
    a_step_that_cannot_be_kept_is_refused,
    a_rebuild_that_cannot_be_kept_is_refused,
    a_report_that_cannot_be_kept_is_refused,
    a_step_from_beyond_any_log_is_one_from_elsewhere,
    a_lease_of_a_number_beyond_any_is_fenced,
    a_lease_seen_under_a_number_beyond_any_is_not_given_over,
    no_letter_stands_beyond_any_log,
    a_snapshot_that_cannot_be_kept_is_refused,
    snapshots_are_looked_for_up_to_any_revision,
];

/// The first number that no store can keep, and the last that there is.
const BEYOND: [u64; 2] = [POSITION_MAX + 1, u64::MAX];

/// How many random operations are compared.
const PROBES: usize = 600;

async fn every_number_is_answered_as_the_memory_store_answers(rig: &Rig) {
    let tested = rig.open().await;
    let scope = TenantScope::default();
    let model: SharedStore = Arc::new(MemoryStore::new(scope, rig.clock.clone()));
    let (mut runner, probes) = (TestRunner::deterministic(), probe::probes());
    for number in 0..PROBES {
        let probe = probes.new_tree(&mut runner).expect("nothing is filtered").current();
        let found = probe::answer(&tested, number, &probe).await;
        let expected = probe::answer(&model, number, &probe).await;
        assert_eq!(found, expected, "operation {number}, {probe:?}");
    }
}

async fn the_highest_numbers_come_back(rig: &Rig) {
    let store = rig.open().await;
    let most = POSITION_MAX;
    register(&store, Registration { version: u32::MAX, ..declared("mails") }).await;
    let lease = super::subscribers::granted(&store, claim("mails", "runner")).await;
    let last = Some(factum_core::HandledEvent { position: position(most), ..handled(1) });
    advance(&store, Advance { last, ..step(&lease, 0, most) }).await;
    let found = stored(&store, "mails").await;
    assert_eq!((found.position.get(), found.version, found.last), (most, u32::MAX, last));
    advance(&store, step(&lease, most, most)).await;
    set_aside(&store, &lease, [parked(3, "a"), at(most)]).await;
    let letters = listed(&store, DeadLetterList::default()).await;
    assert_eq!(letters.iter().map(|it| it.1.position.get()).collect::<Vec<_>>(), [3, most]);
    for (at, version) in [(0, 1), (most, u32::MAX)] {
        let schema_version = factum_core::SchemaVersion::new(version);
        let kept = factum_core::Snapshot {
            position: position(most),
            schema_version,
            revision: revision(at),
            ..snapshot("ann", 0)
        };
        store.save_snapshot(kept.clone()).await.expect("it can be kept");
        let found = latest(&store, Some(at)).await;
        assert_eq!(found, Some(kept));
    }
}

/// A letter about an event at this place.
fn at(place: u64) -> factum_core::DeadLetter {
    factum_core::DeadLetter { position: position(place), ..parked(1, "b") }
}

async fn a_start_that_cannot_be_kept_is_refused(rig: &Rig) {
    let store = rig.open().await;
    for number in BEYOND {
        let start = position(number);
        let found = store.register(Registration { start, ..declared("mails") }).await;
        assert_eq!(failure(found), StoreErrorKind::LimitExceeded);
        assert_eq!(looked_up(&store, "mails").await, None);
    }
    register(&store, Registration { start: position(POSITION_MAX), ..declared("mails") }).await;
}

async fn a_step_that_cannot_be_kept_is_refused(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let before = stored(&store, "mails").await;
    for number in BEYOND {
        let there = position(number);
        let plain = step(&lease, 0, 1);
        let upgrade = |start, target| {
            let registration = Registration { version: 2, start, ..declared("mails") };
            Some(RebuildStep::Upgrade { registration, target })
        };
        let last = Some(factum_core::HandledEvent { position: there, ..handled(1) });
        let steps = [
            step(&lease, 0, number),
            Advance { last, ..plain.clone() },
            Advance { letters: vec![LetterChange::Put(at(number))], ..plain.clone() },
            Advance { rebuild: Some(RebuildStep::Begin { target: there }), ..plain.clone() },
            Advance { rebuild: upgrade(position(0), there), ..plain.clone() },
            Advance { rebuild: upgrade(there, position(9)), ..plain },
        ];
        for step in steps {
            let shown = format!("{step:?}");
            assert_eq!(
                failure(store.advance(step).await),
                StoreErrorKind::LimitExceeded,
                "{shown}"
            );
            assert_eq!(stored(&store, "mails").await, before, "{shown}");
        }
    }
}

async fn a_rebuild_that_cannot_be_kept_is_refused(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    for number in BEYOND {
        let order = Instruction::Rebuild { after: position(number) };
        match store.instruct(&named("mails"), order).await {
            Err(InstructError::Store(error)) => {
                assert_eq!(error.kind(), StoreErrorKind::LimitExceeded);
            }
            other => panic!("expected a refusal, found {other:?}"),
        }
        assert_eq!(stored(&store, "mails").await.rebuild, None);
    }
    instruct(&store, "mails", Instruction::Rebuild { after: position(POSITION_MAX) }).await;
}

async fn a_report_that_cannot_be_kept_is_refused(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let before = stored(&store, "mails").await;
    for number in BEYOND {
        let report = SubscriptionReport { head: position(number), ..SubscriptionReport::default() };
        let renewed = store.renew_lease(&lease, report.clone()).await;
        assert_eq!(failure(renewed), StoreErrorKind::LimitExceeded);
        let released = store.release_lease(&lease, report).await;
        assert_eq!(failure(released), StoreErrorKind::LimitExceeded);
        assert_eq!(stored(&store, "mails").await, before);
    }
}

async fn a_step_from_beyond_any_log_is_one_from_elsewhere(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, POSITION_MAX)).await;
    let before = stored(&store, "mails").await;
    for number in BEYOND {
        let rebuild = Some(RebuildStep::Begin { target: position(9) });
        let back = Advance { rebuild, ..step(&lease, number, 0) };
        for step in [step(&lease, number, POSITION_MAX), step(&lease, number, 7), back] {
            let found = store.advance(step).await.expect("it is judged");
            assert_eq!(found, Advanced::Moved(Box::new(before.clone())));
            assert_eq!(stored(&store, "mails").await, before);
        }
    }
}

async fn a_lease_of_a_number_beyond_any_is_fenced(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    for number in BEYOND {
        let other = Lease { epoch: Epoch::new(number), ..lease.clone() };
        let stepped = store.advance(step(&other, 0, 1)).await;
        assert_eq!(failure(stepped), StoreErrorKind::Fenced);
        let renewed = store.renew_lease(&other, SubscriptionReport::default()).await;
        assert_eq!(failure(renewed), StoreErrorKind::Fenced);
        let released = store.release_lease(&other, SubscriptionReport::default()).await;
        released.expect("a lease that is not the caller's is left alone");
        assert_eq!(stored(&store, "mails").await.owner, Some(owner_id("runner")));
    }
}

async fn a_lease_seen_under_a_number_beyond_any_is_not_given_over(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    for number in BEYOND {
        for (epoch, beat) in [(number, 0), (lease.epoch.get(), number)] {
            let seen = factum_core::LeaseSeen {
                owner: owner_id("runner"),
                epoch: Epoch::new(epoch),
                beat,
            };
            let claim = factum_core::LeaseClaim { expired: Some(seen), ..claim("mails", "other") };
            let answer = store.claim_lease(claim).await.expect("leases can be claimed");
            assert!(matches!(answer, factum_core::LeaseAnswer::Held(_)), "{answer:?}");
        }
    }
}

async fn no_letter_stands_beyond_any_log(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    set_aside(&store, &lease, [at(0), at(POSITION_MAX)]).await;
    for number in BEYOND {
        let after =
            Some((Some(factum_core::TenantId::default()), named("mails"), position(number)));
        let found = listed(&store, DeadLetterList { after, ..DeadLetterList::default() }).await;
        assert_eq!(found, []);
        let meant = || DeadLetterSelection::At(position(number));
        for done in [
            DeadLetters::replay(&*store, &named("mails"), meant()).await,
            DeadLetters::discard(&*store, &named("mails"), meant()).await,
        ] {
            assert_eq!(done.expect("letters can be settled"), 0);
        }
        let letters = vec![LetterChange::Remove(position(number))];
        advance(&store, Advance { letters, ..step(&lease, 0, 0) }).await;
        let places = listed(&store, DeadLetterList::default()).await;
        assert_eq!(
            places.iter().map(|it| it.1.position.get()).collect::<Vec<_>>(),
            [0, POSITION_MAX]
        );
    }
}

async fn latest(store: &SharedStore, through: Option<u64>) -> Option<factum_core::Snapshot> {
    let kind = SnapshotKind::new("account").expect("the name is valid");
    let found = store.latest_snapshot(&account("ann"), &kind, through.map(revision)).await;
    found.expect("snapshots can be looked up")
}

async fn a_snapshot_that_cannot_be_kept_is_refused(rig: &Rig) {
    let store = rig.open().await;
    for number in BEYOND {
        let (at, kept) = (snapshot("ann", 0), snapshot("ann", 0));
        let revised = factum_core::Snapshot { revision: revision(number), ..at };
        let placed = factum_core::Snapshot { position: position(number), ..kept };
        for refused in [revised, placed] {
            let found = store.save_snapshot(refused).await;
            assert_eq!(failure(found), StoreErrorKind::LimitExceeded);
            assert_eq!(latest(&store, None).await, None);
        }
    }
}

async fn snapshots_are_looked_for_up_to_any_revision(rig: &Rig) {
    let store = rig.open().await;
    let kept = snapshot("ann", 5);
    store.save_snapshot(kept.clone()).await.expect("it can be kept");
    for number in BEYOND {
        assert_eq!(latest(&store, Some(number)).await.as_ref(), Some(&kept));
        let after = Some((
            factum_core::TenantId::default(),
            account("ann"),
            kept.kind.clone(),
            revision(number),
        ));
        let found = store.snapshots(SnapshotList { after, ..SnapshotList::default() }).await;
        assert_eq!(found.expect("snapshots can be listed"), []);
    }
}
