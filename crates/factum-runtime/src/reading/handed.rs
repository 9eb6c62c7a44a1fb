//! A view's transaction as handlers get it: what the loop marks and undoes is the loop's own.

use std::pin::Pin;

use factum_core::{SqlDialect, SqlRow, SqlValue, ViewError, ViewErrorKind, ViewTransaction};

/// A transaction without marks. A handler that undid something would undo what other events did.
pub(super) struct Handed<'v>(pub(super) &'v mut dyn ViewTransaction);

type Answer<'f, T> = Pin<Box<dyn Future<Output = Result<T, ViewError>> + Send + 'f>>;

// Written out, so that each call costs the one box that the store makes, and no other.
impl ViewTransaction for Handed<'_> {
    fn dialect(&self) -> SqlDialect {
        self.0.dialect()
    }

    /// Which event of a page statements are run for is the loop's own to say.
    fn begin_part(&mut self, _: usize) {}

    fn failed_part(&self) -> Option<usize> {
        self.0.failed_part()
    }

    fn run<'s, 'q, 'v, 'b, 'f>(
        &'s mut self,
        sql: &'q str,
        values: &'v [SqlValue<'b>],
    ) -> Answer<'f, ()>
    where
        's: 'f,
        'q: 'f,
        'v: 'f,
        'b: 'f,
        Self: 'f,
    {
        self.0.run(sql, values)
    }

    fn execute<'s, 'q, 'v, 'b, 'f>(
        &'s mut self,
        sql: &'q str,
        values: &'v [SqlValue<'b>],
    ) -> Answer<'f, u64>
    where
        's: 'f,
        'q: 'f,
        'v: 'f,
        'b: 'f,
        Self: 'f,
    {
        self.0.execute(sql, values)
    }

    fn query<'s, 'q, 'v, 'b, 'f>(
        &'s mut self,
        sql: &'q str,
        values: &'v [SqlValue<'b>],
    ) -> Answer<'f, Vec<SqlRow>>
    where
        's: 'f,
        'q: 'f,
        'v: 'f,
        'b: 'f,
        Self: 'f,
    {
        self.0.query(sql, values)
    }

    fn batch<'s, 'q, 'f>(&'s mut self, sql: &'q str) -> Answer<'f, ()>
    where
        's: 'f,
        'q: 'f,
        Self: 'f,
    {
        self.0.batch(sql)
    }

    fn settle<'s, 'f>(&'s mut self) -> Answer<'f, ()>
    where
        's: 'f,
        Self: 'f,
    {
        self.0.settle()
    }

    fn mark<'s, 'f>(&'s mut self) -> Answer<'f, ()>
    where
        's: 'f,
        Self: 'f,
    {
        refused("mark")
    }

    fn undo<'s, 'f>(&'s mut self) -> Answer<'f, ()>
    where
        's: 'f,
        Self: 'f,
    {
        refused("undo")
    }
}

fn refused<'f>(what: &str) -> Answer<'f, ()> {
    let message =
        format!("expected a handler that leaves {what} to the loop, found one that does not");
    Box::pin(std::future::ready(Err(ViewError::new(ViewErrorKind::Statement, message))))
}
