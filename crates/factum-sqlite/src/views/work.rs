//! Work of others, run on the writing thread in the middle of a group: it may fail, panic or wait
//! for something that never comes, and the group goes on.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use factum_core::{
    Advanced, AppendError, StoreError, StoreErrorKind, TenantId, Timestamp, Transacted, ViewWork,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::statements::Statements;
use super::transaction::SqliteView;
use crate::change::of_operation;
use crate::error::Failure;
use crate::subscriptions;

pub(super) const OPERATION: &str = "change view";

/// A transaction that was asked for.
pub(crate) struct ViewRequest {
    tenant: Option<TenantId>,
    state: RefCell<State>,
    reply: oneshot::Sender<Result<Transacted, StoreError>>,
}

/// The work runs once, whatever becomes of the group around it.
enum State {
    Waiting(ViewWork),
    /// It ran. If its group is rolled back, this is the reason to give, or nothing of it is known.
    Ran(Option<StoreError>),
    Done(Transacted),
}

impl ViewRequest {
    pub(crate) fn new(
        tenant: Option<TenantId>,
        work: ViewWork,
        reply: oneshot::Sender<Result<Transacted, StoreError>>,
    ) -> Self {
        Self { tenant, state: RefCell::new(State::Waiting(work)), reply }
    }

    pub(crate) fn answer(self, committed: Result<(), AppendError>) {
        let answer = match (committed, self.state.into_inner()) {
            (Ok(()), State::Done(done)) => Ok(done),
            (Ok(()), _) => unreachable!("what is committed has run"),
            (Err(error), _) => Err(of_operation(OPERATION, error)),
        };
        let _ = self.reply.send(answer); // Nobody waits any longer: nothing to tell.
    }

    /// Runs the work in a savepoint of the open transaction.
    ///
    /// `Ok(Err(_))` refuses this request alone. After `Err(_)` the whole transaction must be rolled
    /// back.
    pub(crate) fn run(
        &self,
        conn: &mut Connection,
        statements: &mut Statements,
        now: Timestamp,
    ) -> Result<Result<(), AppendError>, Failure> {
        let work = match self.state.replace(State::Ran(None)) {
            State::Waiting(work) => work,
            State::Ran(Some(error)) => return Ok(Err(error.into())),
            State::Ran(None) | State::Done(_) => return Ok(Err(rolled_back().into())),
        };
        begin(conn)?;
        let scope = subscriptions::scope_text(self.tenant.as_ref());
        let mut view = SqliteView::new(conn, statements, scope);
        let polled = poll_once(|| work(&mut view));
        let failed = view.end().map_err(|lost| {
            let again = lost.again(OPERATION);
            self.state.replace(State::Ran(Some(again)));
            Failure::Append(lost.into())
        })?;
        let judged = match (polled, failed) {
            (Polled::Ready(None), _) => Ok(Transacted::RolledBack),
            (Polled::Ready(Some(_)), Some(failed)) => Err(invalid(&failed.to_string())),
            (Polled::Ready(Some(step)), None) => {
                match subscriptions::advance(conn, self.tenant.as_ref(), &step, now) {
                    Ok(advanced) => Ok(Transacted::Advanced(advanced)),
                    Err(Failure::Append(refused)) => Err(refused),
                    Err(failure) => return Err(failure),
                }
            }
            (Polled::Waits, _) => Err(invalid(
                "expected the work to await nothing but the transaction, found it waiting for \
                 something else",
            )),
            (Polled::Panicked, _) => Err(invalid("the work panicked")),
        };
        let stored = matches!(&judged, Ok(Transacted::Advanced(Advanced::Stored { .. })));
        end(conn, stored)?;
        if !stored {
            statements.guard.forget();
        }
        Ok(judged.map(|done| drop(self.state.replace(State::Done(done)))))
    }
}

fn invalid(message: &str) -> AppendError {
    StoreError::new(StoreErrorKind::Invalid, OPERATION, message).into()
}

fn rolled_back() -> StoreError {
    let message = "expected the transaction to be committed, found it rolled back because of \
                   another write; nothing was stored";
    StoreError::new(StoreErrorKind::Unavailable, OPERATION, message)
}

/// Opens a savepoint for work of others.
pub(super) fn begin(conn: &Connection) -> Result<(), Failure> {
    conn.prepare_cached("SAVEPOINT view")?.execute([])?;
    Ok(())
}

/// Ends the savepoint and whatever marks are left in it.
pub(super) fn end(conn: &Connection, keep: bool) -> Result<(), Failure> {
    if !keep {
        conn.prepare_cached("ROLLBACK TO view")?.execute([])?;
    }
    conn.prepare_cached("RELEASE view")?.execute([])?;
    Ok(())
}

/// What came of work that must not wait.
pub(super) enum Polled<T> {
    Ready(T),
    Waits,
    Panicked,
}

/// Runs work to its end, if it gets there without waiting.
pub(super) fn poll_once<'w, T>(work: impl FnOnce() -> BoxFuture<'w, T>) -> Polled<T> {
    // What a panic leaves half done is rolled back, and nothing else is shared with the work.
    match catch_unwind(AssertUnwindSafe(|| work().now_or_never())) {
        Ok(Some(done)) => Polled::Ready(done),
        Ok(None) => Polled::Waits,
        Err(_) => Polled::Panicked,
    }
}
