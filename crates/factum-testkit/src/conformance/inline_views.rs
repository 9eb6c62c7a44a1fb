//! Views that are kept inside the append's own transaction.

use std::sync::Arc;

use factum_core::{
    Expected, InlineView, Instruction, Progress, RecordedEvent, Refusal, Registration, SharedStore,
    StoreErrorKind, SubscriptionName, ViewTransaction,
};
use futures::future::BoxFuture;

use super::rig::{Need, Rig, conformance_cases};
use super::subscribers::{
    advance, declared, instruct, named, parked, pause, register, run, set_aside, step, stored,
};
use super::support::{
    account, command, conflict, failure, head, log_numbers, position, put, record, refusal,
    revision, tenant, to,
};
use super::view_tables::{Table, VIEWS};

conformance_cases!["inline_views", VIEWS;
    an_inline_view_is_kept_with_the_append,
    an_inline_view_is_kept_with_deletions_and_truncations,
    an_inline_views_error_refuses_the_append,
    an_inline_views_failed_statement_refuses_the_append,
    an_inline_views_failed_statement_that_it_ignores_refuses_the_append,
    an_append_that_is_refused_leaves_the_view_alone,
    a_repeated_append_is_not_seen_again,
    an_inline_view_that_is_behind_is_left_alone,
    an_inline_view_that_is_paused_is_left_alone,
    an_inline_view_that_is_to_be_rebuilt_is_left_alone,
    an_inline_view_with_letters_is_left_alone,
    an_inline_view_that_does_not_fit_is_left_alone,
    an_inline_view_that_is_not_registered_is_left_alone,
    an_inline_view_that_caught_up_is_kept_again,
    an_inline_view_sees_its_tenants_appends,
    an_inline_view_of_all_tenants_sees_everyones_appends,
    several_inline_views_are_kept_together,
    an_inline_view_is_kept_once,
];

pub(super) const APART: &[super::Case] = apart::CASES;

/// Counts the events of each stream, by its id, and fails at the streams `refused` and `broken`. At
/// the stream `ignored` only a statement fails.
#[derive(Debug)]
struct Counts {
    name: SubscriptionName,
    table: Table,
    version: u32,
}

impl InlineView for Counts {
    fn name(&self) -> &SubscriptionName {
        &self.name
    }

    fn fits(&self, progress: &Progress) -> bool {
        progress.version == self.version
    }

    fn apply<'t>(
        &'t self,
        events: &'t [RecordedEvent],
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), String>> {
        Box::pin(async move {
            for event in events {
                let id = event.stream.id();
                self.table.add(view, id, 1).await.map_err(|it| it.to_string())?;
                match id {
                    "refused" => return Err("no room for this one".into()),
                    "broken" => return Err(self.table.fail(view).await.to_string()),
                    "ignored" => drop(self.table.fail(view).await),
                    _ => {}
                }
            }
            Ok(())
        })
    }
}

/// Keeps the view `mails` inline from now on.
fn keep(store: &SharedStore, table: Table) {
    keep_as(store, "mails", table, 1);
}

fn keep_as(store: &SharedStore, name: &str, table: Table, version: u32) {
    let view = Counts { name: named(name), table, version };
    store.keep_inline(Arc::new(view)).expect("the view can be kept");
}

/// A store with a view that is registered and kept inline.
async fn kept(rig: &Rig) -> (SharedStore, Table) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    register(&store, declared("mails")).await;
    keep(&store, table);
    (store, table)
}

async fn reached(store: &SharedStore) -> u64 {
    stored(store, "mails").await.position.get()
}

async fn an_inline_view_is_kept_with_the_append(rig: &Rig) {
    let (store, table) = kept(rig).await;
    put(&store, "ann", 1..4).await;
    assert_eq!(table.rows(&store).await, ["ann 3"]);
    let request = to("ann", Expected::Any, 4..5).stream(
        account("bob"),
        Expected::Any,
        (5..7).map(super::support::event),
    );
    store.append(request).await.expect("appended");
    assert_eq!(table.rows(&store).await, ["ann 4", "bob 2"]);
    let found = stored(&store, "mails").await;
    let last = super::support::all(&store).await.pop().expect("there are events");
    assert_eq!(found.position, position(6));
    let expected = factum_core::HandledEvent { position: last.position, id: last.id };
    assert_eq!(found.last, Some(expected));
}

