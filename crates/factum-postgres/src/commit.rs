//! The one task that writes: group commit without a timer.
//!
//! ```text
//! wait for a request -> take what else is queued -> one statement: lock, judge each, store, commit
//!   -> publish the head -> answer each
//!        | the server refused the statement for something that a request may be to blame for
//!        v
//!      each request in a statement of its own
//! ```
//!
//! The group grows by itself while the server is busy with the one before. The statement commits by
//! itself, so the lock is never held while this program thinks, or is stopped.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use factum_core::{AppendError, Guard, HeadSignal, StoreError, StoreErrorKind};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};

use crate::PostgresStoreConfig;
use crate::answer::Verdict;
use crate::connection::{Bind, Connector, SETTINGS};
use crate::error::Failure;
use crate::group::Group;
use crate::hints::Hints;
use crate::holder;
use crate::sql::{Schema, Sql};
use crate::views::inline::InlineViews;
use crate::views::space::Spaces;
use crate::writer::{Problem, Write};

mod inline;

/// Most requests in one group.
const GROUP_REQUESTS_MAX: usize = 512;
/// A group takes no further request once it holds this many events.
const GROUP_EVENTS_MAX: usize = 8_192;
/// A group takes no further request that would bring it beyond this many bytes.
const GROUP_BYTES_MAX: usize = 8 << 20;
/// What a guard counts towards that.
const GUARD_BYTES: usize = 1 << 10;
/// Beyond this many events before it in its group, a request with a query guard waits for the next
/// one instead of being compared with each.
const GUARDED_EVENTS_MAX: usize = 512;

/// How much longer than the server we wait for an answer.
const GRACE: Duration = Duration::from_secs(2);

/// The first pause between two attempts to connect; each one doubles it.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What the writing task owns.
pub(crate) struct Writer {
    pub(crate) connector: Connector,
    pub(crate) sql: Arc<Sql>,
    pub(crate) schema: Schema,
    pub(crate) config: PostgresStoreConfig,
    pub(crate) head: Arc<HeadSignal>,
    pub(crate) problem: Problem,
    pub(crate) session: Option<Session>,
    pub(crate) hints: Hints,
    pub(crate) inline: InlineViews,
    pub(crate) spaces: Spaces,
}

/// A session that appends.
pub(crate) struct Session {
    client: ClientWrapper,
    /// The statement, prepared, in a session of our own; `None` in one that a pooler lends us.
    append: Option<Statement>,
}

impl Writer {
    /// Answers requests until nobody can ask any more.
    pub(crate) async fn serve(mut self, mut requests: mpsc::Receiver<Write>) {
        let mut waiting = None;
        let mut crowded = false;
        loop {
            let first = match waiting.take() {
                Some(first) => first,
                None => match requests.recv().await {
                    Some(first) => first,
                    None => return,
                },
            };
            if crowded {
                // Those who were answered just now are about to ask again.
                tokio::task::yield_now().await;
            }
            let group;
            (group, waiting) = gather(first, &mut requests);
            crowded = group.len() > 1;
            self.commit(group).await;
        }
    }

    async fn commit(&mut self, group: Vec<Write>) {
        let kept = self.inline.now();
        if !kept.is_empty() {
            for write in group {
                self.commit_with(write, &kept).await;
            }
            return;
        }
        match self.try_commit(&group).await {
            Ok(verdicts) => {
                self.problem.set("");
                for (write, verdict) in group.into_iter().zip(verdicts) {
                    let _ = write.reply.send(Ok(verdict)); // A caller who is gone needs none.
                }
            }
            Err(GroupError::Blamed) => {
                for write in group {
                    Box::pin(self.commit(vec![write])).await;
                }
            }
            Err(GroupError::Failed(error)) => {
                // What one request holds says nothing about the store.
                if !matches!(error.kind(), StoreErrorKind::Invalid | StoreErrorKind::LimitExceeded)
                {
                    self.problem.set(&error.to_string());
                }
                for write in group {
                    let _ = write.reply.send(Err(error.again("append")));
                }
            }
        }
    }

