//! Views in the store's own database, which move together with their checkpoints.

use factum_core::{Advance, Advanced, RebuildStep, StoreErrorKind, Transacted};

use super::rig::{Rig, conformance_cases};
use super::subscribers::{
    advance, claim, granted, handled, instruct, letters, parked, pause, run, set_aside, step,
    stored,
};
use super::support::{failure, position, put};
use super::view_tables::{Table, VIEWS, commit, running};

conformance_cases!["views", VIEWS;
    a_view_and_its_checkpoint_commit_together,
    work_that_makes_no_step_is_rolled_back,
    a_step_from_elsewhere_leaves_the_view_alone,
    a_fenced_step_leaves_the_view_alone,
    a_refused_step_leaves_the_view_alone,
    a_rebuild_resets_view_and_checkpoint_together,
    the_answer_carries_the_number_of_orders,
    a_panic_rolls_back_and_the_store_goes_on,
];

async fn a_view_and_its_checkpoint_commit_together(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let moved = Advance { last: Some(handled(4)), ..step(&lease, 0, 5) };
    let done = store.transact(table.adding("a", Some(moved))).await.expect("done");
    assert_eq!(done, Transacted::Advanced(Advanced::Stored { instructions: 0 }));
    assert_eq!(table.rows(&store).await, ["a 1"]);
    let found = stored(&store, "mails").await;
    assert_eq!((found.position, found.last), (position(5), Some(handled(4))));
    commit(&store, table.adding("a", Some(step(&lease, 5, 6)))).await;
    assert_eq!(table.rows(&store).await, ["a 2"]);
    assert_eq!(stored(&store, "mails").await.position, position(6));
}

async fn work_that_makes_no_step_is_rolled_back(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    run(&store, "mails").await;
    let before = stored(&store, "mails").await;
    let done = store.transact(table.adding("a", None)).await.expect("done");
    assert_eq!(done, Transacted::RolledBack);
    assert_eq!(table.rows(&store).await, [""; 0]);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn a_step_from_elsewhere_leaves_the_view_alone(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    advance(&store, step(&lease, 0, 5)).await;
    let before = stored(&store, "mails").await;
    let done = store.transact(table.adding("a", Some(step(&lease, 4, 9)))).await.expect("done");
    assert_eq!(done, Transacted::Advanced(Advanced::Moved(Box::new(before.clone()))));
    assert_eq!(table.rows(&store).await, [""; 0]);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn a_fenced_step_leaves_the_view_alone(rig: &Rig) {
    let (store, table, older) = running(rig).await;
    granted(&store, claim("mails", "runner")).await;
    let before = stored(&store, "mails").await;
    let done = store.transact(table.adding("a", Some(step(&older, 0, 5)))).await;
    assert_eq!(failure(done), StoreErrorKind::Fenced);
    assert_eq!(table.rows(&store).await, [""; 0]);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn a_refused_step_leaves_the_view_alone(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    advance(&store, step(&lease, 0, 5)).await;
    let done = store.transact(table.adding("a", Some(step(&lease, 5, 4)))).await;
    assert_eq!(failure(done), StoreErrorKind::Invalid);
    assert_eq!(table.rows(&store).await, [""; 0]);
    assert_eq!(stored(&store, "mails").await.position, position(5));
}

async fn a_rebuild_resets_view_and_checkpoint_together(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    commit(&store, table.adding("a", Some(step(&lease, 0, 5)))).await;
    set_aside(&store, &lease, [parked(3, "k")]).await;
    let rebuild = Some(RebuildStep::Begin { target: position(9) });
    let begun = Advance { rebuild, ..step(&lease, 5, 0) };
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            view.run(&table.sql("DELETE FROM {t}"), &[]).await.expect("it can be emptied");
            Some(begun)
        })
    }));
    work.await.expect("done");
    assert_eq!(table.rows(&store).await, [""; 0]);
    assert_eq!(letters(&store).await, [""; 0]);
    let found = stored(&store, "mails").await;
    assert_eq!(found.position, position(0));
    assert_eq!(found.rebuild.and_then(|it| it.target), Some(position(9)));
}

async fn the_answer_carries_the_number_of_orders(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    instruct(&store, "mails", pause("full")).await;
    let done = store.transact(table.adding("a", Some(step(&lease, 0, 5)))).await.expect("done");
    assert_eq!(done, Transacted::Advanced(Advanced::Stored { instructions: 1 }));
}

async fn a_panic_rolls_back_and_the_store_goes_on(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let panicking = store.transact(Box::new(move |view| {
        Box::pin(async move {
            table.add(view, "a", 1).await.expect("the row fits");
            panic!("the work panics, as it is meant to")
        })
    }));
    assert_eq!(failure(panicking.await), StoreErrorKind::Invalid);
    assert_eq!(table.rows(&store).await, [""; 0]);
    commit(&store, table.adding("b", Some(step(&lease, 0, 5)))).await;
    assert_eq!(table.rows(&store).await, ["b 1"]);
    put(&store, "ann", 1..2).await;
}
