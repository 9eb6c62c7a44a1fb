//! Sabotage of checkpoints and of orders.

use factum_core::limits::{CAUSE_BYTES_MAX, PAGE_MAX, SHAPE_BYTES_MAX};
use factum_core::{
    Advance, Advanced, DeadLetterList, HandledEvent, InstructError, Instruction, LetterChange,
    Position, Progress, ProgressList, RebuildStep, SharedStore, StoreError, StoreErrorKind,
    SubscriptionName, SubscriptionReport,
};
use factum_testkit::SequentialIds;

use super::admin::ONE_FOR_ALL;
use super::leases::{as_thief, declared};
use super::{Row, shorter};
use crate::sabotage::Sabotage::{
    self, Forget, Found, Instruct, ListSubscriptions, LookUp, Register, Registration, Renew, Step,
    Subscriptions,
};

pub(super) fn rows() -> Vec<Row> {
    [registered(), listed(), steps(), fenced(), forgotten(), orders(), refused(), rebuilds()]
        .concat()
}

fn registered() -> Vec<Row> {
    vec![
        (
            "checkpoints::a_new_subscription_is_stored_as_it_is_declared",
            Registration(|it| it.start = Position::START),
        ),
        (
            "checkpoints::a_known_subscription_is_left_as_it_is",
            Register(|store, it| {
                Box::pin(async move {
                    let shape = it.shape.clone();
                    Ok(Progress { shape, ..store.register(it).await? })
                })
            }),
        ),
        (
            "checkpoints::a_subscription_of_version_0_is_refused",
            Registration(|it| it.version = it.version.max(1)),
        ),
        (
            "checkpoints::a_shape_above_its_limit_is_refused",
            Registration(|it| it.shape.truncate(SHAPE_BYTES_MAX)),
        ),
        (
            "checkpoints::a_subscription_that_was_never_registered_is_unknown",
            LookUp(|it| SubscriptionName::new(it.as_str().to_lowercase()).unwrap()),
        ),
        ("checkpoints::subscriptions_are_per_tenant", ONE_FOR_ALL),
        (
            "checkpoints::a_handle_of_all_tenants_has_subscriptions_of_its_own",
            Sabotage::AllActsAs("a"),
        ),
    ]
}

fn listed() -> Vec<Row> {
    vec![
        ("checkpoints::subscriptions_are_listed_in_order", Subscriptions(|it| it.reverse())),
        (
            "checkpoints::subscriptions_are_listed_in_pages",
            Subscriptions(|it| {
                if it.len() > 1 {
                    it.pop();
                }
            }),
        ),
        ("checkpoints::the_list_of_subscriptions_is_per_tenant", ONE_FOR_ALL),
        (
            "checkpoints::a_list_of_subscriptions_has_a_limit",
            ListSubscriptions(|it| it.limit = it.limit.clamp(1, PAGE_MAX)),
        ),
    ]
}

/// Makes a step that is refused once more, as `changed` by what is stored.
async fn forced(
    store: SharedStore,
    step: Advance,
    kind: StoreErrorKind,
    changed: impl Fn(Advance, Progress) -> Advance,
) -> Result<Advanced, StoreError> {
    match store.advance(step.clone()).await {
        Err(error) if error.kind() == kind => {
            let stored = store.progress(&step.lease.name).await?.ok_or(error)?;
            store.advance(changed(step, stored)).await
        }
        answer => answer,
    }
}

fn steps() -> Vec<Row> {
    vec![
        ("checkpoints::a_step_moves_the_checkpoint", Step(|it| it.last = None)),
        (
            "checkpoints::a_step_without_an_event_leaves_the_last_one",
            Step(|it| {
                let event = HandledEvent { position: it.to, id: SequentialIds::id(it.to.get()) };
                it.last.get_or_insert(event);
            }),
        ),
        (
            "checkpoints::a_step_on_the_spot_does_not_move_the_checkpoint",
            Step(|it| it.to = if it.to == it.from { it.to.plus(1) } else { it.to }),
        ),
        (
            "checkpoints::a_step_from_elsewhere_stores_nothing",
            Sabotage::Advance(|store, step| {
                Box::pin(async move {
                    match store.advance(step.clone()).await? {
                        Advanced::Moved(found) => {
                            let from = found.position;
                            store.advance(Advance { from, ..step }).await?;
                            Ok(Advanced::Moved(found))
                        }
                        stored @ Advanced::Stored { .. } => Ok(stored),
                    }
                })
            }),
        ),
        (
            "checkpoints::a_step_back_is_refused",
            Sabotage::Advance(|store, step| {
                Box::pin(forced(store, step, StoreErrorKind::Invalid, |step, _| {
                    let rebuild = Some(RebuildStep::Begin { target: step.to });
                    Advance { rebuild, ..step }
                }))
            }),
        ),
        (
            "checkpoints::a_step_is_answered_with_the_number_of_orders",
            Sabotage::Advance(|store, step| {
                Box::pin(async move {
                    Ok(match store.advance(step).await? {
                        Advanced::Stored { .. } => Advanced::Stored { instructions: 0 },
                        moved @ Advanced::Moved(_) => moved,
                    })
                })
            }),
        ),
        (
            "checkpoints::letters_come_and_go_with_a_step",
            Step(|it| it.letters.retain(|it| matches!(it, LetterChange::Put(_)))),
        ),
    ]
}

