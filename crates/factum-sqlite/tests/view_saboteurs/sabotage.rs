//! The ways in which a store with views can break its contract.

use std::sync::Arc;

use factum_core::{
    AppendError, AppendRequest, Appended, InlineView, Progress, RecordedEvent, SharedStore,
    SqlDialect, SqlRow, SqlValue, StoreError, SubscriptionName, Transacted, ViewError,
    ViewMigration, ViewTransaction, ViewWork,
};
use futures::future::BoxFuture;

/// What a store answers when it is done in a way of its own.
pub(crate) type Later<T, E = StoreError> = BoxFuture<'static, Result<T, E>>;

/// What a transaction answers when it is done in a way of its own.
pub(crate) type Within<'v, T, E = ViewError> = BoxFuture<'v, Result<T, E>>;

/// Runs a statement with its values.
pub(crate) type Statement<T> =
    for<'v> fn(&'v mut dyn ViewTransaction, &'v str, &'v [SqlValue<'v>]) -> Within<'v, T>;

/// Does something with marks.
pub(crate) type Marking = for<'v> fn(&'v mut dyn ViewTransaction) -> Within<'v, ()>;

/// Keeps a view inline, given the handle and that of all tenants.
pub(crate) type Keeping =
    fn(&SharedStore, &SharedStore, Arc<dyn InlineView>) -> Result<(), StoreError>;

/// Brings an inline view up to date.
pub(crate) type Applying = for<'v> fn(
    &'v dyn InlineView,
    &'v [RecordedEvent],
    &'v mut dyn ViewTransaction,
) -> Within<'v, (), String>;

/// One thing that goes wrong. Everything else is as it should be.
#[derive(Clone, Copy)]
pub(crate) enum Sabotage {
    None,
    Transact(fn(SharedStore, ViewWork) -> Later<Transacted>),
    Dialect(fn(SqlDialect) -> SqlDialect),
    Run(Statement<()>),
    Execute(Statement<u64>),
    QueryWithin(Statement<Vec<SqlRow>>),
    Batch(for<'v> fn(&'v mut dyn ViewTransaction, &'v str) -> Within<'v, ()>),
    Mark(Marking),
    Undo(Marking),
    FailedPart(fn(&dyn ViewTransaction) -> Option<usize>),
    /// Runs every second statement before the one that came first.
    Swapped,
    Migrate(fn(SharedStore, SubscriptionName, Vec<ViewMigration>) -> Later<u64>),
    Query(fn(SharedStore, String, Vec<SqlValue<'static>>) -> Later<Vec<SqlRow>>),
    Append(fn(SharedStore, AppendRequest) -> Later<Appended, AppendError>),
    Keep(Keeping),
    Fits(fn(&dyn InlineView, &Progress) -> bool),
    Apply(Applying),
    /// Keeps the views of all tenants together.
    OneSpace,
    /// Shows the store's own tables as empty ones.
    LogAsEmpty,
    /// Gives every opening a store of its own.
    OpenApart,
}
