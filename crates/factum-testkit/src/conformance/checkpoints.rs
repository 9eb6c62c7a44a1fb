//! Subscriptions: made known, moved on, listed, forgotten.

use factum_core::limits::{PAGE_MAX, SHAPE_BYTES_MAX};
use factum_core::{
    Advance, Advanced, Epoch, LetterChange, Position, Progress, ProgressKey, ProgressList,
    Registration, SharedStore, StoreErrorKind, SubscriptionKind, SubscriptionReport, TenantId,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::subscribers::{
    advance, claim, declared, granted, handled, instruct, letters, looked_up, named, parked, pause,
    register, release, run, set_aside, step, stored,
};
use super::support::{failure, position, tenant};

conformance_cases!["checkpoints", ALWAYS;
    a_new_subscription_is_stored_as_it_is_declared,
    a_known_subscription_is_left_as_it_is,
    a_subscription_of_version_0_is_refused,
    a_shape_above_its_limit_is_refused,
    a_subscription_that_was_never_registered_is_unknown,
    subscriptions_are_per_tenant,
    a_handle_of_all_tenants_has_subscriptions_of_its_own,
    subscriptions_are_listed_in_order,
    subscriptions_are_listed_in_pages,
    the_list_of_subscriptions_is_per_tenant,
    a_list_of_subscriptions_has_a_limit,
    a_step_moves_the_checkpoint,
    a_step_without_an_event_leaves_the_last_one,
    a_step_on_the_spot_does_not_move_the_checkpoint,
    a_step_from_elsewhere_stores_nothing,
    a_step_back_is_refused,
    a_step_under_an_older_lease_is_fenced,
    a_step_under_a_lease_that_was_given_up_is_fenced,
    a_step_of_an_unknown_subscription_is_fenced,
    a_fenced_step_is_fenced_wherever_it_starts,
    a_step_is_answered_with_the_number_of_orders,
    letters_come_and_go_with_a_step,
    a_forgotten_subscription_is_gone,
    a_subscription_that_somebody_runs_is_not_forgotten,
    forgetting_touches_no_other_subscription,
    forgetting_leaves_older_leases_fenced,
];

/// The names that the handle lists, with the tenants of those of one.
async fn names(store: &SharedStore, list: ProgressList) -> Vec<String> {
    let found = store.subscriptions(list).await.expect("subscriptions can be listed");
    let tenant = |it: &Progress| it.tenant.as_ref().map_or("*", |it| it.as_str()).to_owned();
    found.iter().map(|it| format!("{} {}", tenant(it), it.name)).collect()
}

async fn a_new_subscription_is_stored_as_it_is_declared(rig: &Rig) {
    let store = rig.open().await;
    let registration = Registration {
        kind: SubscriptionKind::Subscription,
        version: 7,
        shape: "types thing.happened, ä".into(),
        start: position(1 << 40),
        ..declared("mails")
    };
    let now = factum_core::Clock::now(&*rig.clock);
    let expected = Progress::new(Some(TenantId::default()), registration.clone(), now);
    assert_eq!(register(&store, registration).await, expected);
    rig.clock.advance_ms(1_000);
    assert_eq!(looked_up(&store, "mails").await, Some(expected));
}

async fn a_known_subscription_is_left_as_it_is(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 5)).await;
    let known = stored(&store, "mails").await;
    rig.clock.advance_ms(1_000);
    let other = Registration {
        kind: SubscriptionKind::Subscription,
        version: 2,
        shape: "types other".into(),
        start: position(9),
        ..declared("mails")
    };
    assert_eq!(register(&store, other).await, known);
    assert_eq!(stored(&store, "mails").await, known);
}

async fn a_subscription_of_version_0_is_refused(rig: &Rig) {
    let store = rig.open().await;
    let found = store.register(Registration { version: 0, ..declared("mails") }).await;
    assert_eq!(failure(found), StoreErrorKind::Invalid);
    assert_eq!(looked_up(&store, "mails").await, None);
}

