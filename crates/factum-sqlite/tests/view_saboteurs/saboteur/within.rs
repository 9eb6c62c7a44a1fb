//! What a [`Sabotage`] breaks inside transactions.

use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    InlineView, Progress, RecordedEvent, SqlDialect, SqlRow, SqlValue, SubscriptionName, ViewError,
    ViewTransaction,
};
use futures::future::BoxFuture;

use crate::sabotage::Sabotage;

type Held = Option<(String, Vec<SqlValue<'static>>)>;

/// A transaction of which one thing is broken.
pub(super) struct BentTransaction<'v> {
    inner: &'v mut dyn ViewTransaction,
    sabotage: Sabotage,
    /// A statement that runs after the one that follows it.
    held: Held,
}

impl<'v> BentTransaction<'v> {
    pub(super) fn new(inner: &'v mut dyn ViewTransaction, sabotage: Sabotage) -> Self {
        Self { inner, sabotage, held: None }
    }

    /// Runs what is left. The work is done, so a failure shows as that of the transaction.
    pub(super) async fn end(&mut self) {
        let _shown_later = self.release().await;
    }

    async fn release(&mut self) -> Result<(), ViewError> {
        match self.held.take() {
            Some((sql, values)) => self.inner.run(&sql, &values).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl ViewTransaction for BentTransaction<'_> {
    fn dialect(&self) -> SqlDialect {
        match self.sabotage {
            Sabotage::Dialect(change) => change(self.inner.dialect()),
            _ => self.inner.dialect(),
        }
    }

    fn begin_part(&mut self, part: usize) {
        self.inner.begin_part(part);
    }

    fn failed_part(&self) -> Option<usize> {
        match self.sabotage {
            Sabotage::FailedPart(failed) => failed(self.inner),
            _ => self.inner.failed_part(),
        }
    }

    async fn run(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<(), ViewError> {
        match self.sabotage {
            Sabotage::Run(run) => run(self.inner, sql, values).await,
            Sabotage::Swapped if self.held.is_none() => {
                let values = values.iter().map(|it| it.clone().into_owned()).collect();
                self.held = Some((sql.to_owned(), values));
                Ok(())
            }
            Sabotage::Swapped => {
                self.inner.run(sql, values).await?;
                self.release().await
            }
            _ => self.inner.run(sql, values).await,
        }
    }

    async fn execute(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<u64, ViewError> {
        self.release().await?;
        match self.sabotage {
            Sabotage::Execute(execute) => execute(self.inner, sql, values).await,
            _ => self.inner.execute(sql, values).await,
        }
    }

    async fn query(
        &mut self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, ViewError> {
        self.release().await?;
        match self.sabotage {
            Sabotage::QueryWithin(query) => query(self.inner, sql, values).await,
            _ => self.inner.query(sql, values).await,
        }
    }

    async fn batch(&mut self, sql: &str) -> Result<(), ViewError> {
        self.release().await?;
        match self.sabotage {
            Sabotage::Batch(batch) => batch(self.inner, sql).await,
            _ => self.inner.batch(sql).await,
        }
    }

    async fn settle(&mut self) -> Result<(), ViewError> {
        self.release().await?;
        self.inner.settle().await
    }

    async fn mark(&mut self) -> Result<(), ViewError> {
        self.release().await?;
        match self.sabotage {
            Sabotage::Mark(mark) => mark(self.inner).await,
            _ => self.inner.mark().await,
        }
    }

    async fn undo(&mut self) -> Result<(), ViewError> {
        self.held = None;
        match self.sabotage {
            Sabotage::Undo(undo) => undo(self.inner).await,
            _ => self.inner.undo().await,
        }
    }
}

/// An inline view of which the store asks the wrong things.
pub(super) struct BentView {
    pub(super) view: Arc<dyn InlineView>,
    pub(super) sabotage: Sabotage,
}

impl std::fmt::Debug for BentView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.view.fmt(f)
    }
}

impl InlineView for BentView {
    fn name(&self) -> &SubscriptionName {
        self.view.name()
    }

    fn fits(&self, progress: &Progress) -> bool {
        match self.sabotage {
            Sabotage::Fits(fits) => fits(&*self.view, progress),
            _ => self.view.fits(progress),
        }
    }

    fn apply<'t>(
        &'t self,
        events: &'t [RecordedEvent],
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), String>> {
        match self.sabotage {
            Sabotage::Apply(apply) => apply(&*self.view, events, view),
            _ => self.view.apply(events, view),
        }
    }
}
