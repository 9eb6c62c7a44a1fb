//! Appends with views inside them, while the store keeps any: one request at a time.
//!
//! ```text
//! BEGIN, append -> nothing stored: ROLLBACK
//!   -> for each view: hold its subscription's row -> it stands elsewhere: leave it
//!        -> the view's statements -> refused: ROLLBACK, nothing of the append is stored
//!        -> move its checkpoint
//!   -> COMMIT
//! ```
//!
//! The log is held while the views think. A program that is stopped meanwhile loses its session, and
//! nothing is stored.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use factum_core::{
    Appended, HandledEvent, Place, Position, Progress, RecordedEvent, Refusal, Revision,
    StoreError, StoreErrorKind, StreamId, Timestamp,
};
use futures::FutureExt;

use super::{Session, Writer};
use crate::answer::Verdict;
use crate::error::Failure;
use crate::group::Group;
use crate::holder;
use crate::subscriptions::{Key, locked, store};
use crate::views::inline::Kept;
use crate::views::pipeline::{Limits, Pipeline};
use crate::writer::Write;

const OPERATION: &str = "append";

/// The settings of the role, for the rest of the transaction: users' tables are found and planned for
/// as in any other session. Then a mark, so that a view can undo what is its own.
const AS_ROLE: &str = "SET LOCAL search_path TO DEFAULT; SET LOCAL enable_seqscan TO DEFAULT; \
     SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT; \
     SET LOCAL jit TO DEFAULT; SET LOCAL plan_cache_mode TO DEFAULT; SAVEPOINT mark";

/// Why an append with its views is not stored.
enum Hindered {
    /// A view refused it.
    Refused(Refusal),
    /// Nothing was committed.
    Failed(Failure),
    /// Nothing was committed; the error says why.
    Lost(StoreError),
    /// The commit failed.
    Doubtful(Failure),
}

impl From<Failure> for Hindered {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Writer {
    /// Appends one request and keeps the views inside the same transaction.
    pub(super) async fn commit_with(&mut self, write: Write, kept: &[Kept]) {
        let verdict = self.try_commit_with(&write, kept).await;
        match &verdict {
            Ok(verdict) => {
                self.problem.set("");
                self.publish(std::slice::from_ref(&write), std::slice::from_ref(verdict));
            }
            // What one request holds says nothing about the store.
            Err(error) if error.kind() == StoreErrorKind::Invalid => {}
            Err(error) => self.problem.set(&error.to_string()),
        }
        let _ = write.reply.send(verdict); // A caller who is gone needs none.
    }

    async fn try_commit_with(
        &mut self,
        write: &Write,
        kept: &[Kept],
    ) -> Result<Verdict, StoreError> {
        let session = self.connected().await.map_err(|it| it.into_store_error(OPERATION))?;
        let hindered = match self.in_transaction(&session, write, kept).await {
            Ok(verdict) => {
                self.session = Some(session);
                return Ok(verdict);
            }
            Err(Hindered::Doubtful(failure)) => return Err(failure.into_write_error(OPERATION)),
            Err(hindered) => hindered,
        };
        let limits = self.limits();
        let rolled = async { Ok(session.client.batch_execute("ROLLBACK").await?) };
        let usable = limits.in_time(rolled).await.is_ok();
        let error = match hindered {
            Hindered::Refused(refusal) => {
                self.session = Some(session).filter(|_| usable);
                return Ok(Verdict::Refused(refusal.into()));
            }
            Hindered::Lost(error) => error,
            Hindered::Failed(failure) | Hindered::Doubtful(failure) => {
                let held = failure.is_lock_timeout();
                let error = failure.into_store_error(OPERATION);
                let holder = if held && usable {
                    holder::described(&session.client, &self.sql, &self.schema).await
                } else {
                    None
                };
                match holder {
                    Some(holder) => holder::with(&error, &holder),
                    None => error,
                }
            }
        };
        self.session = Some(session).filter(|_| usable);
        Err(error)
    }