async fn a_shape_above_its_limit_is_refused(rig: &Rig) {
    let store = rig.open().await;
    let shaped = |bytes: usize| Registration { shape: "s".repeat(bytes), ..declared("mails") };
    let found = store.register(shaped(SHAPE_BYTES_MAX + 1)).await;
    assert_eq!(failure(found), StoreErrorKind::LimitExceeded);
    assert_eq!(looked_up(&store, "mails").await, None);
    register(&store, shaped(SHAPE_BYTES_MAX)).await;
}

async fn a_subscription_that_was_never_registered_is_unknown(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    assert_eq!(looked_up(&store, "Mails").await, None);
    assert_eq!(looked_up(&store, "mail").await, None);
}

async fn subscriptions_are_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    let lease = run(&a, "mails").await;
    advance(&a, step(&lease, 0, 5)).await;
    assert_eq!(looked_up(&b, "mails").await, None);
    let registered = register(&b, declared("mails")).await;
    assert_eq!((registered.tenant, registered.position), (Some(tenant("b")), position(0)));
    assert_eq!(stored(&a, "mails").await.position, position(5));
}

async fn a_handle_of_all_tenants_has_subscriptions_of_its_own(rig: &Rig) {
    let all = rig.open_all().await;
    let a = all.for_tenant(&tenant("a")).expect("narrowed");
    register(&a, declared("mails")).await;
    assert_eq!(looked_up(&all, "mails").await, None);
    let lease = run(&all, "mails").await;
    advance(&all, step(&lease, 0, 5)).await;
    let own = stored(&all, "mails").await;
    assert_eq!((own.tenant, own.position), (None, position(5)));
    assert_eq!(stored(&a, "mails").await.position, position(0));
}

const ORDER: [&str; 6] = ["* b", "* z", "a Z", "a a", "a b", "b 1"];

/// Subscriptions of two tenants and of all of them.
async fn fill(all: &SharedStore) {
    for name in ["z", "b"] {
        register(all, declared(name)).await;
    }
    for (owner, names) in [("b", vec!["1"]), ("a", vec!["b", "Z", "a"])] {
        let store = all.for_tenant(&tenant(owner)).expect("narrowed");
        for name in names {
            register(&store, declared(name)).await;
        }
    }
}

async fn subscriptions_are_listed_in_order(rig: &Rig) {
    let all = rig.open_all().await;
    fill(&all).await;
    assert_eq!(names(&all, ProgressList::default()).await, ORDER);
    let lease = granted(&all, claim("z", "runner")).await;
    advance(&all, step(&lease, 0, 5)).await;
    set_aside(&all, &lease, [parked(3, "k")]).await;
    let found = all.subscriptions(ProgressList::default()).await.expect("listed");
    assert_eq!(found[1], stored(&all, "z").await, "each is told in full");
}

async fn subscriptions_are_listed_in_pages(rig: &Rig) {
    let all = rig.open_all().await;
    fill(&all).await;
    for limit in 1..=7 {
        let (mut found, mut after): (Vec<_>, Option<ProgressKey>) = (Vec::new(), None);
        loop {
            let page = all.subscriptions(ProgressList { after, limit }).await.expect("listed");
            assert!(page.len() <= limit);
            after = page.last().map(|it| (it.tenant.clone(), it.name.clone()));
            let full = page.len() == limit;
            found.extend(page);
            if !full {
                break;
            }
        }
        let whole = all.subscriptions(ProgressList::default()).await.expect("listed");
        assert_eq!(found, whole);
        assert_eq!(found.len(), ORDER.len());
    }
    let after = Some((Some(tenant("a")), named("aa")));
    assert_eq!(names(&all, ProgressList { after, limit: 10 }).await, ORDER[4..]);
}

async fn the_list_of_subscriptions_is_per_tenant(rig: &Rig) {
    let all = rig.open_all().await;
    fill(&all).await;
    let b = all.for_tenant(&tenant("b")).expect("narrowed");
    assert_eq!(names(&b, ProgressList::default()).await, ["b 1"]);
    let after = Some((Some(tenant("a")), named("a")));
    assert_eq!(names(&b, ProgressList { after, limit: 10 }).await, ["b 1"]);
    let after = Some((Some(tenant("b")), named("1")));
    assert_eq!(names(&b, ProgressList { after, limit: 10 }).await, [""; 0]);
}

