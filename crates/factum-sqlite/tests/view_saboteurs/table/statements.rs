//! Sabotage of statements.

use factum_core::{SqlDialect, SqlValue, ViewWork};

use super::Row;
use crate::sabotage::Sabotage::{
    self, Batch, Dialect, Execute, FailedPart, Mark, QueryWithin, Run, Swapped, Transact, Undo,
};

pub(super) fn rows() -> Vec<Row> {
    [answers(), failures(), marks()].concat()
}

/// Takes a statement that failed for one that ran.
const SWALLOWED: Sabotage = Run(|view, sql, values| {
    Box::pin(async move {
        match view.run(sql, values).await {
            Ok(()) => Ok(()),
            Err(_) => view.undo().await,
        }
    })
});

const NO_MARKS: Sabotage = Mark(|_| Box::pin(async { Ok(()) }));

fn answers() -> Vec<Row> {
    vec![
        ("view_statements::work_says_which_sql_it_speaks", Dialect(|_| SqlDialect::Postgres)),
        ("view_statements::statements_run_in_their_order", Swapped),
        (
            "view_statements::a_query_sees_what_ran_before",
            QueryWithin(|view, sql, values| {
                Box::pin(async move {
                    view.undo().await?;
                    view.query(sql, values).await
                })
            }),
        ),
        (
            "view_statements::a_statement_says_how_many_rows_it_concerned",
            Execute(|view, sql, values| {
                Box::pin(async move { Ok(view.execute(sql, values).await?.min(1)) })
            }),
        ),
        (
            "view_statements::several_statements_run_at_once",
            Batch(|view, sql| {
                Box::pin(async move {
                    for statement in sql.split(';') {
                        view.run(statement, &[]).await?;
                    }
                    Ok(())
                })
            }),
        ),
        (
            "view_statements::values_come_back_as_they_were_bound",
            Run(|view, sql, values| {
                let null = |it: &SqlValue<'_>| match it {
                    SqlValue::Text(text) if text.is_empty() => SqlValue::Null,
                    other => other.clone().into_owned(),
                };
                let values: Vec<_> = values.iter().map(null).collect();
                Box::pin(async move { view.run(sql, &values).await })
            }),
        ),
    ]
}

fn failures() -> Vec<Row> {
    vec![
        (
            "view_statements::a_number_beyond_what_sql_holds_is_refused",
            Execute(|view, sql, values| {
                let capped = |it: &SqlValue<'_>| match it {
                    SqlValue::OutOfRange => i64::MAX.into(),
                    other => other.clone().into_owned(),
                };
                let values: Vec<_> = values.iter().map(capped).collect();
                Box::pin(async move { view.execute(sql, &values).await })
            }),
        ),
        ("view_statements::a_failed_statement_is_told", SWALLOWED),
        (
            "view_statements::a_failed_statement_is_that_of_its_part",
            FailedPart(|view| view.failed_part().map(|part| part + 1)),
        ),
        (
            "view_statements::after_a_failed_statement_every_call_fails",
            Execute(|view, sql, values| {
                Box::pin(async move {
                    if view.settle().await.is_err() {
                        view.undo().await?;
                    }
                    view.execute(sql, values).await
                })
            }),
        ),
        (
            "view_statements::a_failed_statement_that_is_not_undone_is_never_committed",
            Transact(|store, work| {
                Box::pin(async move {
                    let forgiving: ViewWork = Box::new(move |view| {
                        Box::pin(async move {
                            let step = work(&mut *view).await;
                            if view.settle().await.is_err() {
                                view.undo().await.ok()?;
                            }
                            step
                        })
                    });
                    store.transact(forgiving).await
                })
            }),
        ),
        ("view_statements::the_stores_own_tables_are_out_of_reach", SWALLOWED),
        ("view_statements::work_neither_begins_nor_ends_transactions", SWALLOWED),
    ]
}

fn marks() -> Vec<Row> {
    vec![
        (
            "view_statements::what_was_done_since_the_mark_is_undone",
            Undo(|_| Box::pin(async { Ok(()) })),
        ),
        ("view_statements::a_failed_statement_is_undone_with_the_rest", NO_MARKS),
        (
            "view_statements::without_a_mark_everything_is_undone",
            Run(|view, sql, values| {
                Box::pin(async move {
                    view.mark().await?;
                    view.run(sql, values).await
                })
            }),
        ),
        ("view_statements::a_new_mark_replaces_the_older_one", NO_MARKS),
    ]
}