    async fn in_transaction(
        &mut self,
        session: &Session,
        write: &Write,
        kept: &[Kept],
    ) -> Result<Verdict, Hindered> {
        let (limits, now) = (self.limits(), self.config.clock.now());
        let verdict = {
            let hints = std::mem::take(&mut self.hints);
            let mut columns = Group::new(now.as_micros(), Some(&hints));
            columns.push(&write.tenant, &write.request);
            // A program that is stopped in here must not hold the log for ever.
            let opening = format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED; \
                 SET LOCAL idle_in_transaction_session_timeout = {}",
                self.config.idle_timeout_ms
            );
            let begun = limits.in_time(async { Ok(session.client.batch_execute(&opening).await?) });
            let asked = self.ask(session, &columns, now.as_micros());
            let (begun, rows) = futures::join!(begun, asked);
            let rows = begun.and(rows);
            let verdicts =
                rows.and_then(|rows| columns.verdicts(std::iter::once(&write.request), &rows));
            drop(columns);
            self.hints = hints;
            verdicts?.pop().unwrap_or(Verdict::Known)
        };
        let Verdict::Stored(appended) = verdict else {
            limits.in_time(async { Ok(session.client.batch_execute("ROLLBACK").await?) }).await?;
            return Ok(verdict);
        };
        if let Some(first) = appended.first {
            let events = recorded(write, &appended, first, now);
            for kept in kept.iter().filter(|it| it.scope.includes(&write.tenant)) {
                self.keep(session, kept, &events, now).await?;
            }
        }
        let committed = limits.in_time(async { Ok(session.client.batch_execute("COMMIT").await?) });
        committed.await.map_err(Hindered::Doubtful)?;
        Ok(Verdict::Stored(appended))
    }

    /// Brings one view up to date with what is being appended, if it stands right before it.
    async fn keep(
        &self,
        session: &Session,
        kept: &Kept,
        events: &[RecordedEvent],
        now: Timestamp,
    ) -> Result<(), Hindered> {
        let (limits, client) = (self.limits(), &session.client);
        let key = Key::new(&kept.scope, kept.view.name());
        let prepared = limits.in_time(async { Ok(client.batch_execute(AS_ROLE).await?) });
        let found = limits.in_time(locked(client, &self.sql, key));
        let (prepared, found) = futures::join!(prepared, found);
        let found = prepared.and(found)?;
        let (Some(mut progress), Some(first), Some(last)) = (found, events.first(), events.last())
        else {
            return Ok(());
        };
        if stands_before(&progress, first.position) && kept.view.fits(&progress) {
            self.apply(session, kept, events).await?;
            progress.position = last.position;
            progress.last = Some(HandledEvent { position: last.position, id: last.id });
            progress.updated_at = now;
            limits.in_time(store(client, &self.sql, key, &progress)).await?;
        }
        let done = async { Ok(client.batch_execute("RELEASE SAVEPOINT mark").await?) };
        Ok(limits.in_time(done).await?)
    }

    async fn apply(
        &self,
        session: &Session,
        kept: &Kept,
        events: &[RecordedEvent],
    ) -> Result<(), Hindered> {
        let mut view = Pipeline::new(OPERATION, &session.client, &self.limits()).marked();
        let applying = async { kept.view.apply(events, &mut view).await };
        let applied = AssertUnwindSafe(applying).catch_unwind().await;
        let applied = applied.unwrap_or_else(|_| Err("the view panicked".into()));
        let settled = view.settled().await;
        if let Some(lost) = view.lost() {
            return Err(Hindered::Lost(lost));
        }
        let settled = settled.map_err(|error| error.message().to_owned());
        applied.and(settled).map_err(|reason| {
            let reason = format!("{}: {reason}", kept.view.name());
            Hindered::Refused(Refusal::Hook { hook: "inline view", reason })
        })
    }

    fn limits(&self) -> Limits {
        let timeout = Duration::from_millis(self.config.answer_timeout_ms.into());
        Limits { prepare: self.config.prepare, timeout }
    }
}

/// Whether a view's loop has nothing left to do before `first`.
fn stands_before(progress: &Progress, first: Position) -> bool {
    progress.position.get() + 1 == first.get()
        && progress.paused.is_none()
        && progress.rebuild.is_none()
        && progress.waiting_events == 0
        && progress.dead_letters == 0
}

/// The events of an append as they stand in the log once it is committed.
fn recorded(
    write: &Write,
    appended: &Appended,
    first: Position,
    now: Timestamp,
) -> Vec<RecordedEvent> {
    let events = &write.request.events;
    let mut next: Vec<(&StreamId, u64)> = Vec::with_capacity(appended.streams.len());
    for (stream, last) in &appended.streams {
        let count = events.iter().filter(|(it, _)| it == stream).count() as u64;
        next.push((stream, last.get() + 1 - count));
    }
    let place = |(position, (stream, event)): (u64, &(StreamId, factum_core::NewEvent))| {
        let (_, next) = next
            .iter_mut()
            .find(|(it, _)| *it == stream)
            .expect("an append names each of its streams");
        let revision = Revision::new(*next);
        *next += 1;
        let (tenant, stream) = (write.tenant.clone(), stream.clone());
        let position = Position::new(position);
        event.clone().into_recorded(Place { position, tenant, stream, revision, now })
    };
    (first.get()..).zip(events).map(place).collect()
}
