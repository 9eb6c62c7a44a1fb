//! Views are read, and their tables are changed once and in order.

use std::sync::Arc;

use factum_core::{StoreErrorKind, ViewMigration};
use futures::future::join_all;

use super::rig::{Rig, conformance_cases};
use super::subscribers::{named, release, run, step, stored};
use super::support::{failure, position};
use super::view_tables::{Table, VIEWS, commit, migrate, running};

conformance_cases!["view_migrations", VIEWS;
    a_view_is_read_with_bound_values,
    a_read_changes_nothing,
    a_read_that_is_wrong_is_refused,
    a_change_is_made_once,
    an_edited_change_is_refused,
    a_change_that_is_not_known_is_refused,
    a_change_that_fails_leaves_nothing,
    changes_are_per_subscription,
    of_many_starters_one_makes_the_changes,
    forgetting_keeps_the_view_and_forgets_its_changes,
];

pub(super) const LASTING: &[super::Case] = lasting::CASES;

async fn a_view_is_read_with_bound_values(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    for (at, id) in (0..).zip(["a", "b", "c"]) {
        commit(&store, table.adding(id, Some(step(&lease, at, at + 1)))).await;
    }
    let select = table.sql("SELECT id FROM {t} WHERE id > $2 AND n = $1 ORDER BY id");
    let rows = store.query_view(&select, &[1_i64.into(), "a".into()]).await.expect("it is read");
    let ids: Vec<String> = rows.iter().map(|it| it.get(0).expect("a text")).collect();
    assert_eq!(ids, ["b", "c"]);
}

async fn a_read_changes_nothing(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    let writes = [
        "INSERT INTO {t} (id, n) VALUES ('a', 1)",
        "INSERT INTO {t} (id, n) VALUES ('a', 1) RETURNING id",
        "DROP TABLE {t}",
    ];
    for statement in writes {
        let found = store.query_view(&table.sql(statement), &[]).await;
        assert_eq!(failure(found), StoreErrorKind::Invalid, "{statement}");
    }
    assert_eq!(table.rows(&store).await, [""; 0]);
}

async fn a_read_that_is_wrong_is_refused(rig: &Rig) {
    let store = rig.open().await;
    for statement in ["SELECT n FROM", "SELECT n FROM no_such_table"] {
        let found = store.query_view(statement, &[]).await;
        assert_eq!(failure(found), StoreErrorKind::Invalid, "{statement}");
    }
    let rows = store.query_view("SELECT 1 + 1", &[]).await.expect("the store goes on");
    assert_eq!(rows.len(), 1);
}

/// A second change of a table.
fn widened(table: Table) -> ViewMigration {
    table.migration("widen the table", "ALTER TABLE {t} ADD COLUMN more TEXT")
}

async fn a_change_is_made_once(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    let (made, widened) = (table.made(), widened(table));
    assert_eq!(migrate(&store, "mails", &[]).await.expect("nothing to do"), 0);
    assert_eq!(migrate(&store, "mails", &[made]).await.expect("made"), 1);
    assert_eq!(migrate(&store, "mails", &[made]).await.expect("made before"), 0);
    assert_eq!(migrate(&store, "mails", &[made, widened]).await.expect("made"), 1);
    assert_eq!(migrate(&store, "mails", &[made, widened]).await.expect("made before"), 0);
    store.query_view(&table.sql("SELECT more FROM {t}"), &[]).await.expect("the column is there");
}

async fn an_edited_change_is_refused(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    let (made, widened) = (table.made(), widened(table));
    migrate(&store, "mails", &[made]).await.expect("made");
    let edited = "CREATE TABLE {t} (id TEXT PRIMARY KEY, n BIGINT NOT NULL, m BIGINT)";
    let edited = table.migration("make the table", edited);
    let found = migrate(&store, "mails", &[edited, widened]).await;
    assert_eq!(failure(found), StoreErrorKind::Incompatible);
    assert_eq!(migrate(&store, "mails", &[made, widened]).await.expect("not made before"), 1);
}

