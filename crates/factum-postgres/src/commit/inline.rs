//! Appends with views inside them, while the store keeps any: one request at a time.
//!
//! ```text
//! BEGIN, append -> nothing stored: ROLLBACK
//!   -> the views, one after the other -> refused: ROLLBACK, nothing of the append is stored
//!   -> COMMIT
//! ```
//!
//! The log is held while the views think. A program that is stopped meanwhile loses its session, and
//! nothing is stored.

use std::time::Duration;

use factum_core::{
    Appended, Place, Position, RecordedEvent, Revision, StoreError, StoreErrorKind, StreamId,
    Timestamp,
};

use super::{Session, Writer};
use crate::answer::Verdict;
use crate::group::Group;
use crate::holder;
use crate::views::ahead::Limits;
use crate::views::inline::{Hindered, Keeper, Kept};
use crate::writer::Write;

const OPERATION: &str = "append";

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
        let limits = self.limits();
        for kept in kept.iter().filter(|it| it.scope.includes(&write.tenant)) {
            let space = self.spaces.of(&session.client, &limits, &self.schema, &kept.scope).await;
            space.map_err(|it| it.into_store_error(OPERATION))?.check_made(OPERATION)?;
        }
        let hindered = match self.in_transaction(&session, write, kept).await {
            Ok(verdict) => {
                self.session = Some(session);
                return Ok(verdict);
            }
            Err(Hindered::Doubtful(failure)) => return Err(failure.into_write_error(OPERATION)),
            Err(hindered) => hindered,
        };
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
            let (client, spaces) = (&session.client, &self.spaces);
            let keeper = Keeper { client, sql: &self.sql, limits: &limits, spaces, now };
            keeper.keep(kept, &write.tenant, &events).await?;
        }
        let committed = limits.in_time(async { Ok(session.client.batch_execute("COMMIT").await?) });
        committed.await.map_err(Hindered::Doubtful)?;
        Ok(Verdict::Stored(appended))
    }

    fn limits(&self) -> Limits {
        let timeout = Duration::from_millis(self.config.answer_timeout_ms.into());
        Limits { prepare: self.config.prepare, timeout }
    }
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