async fn a_list_of_subscriptions_has_a_limit(rig: &Rig) {
    let store = rig.open().await;
    for limit in [0, PAGE_MAX + 1, usize::MAX] {
        let found = store.subscriptions(ProgressList { after: None, limit }).await;
        assert_eq!(failure(found), StoreErrorKind::LimitExceeded);
    }
    assert_eq!(names(&store, ProgressList { after: None, limit: PAGE_MAX }).await, [""; 0]);
}

async fn a_step_moves_the_checkpoint(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let before = stored(&store, "mails").await;
    rig.clock.advance_ms(1_000);
    advance(&store, Advance { last: Some(handled(4)), ..step(&lease, 0, 5) }).await;
    let updated_at = factum_core::Clock::now(&*rig.clock);
    let moved = Progress { position: position(5), last: Some(handled(4)), updated_at, ..before };
    assert_eq!(stored(&store, "mails").await, moved);
    advance(&store, step(&lease, 5, 1 << 40)).await;
    assert_eq!(stored(&store, "mails").await.position, position(1 << 40));
}

async fn a_step_without_an_event_leaves_the_last_one(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, Advance { last: Some(handled(4)), ..step(&lease, 0, 5) }).await;
    advance(&store, step(&lease, 5, 9)).await;
    assert_eq!(stored(&store, "mails").await.last, Some(handled(4)));
}

async fn a_step_on_the_spot_does_not_move_the_checkpoint(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 5)).await;
    let before = stored(&store, "mails").await;
    rig.clock.advance_ms(1_000);
    advance(&store, step(&lease, 5, 5)).await;
    assert_eq!(stored(&store, "mails").await, before);
}

/// A step that leaves traces wherever it is stored.
fn telling(step: Advance) -> Advance {
    let letters = vec![LetterChange::Put(parked(1, "k"))];
    Advance { last: Some(handled(1)), letters, ..step }
}

async fn a_step_from_elsewhere_stores_nothing(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 5)).await;
    let before = stored(&store, "mails").await;
    for from in [0, 4, 6] {
        let found = store.advance(telling(step(&lease, from, 9))).await.expect("answered");
        assert_eq!(found, Advanced::Moved(Box::new(before.clone())));
    }
    assert_eq!(stored(&store, "mails").await, before);
    assert_eq!(letters(&store).await, [""; 0]);
}

async fn a_step_back_is_refused(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 5)).await;
    let before = stored(&store, "mails").await;
    let found = store.advance(telling(step(&lease, 5, 4))).await;
    assert_eq!(failure(found), StoreErrorKind::Invalid);
    assert_eq!(stored(&store, "mails").await, before);
    assert_eq!(letters(&store).await, [""; 0]);
}

async fn a_step_under_an_older_lease_is_fenced(rig: &Rig) {
    let store = rig.open().await;
    let older = run(&store, "mails").await;
    granted(&store, claim("mails", "runner")).await;
    let before = stored(&store, "mails").await;
    let found = store.advance(telling(step(&older, 0, 5))).await;
    assert_eq!(failure(found), StoreErrorKind::Fenced);
    assert_eq!(stored(&store, "mails").await, before);
    assert_eq!(letters(&store).await, [""; 0]);
}

async fn a_step_under_a_lease_that_was_given_up_is_fenced(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    release(&store, &lease).await;
    let found = store.advance(telling(step(&lease, 0, 5))).await;
    assert_eq!(failure(found), StoreErrorKind::Fenced);
    assert_eq!(stored(&store, "mails").await.position, position(0));
    assert_eq!(letters(&store).await, [""; 0]);
}

async fn a_step_of_an_unknown_subscription_is_fenced(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let other = factum_core::Lease { name: named("other"), ..lease };
    let found = store.advance(telling(step(&other, 0, 5))).await;
    assert_eq!(failure(found), StoreErrorKind::Fenced);
    assert_eq!(looked_up(&store, "other").await, None);
    assert_eq!(letters(&store).await, [""; 0]);
}

async fn a_fenced_step_is_fenced_wherever_it_starts(rig: &Rig) {
    let store = rig.open().await;
    let older = run(&store, "mails").await;
    let newer = granted(&store, claim("mails", "runner")).await;
    advance(&store, step(&newer, 0, 5)).await;
    for (from, to) in [(0, 9), (5, 4)] {
        let found = store.advance(step(&older, from, to)).await;
        assert_eq!(failure(found), StoreErrorKind::Fenced);
    }
}

