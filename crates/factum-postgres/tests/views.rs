//! Views in this store: statements run ahead of their answers, connections are lost in the middle,
//! and tables are found where the role looks for them.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::session::Session;
use common::views::{count, make, named, reached, rows, run, step, transact};
use common::{Place, on_every_postgres, open, soon};
use factum_core::{
    Advanced, SqlValue, StoreErrorKind, Transacted, ViewErrorKind, ViewStore, ViewTransaction,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use futures::FutureExt;
use tokio::sync::oneshot;

/// A table of the test's own, where the store keeps the views of its tenant.
fn table(place: &Place) -> String {
    format!("\"{0}$default\".view_{0}", place.schema)
}

/// A store with a table of an id and a number.
async fn with_table(place: &Place) -> (PostgresStore, String) {
    let (store, table) = (place.open().await, table(place));
    make(
        &store,
        "counts",
        format!("CREATE TABLE {table} (id text PRIMARY KEY, n bigint NOT NULL)"),
    )
    .await;
    (store, table)
}

async fn pid(view: &mut dyn ViewTransaction) -> i32 {
    let rows = view.query("SELECT pg_backend_pid()", &[]).await.unwrap();
    i32::try_from(rows[0].get::<i64>(0).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_run_ahead_in_their_order() {
    on_every_postgres(async |place| {
        let (store, table) = with_table(&place).await;
        let lease = run(&store, "counts").await;
        let done = transact(&store, move |view| {
            async move {
                let insert = format!("INSERT INTO {table} VALUES ($1, $2)");
                view.run(&insert, &["a".into(), 1_i64.into()]).await.unwrap();
                // The outcome depends on the order, and there are more than may run ahead.
                let next = format!("UPDATE {table} SET n = (n * 31 + $1) % 1000003 WHERE id = $2");
                for number in 0..3_000_i64 {
                    view.run(&next, &[number.into(), "a".into()]).await.unwrap();
                }
                let expected = (0..3_000_i64).fold(1, |n, it| (n * 31 + it) % 1_000_003);
                let found = view.query(&format!("SELECT n FROM {table}"), &[]).await.unwrap();
                assert_eq!(found[0].get::<i64>(0), Ok(expected));
                let all = format!("UPDATE {table} SET n = 7");
                assert_eq!(view.execute(&all, &[]).await, Ok(1));
                Some(step(&lease, 0, 3_000))
            }
            .boxed()
        })
        .await;
        assert_eq!(done.unwrap(), Transacted::Advanced(Advanced::Stored { instructions: 0 }));
        assert_eq!(reached(&store, "counts").await, 3_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_failure_is_told_without_values_and_ends_the_transaction() {
    on_every_postgres(async |place| {
        let (store, table) = with_table(&place).await;
        let lease = run(&store, "counts").await;
        let insert = format!("INSERT INTO {table} VALUES ($1, $2)");
        let error = transact(&store, move |view| {
            async move {
                for id in ["a", "b", "secret", "secret", "c"] {
                    // Told here or later.
                    drop(view.run(&insert, &[id.into(), 1_i64.into()]).await);
                }
                let error = view.settle().await.unwrap_err();
                assert_eq!(error.kind(), ViewErrorKind::Statement);
                let told = error.to_string();
                assert!(told.contains("23505") && told.contains("_pkey"), "{told}");
                assert!(!told.contains("secret"), "{told}");
                assert_eq!(view.run(&insert, &["d".into(), 1_i64.into()]).await, Err(error));
                Some(step(&lease, 0, 5)) // Although it failed.
            }
            .boxed()
        })
        .await
        .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Invalid);
        assert_eq!(
            count(&store, &format!("SELECT count(*) FROM {}", self::table(&place))).await,
            0
        );
        assert_eq!(reached(&store, "counts").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_ended_in_the_middle_stores_nothing() {
    on_every_postgres(async |place| {
        let (store, table) = with_table(&place).await;
        let lease = run(&store, "counts").await;
        let insert = format!("INSERT INTO {table} VALUES ($1, 1)");
        let (again, next) = (insert.clone(), step(&lease, 0, 5));
        let observer = Session::connect(&place).await;
        let ((told, hear), (tell, heard)) = (oneshot::channel(), oneshot::channel());
        let working = transact(&store, move |view| {
            async move {
                view.run(&insert, &["a".into()]).await.unwrap();
                told.send(pid(view).await).unwrap();
                heard.await.unwrap();
                drop(view.run(&insert, &["b".into()]).await); // Nobody has noticed yet.
                let error = view.settle().await.unwrap_err();
                assert_eq!(error.kind(), ViewErrorKind::Store);
                Some(step(&lease, 0, 5))
            }
            .boxed()
        });
        let ending = async {
            observer.terminate(hear.await.unwrap()).await;
            tell.send(()).unwrap();
        };
        let error = futures::join!(working, ending).0.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
        assert_eq!(reached(&store, "counts").await, 0);
        let done = transact(&store, move |view| {
            async move {
                view.run(&again, &["a".into()]).await.unwrap();
                Some(next)
            }
            .boxed()
        });
        done.await.unwrap();
        assert_eq!(count(&store, &format!("SELECT count(*) FROM {table}")).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_is_unknown_and_a_constraint_looked_at_last_is_not() {
    on_every_postgres(async |place| {
        let (store, table) = with_table(&place).await;
        let lease = run(&store, "counts").await;
        let observer = Session::connect(&place).await;
        let schema = &place.schema;
        let trigger = format!(
            "CREATE FUNCTION public.end_{schema}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
                 IF NEW.n = 0 THEN RAISE 'the secret' USING ERRCODE = 'check_violation'; END IF;
                 PERFORM pg_terminate_backend(pg_backend_pid());
                 RETURN NULL;
             END $$;
             CREATE CONSTRAINT TRIGGER ending AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION public.end_{schema}()"
        );
        observer.client.batch_execute(&trigger).await.unwrap();
        for (n, kind) in [(0_i64, StoreErrorKind::Invalid), (1, StoreErrorKind::OutcomeUnknown)] {
            let (insert, step) =
                (format!("INSERT INTO {table} VALUES ('a', $1)"), step(&lease, 0, 5));
            let done = transact(&store, move |view| {
                async move {
                    view.run(&insert, &[n.into()]).await.unwrap();
                    Some(step)
                }
                .boxed()
            });
            let error = done.await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
            assert_eq!(reached(&store, "counts").await, 0);
        }
        assert_eq!(count(&store, &format!("SELECT count(*) FROM {table}")).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_is_dropped_is_rolled_back() {
    on_every_postgres(async |place| {
        let (store, table) = with_table(&place).await;
        let insert = format!("INSERT INTO {table} VALUES ('a', 1)");
        let (told, hear) = oneshot::channel();
        let working = tokio::spawn({
            let store = store.clone();
            async move {
                transact(&store, move |view| {
                    async move {
                        view.run(&insert, &[]).await.unwrap();
                        told.send(pid(view).await).unwrap();
                        std::future::pending().await
                    }
                    .boxed()
                })
                .await
            }
        });
        let pid = soon("the work to begin", hear).await.unwrap();
        working.abort();
        working.await.unwrap_err();
        Session::connect(&place).await.until_gone(pid).await;
        assert_eq!(count(&store, &format!("SELECT count(*) FROM {table}")).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_views_come_before_those_where_the_role_looks() {
    on_every_postgres(async |place| {
        let own = format!("own_{}", place.schema);
        let observer = Session::connect(&place).await;
        let rates = format!(
            "CREATE SCHEMA {own}; CREATE TABLE {own}.rates AS SELECT 7 AS n; \
             CREATE TABLE {own}.counted AS SELECT 1 AS id; \
             GRANT USAGE ON SCHEMA {own} TO PUBLIC; \
             GRANT SELECT ON {own}.rates, {own}.counted TO PUBLIC"
        );
        observer.client.batch_execute(&rates).await.unwrap();
        let url = format!("{}?options=-csearch_path%3D{own}", place.url);
        let store = open(PostgresStoreConfig { url, ..place.config() }).await;
        let lease = run(&store, "counts").await;
        make(&store, "counts", "CREATE TABLE counted (id text PRIMARY KEY)".into()).await;
        let done = transact(&store, move |view| {
            async move {
                view.run("INSERT INTO counted VALUES ('a')", &[]).await.unwrap();
                let rates = view.query("SELECT n FROM rates", &[]).await.unwrap();
                assert_eq!(rates[0].get::<i64>(0), Ok(7));
                Some(step(&lease, 0, 1))
            }
            .boxed()
        });
        done.await.unwrap();
        let found = rows(&store, "SELECT id FROM counted").await;
        assert_eq!(found[0].get::<String>(0).unwrap(), "a");
        let at = format!("\"{}$default\".counted", place.schema);
        assert_eq!(count(&store, &format!("SELECT count(*) FROM {at}")).await, 1);
    })
    .await;
}

/// A column's type, a value to store in it and what is read back.
fn every_type() -> Vec<(&'static str, SqlValue<'static>, SqlValue<'static>)> {
    let same = |kind, value: SqlValue<'static>| (kind, value.clone(), value);
    let uuid = "00000000-0000-0000-0000-00000000002a";
    vec![
        same("boolean", true.into()),
        same("smallint", i64::from(i16::MIN).into()),
        same("integer", i64::from(i32::MAX).into()),
        same("bigint", i64::MIN.into()),
        same("real", 1.5.into()),
        same("double precision", f64::MIN_POSITIVE.into()),
        same("text", "zo\u{eb} '".into()),
        same("varchar(9)", "some".into()),
        ("character(5)", "some".into(), "some ".into()),
        same("name", "some".into()),
        same("json", r#"{"b":1,"a":2}"#.into()),
        ("jsonb", r#"{"b":1,"a":2}"#.into(), r#"{"a": 2, "b": 1}"#.into()),
        same("uuid", uuid.into()),
        same("bytea", SqlValue::Bytes(vec![0, 255, b'\\'].into())),
        ("numeric", i64::MAX.into(), i64::MAX.to_string().into()),
        same("numeric", "-12345678.000090".into()),
        same("numeric", "0.00000001".into()),
        same("numeric", "10000".into()),
        same("numeric", "NaN".into()),
        same("date", "2026-02-03".into()),
        same("timestamp", "2026-02-03T04:05:06.789".into()),
        ("timestamptz", "2026-02-03 04:05:06+02".into(), "2026-02-03T02:05:06Z".into()),
        same("text", SqlValue::Null),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_stored_as_their_columns_want_them_and_read_back() {
    on_every_postgres(async |place| {
        let all = every_type();
        let columns: Vec<_> =
            all.iter().enumerate().map(|(n, (kind, ..))| format!("c{n} {kind}")).collect();
        let binds: Vec<_> = (1..=all.len()).map(|n| format!("${n}")).collect();
        for prepare in [true, false] {
            let table = format!("{}_{prepare}", table(&place));
            let store = open(PostgresStoreConfig { prepare, ..place.config() }).await;
            let name = if prepare { "prepared" } else { "loose" };
            let lease = run(&store, name).await;
            make(&store, name, format!("CREATE TABLE {table} ({})", columns.join(", "))).await;
            let insert = format!("INSERT INTO {table} VALUES ({})", binds.join(", "));
            let values: Vec<_> = all.iter().map(|(_, value, _)| value.clone()).collect();
            let done = transact(&store, move |view| {
                async move {
                    view.run(&insert, &values).await.unwrap();
                    view.settle().await.unwrap();
                    Some(step(&lease, 0, 1))
                }
                .boxed()
            });
            done.await.unwrap();
            let found = rows(&store, &format!("SELECT * FROM {table}")).await;
            for ((kind, _, expected), found) in all.iter().zip(found[0].values()) {
                assert_eq!(found, expected, "{kind}");
            }
            let unread = store.query_view("SELECT ARRAY[1]", &[]).await.unwrap_err();
            assert!(unread.to_string().contains("cast it to text"), "{unread}");
            let few = store.query_view("SELECT $1::text || $2", &["a".into()]).await.unwrap_err();
            assert_eq!(few.kind(), StoreErrorKind::Invalid, "{few}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_would_outlive_the_transaction_are_refused() {
    on_every_postgres(async |place| {
        let (store, _) = with_table(&place).await;
        for statement in
            ["SET search_path = pg_catalog", "LISTEN a", "DISCARD ALL", "COPY t FROM STDIN"]
        {
            let refused = transact(&store, move |view| {
                async move {
                    let error = view.run(statement, &[]).await.unwrap_err();
                    assert_eq!(error.kind(), ViewErrorKind::Statement);
                    view.undo().await.unwrap();
                    view.batch(&format!("SELECT 1; {statement}")).await.unwrap_err();
                    None
                }
                .boxed()
            });
            assert_eq!(refused.await.unwrap(), Transacted::RolledBack, "{statement}");
        }
        let name = named("counts");
        let bad = factum_core::ViewMigration::new("end", "CREATE TABLE a (b int); COMMIT");
        store.migrate_view(&name, &[bad]).await.unwrap_err();
    })
    .await;
}
