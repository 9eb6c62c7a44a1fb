//! Views of tenants stand in schemas of their own, and run as roles that reach nothing else where the
//! server lets the store make them.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;

use common::session::Session;
use common::views::{declared, named};
use common::{Place, on_every_postgres, open};
use factum_core::{
    Advance, EventStore, LeaseAnswer, LeaseClaim, OwnerId, Position, SharedStore, StoreErrorKind,
    TenantId, TenantScope, Transacted, ViewErrorKind, ViewMigration,
};
use factum_postgres::PostgresStoreConfig;

const THINGS: ViewMigration =
    ViewMigration::new("make", "CREATE TABLE things (id text PRIMARY KEY)");

async fn tenants(config: PostgresStoreConfig) -> (SharedStore, SharedStore) {
    let all = open(PostgresStoreConfig { scope: TenantScope::All, ..config }).await;
    let narrow = |name| all.for_tenant(&TenantId::new(name).unwrap()).unwrap();
    (narrow("a"), narrow("b"))
}

/// Has a tenant's view hold one row with this id.
async fn fill(store: &SharedStore, id: &'static str) -> Transacted {
    store.register(declared("things")).await.unwrap();
    store.migrate_view(&named("things"), &[THINGS]).await.unwrap();
    let (name, owner) = (named("things"), OwnerId::new("the test").unwrap());
    let claim = LeaseClaim { name, owner, expired: None };
    let LeaseAnswer::Granted(lease, _) = store.claim_lease(claim).await.unwrap() else {
        panic!("expected a free lease");
    };
    let step = Advance::new(lease, Position::START, Position::new(1));
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            view.run("INSERT INTO things VALUES ($1)", &[id.into()]).await.unwrap();
            Some(step)
        })
    }));
    work.await.unwrap()
}

async fn ids(store: &SharedStore, sql: &str) -> Result<Vec<String>, StoreErrorKind> {
    let rows = store.query_view(sql, &[]).await.map_err(|error| error.kind())?;
    Ok(rows.iter().map(|row| row.get(0).unwrap()).collect())
}

