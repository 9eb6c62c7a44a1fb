//! What work can say to the tables of views, and what it cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use factum_core::{SqlValue, StoreErrorKind, Transacted, ViewErrorKind, ViewMigration};

use super::rig::{Rig, conformance_cases};
use super::subscribers::{declared, register, run, step, stored};
use super::support::{failure, log_numbers, position, put};
use super::view_tables::{Table, VIEWS, migrate, running};

conformance_cases!["view_statements", VIEWS;
    work_says_which_sql_it_speaks,
    statements_run_in_their_order,
    a_query_sees_what_ran_before,
    a_statement_says_how_many_rows_it_concerned,
    several_statements_run_at_once,
    values_come_back_as_they_were_bound,
    a_number_beyond_what_sql_holds_is_refused,
    a_failed_statement_is_told,
    a_failed_statement_is_that_of_its_part,
    what_was_done_since_the_mark_is_undone,
    a_failed_statement_is_undone_with_the_rest,
    after_a_failed_statement_every_call_fails,
    without_a_mark_everything_is_undone,
    a_failed_statement_that_is_not_undone_is_never_committed,
    a_new_mark_replaces_the_older_one,
    the_stores_own_tables_are_out_of_reach,
    work_neither_begins_nor_ends_transactions,
];

async fn work_says_which_sql_it_speaks(rig: &Rig) {
    let store = rig.open().await;
    let said = Arc::new(std::sync::Mutex::new(None));
    let told = Arc::clone(&said);
    let done = store.transact(Box::new(move |view| {
        *told.lock().expect("nobody panics") = Some(view.dialect());
        Box::pin(async { None })
    }));
    assert_eq!(done.await.expect("done"), Transacted::RolledBack);
    assert_eq!(*said.lock().expect("nobody panics"), store.capabilities().views);
}

async fn statements_run_in_their_order(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let done = step(&lease, 0, 5);
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            for number in 0..2_000_i64 {
                let statement = match number % 2 {
                    0 => table.sql("INSERT INTO {t} (id, n) VALUES ('a', $1)"),
                    _ => table.sql("DELETE FROM {t} WHERE n = $1 - 1"),
                };
                view.run(&statement, &[number.into()]).await.expect("in this order it can run");
            }
            table.add(view, "a", 7).await.expect("it can run");
            Some(done)
        })
    }));
    work.await.expect("done");
    assert_eq!(table.rows(&store).await, ["a 7"]);
}

async fn a_query_sees_what_ran_before(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            for (id, n) in [("b", 2), ("a", 1), ("b", 3)] {
                table.add(view, id, n).await.expect("it can run");
            }
            let select = table.sql("SELECT n FROM {t} WHERE n > $1 ORDER BY id");
            let found = view.query(&select, &[0_i64.into()]).await.expect("it can be read");
            let numbers: Vec<i64> = found.iter().map(|it| it.get(0).expect("whole")).collect();
            assert_eq!(numbers, [1, 5]);
            let found = view.query(&select, &[5_i64.into()]).await.expect("it can be read");
            assert_eq!(found, []);
            None
        })
    }));
    assert_eq!(work.await.expect("nothing panicked"), Transacted::RolledBack);
}

async fn a_statement_says_how_many_rows_it_concerned(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            for id in ["a", "b", "c"] {
                table.add(view, id, 1).await.expect("it can run");
            }
            let update = table.sql("UPDATE {t} SET n = n + 1 WHERE id >= $1");
            for (from, expected) in [("a", 3), ("c", 1), ("d", 0)] {
                let count = view.execute(&update, &[from.into()]).await.expect("it can run");
                assert_eq!(count, expected, "from {from}");
            }
            None
        })
    }));
    assert_eq!(work.await.expect("nothing panicked"), Transacted::RolledBack);
}

async fn several_statements_run_at_once(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let done = step(&lease, 0, 5);
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            table.add(view, "a", 1).await.expect("it can run");
            let statements = "INSERT INTO {t} (id, n) VALUES ('b;', 2); UPDATE {t} SET n = n * 10;
                -- and a comment; with a semicolon
                INSERT INTO {t} (id, n) VALUES ('c', 3)";
            view.batch(&table.sql(statements)).await.expect("they can run");
            Some(done)
        })
    }));
    work.await.expect("done");
    assert_eq!(table.rows(&store).await, ["a 10", "b; 20", "c 3"]);
}

/// A row of one column of each kind.
type Found = (Option<String>, Option<i64>, Option<f64>, Option<bool>, Option<Vec<u8>>);

