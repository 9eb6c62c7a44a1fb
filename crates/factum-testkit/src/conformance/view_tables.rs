//! The words that cases about views are written in.

use factum_core::{
    Advance, Advanced, Lease, SharedStore, SqlValue, StoreError, Transacted, ViewError,
    ViewMigration, ViewTransaction, ViewWork,
};

use super::rig::{Need, Rig};
use super::subscribers::{named, run};

/// Stores that have views.
pub(super) const VIEWS: Need =
    Need { holds: |it| it.views.is_some(), reason: "the store has none" };

/// A table of a case's own. Stores on one server may share the place where users' tables are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table(&'static str);

impl Table {
    /// The table of this rig; it is not made yet.
    pub(super) fn of(rig: &Rig) -> Self {
        let home = rig.path("");
        let home = home.file_name().expect("the home has a name").to_string_lossy();
        let letters: String = home.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("{}_{}", letters.to_lowercase(), std::process::id());
        Self(name.leak())
    }

    /// Another one of the same rig.
    pub(super) fn other(self) -> Self {
        Self(format!("{}_other", self.0).leak())
    }

    /// A statement with the table's name for `{t}`.
    pub(super) fn sql(self, statement: &str) -> String {
        statement.replace("{t}", self.0)
    }

    /// The change that makes the table.
    pub(super) fn made(self) -> ViewMigration {
        self.migration(
            "make the table",
            "CREATE TABLE {t} (id TEXT PRIMARY KEY, n BIGINT NOT NULL)",
        )
    }

    /// A change of the table, with its name for `{t}`.
    pub(super) fn migration(self, name: &'static str, statement: &str) -> ViewMigration {
        ViewMigration::new(name, self.sql(statement).leak())
    }

    /// Makes the table.
    pub(super) async fn make(self, store: &SharedStore) {
        migrate(store, "mails", &[self.made()]).await.expect("the table can be made");
    }

    /// Stores a row, or adds `n` to the one that is there.
    pub(super) async fn add(
        self,
        view: &mut dyn ViewTransaction,
        id: &str,
        n: i64,
    ) -> Result<(), ViewError> {
        let statement = "INSERT INTO {t} (id, n) VALUES ($1, $2) \
                         ON CONFLICT (id) DO UPDATE SET n = {t}.n + excluded.n";
        view.run(&self.sql(statement), &[id.into(), n.into()]).await
    }

    /// Runs a statement that the table does not take: its number is missing. Gives the failure.
    pub(super) async fn fail(self, view: &mut dyn ViewTransaction) -> ViewError {
        let statement = self.sql("INSERT INTO {t} (id, n) VALUES ($1, $2)");
        let failed = view.run(&statement, &["broken".into(), SqlValue::Null]).await;
        match failed {
            Err(error) => error,
            Ok(()) => view.settle().await.expect_err("a number is missing"),
        }
    }

    /// What is committed of the table: every row as `id n`, by id.
    pub(super) async fn rows(self, store: &SharedStore) -> Vec<String> {
        let found = store.query_view(&self.sql("SELECT id, n FROM {t} ORDER BY id"), &[]).await;
        let text = |row: &factum_core::SqlRow| {
            let id: String = row.get(0).expect("the id is a text");
            let n: i64 = row.get(1).expect("the number is whole");
            format!("{id} {n}")
        };
        found.expect("the view can be read").iter().map(text).collect()
    }

    /// Work that stores a row and then makes a step, or rolls back.
    pub(super) fn adding(self, id: &'static str, step: Option<Advance>) -> ViewWork {
        Box::new(move |view| {
            Box::pin(async move {
                self.add(view, id, 1).await.expect("the row fits");
                step
            })
        })
    }
}

/// A store with the table, and the lease of the subscription whose view it is.
pub(super) async fn running(rig: &Rig) -> (SharedStore, Table, Lease) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    let lease = run(&store, "mails").await;
    (store, table, lease)
}

pub(super) async fn migrate(
    store: &SharedStore,
    name: &str,
    migrations: &[ViewMigration],
) -> Result<u64, StoreError> {
    store.migrate_view(&named(name), migrations).await
}

/// Runs work, which must end with a step that is stored.
pub(super) async fn commit(store: &SharedStore, work: ViewWork) {
    let found = store.transact(work).await.expect("the work can be done");
    let stored = matches!(found, Transacted::Advanced(Advanced::Stored { .. }));
    assert!(stored, "expected a step that is stored, found {found:?}");
}