/// What work is told of a statement, if it fails.
async fn within(store: &SharedStore, sql: String) -> Option<ViewErrorKind> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            send.send(view.batch(&sql).await.err().map(|it| it.kind())).unwrap();
            None
        })
    }));
    work.await.unwrap();
    receive.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_run_as_a_role_that_reaches_nothing_else() {
    on_every_postgres(async |place| {
        for prepare in [true, false] {
            let schema = format!("{}_{prepare}", place.schema);
            let config = PostgresStoreConfig { prepare, schema: schema.clone(), ..place.config() };
            let (a, b) = tenants(config).await;
            fill(&a, "of a").await;
            fill(&b, "of b").await;
            for (store, id) in [(&a, "of a"), (&b, "of b"), (&a, "of a")] {
                assert_eq!(ids(store, "SELECT id FROM things").await, Ok(vec![id.to_owned()]));
            }
            let theirs = format!("\"{schema}$b\".things");
            for table in [format!("{schema}.streams"), format!("{schema}.subscriptions"), theirs] {
                let sql = format!("SELECT count(*)::text FROM {table}");
                assert_eq!(ids(&a, &sql).await, Err(StoreErrorKind::Invalid), "{sql}");
                let block = format!("DO $$ BEGIN PERFORM 1 FROM {table}; END $$");
                for sql in [sql, block, format!("DELETE FROM {table}")] {
                    assert_eq!(within(&a, sql).await, Some(ViewErrorKind::Statement));
                }
            }
            for sql in ["SET LOCAL ROLE NONE", "SELECT set_config('role', 'none', true)"] {
                assert_eq!(within(&a, sql.into()).await, Some(ViewErrorKind::Statement));
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_that_waits_for_the_commit_runs_as_that_role() {
    on_every_postgres(async |place| {
        let (a, _) = tenants(place.config()).await;
        let trigger = place.sql(
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 PERFORM 1 FROM {schema}.streams; RETURN NULL;
             END $$;
             CREATE CONSTRAINT TRIGGER late AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION late()",
        );
        fill(&a, "first").await;
        let late = ViewMigration::new("late", trigger.leak());
        a.migrate_view(&named("things"), &[THINGS, late]).await.unwrap();
        let found = a.progress(&named("things")).await.unwrap().unwrap();
        let lease = factum_core::Lease { name: named("things"), epoch: found.epoch };
        let step = Advance::new(lease, Position::new(1), Position::new(2));
        let work = a.transact(Box::new(move |view| {
            Box::pin(async move {
                view.run("INSERT INTO things VALUES ('second')", &[]).await.unwrap();
                Some(step)
            })
        }));
        assert_eq!(work.await.unwrap_err().kind(), StoreErrorKind::Invalid);
        assert_eq!(ids(&a, "SELECT id FROM things").await, Ok(vec!["first".to_owned()]));
    })
    .await;
}

/// Settings of a role that owns the store's schema, and has this right beside that.
async fn limited(place: &Place, right: &str) -> (PostgresStoreConfig, Session, String) {
    let (operator, role) = (Session::connect(place).await, format!("limited_{}", place.schema));
    let make = place.sql(&format!(
        "CREATE ROLE {role} LOGIN; CREATE SCHEMA {{schema}} AUTHORIZATION {role}; {right}"
    ));
    operator.client.batch_execute(&make.replace("{role}", &role)).await.unwrap();
    let url = place.url.replace("//postgres@", &format!("//{role}@"));
    (PostgresStoreConfig { url, ..place.config() }, operator, role)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_role_names_are_apart_and_nothing_else() {
    on_every_postgres(async |place| {
        let right = "GRANT CREATE ON DATABASE postgres TO {role}";
        let (config, _, _) = limited(&place, right).await;
        let (a, b) = tenants(config).await;
        fill(&a, "of a").await;
        fill(&b, "of b").await;
        assert_eq!(ids(&a, "SELECT id FROM things").await, Ok(vec!["of a".to_owned()]));
        let theirs = format!("SELECT id FROM \"{}$b\".things", place.schema);
        assert_eq!(ids(&a, &theirs).await, Ok(vec!["of b".to_owned()]), "it is no wall");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_may_make_roles_makes_those_of_views() {
    on_every_postgres(async |place| {
        let right = "GRANT CREATE ON DATABASE postgres TO {role}; ALTER ROLE {role} CREATEROLE";
        let (config, _, _) = limited(&place, right).await;
        let (a, b) = tenants(config.clone()).await;
        fill(&a, "of a").await;
        fill(&b, "of b").await;
        let theirs = format!("SELECT id FROM \"{}$b\".things", place.schema);
        assert_eq!(ids(&a, &theirs).await, Err(StoreErrorKind::Invalid));
        let log = place.sql("SELECT count(*)::text FROM {schema}.streams");
        assert_eq!(ids(&a, &log).await, Err(StoreErrorKind::Invalid));
        let (again, _) = tenants(config).await;
        assert_eq!(ids(&again, "SELECT id FROM things").await, Ok(vec!["of a".to_owned()]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_make_a_schema_one_is_made_for_it() {
    on_every_postgres(async |place| {
        let (config, operator, role) = limited(&place, "").await;
        let (a, _) = tenants(config).await;
        let error = a.migrate_view(&named("things"), &[THINGS]).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Denied, "{error}");
        let schema = format!("\"{}$a\"", place.schema);
        let told = format!("CREATE SCHEMA {schema} AUTHORIZATION <this role>");
        assert!(error.to_string().contains(&told), "{error}");
        let found = ids(&a, "SELECT id FROM things").await;
        assert_eq!(found, Err(StoreErrorKind::Invalid), "there is no such table");
        operator.client.batch_execute(&told.replace("<this role>", &role)).await.unwrap();
        fill(&a, "of a").await;
        assert_eq!(ids(&a, "SELECT id FROM things").await, Ok(vec!["of a".to_owned()]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_begin_at_once_make_one_schema() {
    on_every_postgres(async |place| {
        let mut stores: Vec<SharedStore> = Vec::new();
        for _ in 0..4 {
            stores.push(Arc::new(place.open().await));
        }
        let name = named("things");
        let made = stores.iter().map(|store| store.migrate_view(&name, &[THINGS]));
        let made = futures::future::join_all(made).await;
        let made: u64 = made.into_iter().map(Result::unwrap).sum();
        assert_eq!(made, 1);
    })
    .await;
}
