//! Sabotage of orders and of rebuilds.

use factum_core::limits::CAUSE_BYTES_MAX;
use factum_core::{
    Advance, DeadLetterList, InstructError, Instruction, LetterChange, Position, Progress,
    RebuildStep, SharedStore, SubscriptionName,
};

use super::admin::ONE_FOR_ALL;
use super::leases::declared;
use super::{Row, shorter};
use crate::sabotage::Sabotage::{self, Found, Instruct, Renew, Step};

pub(super) fn rows() -> Vec<Row> {
    [pauses(), counted(), ordered(), refused(), rebuilds()].concat()
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

fn pauses() -> Vec<Row> {
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
            "orders::a_second_pause_began_with_the_first",
            Instruct(|store, name, order| {
                Box::pin(async move {
                    if matches!(order, Instruction::Pause { .. }) {
                        store.instruct(&name, Instruction::Resume).await?;
                    }
                    store.instruct(&name, order).await
                })
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
    ]
}

fn counted() -> Vec<Row> {
    vec![
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
            "orders::a_pause_for_the_same_reason_is_not_counted",
            Instruct(|store, name, order| {
                Box::pin(async move {
                    let known = store.progress(&name).await?.map_or(0, |it| it.instructions);
                    let instructions = known + 1;
                    Ok(Progress { instructions, ..store.instruct(&name, order).await? })
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
    ]
}

fn ordered() -> Vec<Row> {
    vec![
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

/// Tells of every rebuild as one from the place that the cases order one from.
const STARTS_AS_ORDERED: Sabotage = Found(|it| {
    if let Some(rebuild) = &mut it.rebuild {
        rebuild.after = Position::new(3);
    }
});

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
        ("orders::a_rebuild_starts_where_its_step_leads_to", STARTS_AS_ORDERED),
        ("orders::an_upgrade_starts_where_its_step_leads_to", STARTS_AS_ORDERED),
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
