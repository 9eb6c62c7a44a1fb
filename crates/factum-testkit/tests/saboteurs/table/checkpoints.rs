//! Sabotage of checkpoints.

use factum_core::limits::{PAGE_MAX, SHAPE_BYTES_MAX};
use factum_core::{
    Advance, Advanced, Epoch, HandledEvent, LetterChange, Position, Progress, ProgressList,
    RebuildStep, SharedStore, StoreError, StoreErrorKind, SubscriptionName, SubscriptionReport,
};
use factum_testkit::SequentialIds;

use super::Row;
use super::admin::ONE_FOR_ALL;
use super::leases::{as_thief, declared};
use crate::sabotage::Sabotage::{
    self, Forget, ListSubscriptions, LookUp, Register, Registration, Step, Subscriptions,
};

pub(super) fn rows() -> Vec<Row> {
    [registered(), listed(), steps(), fenced(), forgotten()].concat()
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
        (
            "checkpoints::forgetting_leaves_older_leases_fenced",
            Register(|store, it| {
                Box::pin(async move {
                    Ok(Progress { epoch: Epoch::default(), ..store.register(it).await? })
                })
            }),
        ),
    ]
}