async fn an_inline_view_is_kept_with_deletions_and_truncations(rig: &Rig) {
    let (store, table) = kept(rig).await;
    put(&store, "ann", 1..4).await;
    store.truncate_before(&account("ann"), revision(1), record(4)).await.expect("in range");
    store.tombstone(&account("ann"), Expected::Any, record(5)).await.expect("it exists");
    assert_eq!(table.rows(&store).await, ["ann 5"]);
    assert_eq!(reached(&store).await, 5);
    put(&store, "bob", 6..7).await;
    assert_eq!(table.rows(&store).await, ["ann 5", "bob 1"]);
}

async fn an_inline_views_error_refuses_the_append(rig: &Rig) {
    let (store, table) = kept(rig).await;
    put(&store, "ann", 1..2).await;
    let request = || {
        let request = to("ann", Expected::Any, 2..3).command(command("c1", "ann"));
        request.stream(account("refused"), Expected::Any, [super::support::event(3)])
    };
    match refusal(store.append(request()).await) {
        Refusal::Hook { reason, .. } => {
            assert!(reason.contains("no room for this one"), "found {reason}");
        }
        other => panic!("expected the view to refuse it, found {other}"),
    }
    assert_eq!(log_numbers(&store).await, [1]);
    assert_eq!(head(&*store).await, 1);
    assert_eq!(table.rows(&store).await, ["ann 1"]);
    assert_eq!(reached(&store).await, 1);
    let command = command("c1", "ann").id;
    assert_eq!(store.recall(&command).await.expect("looked up"), None);
    put(&store, "ann", 2..3).await;
    assert_eq!(table.rows(&store).await, ["ann 2"]);
}

async fn an_inline_views_failed_statement_refuses_the_append(rig: &Rig) {
    refused_at(rig, "broken").await;
}

async fn an_inline_views_failed_statement_that_it_ignores_refuses_the_append(rig: &Rig) {
    refused_at(rig, "ignored").await;
}

/// The append to this stream is refused, and leaves nothing.
async fn refused_at(rig: &Rig, id: &str) {
    let (store, table) = kept(rig).await;
    let found = refusal(store.append(to(id, Expected::Any, 1..2)).await);
    assert!(matches!(found, Refusal::Hook { .. }), "found {found}");
    assert_eq!(head(&*store).await, 0);
    assert_eq!(table.rows(&store).await, [""; 0]);
    put(&store, "ann", 1..2).await;
    assert_eq!(table.rows(&store).await, ["ann 1"]);
}

async fn an_append_that_is_refused_leaves_the_view_alone(rig: &Rig) {
    let (store, table) = kept(rig).await;
    conflict(store.append(to("ann", Expected::Exists, 1..2)).await);
    assert_eq!(table.rows(&store).await, [""; 0]);
    assert_eq!(reached(&store).await, 0);
}

async fn a_repeated_append_is_not_seen_again(rig: &Rig) {
    let (store, table) = kept(rig).await;
    for repeated in [false, true] {
        let request = to("ann", Expected::Any, 1..3).command(command("c1", "ann"));
        assert_eq!(store.append(request).await.expect("appended").repeated, repeated);
    }
    assert_eq!(table.rows(&store).await, ["ann 2"]);
    assert_eq!(reached(&store).await, 2);
}

async fn an_inline_view_that_is_behind_is_left_alone(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    register(&store, declared("mails")).await;
    put(&store, "ann", 1..2).await;
    keep(&store, table);
    put(&store, "ann", 2..3).await;
    assert_eq!(table.rows(&store).await, [""; 0]);
    assert_eq!(reached(&store).await, 0);
}

async fn an_inline_view_that_is_paused_is_left_alone(rig: &Rig) {
    let (store, table) = kept(rig).await;
    put(&store, "ann", 1..2).await;
    instruct(&store, "mails", pause("")).await;
    put(&store, "ann", 2..3).await;
    assert_eq!(table.rows(&store).await, ["ann 1"]);
    assert_eq!(reached(&store).await, 1);
}

async fn an_inline_view_that_is_to_be_rebuilt_is_left_alone(rig: &Rig) {
    let (store, table) = kept(rig).await;
    put(&store, "ann", 1..2).await;
    instruct(&store, "mails", Instruction::Rebuild { after: position(0) }).await;
    put(&store, "ann", 2..3).await;
    assert_eq!(table.rows(&store).await, ["ann 1"]);
    assert_eq!(reached(&store).await, 1);
}

