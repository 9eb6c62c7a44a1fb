//! The way to the one task that writes: a bounded queue, and an answer for each request.

use std::sync::{Arc, Mutex, PoisonError};

use factum_core::{AppendError, AppendRequest, StoreError, StoreErrorKind, TenantId};
use tokio::sync::{mpsc, oneshot};

use crate::answer::Verdict;
use crate::error::closed;

/// How many appends may wait before callers wait for a place in the queue.
const QUEUE_MAX: usize = 1_024;

/// An append that waits to be written.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) tenant: TenantId,
    pub(crate) request: AppendRequest,
    pub(crate) reply: oneshot::Sender<Result<Verdict, StoreError>>,
}

/// What is wrong with writing, in words; empty if nothing is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problem(Arc<Mutex<String>>);

impl Problem {
    pub(crate) fn set(&self, problem: &str) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        problem.clone_into(&mut held);
    }

    pub(crate) fn get(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The sending side of the writer. The task ends when it is dropped, after what is queued.
#[derive(Debug)]
pub(crate) struct WriterHandle {
    queue: mpsc::Sender<Write>,
    pub(crate) problem: Problem,
}

impl WriterHandle {
    /// The handle and what the task takes its work from.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Write>) {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        (Self { queue, problem: Problem::default() }, requests)
    }

    /// Whether the writing task has come to an end, which only a defect of ours can do, or the end
    /// of the runtime that it was started on.
    pub(crate) fn is_gone(&self) -> bool {
        self.queue.is_closed()
    }

    /// Hands an append over and waits for its verdict.
    pub(crate) async fn append(
        &self,
        tenant: TenantId,
        request: AppendRequest,
    ) -> Result<Verdict, AppendError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue.send(Write { tenant, request, reply }).await;
        sent.map_err(|_| closed(StoreErrorKind::Unavailable, "append"))?;
        let answer = answer.await.map_err(|_| closed(StoreErrorKind::OutcomeUnknown, "append"))?;
        Ok(answer?)
    }
}