async fn values_come_back_as_they_were_bound(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    let columns = "(id BIGINT NOT NULL, t TEXT, i BIGINT, r DOUBLE PRECISION, f BOOLEAN, b BYTES)";
    let made = |bytes: &str| -> &'static str {
        let statement = format!("CREATE TABLE {{t}} {}", columns.replace("BYTES", bytes));
        table.sql(&statement).leak()
    };
    let migration = ViewMigration { name: "values", sqlite: made("BLOB"), postgres: made("BYTEA") };
    migrate(&store, "mails", &[migration]).await.expect("the table can be made");
    let lease = run(&store, "mails").await;
    let done = step(&lease, 0, 5);
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            let insert = table.sql("INSERT INTO {t} VALUES ($1, $2, $3, $4, $5, $6)");
            let bytes = SqlValue::from(&b"\0\xff'"[..]);
            let text = "'; -- zo\u{eb} $1 \u{1f980}";
            let full =
                [1_i64.into(), text.into(), i64::MIN.into(), (-1.5).into(), true.into(), bytes];
            let null = || SqlValue::Null;
            let empty = [2_i64.into(), null(), null(), null(), null(), null()];
            let bytes = SqlValue::from(&b""[..]);
            let zero = [3_i64.into(), "".into(), 0_i64.into(), 0.0.into(), false.into(), bytes];
            for values in [full, empty, zero] {
                view.run(&insert, &values).await.expect("the values fit");
            }
            Some(done)
        })
    }));
    work.await.expect("done");
    let select = table.sql("SELECT t, i, r, f, b FROM {t} ORDER BY id");
    let rows = store.query_view(&select, &[]).await.expect("it can be read");
    let read = |row: &factum_core::SqlRow| -> Result<Found, factum_core::ViewError> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    };
    let found: Vec<Found> = rows.iter().map(|it| read(it).expect("as bound")).collect();
    let text = Some("'; -- zo\u{eb} $1 \u{1f980}".to_owned());
    let full = (text, Some(i64::MIN), Some(-1.5), Some(true), Some(b"\0\xff'".to_vec()));
    let zero = (Some(String::new()), Some(0), Some(0.0), Some(false), Some(Vec::new()));
    assert_eq!(found, [full, (None, None, None, None, None), zero]);
}

/// Instead of one that would fit: whoever sums it up later would never know.
async fn a_number_beyond_what_sql_holds_is_refused(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let beyond = i64::MAX.unsigned_abs() + 1;
    let numbers: [(&str, SqlValue<'static>); 6] = [
        ("u64", u64::MAX.into()),
        ("the first beyond", beyond.into()),
        ("u128", u128::MAX.into()),
        ("i128", (i128::from(i64::MIN) - 1).into()),
        ("an option", Some(beyond).into()),
        ("usize", usize::MAX.into()),
    ];
    for (what, number) in numbers {
        let done = step(&lease, 0, 5);
        let insert = table.sql("INSERT INTO {t} (id, n) VALUES ('a', $1)");
        // A panic in the work would be an error as well.
        let judged = Arc::new(AtomicBool::new(false));
        let own = Arc::clone(&judged);
        let work = store.transact(Box::new(move |view| {
            Box::pin(async move {
                let ran = view.execute(&insert, &[number]).await;
                let error = ran.expect_err("the number does not fit");
                assert_eq!(error.kind(), ViewErrorKind::Statement, "{what}: {error}");
                let said = error.to_string();
                assert!(said.contains("value $1") && said.contains("2^63 - 1"), "{what}: {said}");
                own.store(true, Ordering::SeqCst);
                Some(done)
            })
        }));
        work.await.expect_err("a failed statement is not committed");
        assert!(judged.load(Ordering::SeqCst), "{what}: the statement was not refused");
    }
    assert_eq!(table.rows(&store).await, [""; 0]);

    let fits = i64::MAX.unsigned_abs();
    let done = step(&lease, 0, 5);
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            let insert = table.sql("INSERT INTO {t} (id, n) VALUES ('a', $1), ('b', $2)");
            view.run(&insert, &[fits.into(), i128::from(i64::MIN).into()]).await.expect("it fits");
            let select = table.sql("SELECT n FROM {t} ORDER BY id");
            let rows = view.query(&select, &[]).await.expect("it can be read");
            assert_eq!(rows[0].get::<u64>(0), Ok(fits));
            let (negative, narrow) = (rows[1].get::<u64>(0), rows[0].get::<u32>(0));
            negative.expect_err("a negative number is no u64");
            narrow.expect_err("a large number is no u32");
            Some(done)
        })
    }));
    work.await.expect("done");
    assert_eq!(table.rows(&store).await.len(), 2);
}

