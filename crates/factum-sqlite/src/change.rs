//! Small writes that the writer makes in its groups: each is a function over the open transaction.

use std::cell::RefCell;

use factum_core::{AppendError, StoreError, StoreErrorKind, Timestamp};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::{Failure, closed};
use crate::writer::{Write, WriterHandle};

/// Whether a write may be lost in a crash of the machine after it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Its group is not flushed on its account.
    May,
    /// Its group is flushed.
    Never,
}

/// A write as the writer sees it.
pub(crate) struct Change {
    loss: Loss,
    run: RefCell<Box<dyn Runs>>,
}

/// Something that runs in a transaction, once more if that is rolled back, and is then answered.
trait Runs: Send {
    fn run(&mut self, conn: &Connection, now: Timestamp) -> Result<(), Failure>;
    fn answer(self: Box<Self>, committed: Result<(), AppendError>);
}

struct Running<T, F> {
    operation: &'static str,
    work: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Runs for Running<T, F>
where
    T: Send,
    F: Fn(&Connection, Timestamp) -> Result<T, Failure> + Send,
{
    fn run(&mut self, conn: &Connection, now: Timestamp) -> Result<(), Failure> {
        self.done = Some((self.work)(conn, now)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), AppendError>) {
        let Self { operation, done, reply, .. } = *self;
        let answer = match committed {
            Ok(()) => Ok(done.expect("what is committed has run")),
            Err(error) => Err(of_operation(operation, error)),
        };
        let _ = reply.send(answer); // Nobody waits any longer: nothing to tell.
    }
}

impl Change {
    /// A write whose answer nobody waits for.
    #[cfg(test)]
    pub(crate) fn new(
        operation: &'static str,
        loss: Loss,
        work: impl Fn(&Connection, Timestamp) -> Result<(), Failure> + Send + 'static,
    ) -> Self {
        let reply = oneshot::channel().0;
        Self { loss, run: RefCell::new(Box::new(Running { operation, work, done: None, reply })) }
    }

    pub(crate) fn run(&self, conn: &Connection, now: Timestamp) -> Result<(), Failure> {
        self.run.borrow_mut().run(conn, now)
    }

    pub(crate) fn answer(self, committed: Result<(), AppendError>) {
        self.run.into_inner().answer(committed);
    }

    pub(crate) fn may_be_lost(&self) -> bool {
        self.loss == Loss::May
    }
}

impl WriterHandle {
    /// Has the writer run `work` in one of its groups. If it fails, nothing of it may be written
    /// yet, unless it is SQLite that failed.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        operation: &'static str,
        loss: Loss,
        work: impl Fn(&Connection, Timestamp) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let run = RefCell::new(Box::new(Running { operation, work, done: None, reply }) as _);
        self.send(operation, Write::Change(Change { loss, run })).await?;
        answer.await.map_err(|_| closed(StoreErrorKind::OutcomeUnknown, operation))?
    }
}

/// A failure of the writer, as one of the operation that was asked for.
pub(crate) fn of_operation(operation: &'static str, error: AppendError) -> StoreError {
    match error {
        AppendError::Store(error) if error.operation() == "append" => {
            error.again(operation).with_source(error)
        }
        other => Failure::Append(other).into_write_error(operation),
    }
}
