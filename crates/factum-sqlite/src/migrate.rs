//! Steps from one format to the next: forward only, checksummed, one starter at a time.

use factum_core::{Claim, StoreError, StoreErrorKind, Timestamp};
use rusqlite::Connection;

use crate::error::{Failure, failed};
use crate::fail_point;

mod checked_indexes;

const OPERATION: &str = "open store";

/// Marks the file as ours: "FACT" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x4641_4354;

/// One step; its number is its place in the list, 1-based. Never edited once released.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
    /// What SQL cannot do.
    pub(crate) fill: Option<Fill>,
}

pub(crate) type Fill = fn(&Connection) -> Result<(), Failure>;

impl Migration {
    fn checksum(&self) -> i64 {
        crate::codec::row_checksum(&[], &[self.name.as_bytes(), self.sql.as_bytes()])
    }
}

/// Every step there is. The format of a file is the number of steps it has taken.
pub(crate) const MIGRATIONS: &[Migration] = &[
    step("0001_log", include_str!("sql/migrations/0001_log.sql")),
    step("0002_claims", include_str!("sql/migrations/0002_claims.sql")),
    step("0003_commands", include_str!("sql/migrations/0003_commands.sql")),
    step("0004_snapshots", include_str!("sql/migrations/0004_snapshots.sql")),
    step("0005_subscriptions", include_str!("sql/migrations/0005_subscriptions.sql")),
    Migration {
        fill: Some(checked_indexes::fill),
        ..step("0006_checked_indexes", include_str!("sql/migrations/0006_checked_indexes.sql"))
    },
    step("0007_second_indexes", include_str!("sql/migrations/0007_second_indexes.sql")),
    step("0008_view_tables", include_str!("sql/migrations/0008_view_tables.sql")),
    step("0009_command_digests", include_str!("sql/migrations/0009_command_digests.sql")),
    step("0010_streams_by_name", include_str!("sql/migrations/0010_streams_by_name.sql")),
];

const fn step(name: &'static str, sql: &'static str) -> Migration {
    Migration { name, sql, fill: None }
}

/// The first format that has claims.
const WITH_CLAIMS: usize = 2;

/// In formats before this one, claims were normalised otherwise; see decision 0030.
const OTHERWISE_FOLDED_BEFORE: usize = 9;

/// The format this program writes.
pub(crate) fn format() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are few migrations")
}

/// Brings the file to the newest format. The write lock keeps a second starter out until done.
pub(crate) fn migrate(
    conn: &Connection,
    steps: &[Migration],
    now: Timestamp,
) -> Result<(), StoreError> {
    if taken(conn)? == steps.len() {
        return check_history(conn, steps);
    }
    let sqlite = |error: rusqlite::Error| failed(OPERATION, &error);
    conn.execute_batch("BEGIN IMMEDIATE").map_err(sqlite)?;
    let done = migrate_locked(conn, steps, now);
    match done {
        Ok(()) => conn.execute_batch("COMMIT").map_err(sqlite),
        Err(error) => {
            // The first error is the one to report; a failed rollback ends with the connection.
            let _ = conn.execute_batch("ROLLBACK");
            Err(error)
        }
    }
}

/// Refuses a file that is neither empty nor a store of this format or an older one, without a write.
pub(crate) fn recognise(conn: &Connection) -> Result<(), StoreError> {
    match taken(conn)? {
        0 => Ok(()),
        taken => check_history(conn, &MIGRATIONS[..taken]),
    }
}

/// Makes sure that a file that may only be read has the newest format.
pub(crate) fn check(conn: &Connection, steps: &[Migration]) -> Result<(), StoreError> {
    let taken = taken(conn)?;
    if taken == steps.len() {
        return check_history(conn, steps);
    }
    let message = format!(
        "expected format {}, found format {taken} in a file that may only be read",
        steps.len()
    );
    Err(StoreError::new(StoreErrorKind::Incompatible, OPERATION, message)
        .with_advice("open it once with an account that may write to it and to its folder"))
}

fn migrate_locked(
    conn: &Connection,
    steps: &[Migration],
    now: Timestamp,
) -> Result<(), StoreError> {
    let sqlite = |error: rusqlite::Error| failed(OPERATION, &error);
    let taken = taken(conn)?;
    if taken == 0 {
        conn.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
        conn.execute_batch(
            "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, \
             checksum INTEGER NOT NULL, taken_at INTEGER NOT NULL) STRICT",
        )
        .map_err(sqlite)?;
    }
    check_history(conn, &steps[..taken])?;
    if (WITH_CLAIMS..OTHERWISE_FOLDED_BEFORE).contains(&taken) {
        check_claims(conn)?;
    }
    for (number, step) in (1_i64..).zip(steps).skip(taken) {
        conn.execute_batch(step.sql).map_err(sqlite)?;
        if let Some(fill) = step.fill {
            fill(conn).map_err(|failure| failure.into_store_error(OPERATION))?;
        }
        let row = (number, step.name, step.checksum(), now.as_micros());
        conn.execute("INSERT INTO migrations VALUES (?1, ?2, ?3, ?4)", row).map_err(sqlite)?;
        fail_point::hit("migrate");
    }
    let format = i64::try_from(steps.len()).expect("there are few migrations");
    conn.pragma_update(None, "user_version", format).map_err(sqlite)
}

/// Refuses a file whose unique values would not be found again as they are folded now.
fn check_claims(conn: &Connection) -> Result<(), StoreError> {
    let read = || -> rusqlite::Result<Vec<(String, String)>> {
        let mut statement = conn.prepare("SELECT name, value FROM claims")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let held = read().map_err(|error| failed(OPERATION, &error))?;
    Claim::refuse_older_folding(held.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// How many steps the file has taken. Refuses files that are not ours, or newer than us.
fn taken(conn: &Connection) -> Result<usize, StoreError> {
    let pragma = |name| {
        conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error: rusqlite::Error| failed(OPERATION, &error))
    };
    let objects: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error: rusqlite::Error| failed(OPERATION, &error))?;
    let application = pragma("application_id")?;
    let incompatible =
        |message| Err(StoreError::new(StoreErrorKind::Incompatible, OPERATION, message));
    if application == 0 && objects == 0 {
        return Ok(0);
    }
    if application != i64::from(APPLICATION_ID) {
        return incompatible("expected a Factum store, found another program's SQLite file".into());
    }
    let taken = pragma("user_version")?;
    match usize::try_from(taken) {
        Ok(taken) if taken <= MIGRATIONS.len() => Ok(taken),
        _ => incompatible(format!(
            "expected format {} or older, found format {taken}; use a newer Factum",
            MIGRATIONS.len()
        )),
    }
}

/// Compares the steps a file says it took with those we know by the same numbers.
fn check_history(conn: &Connection, steps: &[Migration]) -> Result<(), StoreError> {
    let read = || -> rusqlite::Result<Vec<(String, i64)>> {
        let mut statement =
            conn.prepare("SELECT name, checksum FROM migrations ORDER BY number")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let history = read().map_err(|error: rusqlite::Error| failed(OPERATION, &error))?;
    let known: Vec<_> = steps.iter().map(|it| (it.name.to_owned(), it.checksum())).collect();
    if history == known {
        return Ok(());
    }
    let names: Vec<_> = history.iter().map(|(name, _)| name.as_str()).collect();
    let expected: Vec<_> = steps.iter().map(|it| it.name).collect();
    let message = format!(
        "expected the migrations {} with their checksums, found {}",
        expected.join(", "),
        names.join(", ")
    );
    Err(StoreError::new(StoreErrorKind::Incompatible, OPERATION, message))
}