    async fn try_commit(&mut self, group: &[Write]) -> Result<Vec<Verdict>, GroupError> {
        let client = match self.connected().await {
            Ok(client) => client,
            Err(failure) => return Err(GroupError::Failed(failure.into_store_error("append"))),
        };
        let now = self.config.clock.now().as_micros();
        let hints = std::mem::take(&mut self.hints);
        let mut columns = Group::new(now, Some(&hints));
        for write in group {
            columns.push(&write.tenant, &write.request);
        }
        let answered = self.ask(&client, &columns, now).await;
        let verdicts = answered
            .and_then(|rows| columns.verdicts(group.iter().map(|write| &write.request), &rows));
        match verdicts {
            Ok(verdicts) => {
                drop(columns);
                self.session = Some(client);
                self.hints = hints;
                self.publish(group, &verdicts);
                Ok(verdicts)
            }
            Err(failure) => Err(self.failed(client, failure, group.len()).await),
        }
    }

    /// Sends the group. It is stored when this returns, or not at all, or the failure leaves doubt.
    async fn ask(
        &self,
        client: &Session,
        columns: &Group<'_>,
        now: i64,
    ) -> Result<Vec<Row>, Failure> {
        let PostgresStoreConfig { busy_timeout_ms, answer_timeout_ms, .. } = self.config;
        let lock_ms = lock_ms(busy_timeout_ms);
        let channel = self.config.notify.then(|| self.schema.channel());
        let (flush, idle_ms, plain) = (!self.config.unsafe_no_flush, 0_i32, columns.is_plain());
        let mut binds: Vec<Bind<'_>> = Vec::with_capacity(60);
        if client.append.is_none() {
            binds.extend([
                (&lock_ms as &(dyn ToSql + Sync), Type::INT4),
                (&idle_ms, Type::INT4),
                (&flush, Type::BOOL),
            ]);
        }
        binds.extend([
            (&now as &(dyn ToSql + Sync), Type::INT8),
            (&channel, Type::TEXT),
            (&plain, Type::BOOL),
        ]);
        binds.extend(columns.binds());
        let answer = async {
            match &client.append {
                Some(append) => {
                    let values: Vec<_> = binds.iter().map(|(value, _)| *value).collect();
                    client.client.query(append, &values).await
                }
                None => client.client.query_typed(&self.sql.append_in_transaction, &binds).await,
            }
        };
        let limit =
            Duration::from_millis(u64::from(busy_timeout_ms) + u64::from(answer_timeout_ms))
                + GRACE;
        let answer = tokio::time::timeout(limit, answer).await;
        if answer.is_err() {
            self.connector.cancel(&client.client).await;
        }
        let answer = answer.map_err(|_| Failure::NoAnswer(limit))?;
        answer.map_err(|error| Failure::from(error).at(self.connector.place()))
    }

    /// What a failed group means for its requests. Keeps the connection if it still serves.
    async fn failed(&mut self, client: Session, failure: Failure, requests: usize) -> GroupError {
        let lost = failure.is_connection() || matches!(failure, Failure::NoAnswer(_));
        let (held, blamed) = (failure.is_lock_timeout(), failure.blames_a_request());
        let error = match AppendError::from(failure.into_write_error("append")) {
            AppendError::Store(error) => error,
            other => StoreError::new(StoreErrorKind::Invalid, "append", other.to_string()),
        };
        if !lost {
            let holder = if held {
                holder::described(&client.client, &self.sql, &self.schema).await
            } else {
                None
            };
            if held || blamed {
                self.session = Some(client); // Any other error may come again in the same session.
            }
            if let Some(holder) = holder {
                return GroupError::Failed(holder::with(&error, &holder));
            }
            if requests > 1 && blamed {
                return GroupError::Blamed;
            }
        }
        GroupError::Failed(error)
    }

