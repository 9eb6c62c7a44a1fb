//! Orders to subscriptions: pause, resume, rebuild; and the rebuild itself.

use factum_core::limits::CAUSE_BYTES_MAX;
use factum_core::{
    Advance, Clock, InstructError, Instruction, Lease, Pause, Position, Progress, Rebuild,
    RebuildStep, Registration, SharedStore, SubscriptionKind,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::subscribers::{
    advance, dead, declared, handled, instruct, letters, named, parked, pause, register, renew,
    run, set_aside, step, stored, waiting,
};
use super::support::position;

conformance_cases!["orders", ALWAYS;
    a_pause_is_stored_with_its_reason,
    a_second_pause_puts_its_reason_in_the_place_of_the_first,
    a_second_pause_began_with_the_first,
    a_long_reason_is_cut_between_characters,
    a_resumed_subscription_is_not_paused,
    every_order_is_counted,
    an_order_that_changes_nothing_is_not_counted,
    a_pause_for_the_same_reason_is_not_counted,
    a_renewal_shows_the_orders,
    an_unknown_subscription_takes_no_orders,
    orders_are_per_tenant,
    a_rebuild_is_ordered_from_a_place,
    a_second_rebuild_is_refused,
    a_rebuild_is_cancelled_before_it_begins,
    a_rebuild_that_was_not_ordered_cannot_be_cancelled,
    a_rebuild_that_began_cannot_be_cancelled,
    what_keeps_no_view_is_not_rebuilt,
    a_rebuild_begins_with_a_step_back,
    a_rebuild_may_begin_without_an_order,
    a_rebuild_begins_without_letters,
    a_rebuild_ends_at_its_target,
    a_rebuild_that_is_at_its_target_ends_at_once,
    a_rebuild_starts_where_its_step_leads_to,
    an_upgrade_stores_the_newer_subscription,
    an_upgrade_starts_where_its_step_leads_to,
];

async fn refused(store: &SharedStore, name: &str, order: Instruction) -> InstructError {
    let before = store.progress(&named(name)).await.expect("looked up");
    let found = store.instruct(&named(name), order).await;
    let error = found.expect_err("the order is refused");
    let after = store.progress(&named(name)).await.expect("looked up");
    assert_eq!(after, before, "a refused order stores nothing");
    error
}

fn rebuild(after: u64) -> Instruction {
    Instruction::Rebuild { after: position(after) }
}

/// A step that resets the view, with the head at `target`.
fn begin(lease: &Lease, from: u64, to: u64, target: u64) -> Advance {
    let rebuild = Some(RebuildStep::Begin { target: position(target) });
    Advance { rebuild, ..step(lease, from, to) }
}

async fn a_pause_is_stored_with_its_reason(rig: &Rig) {
    let store = rig.open().await;
    let before = register(&store, declared("mails")).await;
    rig.clock.advance_ms(1_000);
    let paused = Some(Pause { reason: "the disk is full".into(), at: rig.clock.now() });
    let expected = Progress { paused, instructions: 1, ..before };
    assert_eq!(instruct(&store, "mails", pause("the disk is full")).await, expected);
    assert_eq!(stored(&store, "mails").await, expected);
    instruct(&store, "mails", Instruction::Resume).await;
    let found = instruct(&store, "mails", pause("")).await.paused;
    assert_eq!(found.map(|it| it.reason), Some(String::new()), "a reason may be empty");
}

async fn a_second_pause_puts_its_reason_in_the_place_of_the_first(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    instruct(&store, "mails", pause("one")).await;
    instruct(&store, "mails", pause("two")).await;
    let paused = stored(&store, "mails").await.paused.expect("it is paused");
    assert_eq!(paused.reason, "two");
}

async fn a_second_pause_began_with_the_first(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let at = instruct(&store, "mails", pause("one")).await.paused.expect("it is paused").at;
    rig.clock.advance_ms(1_000);
    let paused = Some(Pause { reason: "two".into(), at });
    assert_eq!(instruct(&store, "mails", pause("two")).await.paused, paused);
    assert_eq!(stored(&store, "mails").await.paused, paused);
}

async fn a_long_reason_is_cut_between_characters(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let fits = format!("{}x", "ä".repeat(CAUSE_BYTES_MAX / 2 - 1));
    for (long, cut) in [
        ("x".repeat(CAUSE_BYTES_MAX), "x".repeat(CAUSE_BYTES_MAX)),
        ("x".repeat(CAUSE_BYTES_MAX + 1), "x".repeat(CAUSE_BYTES_MAX)),
        (format!("{fits}ä"), fits),
    ] {
        instruct(&store, "mails", pause(&long)).await;
        let paused = stored(&store, "mails").await.paused.expect("it is paused");
        assert!(paused.reason == cut, "found {} bytes", paused.reason.len());
    }
}

async fn a_resumed_subscription_is_not_paused(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    instruct(&store, "mails", pause("full")).await;
    assert_eq!(instruct(&store, "mails", Instruction::Resume).await.paused, None);
    assert_eq!(stored(&store, "mails").await.paused, None);
}

async fn every_order_is_counted(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let orders =
        [pause("one"), pause("two"), Instruction::Resume, rebuild(0), Instruction::CancelRebuild];
    for (count, order) in (1..).zip(orders) {
        assert_eq!(instruct(&store, "mails", order).await.instructions, count);
        assert_eq!(stored(&store, "mails").await.instructions, count);
    }
}

async fn an_order_that_changes_nothing_is_not_counted(rig: &Rig) {
    let store = rig.open().await;
    let before = register(&store, declared("mails")).await;
    assert_eq!(instruct(&store, "mails", Instruction::Resume).await, before);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn a_pause_for_the_same_reason_is_not_counted(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let before = instruct(&store, "mails", pause("full")).await;
    rig.clock.advance_ms(1_000);
    assert_eq!(instruct(&store, "mails", pause("full")).await, before);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn a_renewal_shows_the_orders(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    instruct(&store, "mails", pause("full")).await;
    let found = renew(&store, &lease).await;
    assert_eq!(found.instructions, 1);
    assert_eq!(found.paused.map(|it| it.reason).as_deref(), Some("full"));
}

async fn an_unknown_subscription_takes_no_orders(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let orders = [pause("full"), Instruction::Resume, rebuild(0), Instruction::CancelRebuild];
    for order in orders {
        let found = refused(&store, "other", order).await;
        assert!(matches!(&found, InstructError::Unknown { name } if *name == named("other")));
    }
}

async fn orders_are_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    register(&a, declared("mails")).await;
    let found = refused(&b, "mails", pause("full")).await;
    assert!(matches!(found, InstructError::Unknown { .. }), "found {found}");
    register(&b, declared("mails")).await;
    instruct(&b, "mails", pause("full")).await;
    assert_eq!(stored(&a, "mails").await.paused, None);
}

async fn a_rebuild_is_ordered_from_a_place(rig: &Rig) {
    let store = rig.open().await;
    let before = register(&store, declared("mails")).await;
    rig.clock.advance_ms(1_000);
    let requested_at = rig.clock.now();
    let ordered = Some(Rebuild { after: position(3), requested_at, target: None });
    let expected = Progress { rebuild: ordered, instructions: 1, ..before };
    assert_eq!(instruct(&store, "mails", rebuild(3)).await, expected);
    assert_eq!(stored(&store, "mails").await, expected);
}

async fn a_second_rebuild_is_refused(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 9)).await;
    instruct(&store, "mails", rebuild(3)).await;
    match refused(&store, "mails", rebuild(0)).await {
        InstructError::Rebuilding { after, .. } => assert_eq!(after, position(3)),
        other => panic!("expected a rebuild that is in the way, found {other}"),
    }
    advance(&store, begin(&lease, 9, 3, 9)).await;
    match refused(&store, "mails", rebuild(0)).await {
        InstructError::Begun { target, .. } => assert_eq!(target, position(9)),
        other => panic!("expected a rebuild that is under way, found {other}"),
    }
}

