//! Statements that were sent ahead of their answers.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_postgres::Error;

use crate::error::Failure;

/// Most statements that are sent ahead of their answers.
const AHEAD_MAX: usize = 512;
/// Most bytes of values that are.
const AHEAD_BYTES_MAX: usize = 4 << 20;
/// How statements are run.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Whether they are prepared.
    pub(crate) prepare: bool,
    /// How long to wait for the answer to one.
    pub(crate) timeout: Duration,
}

impl Limits {
    /// What `answer` comes to, unless it takes too long.
    pub(crate) async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let timeout = self.timeout;
        tokio::time::timeout(timeout, answer).await.unwrap_or(Err(Failure::NoAnswer(timeout)))
    }
}

/// The statements whose answers are still to come, in order.
#[derive(Default)]
pub(crate) struct Ahead<'c> {
    statements: VecDeque<Sent<'c>>,
    bytes: usize,
}

/// How many rows a statement concerned, once that is known.
type Answer<'c> = BoxFuture<'c, Result<u64, Error>>;

/// A statement that was sent, for a part of the work.
struct Sent<'c> {
    answer: Answer<'c>,
    bytes: usize,
    part: usize,
}

/// The answer to a statement, with the part of the work that it was sent for.
pub(crate) type Answered = (usize, Result<u64, Failure>);

impl<'c> Ahead<'c> {
    /// Sends what `answer` asks for, with this many bytes of values, for a part of the work.
    pub(crate) fn send(
        &mut self,
        answer: impl Future<Output = Result<u64, Error>> + Send + 'c,
        bytes: usize,
        part: usize,
    ) {
        let mut answer = answer.boxed();
        if let Poll::Ready(answered) = sent(&mut answer) {
            answer = futures::future::ready(answered).boxed();
        }
        self.statements.push_back(Sent { answer, bytes, part });
        self.bytes += bytes;
    }

    /// Whether no more may be under way.
    pub(crate) fn is_full(&self) -> bool {
        self.statements.len() >= AHEAD_MAX || self.bytes >= AHEAD_BYTES_MAX
    }

    /// Waits for the first answer; `None` if none is to come.
    pub(crate) async fn first(&mut self, limits: &Limits) -> Option<Answered> {
        if let Some(answered) = self.first_if_there() {
            return Some(answered);
        }
        let first = self.statements.pop_front()?;
        self.bytes -= first.bytes;
        Some((first.part, limits.in_time(async { Ok(first.answer.await?) }).await))
    }

    /// The first answer, if it is there.
    pub(crate) fn first_if_there(&mut self) -> Option<Answered> {
        let first = self.statements.front_mut()?;
        let Poll::Ready(answered) = sent(&mut first.answer) else { return None };
        let part = first.part;
        self.bytes -= first.bytes;
        self.statements.pop_front();
        Some((part, answered.map_err(Failure::from)))
    }

    /// The last answer, which is then waited for apart.
    pub(crate) fn last(&mut self) -> Option<Answer<'c>> {
        let last = self.statements.pop_back()?;
        self.bytes -= last.bytes;
        Some(last.answer)
    }
}

/// Has a statement sent, if it was not, and looks whether its answer is there. Whoever waits for it
/// polls again.
pub(crate) fn sent<T>(answer: &mut BoxFuture<'_, T>) -> Poll<T> {
    answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}