async fn a_failed_statement_is_told(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    let wrong = [
        table.sql("INSERT INTO {t} (id, n) VALUES ('secret', NULL)"),
        table.sql("INSERT INTO {t}_unknown (id, n) VALUES ('secret', 1)"),
        table.sql("INSERT INTO {t} (id, n) VALUES ('secret', 1), ('secret', 1)"),
        "INSERT INTO".to_owned(),
    ];
    for statement in wrong {
        let work = store.transact(Box::new(move |view| {
            Box::pin(async move {
                let failed = match view.run(&statement, &[]).await {
                    Err(error) => error,
                    Ok(()) => view.settle().await.expect_err("the statement is wrong"),
                };
                assert_eq!(failed.kind(), ViewErrorKind::Statement, "{failed}");
                assert!(!failed.to_string().contains("secret"), "found {failed}");
                None
            })
        }));
        assert_eq!(work.await.expect("nothing panicked"), Transacted::RolledBack);
    }
}

/// However late a failure shows: the work goes on with other parts before it learns of it.
async fn a_failed_statement_is_that_of_its_part(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            assert_eq!(view.failed_part(), None);
            let null = table.sql("INSERT INTO {t} (id, n) VALUES ($1, NULL)");
            view.mark().await.expect("marked");
            for failing in [3, 0, 7] {
                for part in 0..10 {
                    view.begin_part(part);
                    // Whichever of these calls tells of it.
                    let ran = if part == failing {
                        view.run(&null, &["z".into()]).await
                    } else {
                        table.add(view, "a", 1).await
                    };
                    assert!(ran.is_ok() || part >= failing, "part {part} of {failing}: {ran:?}");
                }
                view.settle().await.expect_err("a statement has failed");
                assert_eq!(view.failed_part(), Some(failing));
                view.undo().await.expect("undone");
                view.settle().await.expect("what failed is undone");
                assert_eq!(view.failed_part(), None);
            }
            None
        })
    }));
    assert_eq!(work.await.expect("nothing panicked"), Transacted::RolledBack);
}

async fn what_was_done_since_the_mark_is_undone(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let done = step(&lease, 0, 5);
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            table.add(view, "before", 1).await.expect("it can run");
            view.mark().await.expect("marked");
            for n in 0..3 {
                table.add(view, "after", n).await.expect("it can run");
                view.undo().await.expect("undone, and the mark stays");
            }
            table.add(view, "at last", 1).await.expect("it can run");
            Some(done)
        })
    }));
    work.await.expect("done");
    assert_eq!(table.rows(&store).await, ["at last 1", "before 1"]);
    assert_eq!(stored(&store, "mails").await.position, position(5));
}

async fn a_failed_statement_is_undone_with_the_rest(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let done = step(&lease, 0, 5);
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            table.add(view, "a", 1).await.expect("it can run");
            view.mark().await.expect("marked");
            table.add(view, "b", 1).await.expect("it can run");
            let failed = table.fail(view).await;
            assert_eq!(failed.kind(), ViewErrorKind::Statement, "{failed}");
            view.undo().await.expect("undone");
            view.settle().await.expect("nothing of it is left");
            table.add(view, "c", 1).await.expect("it can run");
            Some(done)
        })
    }));
    work.await.expect("done");
    assert_eq!(table.rows(&store).await, ["a 1", "c 1"]);
    assert_eq!(stored(&store, "mails").await.position, position(5));
}

async fn after_a_failed_statement_every_call_fails(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            let failed = table.fail(view).await;
            let select = table.sql("SELECT n FROM {t}");
            let update = table.sql("UPDATE {t} SET n = 1");
            let calls = [
                table.add(view, "a", 1).await,
                view.execute(&update, &[]).await.map(drop),
                view.query(&select, &[]).await.map(drop),
                view.batch(&update).await,
                view.mark().await,
                view.settle().await,
            ];
            assert_eq!(calls.map(|it| it.expect_err("it fails")), [(); 6].map(|()| failed.clone()));
            view.undo().await.expect("undone");
            table.add(view, "a", 1).await.and(view.settle().await).expect("it can run");
            None
        })
    }));
    assert_eq!(work.await.expect("nothing panicked"), Transacted::RolledBack);
}