async fn an_inline_view_with_letters_is_left_alone(rig: &Rig) {
    let (store, table) = kept(rig).await;
    put(&store, "ann", 1..2).await;
    let lease = run(&store, "mails").await;
    set_aside(&store, &lease, [parked(1, "k")]).await;
    put(&store, "ann", 2..3).await;
    assert_eq!(table.rows(&store).await, ["ann 1"]);
    assert_eq!(reached(&store).await, 1);
}

async fn an_inline_view_that_does_not_fit_is_left_alone(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    register(&store, declared("mails")).await;
    keep_as(&store, "mails", table, 2);
    put(&store, "ann", 1..2).await;
    assert_eq!(table.rows(&store).await, [""; 0]);
    assert_eq!(reached(&store).await, 0);
}

async fn an_inline_view_that_is_not_registered_is_left_alone(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    keep(&store, table);
    put(&store, "ann", 1..2).await;
    assert_eq!(table.rows(&store).await, [""; 0]);
    assert_eq!(store.progress(&named("mails")).await.expect("looked up"), None);
}

async fn an_inline_view_that_caught_up_is_kept_again(rig: &Rig) {
    let (store, table) = kept(rig).await;
    instruct(&store, "mails", pause("")).await;
    put(&store, "ann", 1..3).await;
    instruct(&store, "mails", Instruction::Resume).await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 2)).await;
    put(&store, "ann", 3..4).await;
    assert_eq!(table.rows(&store).await, ["ann 1"]);
    assert_eq!(reached(&store).await, 3);
}

async fn an_inline_view_sees_its_tenants_appends(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    let table = Table::of(rig);
    table.make(&a).await;
    register(&a, declared("mails")).await;
    // The other tenant's stands right before what that one appends.
    register(&b, Registration { start: position(1), ..declared("mails") }).await;
    keep(&a, table);
    put(&a, "ann", 1..2).await;
    put(&b, "bob", 2..3).await;
    assert_eq!(table.rows(&a).await, ["ann 1"]);
    assert_eq!((reached(&a).await, reached(&b).await), (1, 1));
}

async fn an_inline_view_of_all_tenants_sees_everyones_appends(rig: &Rig) {
    let (all, table) = (rig.open_all().await, Table::of(rig));
    table.make(&all).await;
    register(&all, declared("mails")).await;
    keep(&all, table);
    for (number, name) in (1..).zip(["a", "b", "a"]) {
        put(&all.for_tenant(&tenant(name)).expect("narrowed"), name, number..number + 1).await;
    }
    assert_eq!(table.rows(&all).await, ["a 2", "b 1"]);
    assert_eq!(reached(&all).await, 3);
}

async fn several_inline_views_are_kept_together(rig: &Rig) {
    let (store, table) = kept(rig).await;
    let other = table.other();
    super::view_tables::migrate(&store, "other", &[other.made()]).await.expect("made");
    register(&store, declared("other")).await;
    keep_as(&store, "other", other, 1);
    put(&store, "ann", 1..3).await;
    refusal(store.append(to("refused", Expected::Any, 3..4)).await);
    for table in [table, other] {
        assert_eq!(table.rows(&store).await, ["ann 2"]);
    }
    assert_eq!(stored(&store, "other").await.position, position(2));
}

async fn an_inline_view_is_kept_once(rig: &Rig) {
    let (store, table) = kept(rig).await;
    let again = Counts { name: named("mails"), table, version: 1 };
    assert_eq!(failure(store.keep_inline(Arc::new(again))), StoreErrorKind::Invalid);
    put(&store, "ann", 1..2).await;
    assert_eq!(table.rows(&store).await, ["ann 1"]);
}

/// What takes several openings to see.
mod apart {
    use super::{Need, Rig, conformance_cases, kept, put, reached, stored};

    const VIEWS_APART: Need = Need {
        holds: |it| it.views.is_some() && it.multi_process,
        reason: "the store has no views, or belongs to one process at a time",
    };

    conformance_cases!["inline_views", VIEWS_APART;
        an_opening_without_the_inline_view_leaves_it_behind,
    ];

    async fn an_opening_without_the_inline_view_leaves_it_behind(rig: &Rig) {
        let (left, table) = kept(rig).await;
        let right = rig.open().await;
        put(&left, "ann", 1..2).await;
        put(&right, "ann", 2..3).await;
        assert_eq!(table.rows(&right).await, ["ann 1"]);
        put(&left, "ann", 3..4).await;
        assert_eq!(table.rows(&left).await, ["ann 1"], "it is behind by now");
        assert_eq!(reached(&left).await, 1);
        assert_eq!(stored(&right, "mails").await, stored(&left, "mails").await);
    }
}
