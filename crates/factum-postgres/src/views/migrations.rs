//! Changes of views' tables: each made once, in order, by one of several starters.

use std::time::Duration;

use factum_core::{StoreError, StoreErrorKind, SubscriptionName, ViewMigration, ViewTransaction};
use tokio_postgres::types::Type;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::ahead::Limits;
use super::pipeline::Pipeline;
use crate::PostgresStore;
use crate::connection::{Bind, lifting};
use crate::pool::BEGIN_FLUSHED;
use crate::subscriptions::Key;

const OPERATION: &str = "migrate view";
/// Filling a large table, or indexing it, takes any time.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// What was made under a number: its name and its text's checksum.
type Made = (String, i64);

pub(crate) async fn migrate(
    store: &PostgresStore,
    name: &SubscriptionName,
    migrations: &[ViewMigration],
) -> Result<u64, StoreError> {
    let views = &store.shared.views;
    let lent = views.lend_to_write(OPERATION, &store.shared.schema, &store.scope).await;
    let (client, space) = lent?;
    let limits = Limits { timeout: NEVER, ..views.limits.clone() };
    let mut view = Pipeline::new(OPERATION, &client, &limits, space);
    view.enter(BEGIN_FLUSHED);
    view.leave();
    let made = make(store, &mut view, name, migrations).await;
    let (ended, outcome) = match made {
        Ok(made @ 1..) => {
            view.enter_again();
            match view.commit().await {
                Ok(()) => (true, Ok(made)),
                Err((ended, error)) => (ended, Err(error)),
            }
        }
        other => (view.roll_back().await, other),
    };
    drop(view);
    views.take_back(client, ended).await;
    outcome
}

/// Makes those that were not made, while nobody else does; how many these are.
async fn make(
    store: &PostgresStore,
    view: &mut Pipeline<'_>,
    name: &SubscriptionName,
    migrations: &[ViewMigration],
) -> Result<u64, StoreError> {
    let (sql, key) = (&store.shared.sql, Key::new(&store.scope, name));
    let schema = store.shared.schema.as_str();
    let lock = format!("factum view {} of {} in {schema}", key.name, key.scope);
    let take = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    view.own(take, &[(&lock, Type::TEXT)]).await?;
    view.own(&lifting("true"), &[]).await?;
    let rows = view.own(&sql.view_migrations, &key.binds()).await?;
    let made: Vec<Made> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    check_history(name, &made, migrations)?;
    let now = store.shared.config.clock.now().as_micros();
    for (number, migration) in (1_i32..).zip(migrations).skip(made.len()) {
        view.enter_again();
        let done = view.batch(migration.postgres).await;
        view.leave();
        if let Err(error) = done {
            let message = format!("view {name}: migration {}: {error}", migration.name);
            let failed = || StoreError::new(StoreErrorKind::Invalid, OPERATION, message);
            return Err(view.lost().unwrap_or_else(failed));
        }
        let [scope, name] = key.binds();
        let row: [Bind<'_>; 6] = [
            scope,
            name,
            (&number, Type::INT4),
            (&migration.name, Type::TEXT),
            (&checksum(migration), Type::INT8),
            (&now, Type::INT8),
        ];
        view.own(&sql.view_migrated, &row).await?;
    }
    Ok((migrations.len() - made.len()) as u64)
}

fn check_history(
    name: &SubscriptionName,
    made: &[Made],
    migrations: &[ViewMigration],
) -> Result<(), StoreError> {
    let incompatible =
        |message| Err(StoreError::new(StoreErrorKind::Incompatible, OPERATION, message));
    if made.len() > migrations.len() {
        return incompatible(format!(
            "view {name}: expected at most {} migrations that were made, found {}; use a newer program",
            migrations.len(),
            made.len()
        ));
    }
    for ((found, sum), migration) in made.iter().zip(migrations) {
        if (found.as_str(), *sum) != (migration.name, checksum(migration)) {
            return incompatible(format!(
                "view {name}: expected migration {} as it was made, found another one in its place \
                 (made as {found}); what was made is never edited, only followed by others",
                migration.name
            ));
        }
    }
    Ok(())
}

fn checksum(migration: &ViewMigration) -> i64 {
    let name = xxh3_64(migration.name.as_bytes());
    xxh3_64_with_seed(migration.postgres.as_bytes(), name).cast_signed()
}