fn fenced() -> Vec<Row> {
    vec![
        (
            "checkpoints::a_step_under_an_older_lease_is_fenced",
            Sabotage::Advance(|store, step| {
                Box::pin(forced(store, step, StoreErrorKind::Fenced, |mut step, stored| {
                    step.lease.epoch = stored.epoch;
                    step
                }))
            }),
        ),
        (
            "checkpoints::a_step_under_a_lease_that_was_given_up_is_fenced",
            Sabotage::Advance(|store, step| {
                Box::pin(async move {
                    match store.progress(&step.lease.name).await? {
                        Some(Progress { owner: None, .. }) => {
                            let lease = as_thief(&store, &step.lease.name).await?;
                            store.advance(Advance { lease, ..step }).await
                        }
                        _ => store.advance(step).await,
                    }
                })
            }),
        ),
        (
            "checkpoints::a_step_of_an_unknown_subscription_is_fenced",
            Sabotage::Advance(|store, step| {
                Box::pin(async move {
                    let name = step.lease.name.clone();
                    if store.progress(&name).await?.is_some() {
                        return store.advance(step).await;
                    }
                    store.register(declared(name.clone())).await?;
                    let lease = as_thief(&store, &name).await?;
                    store.advance(Advance { lease, ..step }).await
                })
            }),
        ),
        (
            "checkpoints::a_fenced_step_is_fenced_wherever_it_starts",
            Sabotage::Advance(|store, step| {
                Box::pin(async move {
                    match store.progress(&step.lease.name).await? {
                        Some(found) if found.position != step.from => {
                            Ok(Advanced::Moved(Box::new(found)))
                        }
                        _ => store.advance(step).await,
                    }
                })
            }),
        ),
    ]
}

fn forgotten() -> Vec<Row> {
    vec![
        (
            "checkpoints::a_forgotten_subscription_is_gone",
            Forget(|store, name| {
                Box::pin(async move { Ok(store.progress(&name).await?.is_some()) })
            }),
        ),
        (
            "checkpoints::a_subscription_that_somebody_runs_is_not_forgotten",
            Forget(|store, name| {
                Box::pin(async move {
                    let lease = as_thief(&store, &name).await?;
                    store.release_lease(&lease, SubscriptionReport::default()).await?;
                    store.forget(&name).await
                })
            }),
        ),
        (
            "checkpoints::forgetting_touches_no_other_subscription",
            Forget(|store, _| {
                Box::pin(async move {
                    for found in store.subscriptions(ProgressList::default()).await? {
                        store.forget(&found.name).await?;
                    }
                    Ok(true)
                })
            }),
        ),
    ]
}

/// Takes an order for which `wanted` holds without doing anything.
async fn ignored(
    store: SharedStore,
    name: SubscriptionName,
    order: Instruction,
    wanted: impl Fn(&Progress, &Instruction) -> bool,
) -> Result<Progress, InstructError> {
    match store.progress(&name).await? {
        Some(stored) if wanted(&stored, &order) => Ok(stored),
        _ => store.instruct(&name, order).await,
    }
}

fn orders() -> Vec<Row> {
    vec![
        (
            "orders::a_pause_is_stored_with_its_reason",
            Instruct(|store, name, order| {
                Box::pin(async move {
                    let order = match order {
                        Instruction::Pause { .. } => Instruction::Pause { reason: "x".into() },
                        other => other,
                    };
                    store.instruct(&name, order).await
                })
            }),
        ),
        (
            "orders::a_second_pause_puts_its_reason_in_the_place_of_the_first",
            Instruct(|store, name, order| {
                Box::pin(ignored(store, name, order, |stored, _| stored.paused.is_some()))
            }),
        ),
        (
            "orders::a_long_reason_is_cut_between_characters",
            Instruct(|store, name, mut order| {
                Box::pin(async move {
                    if let Instruction::Pause { reason } = &mut order {
                        shorter(reason, CAUSE_BYTES_MAX - 1);
                    }
                    store.instruct(&name, order).await
                })
            }),
        ),
        (
            "orders::a_resumed_subscription_is_not_paused",
            Instruct(|store, name, order| {
                let resumes = |_: &_, order: &_| matches!(order, Instruction::Resume);
                Box::pin(ignored(store, name, order, resumes))
            }),
        ),
        (
            "orders::every_order_is_counted",
            Instruct(|store, name, order| {
                Box::pin(async move {
                    Ok(Progress { instructions: 1, ..store.instruct(&name, order).await? })
                })
            }),
        ),
        (
            "orders::an_order_that_changes_nothing_is_not_counted",
            Instruct(|store, name, order| {
                Box::pin(async move {
                    if matches!(order, Instruction::Resume) {
                        let reason = "a reason to resume".into();
                        store.instruct(&name, Instruction::Pause { reason }).await?;
                    }
                    store.instruct(&name, order).await
                })
            }),
        ),
        (
            "orders::a_renewal_shows_the_orders",
            Renew(|store, lease, report| {
                Box::pin(async move {
                    let renewed = store.renew_lease(&lease, report).await?;
                    Ok(Progress { instructions: 0, ..renewed })
                })
            }),
        ),
        (
            "orders::a_rebuild_is_ordered_from_a_place",
            Instruct(|store, name, order| {
                Box::pin(async move {
                    let order = match order {
                        Instruction::Rebuild { .. } => {
                            Instruction::Rebuild { after: Position::START }
                        }
                        other => other,
                    };
                    store.instruct(&name, order).await
                })
            }),
        ),
        (
            "orders::a_rebuild_is_cancelled_before_it_begins",
            Instruct(|store, name, order| {
                let cancels = |_: &_, order: &_| matches!(order, Instruction::CancelRebuild);
                Box::pin(ignored(store, name, order, cancels))
            }),
        ),
    ]
}