async fn without_a_mark_everything_is_undone(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let done = step(&lease, 0, 5);
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            table.add(view, "a", 1).await.expect("it can run");
            table.fail(view).await;
            view.undo().await.expect("undone");
            table.add(view, "b", 1).await.expect("it can run");
            Some(done)
        })
    }));
    work.await.expect("done");
    assert_eq!(table.rows(&store).await, ["b 1"]);
    assert_eq!(stored(&store, "mails").await.position, position(5));
}

async fn a_failed_statement_that_is_not_undone_is_never_committed(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let before = stored(&store, "mails").await;
    // One fails as it runs, the others before.
    for wrong in ["INSERT INTO {t} (id) VALUES ('b')", "INSERT INTO", "COMMIT"] {
        for asked in [false, true] {
            let (done, wrong) = (step(&lease, 0, 5), table.sql(wrong));
            let work = store.transact(Box::new(move |view| {
                Box::pin(async move {
                    table.add(view, "a", 1).await.expect("it can run");
                    let _ignored = if asked {
                        view.query(&wrong, &[]).await.map(drop)
                    } else {
                        view.run(&wrong, &[]).await
                    };
                    let _ignored = table.add(view, "c", 1).await;
                    Some(done)
                })
            }));
            assert_eq!(failure(work.await), StoreErrorKind::Invalid);
            assert_eq!(table.rows(&store).await, [""; 0]);
            assert_eq!(stored(&store, "mails").await, before);
        }
    }
}

async fn a_new_mark_replaces_the_older_one(rig: &Rig) {
    let (store, table, lease) = running(rig).await;
    let done = step(&lease, 0, 5);
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            for id in ["a", "b", "c"] {
                view.mark().await.expect("marked");
                table.add(view, id, 1).await.expect("it can run");
            }
            view.undo().await.expect("undone");
            Some(done)
        })
    }));
    work.await.expect("done");
    assert_eq!(table.rows(&store).await, ["a 1", "b 1"]);
}

/// Runs a statement, by itself or as a batch, and says whether it was refused as wrong.
async fn refused(store: &factum_core::SharedStore, statement: &str, batch: bool) -> bool {
    let (refused, statement) = (Arc::new(AtomicBool::new(false)), statement.to_owned());
    let seen = Arc::clone(&refused);
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            let ran =
                if batch { view.batch(&statement).await } else { view.run(&statement, &[]).await };
            let settled = view.settle().await;
            if let Err(error) = ran.and(settled) {
                assert_eq!(error.kind(), ViewErrorKind::Statement, "{error}");
                seen.store(true, Ordering::SeqCst);
            }
            None
        })
    }));
    assert_eq!(work.await.expect("nothing panicked"), Transacted::RolledBack);
    refused.load(Ordering::SeqCst)
}

async fn the_stores_own_tables_are_out_of_reach(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    register(&store, declared("mails")).await;
    for table in ["events", "subscriptions", "letters", "view_migrations"] {
        for statement in ["DELETE FROM {t}", "DROP TABLE {t}", "ALTER TABLE {t} ADD COLUMN x TEXT"]
        {
            let statement = statement.replace("{t}", table);
            for batch in [false, true] {
                assert!(refused(&store, &statement, batch).await, "{statement}");
            }
        }
    }
    assert_eq!(log_numbers(&store).await, [1, 2, 3]);
    stored(&store, "mails").await;
}

async fn work_neither_begins_nor_ends_transactions(rig: &Rig) {
    let (store, table) = (rig.open().await, Table::of(rig));
    table.make(&store).await;
    let statements = [
        "COMMIT",
        "  commit;",
        "-- done\n COMMIT",
        "/* done */ END",
        "ROLLBACK",
        "BEGIN",
        "SAVEPOINT mine",
        "RELEASE SAVEPOINT mine",
        "ROLLBACK TO SAVEPOINT mine",
    ];
    for statement in statements {
        for batch in [false, true] {
            assert!(refused(&store, statement, batch).await, "{statement}");
        }
    }
    let work = store.transact(Box::new(move |view| {
        Box::pin(async move {
            table.add(view, "a", 1).await.expect("it can run");
            view.run("COMMIT", &[]).await.and(view.settle().await).expect_err("it is refused");
            None
        })
    }));
    assert_eq!(work.await.expect("nothing panicked"), Transacted::RolledBack);
    assert_eq!(table.rows(&store).await, [""; 0]);
}
