//! The transaction in which a view and its checkpoint move together.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::advance::{Advance, Advanced};
use super::name::SubscriptionName;
use super::sql::{SqlDialect, SqlRow, SqlValue};
use crate::{RecordedEvent, StoreError};

/// Whose fault a failed statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ViewErrorKind {
    /// The statement's: it is wrong, or a constraint of the view does not hold. The same statement
    /// will fail again.
    Statement,
    /// The database's: it is away, full or busy. The transaction is lost whatever is done next.
    Store,
}

/// Why a statement of a view failed. What was bound is never repeated, and what the database says is
/// repeated only as far as it repeats no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("view: {message}")]
pub struct ViewError {
    kind: ViewErrorKind,
    message: String,
}

impl ViewError {
    /// A failure in words that hold no values; for stores.
    pub fn new(kind: ViewErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Whose fault it is.
    pub fn kind(&self) -> ViewErrorKind {
        self.kind
    }
}

/// The tables of views, inside one transaction.
///
/// In a statement, values go by `$1`, `$2` and so on, in either dialect. The store's own tables are
/// out of reach, and so are statements that begin or end transactions.
///
/// A statement that failed is not passed over: until it is [undone](Self::undo), every further call
/// fails as it did, and nothing can be committed.
#[async_trait]
pub trait ViewTransaction: Send {
    /// Which SQL it speaks.
    fn dialect(&self) -> SqlDialect;

    /// Says that what is run from now on is done for this part of the work, such as one event of a page;
    /// part 0 until it is called.
    fn begin_part(&mut self, part: usize);

    /// The part for which a statement was run that failed first and is not [undone](Self::undo), as far as
    /// answers have come: all of them have after [`settle`](Self::settle).
    fn failed_part(&self) -> Option<usize>;

    /// Runs a statement whose answer does not matter.
    ///
    /// A store may go on before it has run: many statements then share a round trip, and a failure
    /// shows in a later call, or in the end as that of the whole transaction. They run in the order
    /// of the calls.
    ///
    /// # Errors
    ///
    /// A [`ViewError`] of this statement, or of one before.
    async fn run(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<(), ViewError>;

    /// Runs a statement and says how many rows it concerned.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    async fn execute(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<u64, ViewError>;

    /// Runs a statement and gives its rows, with everything that was run before in effect.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    async fn query(&mut self, sql: &str, values: &[SqlValue<'_>])
    -> Result<Vec<SqlRow>, ViewError>;

    /// Runs several statements, separated by semicolons, that bind nothing.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    async fn batch(&mut self, sql: &str) -> Result<(), ViewError>;

    /// Waits until everything that was run has run.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    async fn settle(&mut self) -> Result<(), ViewError>;

    /// Marks a place to roll back to; there is one at a time, and a new mark replaces it.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    async fn mark(&mut self) -> Result<(), ViewError>;

    /// Undoes everything since the mark, or, without one, since the beginning; failures of
    /// statements included.
    ///
    /// # Errors
    ///
    /// [`ViewErrorKind::Store`] if the transaction is lost.
    async fn undo(&mut self) -> Result<(), ViewError>;
}

/// What is done in a transaction; `Some` step commits it together with the step, `None` rolls it
/// back.
pub type ViewWork =
    Box<dyn for<'t> FnOnce(&'t mut dyn ViewTransaction) -> BoxFuture<'t, Option<Advance>> + Send>;

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transacted {
    /// The step and the view are stored, or, after [`Advanced::Moved`], neither is.
    Advanced(Advanced),
    /// The work wanted it rolled back; nothing is stored.
    RolledBack,
}

/// One change of a view's tables, made once and in order.
///
/// The text is part of a promise: a change that was made is never edited, only followed by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewMigration {
    /// Its name, for messages.
    pub name: &'static str,
    /// The statements in SQLite's dialect, separated by semicolons.
    pub sqlite: &'static str,
    /// The statements in PostgreSQL's dialect.
    pub postgres: &'static str,
}

impl ViewMigration {
    /// A change whose statements are the same in either dialect.
    pub const fn new(name: &'static str, sql: &'static str) -> Self {
        Self { name, sqlite: sql, postgres: sql }
    }

    /// The statements in one dialect.
    pub const fn sql(&self, dialect: SqlDialect) -> &'static str {
        match dialect {
            SqlDialect::Sqlite => self.sqlite,
            SqlDialect::Postgres => self.postgres,
        }
    }
}

/// A view that is kept inside the append's own transaction, by this process.
pub trait InlineView: Debug + Send + Sync + 'static {
    /// The subscription whose checkpoint moves along. While it stands anywhere but right before the
    /// appended events, is paused, rebuilt, or has letters, the append leaves the view to its loop.
    fn name(&self) -> &SubscriptionName;

    /// The version and shape that the stored subscription must have.
    fn fits(&self, progress: &crate::Progress) -> bool;

    /// Whether nobody wants it kept any longer: the store then forgets it, and its name is free.
    fn is_over(&self) -> bool {
        false
    }

    /// Brings the view up to date with what is being appended, in order. An error refuses the
    /// append: nothing of it is stored, and its words are the reason. So does a failed statement
    /// that was not undone.
    fn apply<'t>(
        &'t self,
        events: &'t [RecordedEvent],
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), String>>;
}

/// Views in the store's own database.
///
/// Optional: see [`Capabilities::views`](crate::Capabilities::views). A store that has none answers
/// everything as [`Unsupported`](crate::StoreErrorKind::Unsupported).
#[async_trait]
pub trait ViewStore: Send + Sync + 'static {
    /// Runs `work` in a transaction, and commits what it did together with the step that it returns.
    ///
    /// Like a step alone, a commit may be lost in a crash of the machine, view and checkpoint
    /// together. The work runs where the transaction is: it awaits nothing but the transaction.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped future leaves the outcome unknown. Look at what is stored.
    ///
    /// # Errors
    ///
    /// As [`CheckpointStore::advance`](crate::CheckpointStore::advance), and those of the database
    /// while the work ran. Nothing is stored, except that after
    /// [`OutcomeUnknown`](crate::StoreErrorKind::OutcomeUnknown) all of it may be. A panic of the
    /// work rolls back and is [`Invalid`](crate::StoreErrorKind::Invalid), and so is a step after a
    /// failed statement that was not undone.
    async fn transact(&self, work: ViewWork) -> Result<Transacted, StoreError>;

    /// Makes those of a view's changes that have not been made, and returns how many these were.
    /// Several starters do so one after the other.
    ///
    /// # Errors
    ///
    /// [`Incompatible`](crate::StoreErrorKind::Incompatible) if a change that was made differs from
    /// the one of its place, or more were made than are given; [`Invalid`](crate::StoreErrorKind::Invalid)
    /// if a statement fails. Nothing is stored.
    async fn migrate_view(
        &self,
        name: &SubscriptionName,
        migrations: &[ViewMigration],
    ) -> Result<u64, StoreError>;

    /// Reads views outside any transaction: what is committed.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::StoreErrorKind::Invalid) if the statement fails or would change something.
    async fn query_view(
        &self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StoreError>;

    /// Keeps `view` inside each append that this opened store makes from now on, until it is
    /// [over](InlineView::is_over).
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::StoreErrorKind::Invalid) if one of this name is kept already and not
    /// [over](InlineView::is_over).
    fn keep_inline(&self, view: Arc<dyn InlineView>) -> Result<(), StoreError>;
}
