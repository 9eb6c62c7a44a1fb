//! Steps from one format to the next: forward only, checksummed, one starter at a time.

use factum_core::{Claim, StoreError, StoreErrorKind};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, IsolationLevel, Transaction};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::PostgresStoreConfig;
use crate::connection::{Bind, OPERATION, lift_limits};
use crate::error::Failure;
use crate::sql::Schema;

/// The oldest server that is supported, as `server_version_num` counts.
const SERVER_MIN: i32 = 140_000;

/// One step; its number is its place in the list, 1-based. Never edited once released.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

impl Migration {
    fn checksum(&self) -> i64 {
        xxh3_64_with_seed(self.sql.as_bytes(), xxh3_64(self.name.as_bytes())).cast_signed()
    }
}

/// Every step there is. The format of a schema is the number of steps it has taken.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_log", sql: include_str!("sql/migrations/0001_log.sql") },
    Migration { name: "0002_matching", sql: include_str!("sql/migrations/0002_matching.sql") },
    Migration { name: "0003_append", sql: include_str!("sql/migrations/0003_append.sql") },
    Migration { name: "0004_snapshots", sql: include_str!("sql/migrations/0004_snapshots.sql") },
    Migration {
        name: "0005_subscriptions",
        sql: include_str!("sql/migrations/0005_subscriptions.sql"),
    },
    Migration {
        name: "0006_subscription_places",
        sql: include_str!("sql/migrations/0006_subscription_places.sql"),
    },
    Migration {
        name: "0007_command_digests",
        sql: include_str!("sql/migrations/0007_command_digests.sql"),
    },
    Migration {
        name: "0008_matching_both_ways",
        sql: include_str!("sql/migrations/0008_matching_both_ways.sql"),
    },
    Migration {
        name: "0009_guards_alone",
        sql: include_str!("sql/migrations/0009_guards_alone.sql"),
    },
    Migration {
        name: "0010_newer_snapshots",
        sql: include_str!("sql/migrations/0010_newer_snapshots.sql"),
    },
];

/// In formats before this one, claims were normalised otherwise; see decision 0030.
const OTHERWISE_FOLDED_BEFORE: usize = 7;

/// The format this program writes.
pub(crate) fn format() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are few migrations")
}

/// A step that a schema has taken.
type Taken = (String, i64);

/// Brings the schema to the newest format. A lock keeps a second starter out until done.
pub(crate) async fn migrate(
    client: &mut Client,
    schema: &Schema,
    config: &PostgresStoreConfig,
) -> Result<(), StoreError> {
    check_server(client).await?;
    let complete = |taken: &[Taken]| taken.len() == MIGRATIONS.len();
    let found = found(client, schema).await?;
    if let Some(taken) = &found
        && complete(taken)
    {
        return check_history(taken);
    }
    if !config.create {
        let (kind, found) = match found {
            None => (StoreErrorKind::NoStore, "none"),
            Some(_) => (StoreErrorKind::Incompatible, "an older format"),
        };
        let name = schema.as_str();
        let message = format!("expected a Factum store in the schema {name}, found {found}");
        return Err(StoreError::new(kind, OPERATION, message));
    }
    let failed = |failure: Failure| failure.into_store_error(OPERATION);
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let transaction = transaction.start().await.map_err(|it| failed(it.into()))?;
    migrate_locked(&transaction, schema, config).await?;
    transaction.commit().await.map_err(|it| failed(it.into()))
}

/// Whether the schema holds a store.
pub(crate) async fn exists(client: &Client, schema: &Schema) -> Result<bool, StoreError> {
    check_server(client).await?;
    Ok(found(client, schema).await?.is_some())
}

