//! A transaction that is lost in the middle of an event.

use async_trait::async_trait;
use factum_core::{SqlDialect, SqlRow, SqlValue, ViewError, ViewErrorKind, ViewTransaction};

/// Runs statements until the one that the database does not survive.
pub(super) struct Failing<'v> {
    inner: &'v mut dyn ViewTransaction,
    /// How many statements until then, itself included; `None` for never.
    left: Option<u32>,
}

impl<'v> Failing<'v> {
    /// The database goes away at statement `at`, 1-based.
    pub(super) fn new(inner: &'v mut dyn ViewTransaction, at: Option<u32>) -> Self {
        Self { inner, left: at }
    }

    /// One statement more.
    fn statement(&mut self) -> Result<(), ViewError> {
        self.left = self.left.map(|it| it.saturating_sub(1));
        self.alive()
    }

    fn alive(&self) -> Result<(), ViewError> {
        if self.left == Some(0) {
            let message = "the database went away, as the test has it";
            return Err(ViewError::new(ViewErrorKind::Store, message));
        }
        Ok(())
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl ViewTransaction for Failing<'_> {
    fn dialect(&self) -> SqlDialect {
        self.inner.dialect()
    }

    fn begin_part(&mut self, part: usize) {
        self.inner.begin_part(part);
    }

    fn failed_part(&self) -> Option<usize> {
        self.inner.failed_part()
    }

    async fn run(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<(), ViewError> {
        self.statement()?;
        self.inner.run(sql, values).await
    }

    async fn execute(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<u64, ViewError> {
        self.statement()?;
        self.inner.execute(sql, values).await
    }

    async fn query(
        &mut self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, ViewError> {
        self.statement()?;
        self.inner.query(sql, values).await
    }

    async fn batch(&mut self, sql: &str) -> Result<(), ViewError> {
        self.statement()?;
        self.inner.batch(sql).await
    }

    async fn settle(&mut self) -> Result<(), ViewError> {
        self.alive()?;
        self.inner.settle().await
    }

    async fn mark(&mut self) -> Result<(), ViewError> {
        self.alive()?;
        self.inner.mark().await
    }

    async fn undo(&mut self) -> Result<(), ViewError> {
        self.alive()?;
        self.inner.undo().await
    }
}
