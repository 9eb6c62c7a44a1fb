//! Whose views are whose: those of a scope see themselves, and nothing else.

use factum_core::{SharedStore, StoreErrorKind, ViewErrorKind, ViewMigration};
use tokio::sync::oneshot;

use super::rig::{Rig, conformance_cases};
use super::support::{failure, put};
use super::view_tables::{Table, VIEWS, migrate};

conformance_cases!["view_walls", VIEWS;
    views_of_another_tenant_are_not_read,
    views_of_another_tenant_are_not_reached_by_work,
    views_of_a_tenant_are_not_those_of_all,
    a_name_that_another_tenant_uses_is_free_or_refused,
    views_do_not_reach_the_log,
];

async fn make(store: &SharedStore, table: Table, n: i64) {
    let filled = table.migration("fill", "INSERT INTO {t} (id, n) VALUES ('a', {n})");
    let filled =
        ViewMigration::new(filled.name, filled.sqlite.replace("{n}", &n.to_string()).leak());
    migrate(store, "mails", &[table.made(), filled]).await.expect("the table can be made");
}

/// The statement must be refused to work of the handle.
async fn refused_within(store: &SharedStore, statement: String) {
    let (send, receive) = oneshot::channel();
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            let mut found = view.query(&statement, &[]).await.map(drop);
            if found.is_ok() {
                found = view.settle().await;
            }
            // Whoever waits for it is the case itself.
            let _ = send.send(found);
            None
        })
    }));
    work.await.expect("it is rolled back");
    let found = receive.await.expect("the work ran");
    assert_eq!(found.map_err(|error| error.kind()), Err(ViewErrorKind::Statement));
}

const REACHING: [&str; 5] = [
    "SELECT n FROM {t}",
    "INSERT INTO {t} (id, n) VALUES ('b', 2)",
    "UPDATE {t} SET n = 3",
    "DELETE FROM {t}",
    "DROP TABLE {t}",
];

async fn views_of_another_tenant_are_not_read(rig: &Rig) {
    let ((a, b), table) = (rig.open_two_tenants().await, Table::of(rig));
    make(&a, table, 1).await;
    for statement in ["SELECT id, n FROM {t}", "SELECT count(*) FROM {t}"] {
        let found = b.query_view(&table.sql(statement), &[]).await;
        assert_eq!(failure(found), StoreErrorKind::Invalid, "{statement}");
    }
    assert_eq!(table.rows(&a).await, ["a 1"]);
    // What one tenant may read is asked anew for another, whatever was prepared before.
    let again = b.query_view(&table.sql("SELECT id, n FROM {t} ORDER BY id"), &[]).await;
    assert_eq!(failure(again), StoreErrorKind::Invalid);
}

async fn views_of_another_tenant_are_not_reached_by_work(rig: &Rig) {
    let ((a, b), table) = (rig.open_two_tenants().await, Table::of(rig));
    make(&a, table, 1).await;
    for statement in REACHING {
        refused_within(&b, table.sql(statement)).await;
    }
    let change = table.migration("take it over", "ALTER TABLE {t} ADD COLUMN more BIGINT");
    assert_eq!(failure(migrate(&b, "mails", &[change]).await), StoreErrorKind::Invalid);
    assert_eq!(table.rows(&a).await, ["a 1"]);
}

async fn views_of_a_tenant_are_not_those_of_all(rig: &Rig) {
    let all = rig.open_all().await;
    let a = all.for_tenant(&super::support::tenant("a")).expect("a handle can be narrowed");
    let (own, other) = (Table::of(rig), Table::of(rig).other());
    make(&a, own, 1).await;
    make(&all, other, 2).await;
    for (store, table) in [(&all, own), (&a, other)] {
        let found = store.query_view(&table.sql("SELECT n FROM {t}"), &[]).await;
        assert_eq!(failure(found), StoreErrorKind::Invalid);
        refused_within(store, table.sql("SELECT n FROM {t}")).await;
    }
    assert_eq!(
        (own.rows(&a).await, other.rows(&all).await),
        (vec!["a 1".into()], vec!["a 2".into()])
    );
}

async fn a_name_that_another_tenant_uses_is_free_or_refused(rig: &Rig) {
    let ((a, b), table) = (rig.open_two_tenants().await, Table::of(rig));
    make(&a, table, 1).await;
    match migrate(&b, "mails", &[table.made()]).await {
        Ok(made) => {
            assert_eq!((made, table.rows(&b).await), (1, vec![]));
            let n = table.migration("more", "INSERT INTO {t} (id, n) VALUES ('b', 2)");
            migrate(&b, "mails", &[table.made(), n]).await.expect("it is b's own");
            assert_eq!(table.rows(&b).await, ["b 2"]);
        }
        Err(error) => {
            assert_eq!(error.kind(), StoreErrorKind::Invalid);
            let said = error.message();
            assert!(said.contains("the tenant a"), "it says whose the name is: {said}");
        }
    }
    assert_eq!(table.rows(&a).await, ["a 1"]);
    // What is not in the way of a name that is free.
    let other = table.other();
    migrate(&b, "others", &[other.made()]).await.expect("the name is free");
    assert_eq!(other.rows(&b).await, [""; 0]);
}

async fn views_do_not_reach_the_log(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    put(&a, "ann", 1..2).await;
    put(&b, "bob", 2..3).await;
    for table in ["events", "streams", "tenants", "subscriptions", "snapshots", "claims"] {
        let statement = format!("SELECT count(*) FROM {table}");
        let found = a.query_view(&statement, &[]).await;
        assert_eq!(failure(found), StoreErrorKind::Invalid, "{table}");
        refused_within(&a, statement).await;
    }
}
