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

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Poll;

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

use super::ahead::{Ahead, Answered, Limits, sent};
use super::fault::Fault;
use super::space::Space;
use super::values::Parameters;
use super::{refuse, rows};
use crate::connection::Bind;
use crate::error::Failure;
use crate::pool::BEGIN;

/// How many statements a connection keeps prepared before it forgets all of them.
const STATEMENTS_MAX: usize = 512;

/// A transaction of a connection.
pub(crate) struct Pipeline<'c> {
    operation: &'static str,
    client: &'c ClientWrapper,
    limits: Limits,
    space: Arc<Space>,
    read_only: bool,
    /// The statements of this transaction that are prepared.
    known: HashMap<String, Statement, RandomState>,
    ahead: Ahead<'c>,
    /// How many rows the last statement concerned whose answer is known.
    concerned: u64,
    /// Whether there is a mark to go back to.
    marked: bool,
    /// The part of the work that statements are run for.
    part: usize,
    /// The first statement that failed since the mark, with the part that it was run for.
    failed: Option<(usize, ViewError)>,
    /// Why the transaction is lost.
    lost: Option<StoreError>,
    /// Whether it is because the server says nothing any more.
    silent: bool,
}

impl<'c> Pipeline<'c> {
    pub(crate) fn new(
        operation: &'static str,
        client: &'c ClientWrapper,
        limits: &Limits,
        space: Arc<Space>,
    ) -> Self {
        Self {
            operation,
            client,
            limits: limits.clone(),
            space,
            read_only: false,
            known: HashMap::default(),
            ahead: Ahead::default(),
            concerned: 0,
            marked: false,
            part: 0,
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

    /// The connection. Nothing may be sent on it past the pipeline before that is settled.
    pub(crate) fn client(&self) -> &'c Client {
        self.client
    }

    /// Begins the transaction, and goes where the views are.
    pub(crate) fn enter(&mut self, begin: &str) {
        self.begin(&format!("{begin}; {}", self.space.enter()));
    }

    /// Goes where the views are, and sets a mark there: undoing must not lead out again.
    pub(crate) fn enter_marked(&mut self) {
        self.begin(&format!("{}; SAVEPOINT mark", self.space.enter()));
        self.marked = true;
    }

    /// Goes on with statements of our own.
    pub(crate) fn leave(&mut self) {
        if let Some(leave) = self.space.leave() {
            self.begin(leave);
        }
    }

    /// Goes on with statements of our own, which others commit.
    pub(crate) fn leave_for_good(&mut self) {
        if let Some(leave) = self.space.leave_for_good() {
            self.begin(leave);
        }
    }

    /// Goes on with statements of views, or with the triggers of views that a commit runs.
    pub(crate) fn enter_again(&mut self) {
        if let Some(enter) = self.space.enter_again() {
            self.begin(&enter);
        }
    }

    /// Sends statements of our own, which bind nothing.
    fn begin(&mut self, sql: &str) {
        let (client, sql) = (self.client, sql.to_owned());
        let answer = async move { client.batch_execute(&sql).await.map(|()| 0) };
        self.ahead.send(answer, 0, self.part);
    }

    /// Why the transaction is lost, if it is.
    pub(crate) fn lost(&self) -> Option<StoreError> {
        self.lost.as_ref().map(|lost| lost.again(self.operation))
    }

    /// Waits until everything has run, and well.
    pub(crate) async fn settled(&mut self) -> Result<(), StoreError> {
        self.drain().await;
        let error = self.check().err();
        error.map_or(Ok(()), |error| Err(self.store_error(&error)))
    }

    /// The rows of a statement of our own, behind everything that was run. To be called after
    /// [`leave`](Self::leave).
    pub(crate) async fn own(
        &mut self,
        sql: &str,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.client;
        let rows = if self.limits.prepare {
            let types: Vec<_> = binds.iter().map(|(_, kind)| kind.clone()).collect();
            let statement = async move { Ok(client.prepare_typed_cached(sql, &types).await?) };
            let statement = match self.reply(statement.boxed()).await {
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
        let committed = async move { Ok(client.batch_execute("COMMIT").await?) };
        let committed = self.reply(committed.boxed()).await;
        if let (Ok(()), Err(error)) = (&committed, self.check()) {
            return Err((true, self.store_error(&error))); // The server answers so to a rollback as well.
        }
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
        let last = self.ahead.last();
        self.drain().await;
        let Some(last) = last.filter(|_| !self.silent) else { return false };
        self.limits.in_time(async { Ok(last.await?) }).await.is_ok()
    }

    fn store_error(&self, error: &ViewError) -> StoreError {
        self.lost().unwrap_or_else(|| super::invalid(self.operation, error))
    }

    /// The failure that everything fails with from now on, if there was one.
    fn check(&self) -> Result<(), ViewError> {
        if let Some(lost) = &self.lost {
            return Err(ViewError::new(ViewErrorKind::Store, lost.message()));
        }
        self.failed.clone().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Takes the failure of a statement in that was run for `part`; only the first one counts.
    fn fail(&mut self, part: usize, failure: Failure) {
        if self.lost.is_some() {
            return;
        }
        let fault = match failure {
            Failure::Postgres(error) => Fault::new(error, self.read_only),
            other => Fault::Store(other),
        };
        match fault {
            Fault::Statement(said) => drop(self.refuse_of(part, said)),
            Fault::Store(failure) => {
                if matches!(&failure, Failure::Postgres(_)) {
                    // One of them may be prepared for what is no longer there.
                    self.client.statement_cache.clear();
                }
                self.silent = matches!(&failure, Failure::NoAnswer(_));
                self.lost = Some(failure.into_store_error(self.operation));
                self.ahead = Ahead::default();
            }
        }
    }

    /// Notes that the statement at hand is wrong.
    fn refuse(&mut self, problem: String) -> ViewError {
        self.refuse_of(self.part, problem)
    }

    fn refuse_of(&mut self, part: usize, problem: String) -> ViewError {
        let failed = || (part, ViewError::new(ViewErrorKind::Statement, problem));
        self.failed.get_or_insert_with(failed).1.clone()
    }

    /// Takes an answer in.
    fn take(&mut self, (part, answered): Answered) {
        match answered {
            Ok(concerned) => self.concerned = concerned,
            Err(failure) => self.fail(part, failure),
        }
    }

    /// Takes the answers that are there, and waits while too much is under way.
    async fn make_room(&mut self) {
        while self.ahead.is_full() {
            if let Some(answered) = self.ahead.first(&self.limits).await {
                self.take(answered);
            }
            while let Some(answered) = self.ahead.first_if_there() {
                self.take(answered);
            }
        }
    }

    async fn drain(&mut self) {
        while let Some(answered) = self.ahead.first(&self.limits).await {
            self.take(answered);
        }
    }

    /// The answer to what is sent now. The answers before it are taken in first: the driver holds back
    /// what follows an answer that comes in several pieces and is not read, as PostgreSQL 18 sends
    /// them where the search path or the role changes.
    async fn reply<T>(
        &mut self,
        mut answer: BoxFuture<'_, Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let answered = sent(&mut answer);
        self.drain().await;
        match answered {
            Poll::Ready(answered) => answered,
            Poll::Pending => self.limits.in_time(answer).await,
        }
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
        // Of other spaces there may be one of the same text that means other tables.
        let marked = format!("{sql}{}", self.space.mark());
        let prepared = async move { Ok(client.prepare_cached(&marked).await?) };
        match self.reply(prepared.boxed()).await {
            Ok(statement) => {
                self.known.insert(sql.to_owned(), statement.clone());
                Ok(Some(statement))
            }
            Err(failure) => {
                self.drain().await; // What failed before counts.
                self.fail(self.part, failure);
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
            self.ahead.send(answer, bytes, self.part);
        } else {
            let sql = sql.to_owned();
            let answer = async move {
                let values = parameters.iter().map(|it| (it, it.loose_type()));
                let rows = client.query_typed_raw(&sql, values).await?;
                let mut rows = std::pin::pin!(rows);
                while rows.try_next().await?.is_some() {}
                Ok(rows.rows_affected().unwrap_or(0))
            };
            self.ahead.send(answer, bytes, self.part);
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

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ViewTransaction for Pipeline<'_> {
    fn dialect(&self) -> SqlDialect {
        SqlDialect::Postgres
    }

    fn begin_part(&mut self, part: usize) {
        self.part = part;
    }

    fn failed_part(&self) -> Option<usize> {
        self.failed.as_ref().map(|(part, _)| *part)
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
                read.map_err(|problem| self.refuse(problem))
            }
            Err(failure) => {
                if let Some(failure) = failure {
                    self.fail(self.part, failure);
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
            self.settle_with(&format!("ROLLBACK; {BEGIN}; {}", self.space.enter())).await
        };
        undone.map_err(|error| {
            let lost = format!("expected to undo, found it failed: {error}");
            self.lost =
                Some(StoreError::new(StoreErrorKind::Unavailable, self.operation, lost.clone()));
            ViewError::new(ViewErrorKind::Store, lost)
        })
    }
}
