//! Sabotage of changes of tables, and of reads outside transactions.

use factum_core::{StoreErrorKind, SubscriptionName, ViewWork};

use super::{Row, committed};
use crate::sabotage::Sabotage::{self, Migrate, OpenApart, Query};

pub(super) fn rows() -> Vec<Row> {
    [reads(), changes()].concat()
}

fn reads() -> Vec<Row> {
    vec![
        (
            "view_migrations::a_view_is_read_with_bound_values",
            Query(|store, sql, mut values| {
                Box::pin(async move {
                    values.reverse();
                    store.query_view(&sql, &values).await
                })
            }),
        ),
        (
            "view_migrations::a_read_changes_nothing",
            Query(|store, sql, values| {
                Box::pin(async move {
                    let answer = store.query_view(&sql, &values).await;
                    let along: ViewWork = Box::new(move |view| {
                        Box::pin(async move {
                            if view.batch(&sql).await.is_err() {
                                view.undo().await.ok()?;
                            }
                            None
                        })
                    });
                    committed(&store, along).await?;
                    answer
                })
            }),
        ),
        (
            "view_migrations::a_read_that_is_wrong_is_refused",
            Query(|store, sql, values| {
                Box::pin(async move {
                    match store.query_view(&sql, &values).await {
                        Err(error) if error.kind() == StoreErrorKind::Invalid => Ok(Vec::new()),
                        answer => answer,
                    }
                })
            }),
        ),
    ]
}

/// Takes every change that is given for made.
const MADE_EACH_TIME: Sabotage = Migrate(|store, name, migrations| {
    Box::pin(async move {
        store.migrate_view(&name, &migrations).await?;
        Ok(migrations.len() as u64)
    })
});

/// Looks at no change that was made before.
const NEVER_COMPARED: Sabotage = Migrate(|store, name, migrations| {
    Box::pin(async move {
        match store.migrate_view(&name, &migrations).await {
            Err(error) if error.kind() == StoreErrorKind::Incompatible => Ok(0),
            answer => answer,
        }
    })
});

/// Remembers the changes of all views under one name.
const ONE_FOR_ALL: Sabotage = Migrate(|store, _, migrations| {
    Box::pin(async move {
        let name = SubscriptionName::new("saboteur").unwrap();
        store.migrate_view(&name, &migrations).await
    })
});

fn changes() -> Vec<Row> {
    vec![
        ("view_migrations::a_change_is_made_once", MADE_EACH_TIME),
        ("view_migrations::an_edited_change_is_refused", NEVER_COMPARED),
        ("view_migrations::a_change_that_is_not_known_is_refused", NEVER_COMPARED),
        (
            "view_migrations::a_change_that_fails_leaves_nothing",
            Migrate(|store, name, migrations| {
                Box::pin(async move {
                    let mut made = 0;
                    for end in 1..=migrations.len() {
                        made += store.migrate_view(&name, &migrations[..end]).await?;
                    }
                    Ok(made)
                })
            }),
        ),
        ("view_migrations::changes_are_per_subscription", ONE_FOR_ALL),
        ("view_migrations::of_many_starters_one_makes_the_changes", MADE_EACH_TIME),
        ("view_migrations::forgetting_keeps_the_view_and_forgets_its_changes", ONE_FOR_ALL),
        ("view_migrations::a_view_survives_a_reopen_with_its_checkpoint_and_changes", OpenApart),
    ]
}