async fn a_rebuild_is_cancelled_before_it_begins(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    instruct(&store, "mails", rebuild(3)).await;
    assert_eq!(instruct(&store, "mails", Instruction::CancelRebuild).await.rebuild, None);
    assert_eq!(stored(&store, "mails").await.rebuild, None);
}

async fn a_rebuild_that_was_not_ordered_cannot_be_cancelled(rig: &Rig) {
    let store = rig.open().await;
    register(&store, declared("mails")).await;
    let found = refused(&store, "mails", Instruction::CancelRebuild).await;
    assert!(matches!(found, InstructError::NotRebuilding { .. }), "found {found}");
}

async fn a_rebuild_that_began_cannot_be_cancelled(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 9)).await;
    instruct(&store, "mails", rebuild(0)).await;
    advance(&store, begin(&lease, 9, 0, 8)).await;
    let found = refused(&store, "mails", Instruction::CancelRebuild).await;
    let begun = matches!(found, InstructError::Begun { target, .. } if target == position(8));
    assert!(begun, "found {found}");
}

async fn what_keeps_no_view_is_not_rebuilt(rig: &Rig) {
    let store = rig.open().await;
    let kind = SubscriptionKind::Subscription;
    register(&store, Registration { kind, ..declared("mails") }).await;
    for order in [rebuild(0), Instruction::CancelRebuild] {
        let found = refused(&store, "mails", order).await;
        assert!(matches!(found, InstructError::NoView { .. }), "found {found}");
    }
}