async fn migrate_locked(
    transaction: &Transaction<'_>,
    schema: &Schema,
    config: &PostgresStoreConfig,
) -> Result<(), StoreError> {
    let failed = |error: tokio_postgres::Error| Failure::from(error).into_store_error(OPERATION);
    let name = format!("factum migrations of {}", schema.as_str());
    let lock: [Bind<'_>; 1] = [(&name, Type::TEXT)];
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    transaction.query_typed(sql, &lock).await.map_err(failed)?;
    lift_limits(transaction).await.map_err(|it| it.into_store_error(OPERATION))?;
    // Another starter may have been here while we waited.
    let taken = if let Some(taken) = found(transaction.client(), schema).await? {
        taken
    } else {
        // Asked for first: to make one takes a permission that the owner of one may not have.
        let there = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
        let rows = transaction.query_typed(there, &[(&schema.as_str(), Type::TEXT)]).await;
        if rows.map_err(failed)?.is_empty() {
            let make = "CREATE SCHEMA {schema}";
            transaction.batch_execute(&schema.fill(make)).await.map_err(failed)?;
        }
        let make = "CREATE TABLE {schema}.migrations (number integer PRIMARY KEY, \
                    name text NOT NULL, checksum bigint NOT NULL, taken_at bigint NOT NULL)";
        transaction.batch_execute(&schema.fill(make)).await.map_err(failed)?;
        Vec::new()
    };
    check_history(&taken)?;
    if (1..OTHERWISE_FOLDED_BEFORE).contains(&taken.len()) {
        check_claims(transaction, schema).await?;
    }
    let now = config.clock.now().as_micros();
    for (number, step) in (1_i32..).zip(MIGRATIONS).skip(taken.len()) {
        transaction.batch_execute(&schema.fill(step.sql)).await.map_err(failed)?;
        let checksum = step.checksum();
        let row: [Bind<'_>; 4] = [
            (&number, Type::INT4),
            (&step.name, Type::TEXT),
            (&checksum, Type::INT8),
            (&now, Type::INT8),
        ];
        let sql = schema.fill("INSERT INTO {schema}.migrations VALUES ($1, $2, $3, $4)");
        transaction.query_typed(&sql, &row).await.map_err(failed)?;
    }
    Ok(())
}

/// Refuses a schema whose unique values would not be found again as they are folded now.
async fn check_claims(transaction: &Transaction<'_>, schema: &Schema) -> Result<(), StoreError> {
    // What is ASCII has as many bytes as letters, and is folded as it was.
    let sql = "SELECT name, value FROM {schema}.claims WHERE octet_length(value) > length(value)";
    let rows = transaction.query_typed(&schema.fill(sql), &[]).await;
    let rows = rows.map_err(|error| Failure::from(error).into_store_error(OPERATION))?;
    Claim::refuse_older_folding(rows.iter().map(|row| (row.get(0), row.get(1))))
}

async fn check_server(client: &Client) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_version_num')::integer, current_setting('server_version'), \
               current_setting('server_encoding')";
    let rows = client.query_typed(sql, &[]).await;
    let rows = rows.map_err(|error| Failure::from(error).into_store_error(OPERATION))?;
    let incompatible =
        |message| Err(StoreError::new(StoreErrorKind::Incompatible, OPERATION, message));
    let Some(row) = rows.first() else { return Ok(()) };
    let (number, version, encoding): (i32, &str, &str) = (row.get(0), row.get(1), row.get(2));
    if number < SERVER_MIN {
        return incompatible(format!("expected PostgreSQL 14 or newer, found {version}"));
    }
    if encoding != "UTF8" {
        return incompatible(format!("expected a database in UTF8, found one in {encoding}"));
    }
    Ok(())
}

/// The steps that the schema has taken; `None` if there is nothing in it yet. Refuses schemas that
/// are not ours, or newer than us.
async fn found(client: &Client, schema: &Schema) -> Result<Option<Vec<Taken>>, StoreError> {
    let failed = |error: tokio_postgres::Error| Failure::from(error).into_store_error(OPERATION);
    let name = schema.as_str();
    let incompatible =
        |message| Err(StoreError::new(StoreErrorKind::Incompatible, OPERATION, message));
    let sql = "SELECT count(*) FILTER (WHERE relname = 'migrations'), count(*) \
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1";
    let rows = client.query_typed(sql, &[(&name, Type::TEXT)]).await.map_err(failed)?;
    let (ours, all) = rows.first().map_or((0_i64, 0_i64), |row| (row.get(0), row.get(1)));
    if all == 0 {
        return Ok(None);
    }
    if ours == 0 {
        return incompatible(format!(
            "expected a Factum store in the schema {name}, found other tables"
        ));
    }
    let sql = schema.fill("SELECT name, checksum FROM {schema}.migrations ORDER BY number");
    let rows = match client.query_typed(&sql, &[]).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_COLUMN) => Vec::new(),
        rows => rows.map_err(failed)?,
    };
    let read = |row: &tokio_postgres::Row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?));
    let taken: Option<Vec<Taken>> = rows.iter().map(read).collect();
    let Some(taken) = taken.filter(|taken| !taken.is_empty()) else {
        return incompatible(format!(
            "expected a Factum store in the schema {name}, found other tables"
        ));
    };
    if taken.len() > MIGRATIONS.len() {
        return incompatible(format!(
            "expected format {} or older, found format {}; use a newer Factum",
            MIGRATIONS.len(),
            taken.len()
        ));
    }
    Ok(Some(taken))
}

/// Compares the steps a schema says it took with those we know by the same numbers.
fn check_history(taken: &[Taken]) -> Result<(), StoreError> {
    let known = MIGRATIONS.iter().map(|it| (it.name.to_owned(), it.checksum()));
    if taken.iter().cloned().eq(known.take(taken.len())) {
        return Ok(());
    }
    let names: Vec<_> = taken.iter().map(|(name, _)| name.as_str()).collect();
    let expected: Vec<_> = MIGRATIONS.iter().take(taken.len()).map(|it| it.name).collect();
    let message = format!(
        "expected the migrations {} with their checksums, found {}",
        expected.join(", "),
        names.join(", ")
    );
    Err(StoreError::new(StoreErrorKind::Incompatible, OPERATION, message))
}

/// Whether the server flushes what it commits.
pub(crate) async fn flushes(client: &Client) -> Result<bool, Failure> {
    let rows = client.query_typed("SELECT current_setting('fsync') = 'on'", &[]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}