async fn a_step_is_answered_with_the_number_of_orders(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    assert_eq!(advance(&store, step(&lease, 0, 1)).await, 0);
    let instructions = instruct(&store, "mails", pause("full")).await.instructions;
    assert_eq!(instructions, 1);
    assert_eq!(advance(&store, step(&lease, 1, 2)).await, 1);
}

async fn letters_come_and_go_with_a_step(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let put = |number| LetterChange::Put(parked(number, "k"));
    let changed = vec![put(1), put(2), put(3)];
    advance(&store, Advance { letters: changed, ..step(&lease, 0, 5) }).await;
    assert_eq!(letters(&store).await, ["mails 1 k parked", "mails 2 k parked", "mails 3 k parked"]);
    let changed =
        vec![LetterChange::Remove(position(2)), LetterChange::Remove(position(9)), put(4)];
    advance(&store, Advance { letters: changed, ..step(&lease, 5, 6) }).await;
    assert_eq!(letters(&store).await, ["mails 1 k parked", "mails 3 k parked", "mails 4 k parked"]);
}

async fn a_forgotten_subscription_is_gone(rig: &Rig) {
    let store = rig.open().await;
    let forget = || async { store.forget(&named("mails")).await.expect("forgotten") };
    assert!(!forget().await, "there was none");
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 5)).await;
    set_aside(&store, &lease, [parked(3, "k")]).await;
    release(&store, &lease).await;
    assert!(forget().await, "there was one");
    assert_eq!(looked_up(&store, "mails").await, None);
    assert_eq!(letters(&store).await, [""; 0]);
    let again = register(&store, declared("mails")).await;
    assert_eq!((again.position, again.dead_letters), (Position::START, 0));
}

async fn a_subscription_that_somebody_runs_is_not_forgotten(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    set_aside(&store, &lease, [parked(3, "k")]).await;
    let before = stored(&store, "mails").await;
    assert_eq!(failure(store.forget(&named("mails")).await), StoreErrorKind::Invalid);
    assert_eq!(stored(&store, "mails").await, before);
    assert_eq!(letters(&store).await, ["mails 3 k parked"]);
    store.renew_lease(&lease, SubscriptionReport::default()).await.expect("it is still held");
    assert!(lease.epoch > Epoch::default());
}

async fn forgetting_touches_no_other_subscription(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    for (store, name) in [(&a, "mails"), (&a, "other"), (&b, "mails")] {
        let lease = run(store, name).await;
        set_aside(store, &lease, [parked(3, "k")]).await;
        release(store, &lease).await;
    }
    a.forget(&named("mails")).await.expect("forgotten");
    assert_eq!(looked_up(&a, "mails").await, None);
    assert_eq!(stored(&a, "other").await.dead_letters, 1);
    assert_eq!(stored(&b, "mails").await.dead_letters, 1);
    assert_eq!(letters(&a).await, ["other 3 k parked"]);
    assert_eq!(letters(&b).await, ["mails 3 k parked"]);
}

async fn forgetting_leaves_older_leases_fenced(rig: &Rig) {
    let store = rig.open().await;
    let older = run(&store, "mails").await;
    for _ in 0..2 {
        let last = granted(&store, claim("mails", "runner")).await;
        release(&store, &last).await;
        store.forget(&named("mails")).await.expect("forgotten");
        assert_eq!(looked_up(&store, "mails").await, None);
        assert_eq!(names(&store, ProgressList::default()).await, [""; 0]);
        let again = register(&store, declared("mails")).await;
        let now = factum_core::Clock::now(&*rig.clock);
        let new = Progress::new(again.tenant.clone(), declared("mails"), now);
        assert_eq!(again, Progress { epoch: last.epoch, ..new }, "nothing else is left");
        for lease in [&older, &last] {
            let found = store.advance(step(lease, 0, 5)).await;
            assert_eq!(failure(found), StoreErrorKind::Fenced);
        }
        let next = granted(&store, claim("mails", "runner")).await;
        assert!(next.epoch > last.epoch, "found {} after {}", next.epoch, last.epoch);
    }
}