/// Swallows the refusals for which `meant` holds.
async fn swallowed(
    store: SharedStore,
    name: SubscriptionName,
    order: Instruction,
    meant: impl Fn(&InstructError) -> bool,
) -> Result<Progress, InstructError> {
    match store.instruct(&name, order).await {
        Err(error) if meant(&error) => store.progress(&name).await?.ok_or(error),
        answer => answer,
    }
}

fn refused() -> Vec<Row> {
    vec![
        (
            "orders::an_unknown_subscription_takes_no_orders",
            Instruct(|store, name, order| {
                Box::pin(async move {
                    store.register(declared(name.clone())).await?;
                    store.instruct(&name, order).await
                })
            }),
        ),
        ("orders::orders_are_per_tenant", ONE_FOR_ALL),
        (
            "orders::a_second_rebuild_is_refused",
            Instruct(|store, name, order| {
                let meant = |it: &_| matches!(it, InstructError::Rebuilding { .. });
                Box::pin(swallowed(store, name, order, meant))
            }),
        ),
        (
            "orders::a_rebuild_that_was_not_ordered_cannot_be_cancelled",
            Instruct(|store, name, order| {
                let meant = |it: &_| matches!(it, InstructError::NotRebuilding { .. });
                Box::pin(swallowed(store, name, order, meant))
            }),
        ),
        (
            "orders::a_rebuild_that_began_cannot_be_cancelled",
            Instruct(|store, name, order| {
                let meant = |it: &_| matches!(it, InstructError::Begun { .. });
                Box::pin(swallowed(store, name, order, meant))
            }),
        ),
        (
            "orders::what_keeps_no_view_is_not_rebuilt",
            Instruct(|store, name, order| {
                let meant = |it: &_| matches!(it, InstructError::NoView { .. });
                Box::pin(swallowed(store, name, order, meant))
            }),
        ),
    ]
}

/// Changes where a rebuild that begins is done.
fn target(step: &mut Advance, changed: fn(Position, Position) -> Position) {
    let to = step.to;
    if let Some(RebuildStep::Begin { target } | RebuildStep::Upgrade { target, .. }) =
        &mut step.rebuild
    {
        *target = changed(*target, to);
    }
}

fn rebuilds() -> Vec<Row> {
    vec![
        (
            "orders::a_rebuild_begins_with_a_step_back",
            Step(|it| it.to = if it.rebuild.is_some() { it.from } else { it.to }),
        ),
        (
            "orders::a_rebuild_may_begin_without_an_order",
            Found(|it| it.rebuild = it.rebuild.take().filter(|_| it.instructions > 0)),
        ),
        (
            "orders::a_rebuild_begins_without_letters",
            Sabotage::Advance(|store, mut step| {
                Box::pin(async move {
                    if step.rebuild.is_some() {
                        let name = Some(step.lease.name.clone());
                        let list = DeadLetterList { name, ..DeadLetterList::default() };
                        let kept = store.dead_letters(list).await?;
                        step.letters.extend(kept.into_iter().map(|(_, it)| LetterChange::Put(it)));
                    }
                    store.advance(step).await
                })
            }),
        ),
        ("orders::a_rebuild_ends_at_its_target", Step(|it| target(it, |target, _| target.plus(1)))),
        (
            "orders::a_rebuild_that_is_at_its_target_ends_at_once",
            Step(|it| target(it, |target, to| target.max(to.plus(1)))),
        ),
        (
            "orders::an_upgrade_stores_the_newer_subscription",
            Step(|it| {
                if let Some(RebuildStep::Upgrade { target, .. }) = it.rebuild {
                    it.rebuild = Some(RebuildStep::Begin { target });
                }
            }),
        ),
    ]
}