async fn a_rebuild_begins_with_a_step_back(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, Advance { last: Some(handled(9)), ..step(&lease, 0, 9) }).await;
    let ordered = instruct(&store, "mails", rebuild(3)).await.rebuild.expect("ordered");
    rig.clock.advance_ms(1_000);
    advance(&store, begin(&lease, 9, 3, 12)).await;
    let found = stored(&store, "mails").await;
    assert_eq!((found.position, found.last), (position(3), None));
    assert_eq!(found.updated_at, rig.clock.now());
    assert_eq!(found.rebuild, Some(Rebuild { target: Some(position(12)), ..ordered }));
}

async fn a_rebuild_may_begin_without_an_order(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 9)).await;
    rig.clock.advance_ms(1_000);
    let first = Some(handled(4));
    advance(&store, Advance { last: first, ..begin(&lease, 9, 4, 12) }).await;
    let found = stored(&store, "mails").await;
    let (after, requested_at, target) = (position(4), rig.clock.now(), Some(position(12)));
    assert_eq!(found.rebuild, Some(Rebuild { after, requested_at, target }));
    assert_eq!((found.position, found.last), (position(4), first));
    assert_eq!(found.instructions, 0, "nobody ordered it");
}

async fn a_rebuild_begins_without_letters(rig: &Rig) {
    let store = rig.open().await;
    let (lease, other) = (run(&store, "mails").await, run(&store, "other").await);
    advance(&store, step(&lease, 0, 9)).await;
    set_aside(&store, &lease, [parked(1, "k"), waiting(2, "k"), dead(3, "l")]).await;
    set_aside(&store, &other, [parked(1, "k")]).await;
    advance(&store, begin(&lease, 9, 0, 9)).await;
    assert_eq!(letters(&store).await, ["other 1 k parked"]);
    let found = stored(&store, "mails").await;
    assert_eq!((found.parked_keys, found.waiting_events, found.dead_letters), (0, 0, 0));
}

async fn a_rebuild_ends_at_its_target(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 9)).await;
    for end in [11, 12] {
        let at = stored(&store, "mails").await.position.get();
        advance(&store, begin(&lease, at, 0, 11)).await;
        advance(&store, step(&lease, 0, 10)).await;
        assert!(stored(&store, "mails").await.rebuild.is_some(), "it is not there yet");
        advance(&store, step(&lease, 10, end)).await;
        assert_eq!(stored(&store, "mails").await.rebuild, None);
    }
}

async fn a_rebuild_that_is_at_its_target_ends_at_once(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 9)).await;
    instruct(&store, "mails", rebuild(0)).await;
    advance(&store, begin(&lease, 9, 0, 0)).await;
    let found = stored(&store, "mails").await;
    assert_eq!((found.position, found.rebuild), (Position::START, None));
}

/// A rebuild was ordered from after 3, and begins with `step`, back to 5.
async fn begun_elsewhere(rig: &Rig, store: &SharedStore, begin: RebuildStep) {
    let lease = run(store, "mails").await;
    advance(store, step(&lease, 0, 9)).await;
    let ordered = instruct(store, "mails", rebuild(3)).await.rebuild.expect("ordered");
    rig.clock.advance_ms(1_000);
    advance(store, Advance { rebuild: Some(begin), ..step(&lease, 9, 5) }).await;
    let found = stored(store, "mails").await;
    assert_eq!(found.position, position(5));
    let (after, target) = (position(5), Some(position(12)));
    assert_eq!(found.rebuild, Some(Rebuild { after, target, ..ordered }));
}

async fn a_rebuild_starts_where_its_step_leads_to(rig: &Rig) {
    let store = rig.open().await;
    begun_elsewhere(rig, &store, RebuildStep::Begin { target: position(12) }).await;
}

async fn an_upgrade_stores_the_newer_subscription(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let last = Some(handled(9));
    advance(&store, Advance { last, ..step(&lease, 0, 9) }).await;
    set_aside(&store, &lease, [parked(1, "k")]).await;
    rig.clock.advance_ms(1_000);
    let (target, shape) = (position(12), String::from("types thing.happened"));
    let registration = Registration { version: 2, shape, ..declared("mails") };
    let rebuild = Some(RebuildStep::Upgrade { registration: registration.clone(), target });
    advance(&store, Advance { rebuild, ..step(&lease, 9, 2) }).await;
    let found = stored(&store, "mails").await;
    assert_eq!((found.version, &found.shape), (2, &registration.shape));
    assert_eq!((found.position, found.last), (position(2), None));
    let (after, requested_at, target) = (position(2), rig.clock.now(), Some(target));
    assert_eq!(found.rebuild, Some(Rebuild { after, requested_at, target }));
    assert_eq!(letters(&store).await, [""; 0]);
}

async fn an_upgrade_starts_where_its_step_leads_to(rig: &Rig) {
    let store = rig.open().await;
    let registration = Registration { version: 2, ..declared("mails") };
    let upgrade = RebuildStep::Upgrade { registration, target: position(12) };
    begun_elsewhere(rig, &store, upgrade).await;
}