    /// The session, made anew if it broke; tries until the time for connecting is over.
    async fn connected(&mut self) -> Result<Session, Failure> {
        if let Some(session) = self.session.take().filter(|it| !it.client.is_closed()) {
            return Ok(session);
        }
        let give_up = Instant::now() + Duration::from_millis(self.config.connect_timeout_ms.into());
        let mut pause = PAUSE_MIN;
        loop {
            match self.connector.in_time(self.session()).await {
                Ok(session) => return Ok(session),
                Err(failure) if Instant::now() + pause >= give_up || failure.is_final() => {
                    return Err(failure);
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// A session of our own: settings are made once, and the statement is prepared.
    async fn session(&self) -> Result<Session, Failure> {
        let client = self.connector.connect().await?;
        // The connection is driven already; what is wanted is the place for prepared statements.
        let client = ClientWrapper::new(client, tokio::spawn(async {}));
        if !self.config.prepare {
            return Ok(Session { client, append: None });
        }
        let lock_ms = lock_ms(self.config.busy_timeout_ms);
        // The server gives up before we do: then it is certain that nothing is stored.
        let all_ms = i64::from(lock_ms) + i64::from(self.config.answer_timeout_ms.max(1));
        let flush = if self.config.unsafe_no_flush {
            "SET synchronous_commit = off"
        } else {
            "SELECT set_config('synchronous_commit', 'on', false) \
             WHERE current_setting('synchronous_commit') = 'off'"
        };
        let settings = format!(
            "{SETTINGS}; SET lock_timeout = {lock_ms}; SET statement_timeout = {all_ms}; {flush}"
        );
        let at = |error| Failure::from(error).at(self.connector.place());
        client.batch_execute(&settings).await.map_err(at)?;
        let append = Some(client.prepare(&self.sql.append).await.map_err(at)?);
        Ok(Session { client, append })
    }

    /// Takes in what was stored and announces the head.
    fn publish(&mut self, group: &[Write], verdicts: &[Verdict]) {
        for (write, verdict) in group.iter().zip(verdicts) {
            if let Verdict::Stored(appended) = verdict {
                self.hints.learn(&write.tenant, appended);
                self.head.publish(appended.last);
            }
        }
    }
}

/// How long to wait for the lock, as PostgreSQL has it; 0 would mean for ever.
pub(crate) fn lock_ms(busy_timeout_ms: u32) -> i32 {
    i32::try_from(busy_timeout_ms.max(1)).unwrap_or(i32::MAX)
}

/// What became of a group that was not stored.
enum GroupError {
    /// One of its requests may be to blame: alone, it fails by itself and the others do not.
    Blamed,
    /// One error for all.
    Failed(StoreError),
}

/// Takes what is queued, up to the limits or to a request that cannot be judged before those in
/// front of it are stored; that one is given back.
fn gather(first: Write, requests: &mut mpsc::Receiver<Write>) -> (Vec<Write>, Option<Write>) {
    let mut group = Vec::new();
    let (mut events, mut bytes, mut next) = (0, 0, Some(first));
    while let Some(write) = next.take() {
        if depends(&write, &group, events) {
            return (group, Some(write));
        }
        let more = bytes_of(&write);
        if !group.is_empty() && bytes + more > GROUP_BYTES_MAX {
            return (group, Some(write));
        }
        events += write.request.events.len();
        bytes += more;
        group.push(write);
        let room = group.len() < GROUP_REQUESTS_MAX && events < GROUP_EVENTS_MAX;
        if room {
            next = requests.try_recv().ok();
        }
    }
    (group, None)
}

/// What a request takes of a group's bytes.
fn bytes_of(write: &Write) -> usize {
    let request = &write.request;
    let events = request.events.iter().map(|(_, event)| event.bytes()).sum::<usize>();
    let outcome = request.command.as_ref().map_or(0, |command| command.outcome.len());
    events + outcome + GUARD_BYTES * request.guards.len()
}

/// Whether the verdict on a request depends on what the function `append` does not see before the
/// end of the group: a command of the same id, or events that a query guard looks for.
fn depends(write: &Write, group: &[Write], events: usize) -> bool {
    let before = || group.iter().filter(|before| before.tenant == write.tenant);
    let repeats = |command: &factum_core::Command| {
        let mut known = before().filter_map(|it| it.request.command.as_ref());
        known.any(|known| known.id == command.id)
    };
    if write.request.command.as_ref().is_some_and(repeats) {
        return true;
    }
    write.request.guards.iter().any(|guard| match guard {
        Guard::Stream { .. } => false,
        Guard::NoneMatch { .. } if events > GUARDED_EVENTS_MAX => true,
        Guard::NoneMatch { query, .. } => {
            let mut staged = before().flat_map(|it| &it.request.events);
            staged.any(|(stream, event)| query.matches_new(stream, event))
        }
    })
}
