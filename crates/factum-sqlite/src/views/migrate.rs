//! Changes of the tables of views: each made once, in order, and remembered by its checksum.

use factum_core::{
    SqlDialect, StoreError, StoreErrorKind, SubscriptionName, TenantId, ViewMigration,
};
use rusqlite::{Connection, TransactionBehavior};

use super::guard::Guard;
use super::statements::Statements;
use crate::codec::row_checksum;
use crate::error::{Failure, StatementFailure};
use crate::sql;
use crate::subscriptions::scope_text;

pub(super) const OPERATION: &str = "migrate view";

/// A change as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    name: &'static str,
    sql: &'static str,
}

impl Step {
    pub(super) fn new(migration: &ViewMigration) -> Self {
        Self { name: migration.name, sql: migration.sql(SqlDialect::Sqlite) }
    }

    fn checksum(&self) -> i64 {
        row_checksum(&[], &[self.name.as_bytes(), self.sql.as_bytes()])
    }
}

/// Makes the changes that have not been made, in one transaction. Returns how many these were.
pub(super) fn migrate(
    conn: &mut Connection,
    guard: Guard,
    tenant: Option<&TenantId>,
    name: &SubscriptionName,
    steps: &[Step],
) -> Result<u64, Failure> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let made = made(&transaction, tenant, name)?;
    check(name, &made, steps)?;
    let mut statements = Statements::new(guard);
    statements.begin(scope_text(tenant));
    for (number, step) in (1_i64..).zip(steps).skip(made.len()) {
        let done = statements.batch(&transaction, step.sql);
        done.map_err(|failure| failed(name, step, failure))?;
        if transaction.is_autocommit() {
            let found = "found it rolled back".to_owned();
            return Err(failed(name, step, StatementFailure::Statement(found)));
        }
        let row = (scope_text(tenant), name.as_str(), number, step.name, step.checksum());
        transaction.prepare_cached(sql::INSERT_VIEW_MIGRATION)?.execute(row)?;
    }
    transaction.commit().map_err(Failure::Commit)?;
    Ok((steps.len() - made.len()) as u64)
}

fn made(
    conn: &Connection,
    tenant: Option<&TenantId>,
    name: &SubscriptionName,
) -> rusqlite::Result<Vec<(String, i64)>> {
    let mut statement = conn.prepare_cached(sql::FIND_VIEW_MIGRATIONS)?;
    let rows = statement
        .query_map((scope_text(tenant), name.as_str()), |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Compares the changes that were made with those given in the same places.
fn check(name: &SubscriptionName, made: &[(String, i64)], steps: &[Step]) -> Result<(), Failure> {
    let known = |((name, checksum), step): (&(String, i64), &Step)| {
        (name.as_str(), *checksum) == (step.name, step.checksum())
    };
    if made.len() <= steps.len() && made.iter().zip(steps).all(known) {
        return Ok(());
    }
    let made: Vec<_> = made.iter().map(|(name, _)| name.as_str()).collect();
    let given: Vec<_> = steps.iter().take(made.len()).map(|it| it.name).collect();
    let message = format!(
        "view {name}: expected the migrations {} as they were made, found {}",
        made.join(", "),
        if given.is_empty() { "none".into() } else { given.join(", ") },
    );
    Err(Failure::judged(StoreError::new(StoreErrorKind::Incompatible, OPERATION, message)))
}

fn failed(name: &SubscriptionName, step: &Step, failure: StatementFailure) -> Failure {
    match failure {
        StatementFailure::Store(error) => Failure::Sqlite(error),
        StatementFailure::Statement(message) => {
            let message = format!("migration {} of view {name}: {message}", step.name);
            Failure::judged(StoreError::new(StoreErrorKind::Invalid, OPERATION, message))
        }
    }
}