async fn a_change_that_is_not_known_is_refused(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    let (made, widened) = (table.made(), widened(table));
    migrate(&store, "mails", &[made, widened]).await.expect("made");
    for known in [&[][..], &[made][..]] {
        let found = migrate(&store, "mails", known).await;
        assert_eq!(failure(found), StoreErrorKind::Incompatible);
    }
}

async fn a_change_that_fails_leaves_nothing(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    let broken = table.migration(
        "break the table",
        "INSERT INTO {t} (id, n) VALUES ('a', 1); INSERT INTO {t} (id, n) VALUES ('b', NULL)",
    );
    let found = migrate(&store, "mails", &[table.made(), broken]).await;
    assert_eq!(failure(found), StoreErrorKind::Invalid);
    let found = store.query_view(&table.sql("SELECT n FROM {t}"), &[]).await;
    assert_eq!(failure(found), StoreErrorKind::Invalid, "there is no table");
    assert_eq!(migrate(&store, "mails", &[table.made()]).await.expect("made"), 1);
    let found = migrate(&store, "mails", &[table.made(), broken]).await;
    assert_eq!(failure(found), StoreErrorKind::Invalid);
    assert_eq!(table.rows(&store).await, [""; 0]);
}

async fn changes_are_per_subscription(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    let table = Table::of(rig);
    let made = "CREATE TABLE IF NOT EXISTS {t} (id TEXT PRIMARY KEY, n BIGINT NOT NULL)";
    let made = table.migration("make the table", made);
    let (other, theirs) = (table.other().made(), table.other().other().made());
    assert_eq!(migrate(&a, "mails", &[made]).await.expect("made"), 1);
    assert_eq!(migrate(&b, "mails", &[theirs]).await.expect("made for the other tenant"), 1);
    assert_eq!(migrate(&a, "other", &[other]).await.expect("made for the other name"), 1);
    assert_eq!(migrate(&a, "mails", &[made]).await.expect("made before"), 0);
}

async fn of_many_starters_one_makes_the_changes(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    let changes = [table.made(), widened(table)];
    let calls = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { migrate(&store, "mails", &changes).await })
    });
    let made = join_all(calls).await.into_iter().map(|it| it.expect("no panic").expect("made"));
    assert_eq!(made.sum::<u64>(), 2);
}

async fn forgetting_keeps_the_view_and_forgets_its_changes(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    let made = "CREATE TABLE IF NOT EXISTS {t} (id TEXT PRIMARY KEY, n BIGINT NOT NULL)";
    let made = table.migration("make the table", made);
    migrate(&store, "mails", &[made]).await.expect("made");
    let lease = run(&store, "mails").await;
    commit(&store, table.adding("a", Some(step(&lease, 0, 5)))).await;
    release(&store, &lease).await;
    assert!(store.forget(&named("mails")).await.expect("forgotten"));
    assert_eq!(table.rows(&store).await, ["a 1"]);
    assert_eq!(migrate(&store, "mails", &[made]).await.expect("made anew"), 1);
}

/// What takes a store that lasts to see.
mod lasting {
    use super::{Rig, commit, conformance_cases, migrate, position, running, step, stored};
    use crate::conformance::rig::Need;

    const DURABLE_VIEWS: Need = Need {
        holds: |it| it.views.is_some() && it.durable,
        reason: "the store has no views, or is not durable",
    };

    conformance_cases!["view_migrations", DURABLE_VIEWS;
        a_view_survives_a_reopen_with_its_checkpoint_and_changes,
    ];

    async fn a_view_survives_a_reopen_with_its_checkpoint_and_changes(rig: &Rig) {
        let (store, table, lease) = running(rig).await;
        commit(&store, table.adding("a", Some(step(&lease, 0, 5)))).await;
        drop(store);
        let store = rig.open().await;
        assert_eq!(table.rows(&store).await, ["a 1"]);
        assert_eq!(stored(&store, "mails").await.position, position(5));
        assert_eq!(migrate(&store, "mails", &[table.made()]).await.expect("made before"), 0);
    }
}
