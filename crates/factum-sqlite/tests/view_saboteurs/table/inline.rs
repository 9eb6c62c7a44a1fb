//! Sabotage of views that are kept inside appends.

use factum_core::{
    Advance, AppendError, AppendRequest, DeadLetterSelection, Instruction, ProgressList,
    SharedStore, StoreError, StoreErrorKind, SubscriptionName, SubscriptionReport, TenantId,
};

use super::{Row, as_thief, declared};
use crate::sabotage::Sabotage::{self, Append, Apply, Fits, Keep};

pub(super) fn rows() -> Vec<Row> {
    [kept(), refused(), left_alone(), scopes()].concat()
}

fn mails() -> SubscriptionName {
    SubscriptionName::new("mails").unwrap()
}

fn kept() -> Vec<Row> {
    vec![
        ("inline_views::an_inline_view_is_kept_with_the_append", Keep(|_, _, _| Ok(()))),
        (
            "inline_views::an_inline_view_is_kept_with_deletions_and_truncations",
            Apply(|kept, events, view| {
                if events.iter().any(|it| it.event_type.is_reserved()) {
                    return Box::pin(async { Ok(()) });
                }
                kept.apply(events, view)
            }),
        ),
        (
            "inline_views::a_repeated_append_is_not_seen_again",
            Append(|store, request| {
                Box::pin(async move {
                    let answer = store.append(request.clone()).await?;
                    if answer.repeated {
                        store.append(AppendRequest { command: None, ..request }).await?;
                    }
                    Ok(answer)
                })
            }),
        ),
        (
            "inline_views::several_inline_views_are_kept_together",
            Keep(
                |store, _, view| {
                    if *view.name() == mails() { store.keep_inline(view) } else { Ok(()) }
                },
            ),
        ),
        (
            "inline_views::an_inline_view_is_kept_once",
            Keep(|store, _, view| match store.keep_inline(view) {
                Err(error) if error.kind() == StoreErrorKind::Invalid => Ok(()),
                answer => answer,
            }),
        ),
        (
            "inline_views::an_inline_view_that_caught_up_is_kept_again",
            Fits(|kept, progress| kept.fits(progress) && progress.instructions == 0),
        ),
    ]
}

/// Takes what a view could not take in for taken.
const FORGIVING: Sabotage = Apply(|kept, events, view| {
    Box::pin(async move {
        let applied = kept.apply(events, &mut *view).await;
        let settled = view.settle().await;
        if applied.is_err() || settled.is_err() {
            view.undo().await.map_err(|it| it.to_string())?;
        }
        Ok(())
    })
});

fn refused() -> Vec<Row> {
    vec![
        ("inline_views::an_inline_views_error_refuses_the_append", FORGIVING),
        ("inline_views::an_inline_views_failed_statement_refuses_the_append", FORGIVING),
        (
            "inline_views::an_inline_views_failed_statement_that_it_ignores_refuses_the_append",
            FORGIVING,
        ),
        (
            "inline_views::an_append_that_is_refused_leaves_the_view_alone",
            Append(|store, request| {
                Box::pin(async move {
                    let answer = store.append(request.clone()).await;
                    if matches!(answer, Err(AppendError::Conflict(_))) {
                        store.append(AppendRequest { guards: vec![], ..request }).await?;
                    }
                    answer
                })
            }),
        ),
    ]
}

/// Moves every checkpoint to the head, whatever its view holds.
async fn catch_up(store: &SharedStore) -> Result<(), StoreError> {
    let head = store.head().await?;
    for found in store.subscriptions(ProgressList::default()).await? {
        let lease = as_thief(store, &found.name).await?;
        store.advance(Advance::new(lease.clone(), found.position, head)).await?;
        store.release_lease(&lease, SubscriptionReport::default()).await?;
    }
    Ok(())
}

const NEVER_BEHIND: Sabotage = Append(|store, request| {
    Box::pin(async move {
        catch_up(&store).await?;
        store.append(request).await
    })
});

/// Gives an order before each append, whether it is taken or not.
async fn ordered(store: &SharedStore, order: Instruction) {
    let _refused = store.instruct(&mails(), order).await;
}

fn left_alone() -> Vec<Row> {
    vec![
        ("inline_views::an_inline_view_that_is_behind_is_left_alone", NEVER_BEHIND),
        ("inline_views::an_opening_without_the_inline_view_leaves_it_behind", NEVER_BEHIND),
        (
            "inline_views::an_inline_view_that_is_paused_is_left_alone",
            Append(|store, request| {
                Box::pin(async move {
                    ordered(&store, Instruction::Resume).await;
                    store.append(request).await
                })
            }),
        ),
        (
            "inline_views::an_inline_view_that_is_to_be_rebuilt_is_left_alone",
            Append(|store, request| {
                Box::pin(async move {
                    ordered(&store, Instruction::CancelRebuild).await;
                    store.append(request).await
                })
            }),
        ),
        (
            "inline_views::an_inline_view_with_letters_is_left_alone",
            Append(|store, request| {
                Box::pin(async move {
                    store.discard(&mails(), DeadLetterSelection::All).await?;
                    store.append(request).await
                })
            }),
        ),
        ("inline_views::an_inline_view_that_does_not_fit_is_left_alone", Fits(|_, _| true)),
        (
            "inline_views::an_inline_view_that_is_not_registered_is_left_alone",
            Append(|store, request| {
                Box::pin(async move {
                    store.register(declared(mails())).await?;
                    store.append(request).await
                })
            }),
        ),
    ]
}

/// The handle of one of the tenants that cases append as.
fn of(all: &SharedStore, tenant: &str) -> SharedStore {
    all.for_tenant(&TenantId::new(tenant).unwrap()).unwrap()
}

fn scopes() -> Vec<Row> {
    vec![
        (
            "inline_views::an_inline_view_sees_its_tenants_appends",
            Keep(|store, all, view| {
                of(all, "b").keep_inline(view.clone())?;
                store.keep_inline(view)
            }),
        ),
        (
            "inline_views::an_inline_view_of_all_tenants_sees_everyones_appends",
            Keep(|_, all, view| of(all, "a").keep_inline(view)),
        ),
    ]
}
