//! The tables of views inside one transaction: statements are sent one behind another, and their
//! answers are looked at later.
//!
//! ```text
//! run -> sent -> the next run -> ... -> too much is under way: the first answer is waited for
//! whatever needs an answer -> sent behind them -> every answer up to its own is waited for
//! ```
//!
//! The server runs what it is sent in order, and after a failure refuses everything up to the
//! rollback: so the first failure is the one that counts, whenever it is noticed.

use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use factum_core::{
    SqlDialect, SqlRow, SqlValue, StoreError, StoreErrorKind, ViewError, ViewErrorKind,
    ViewTransaction,
};
use foldhash::fast::RandomState;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use tokio_postgres::{Client, Error, Row, Statement};

use super::fault::Fault;
use super::values::Parameters;
use super::{refuse, rows};
use crate::connection::Bind;
use crate::error::{Failure, copy};
use crate::pool::BEGIN;

/// Most statements that are sent ahead of their answers.
const AHEAD_MAX: usize = 512;
/// Most bytes of values that are.
const AHEAD_BYTES_MAX: usize = 4 << 20;
/// How many statements a connection keeps prepared before it forgets all of them.
const STATEMENTS_MAX: usize = 512;

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

/// A transaction of a connection.
pub(crate) struct Pipeline<'c> {
    operation: &'static str,
    client: &'c ClientWrapper,
    limits: Limits,
    read_only: bool,
    /// The statements of this transaction that are prepared.
    known: HashMap<String, Statement, RandomState>,
    ahead: VecDeque<Sent<'c>>,
    ahead_bytes: usize,
    /// How many rows the last statement concerned whose answer is known.
    concerned: u64,
    /// Whether there is a mark to go back to.
    marked: bool,
    /// The first statement that failed since the mark.
    failed: Option<ViewError>,
    /// Why the transaction is lost.
    lost: Option<StoreError>,
    /// Whether it is because the server says nothing any more.
    silent: bool,
}

/// A statement that was sent.
struct Sent<'c> {
    answer: BoxFuture<'c, Result<u64, Error>>,
    bytes: usize,
}

impl<'c> Pipeline<'c> {
    pub(crate) fn new(operation: &'static str, client: &'c ClientWrapper, limits: &Limits) -> Self {
        Self {
            operation,
            client,
            limits: limits.clone(),
            read_only: false,
            known: HashMap::default(),
            ahead: VecDeque::new(),
            ahead_bytes: 0,
            concerned: 0,
            marked: false,
            failed: None,
            lost: None,
            silent: false,
        }
    }

    /// One whose transaction changes nothing.
    pub(crate) fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// One that has a mark already.
    pub(crate) fn marked(mut self) -> Self {
        self.marked = true;
        self
    }

