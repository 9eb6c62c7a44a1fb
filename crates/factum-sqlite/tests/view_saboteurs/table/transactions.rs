//! Sabotage of transactions as a whole.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use factum_core::{Advanced, SharedStore, StoreError, StoreErrorKind, Transacted, ViewWork};
use futures::FutureExt;

use super::{Row, committed};
use crate::sabotage::Sabotage::{self, Transact};

/// Rolls the view back and moves the checkpoint all the same.
async fn checkpoint_alone(store: SharedStore, work: ViewWork) -> Result<Transacted, StoreError> {
    let wanted = Arc::new(Mutex::new(None));
    let told = Arc::clone(&wanted);
    let rolled_back = store.transact(Box::new(move |view| {
        Box::pin(async move {
            let step = work(view).await;
            *told.lock().unwrap() = step;
            None
        })
    }));
    let rolled_back = rolled_back.await?;
    let wanted = wanted.lock().unwrap().take();
    match wanted {
        Some(step) => store.advance(step).await.map(Transacted::Advanced),
        None => Ok(rolled_back),
    }
}

/// Commits the view, and then looks what becomes of the step.
const VIEW_FIRST: Sabotage = Transact(|store, work| {
    Box::pin(async move {
        match committed(&store, work).await? {
            Some(step) => store.advance(step).await.map(Transacted::Advanced),
            None => Ok(Transacted::RolledBack),
        }
    })
});

const CHECKPOINT_ALONE: Sabotage = Transact(|store, work| Box::pin(checkpoint_alone(store, work)));

pub(super) fn rows() -> Vec<Row> {
    vec![
        ("views::a_view_and_its_checkpoint_commit_together", CHECKPOINT_ALONE),
        ("views::work_that_makes_no_step_is_rolled_back", VIEW_FIRST),
        ("views::a_step_from_elsewhere_leaves_the_view_alone", VIEW_FIRST),
        ("views::a_fenced_step_leaves_the_view_alone", VIEW_FIRST),
        ("views::a_refused_step_leaves_the_view_alone", VIEW_FIRST),
        (
            "views::a_rebuild_resets_view_and_checkpoint_together",
            Transact(|store, work| {
                Box::pin(async move {
                    let forwards: ViewWork = Box::new(move |view| {
                        Box::pin(async move {
                            let mut step = work(view).await?;
                            step.to = step.to.max(step.from);
                            Some(step)
                        })
                    });
                    store.transact(forwards).await
                })
            }),
        ),
        (
            "views::the_answer_carries_the_number_of_orders",
            Transact(|store, work| {
                Box::pin(async move {
                    Ok(match store.transact(work).await? {
                        Transacted::Advanced(Advanced::Stored { .. }) => {
                            Transacted::Advanced(Advanced::Stored { instructions: 0 })
                        }
                        other => other,
                    })
                })
            }),
        ),
        (
            "views::a_panic_rolls_back_and_the_store_goes_on",
            Transact(|store, work| {
                Box::pin(async move {
                    let panicked = Arc::new(Mutex::new(false));
                    let told = Arc::clone(&panicked);
                    let caught: ViewWork = Box::new(move |view| {
                        Box::pin(async move {
                            let done = AssertUnwindSafe(work(view)).catch_unwind().await;
                            *told.lock().unwrap() = done.is_err();
                            done.ok().flatten()
                        })
                    });
                    let wanted = committed(&store, caught).await?;
                    if *panicked.lock().unwrap() {
                        let kind = StoreErrorKind::Invalid;
                        return Err(StoreError::new(kind, "change view", "it panicked"));
                    }
                    let step = wanted.expect("work that does not panic makes a step here");
                    store.advance(step).await.map(Transacted::Advanced)
                })
            }),
        ),
    ]
}
