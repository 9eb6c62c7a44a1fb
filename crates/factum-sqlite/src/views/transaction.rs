//! The tables of views, inside the writer's open transaction. Every call is done when it returns,
//! so whoever awaits nothing else never waits.

use async_trait::async_trait;
use factum_core::{
    SqlDialect, SqlRow, SqlValue, StoreError, StoreErrorKind, ViewError, ViewErrorKind,
    ViewTransaction,
};
use rusqlite::Connection;

use super::statements::Statements;
use crate::error::{StatementFailure, failed};

/// A transaction of views on the writer's connection.
#[derive(Debug)]
pub(crate) struct SqliteView<'c> {
    conn: &'c mut Connection,
    statements: &'c mut Statements,
    /// Whether there is a mark to roll back to.
    marked: bool,
    /// The part of the work that statements are run for.
    part: usize,
    /// The first statement that failed and is not undone, with the part that it was run for.
    failed: Option<(usize, ViewError)>,
    /// Why the whole transaction must be rolled back.
    lost: Option<StoreError>,
}

impl<'c> SqliteView<'c> {
    /// The statements of views of `scope` run inside the open savepoint `view`.
    pub(crate) fn new(
        conn: &'c mut Connection,
        statements: &'c mut Statements,
        scope: &str,
    ) -> Self {
        statements.begin(scope);
        Self { conn, statements, marked: false, part: 0, failed: None, lost: None }
    }

    /// Why the transaction is lost, if it is; else the statement that failed and is not undone, if
    /// there is one.
    pub(crate) fn end(self) -> Result<Option<ViewError>, StoreError> {
        let failed = self.failed.map(|(_, error)| error);
        self.lost.map_or(Ok(failed), Err)
    }

    fn try_run<T>(
        &mut self,
        run: impl FnOnce(&mut Statements, &Connection) -> Result<T, StatementFailure>,
    ) -> Result<T, ViewError> {
        self.check()?;
        let done = run(self.statements, self.conn);
        done.map_err(|failure| match failure {
            // A conflict clause may have ended the transaction that others write in.
            StatementFailure::Statement(message) if self.conn.is_autocommit() => {
                let message = format!("{message}; that rolled everything back");
                self.lose(StoreError::new(StoreErrorKind::Invalid, "change view", message))
            }
            StatementFailure::Statement(message) => {
                let error = ViewError::new(ViewErrorKind::Statement, message);
                self.failed.insert((self.part, error)).1.clone()
            }
            StatementFailure::Store(error) => self.lose(failed("change view", &error)),
        })
    }

    /// Sets or goes back to savepoints of our own.
    fn steer(&mut self, statements: &[&str]) -> Result<(), ViewError> {
        self.check()?;
        for sql in statements {
            let done = self.conn.prepare_cached(sql).and_then(|mut it| it.execute([]));
            done.map_err(|error| self.lose(failed("change view", &error)))?;
        }
        Ok(())
    }

    /// The failure that everything fails with from now on, if there was one.
    fn check(&self) -> Result<(), ViewError> {
        match &self.lost {
            Some(lost) => Err(view_error(lost)),
            None => self.failed.clone().map_or(Ok(()), |(_, error)| Err(error)),
        }
    }

    fn lose(&mut self, error: StoreError) -> ViewError {
        view_error(self.lost.insert(error))
    }
}

fn view_error(lost: &StoreError) -> ViewError {
    ViewError::new(ViewErrorKind::Store, lost.message())
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ViewTransaction for SqliteView<'_> {
    fn dialect(&self) -> SqlDialect {
        SqlDialect::Sqlite
    }

    fn begin_part(&mut self, part: usize) {
        self.part = part;
    }

    fn failed_part(&self) -> Option<usize> {
        self.failed.as_ref().map(|(part, _)| *part)
    }

    async fn run(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<(), ViewError> {
        self.try_run(|statements, conn| statements.execute(conn, sql, values)).map(|_| ())
    }

    async fn execute(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<u64, ViewError> {
        self.try_run(|statements, conn| statements.execute(conn, sql, values))
    }

    async fn query(
        &mut self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, ViewError> {
        self.try_run(|statements, conn| statements.query(conn, sql, values))
    }

    async fn batch(&mut self, sql: &str) -> Result<(), ViewError> {
        self.try_run(|statements, conn| statements.batch(conn, sql))
    }

    async fn settle(&mut self) -> Result<(), ViewError> {
        self.check()
    }

    async fn mark(&mut self) -> Result<(), ViewError> {
        if self.marked {
            self.steer(&["RELEASE mark"])?;
        }
        self.steer(&["SAVEPOINT mark"])?;
        self.marked = true;
        Ok(())
    }

    async fn undo(&mut self) -> Result<(), ViewError> {
        self.failed = None;
        self.statements.guard.forget();
        self.steer(if self.marked { &["ROLLBACK TO mark"] } else { &["ROLLBACK TO view"] })
    }
}