    /// The connection. Nothing may be sent on it past the pipeline before that is settled.
    pub(crate) fn client(&self) -> &'c Client {
        self.client
    }

    /// Sends statements of our own, which bind nothing.
    pub(crate) fn begin(&mut self, sql: &str) {
        let (client, sql) = (self.client, sql.to_owned());
        self.send(async move { client.batch_execute(&sql).await.map(|()| 0) }, 0);
    }

    /// Why the transaction is lost, if it is.
    pub(crate) fn lost(&self) -> Option<StoreError> {
        self.lost.as_ref().map(copy)
    }

    /// Waits until everything has run, and well.
    pub(crate) async fn settled(&mut self) -> Result<(), StoreError> {
        self.drain().await;
        let error = self.check().err();
        error.map_or(Ok(()), |error| Err(self.store_error(&error)))
    }

    /// The rows of a statement of our own, behind everything that was run.
    pub(crate) async fn own(
        &mut self,
        sql: &str,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.client;
        let rows = if self.limits.prepare {
            let types: Vec<_> = binds.iter().map(|(_, kind)| kind.clone()).collect();
            let statement =
                self.limits.in_time(async { Ok(client.prepare_typed_cached(sql, &types).await?) });
            let statement = match statement.await {
                Ok(statement) => statement,
                Err(failure) => {
                    self.settled().await?; // Most likely it is not this statement that failed.
                    return Err(failure.into_store_error(self.operation));
                }
            };
            let values: Vec<_> = binds.iter().map(|(value, _)| *value).collect();
            let rows = async move { client.query(&statement, &values).await };
            self.behind(rows.boxed()).await
        } else {
            self.behind(client.query_typed(sql, binds).boxed()).await
        };
        match rows {
            Ok(rows) => Ok(rows),
            Err(None) => {
                let error = self.check().expect_err("a statement before has failed");
                Err(self.store_error(&error))
            }
            Err(Some(failure)) => Err(failure.into_store_error(self.operation)),
        }
    }

    /// Commits. If that fails, says whether the transaction has ended for certain.
    pub(crate) async fn commit(&mut self) -> Result<(), (bool, StoreError)> {
        let client = self.client;
        let committed =
            self.limits.in_time(async { Ok(client.batch_execute("COMMIT").await?) }).await;
        committed.map_err(|failure| match failure {
            Failure::Postgres(error) => match Fault::new(error, false) {
                // A constraint that is looked at last.
                Fault::Statement(said) => {
                    (true, StoreError::new(StoreErrorKind::Invalid, self.operation, said))
                }
                Fault::Store(failure) => {
                    (!failure.is_connection(), failure.into_write_error(self.operation))
                }
            },
            other => (false, other.into_write_error(self.operation)),
        })
    }

    /// Rolls back. Says whether the transaction has ended for certain.
    pub(crate) async fn roll_back(&mut self) -> bool {
        if self.silent {
            return false;
        }
        self.begin("ROLLBACK");
        let last = self.ahead.pop_back();
        self.drain().await;
        let Some(last) = last.filter(|_| !self.silent) else { return false };
        self.limits.in_time(async { Ok(last.answer.await?) }).await.is_ok()
    }

    fn store_error(&self, error: &ViewError) -> StoreError {
        self.lost().unwrap_or_else(|| super::invalid(self.operation, error))
    }

    /// The failure that everything fails with from now on, if there was one.
    fn check(&self) -> Result<(), ViewError> {
        if let Some(lost) = &self.lost {
            return Err(ViewError::new(ViewErrorKind::Store, lost.message()));
        }
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Takes the failure of a statement in; only the first one counts.
    fn fail(&mut self, failure: Failure) {
        if self.lost.is_some() {
            return;
        }
        let fault = match failure {
            Failure::Postgres(error) => Fault::new(error, self.read_only),
            other => Fault::Store(other),
        };
        match fault {
            Fault::Statement(said) => drop(self.refuse(said)),
            Fault::Store(failure) => {
                if matches!(&failure, Failure::Postgres(_)) {
                    // One of them may be prepared for what is no longer there.
                    self.client.statement_cache.clear();
                }
                self.silent = matches!(&failure, Failure::NoAnswer(_));
                self.lost = Some(failure.into_store_error(self.operation));
                self.ahead.clear();
                self.ahead_bytes = 0;
            }
        }
    }

    /// Notes that a statement is wrong.
    fn refuse(&mut self, problem: String) -> ViewError {
        let error = || ViewError::new(ViewErrorKind::Statement, problem);
        self.failed.get_or_insert_with(error).clone()
    }

    /// Sends what `answer` asks for, and looks at its answer later.
    fn send(&mut self, answer: impl Future<Output = Result<u64, Error>> + Send + 'c, bytes: usize) {
        let mut answer = answer.boxed();
        if let Poll::Ready(answered) = sent(&mut answer) {
            answer = futures::future::ready(answered).boxed();
        }
        self.ahead.push_back(Sent { answer, bytes });
        self.ahead_bytes += bytes;
    }

    /// Waits for the first answer that is still to come; whether there was one.
    async fn take_first(&mut self) -> bool {
        let Some(mut first) = self.ahead.pop_front() else { return false };
        self.ahead_bytes -= first.bytes;
        let answered = match sent(&mut first.answer) {
            Poll::Ready(answered) => answered.map_err(Failure::from),
            Poll::Pending => self.limits.in_time(async { Ok(first.answer.await?) }).await,
        };
        match answered {
            Ok(concerned) => self.concerned = concerned,
            Err(failure) => self.fail(failure),
        }
        true
    }

    /// Takes the answers that are there, and waits while too much is under way.
    async fn make_room(&mut self) {
        while self.ahead.len() >= AHEAD_MAX || self.ahead_bytes >= AHEAD_BYTES_MAX {
            self.take_first().await;
            while let Some(first) = self.ahead.front_mut()
                && let Poll::Ready(answered) = sent(&mut first.answer)
            {
                self.ahead_bytes -= first.bytes;
                self.ahead.pop_front();
                match answered {
                    Ok(concerned) => self.concerned = concerned,
                    Err(error) => self.fail(error.into()),
                }
            }
        }
    }

    async fn drain(&mut self) {
        while self.take_first().await {}
    }

    /// The rows of what is sent now, once everything before it has gone well; `Err(None)` if that
    /// has not.
    async fn behind(
        &mut self,
        mut rows: BoxFuture<'_, Result<Vec<Row>, Error>>,
    ) -> Result<Vec<Row>, Option<Failure>> {
        let answered = sent(&mut rows);
        self.drain().await;
        self.check().map_err(|_| None)?;
        match answered {
            Poll::Ready(rows) => rows.map_err(|error| Some(error.into())),
            Poll::Pending => self.limits.in_time(async { Ok(rows.await?) }).await.map_err(Some),
        }
    }

    /// The statement, prepared; `None` where nothing is.
    async fn prepared(&mut self, sql: &str) -> Result<Option<Statement>, ViewError> {
        if let Some(statement) = self.known.get(sql) {
            return Ok(Some(statement.clone()));
        }
        refuse::check(sql).map_err(|problem| self.refuse(problem))?;
        if !self.limits.prepare {
            return Ok(None);
        }
        let client = self.client;
        if client.statement_cache.size() >= STATEMENTS_MAX {
            client.statement_cache.clear();
        }
        match self.limits.in_time(async { Ok(client.prepare_cached(sql).await?) }).await {
            Ok(statement) => {
                self.known.insert(sql.to_owned(), statement.clone());
                Ok(Some(statement))
            }
            Err(failure) => {
                self.drain().await; // What failed before counts.
                self.fail(failure);
                self.check()?;
                Err(self.refuse("expected a statement that can be prepared".into()))
            }
        }
    }

    /// The values of a statement, as it wants them.
    fn parameters(
        &mut self,
        statement: Option<&Statement>,
        values: &[SqlValue<'_>],
    ) -> Result<Parameters, ViewError> {
        let parameters = Parameters::new(values, statement.map(Statement::params));
        parameters.map_err(|problem| self.refuse(problem))
    }

    /// Sends a statement whose rows do not matter.
    async fn send_statement(
        &mut self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<(), ViewError> {
        self.check()?;
        let statement = self.prepared(sql).await?;
        let parameters = self.parameters(statement.as_ref(), values)?;
        let (client, bytes) = (self.client, parameters.bytes());
        if let Some(statement) = statement {
            let answer = async move { client.execute_raw(&statement, parameters.iter()).await };
            self.send(answer, bytes);
        } else {
            let sql = sql.to_owned();
            let answer = async move {
                let values = parameters.iter().map(|it| (it, it.loose_type()));
                let rows = client.query_typed_raw(&sql, values).await?;
                let mut rows = std::pin::pin!(rows);
                while rows.try_next().await?.is_some() {}
                Ok(rows.rows_affected().unwrap_or(0))
            };
            self.send(answer, bytes);
        }
        Ok(())
    }

    /// Sends statements of our own and waits for everything.
    async fn settle_with(&mut self, sql: &str) -> Result<(), ViewError> {
        self.begin(sql);
        self.drain().await;
        self.check()
    }
}

/// Has a statement sent, if it was not, and looks whether its answer is there. Whoever waits for it
/// polls again.
fn sent<T>(answer: &mut BoxFuture<'_, T>) -> Poll<T> {
    answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ViewTransaction for Pipeline<'_> {
    fn dialect(&self) -> SqlDialect {
        SqlDialect::Postgres
    }

    async fn run(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<(), ViewError> {
        self.send_statement(sql, values).await?;
        self.make_room().await;
        self.check()
    }

    async fn execute(&mut self, sql: &str, values: &[SqlValue<'_>]) -> Result<u64, ViewError> {
        self.send_statement(sql, values).await?;
        self.drain().await;
        self.check()?;
        Ok(self.concerned)
    }

    async fn query(
        &mut self,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, ViewError> {
        self.check()?;
        let statement = self.prepared(sql).await?;
        let parameters = self.parameters(statement.as_ref(), values)?;
        let client = self.client;
        let answer = async {
            let found = if let Some(statement) = &statement {
                client.query_raw(statement, parameters.iter()).await?
            } else {
                let values = parameters.iter().map(|it| (it, it.loose_type()));
                client.query_typed_raw(sql, values).await?
            };
            found.try_collect().await
        };
        match self.behind(answer.boxed()).await {
            Ok(found) => {
                let read = found.iter().map(rows::row).collect::<Result<_, _>>();
                read.map_err(|problem| ViewError::new(ViewErrorKind::Statement, problem))
            }
            Err(failure) => {
                if let Some(failure) = failure {
                    self.fail(failure);
                }
                self.check().map(|()| Vec::new())
            }
        }
    }

    async fn batch(&mut self, sql: &str) -> Result<(), ViewError> {
        self.check()?;
        refuse::check(sql).map_err(|problem| self.refuse(problem))?;
        self.settle_with(sql).await
    }

    async fn settle(&mut self) -> Result<(), ViewError> {
        self.drain().await;
        self.check()
    }

    async fn mark(&mut self) -> Result<(), ViewError> {
        self.check()?;
        let mark =
            if self.marked { "RELEASE SAVEPOINT mark; SAVEPOINT mark" } else { "SAVEPOINT mark" };
        self.settle_with(mark).await?;
        self.marked = true;
        Ok(())
    }

    async fn undo(&mut self) -> Result<(), ViewError> {
        self.drain().await;
        if self.lost.is_none() {
            self.failed = None;
        }
        self.check()?;
        let undone = if self.marked {
            self.settle_with("ROLLBACK TO SAVEPOINT mark").await
        } else {
            self.settle_with(&format!("ROLLBACK; {BEGIN}")).await
        };
        undone.map_err(|error| {
            let lost = format!("expected to undo, found it failed: {error}");
            self.lost =
                Some(StoreError::new(StoreErrorKind::Unavailable, self.operation, lost.clone()));
            ViewError::new(ViewErrorKind::Store, lost)
        })
    }
}
