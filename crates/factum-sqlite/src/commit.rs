//! The one thread that writes: group commit without a timer.
//!
//! ```text
//! wait for a request -> take what else is queued -> BEGIN IMMEDIATE -> catch up with other
//! processes -> judge and store each -> COMMIT (one flush) -> publish the head -> answer each
//!                                        | SQLite failed in the middle
//!                                        v
//!                     roll back, then each request in a transaction of its own
//! ```
//!
//! The group grows by itself while the disk is busy with the one before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use factum_core::{
    Clock, HeadSignal, Position, SnapshotSaved, StoreError, StoreErrorKind, Timestamp,
};
use rusqlite::Connection;
use tokio::sync::mpsc;

use crate::append::{Group, WriterState};
use crate::cache::StreamCache;
use crate::connection::{CHECKPOINT_PAGES, open_writer, set_flush};
use crate::error::{Failure, closed};
use crate::views::{self, Guard, InlineViews, Statements};
use crate::writer::{ActRequest, Answer, Done, Write};
use crate::{SqliteStoreConfig, fail_point, head, snapshots, sql};

/// Most requests in one group.
const GROUP_REQUESTS_MAX: usize = 512;
/// A group takes no further request once it holds this many events.
pub(crate) const GROUP_EVENTS_MAX: usize = 8_192;
/// How many expired commands a group sweeps away.
const SWEEP_ROWS_MAX: i64 = 64;

/// What the writing thread owns.
pub(crate) struct Writer {
    conn: Connection,
    config: SqliteStoreConfig,
    head: Arc<HeadSignal>,
    clock: Arc<dyn Clock>,
    full: Arc<AtomicBool>,
    state: WriterState,
    /// Whether commits of this connection are flushed.
    flushes: bool,
    /// SQLite's counter of other connections' commits, as of the last group.
    data_version: Option<i64>,
    /// Pages in the write-ahead log after the last commit.
    wal_pages: Arc<AtomicI32>,
    /// Statements of views.
    statements: Statements,
    inline: Arc<InlineViews>,
}

impl Writer {
    /// A writer that has not looked at the file yet. Sets `full` while there is no room.
    pub(crate) fn new(
        conn: Connection,
        config: SqliteStoreConfig,
        head: Arc<HeadSignal>,
        full: Arc<AtomicBool>,
        cache: Option<Arc<StreamCache>>,
        (guard, inline): (Guard, Arc<InlineViews>),
    ) -> rusqlite::Result<Self> {
        let mut writer = Self {
            conn,
            clock: Arc::clone(&config.clock),
            flushes: !config.unsafe_no_flush,
            config,
            head,
            full,
            state: WriterState::new(cache),
            data_version: None,
            wal_pages: Arc::default(),
            statements: Statements::new(guard),
            inline,
        };
        writer.statements.guard.install(&mut writer.conn)?;
        writer.watch_wal()?;
        Ok(writer)
    }

    /// Answers requests until nobody can ask any more.
    pub(crate) fn serve(mut self, mut requests: mpsc::Receiver<Write>) {
        let mut alone = None;
        loop {
            if let Some(work) = alone.take() {
                self.run_alone(work);
                continue;
            }
            let Some(first) = requests.blocking_recv() else {
                return;
            };
            let group;
            (group, alone) = gather(first, &mut requests);
            if !group.is_empty() {
                self.commit_group(group);
                self.checkpoint();
            }
        }
    }

    fn run_alone(&mut self, work: Box<dyn FnOnce(&mut Connection) + Send>) {
        // If this fails, so does the work, which talks to the same connection.
        let _ = self.flush_commits(true);
        work(&mut self.conn);
        self.forget();
    }

    /// Drops what is known of the file, so that the next group reads it again.
    fn forget(&mut self) {
        self.statements.guard.forget();
        self.data_version = None;
        self.state.forget();
    }

    fn commit_group(&mut self, group: Vec<Write>) {
        match self.try_commit(&group) {
            Ok(answers) => {
                for (write, answer) in group.into_iter().zip(answers) {
                    write.answer(answer);
                }
            }
            Err(GroupError::Interrupted(_)) if group.len() > 1 => {
                // One request stumbled; alone, it fails by itself and the others do not.
                for write in group {
                    self.commit_group(vec![write]);
                }
            }
            Err(GroupError::Interrupted(failure)) => {
                let mut error = Some(failure.into_append_error());
                for write in group {
                    let again = || closed(StoreErrorKind::Unavailable, "append").into();
                    write.answer(Err(error.take().unwrap_or_else(again)));
                }
            }
            Err(GroupError::Lost(error)) => {
                for write in group {
                    write.answer(Err(error.again("append").into()));
                }
            }
        }
    }

    /// Runs a group in one transaction. Answers are given out only after the commit.
    fn try_commit(&mut self, group: &[Write]) -> Result<Vec<Answer>, GroupError> {
        if let Err(failure) = self.begin(group) {
            self.roll_back();
            return Err(GroupError::Lost(failure.into_write_error("append")));
        }
        let (answers, wrote) = self.run_group(group).map_err(|it| self.interrupted(it))?;
        fail_point::hit("append-before-commit");
        let committed = self.conn.prepare_cached("COMMIT").and_then(|mut it| it.execute([]));
        if let Err(error) = committed {
            return Err(self.commit_lost(error));
        }
        fail_point::hit("append-after-commit");
        if wrote {
            self.full.store(false, Ordering::Release);
        }
        self.state.staged.publish(self.state.head);
        self.head.publish(Position::new(self.state.head.cast_unsigned()));
        Ok(answers)
    }

    fn begin(&mut self, group: &[Write]) -> Result<(), Failure> {
        self.flush_commits(!group.iter().all(Write::may_be_lost))?;
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut statement = self.conn.prepare_cached("PRAGMA data_version")?;
        let data_version: i64 = statement.query_row([], |row| row.get(0))?;
        if self.data_version != Some(data_version) {
            self.state.ids.forget();
            self.state.staged.begin_generation();
            let head = head::read_checked(&self.conn)?;
            (self.state.head, self.state.ids.counts) = (head.position, head.names);
            self.data_version = Some(data_version);
        }
        self.state.ids.trim();
        Ok(())
    }

    /// Whether the next commit is flushed. One that is not goes to the same write-ahead log, so
    /// the next flush covers it: what is acknowledged later depends on nothing that can be lost.
    fn flush_commits(&mut self, flush: bool) -> rusqlite::Result<()> {
        let flush = flush && !self.config.unsafe_no_flush;
        if self.flushes != flush {
            set_flush(&self.conn, flush)?;
            self.flushes = flush;
        }
        Ok(())
    }

    /// The answers, and whether anything was written.
    fn run_group(&mut self, group: &[Write]) -> Result<(Vec<Answer>, bool), Failure> {
        let now = self.clock.now();
        let inline = !self.inline.is_empty();
        let before = self.state.head_row();
        let mut done = GroupDone::with_room(group.len());
        let together = |a: &Write, b: &Write| !inline && a.shares() && b.shares();
        for stretch in group.chunk_by(together) {
            match stretch {
                [Write::View(request)] => {
                    let ran = request.run(&mut self.conn, &mut self.statements, now)?;
                    done.answers.push(ran.map(|()| Done::Kept));
                    done.wrote = true;
                }
                [write] if inline && write.appends() => self.run_inline(write, now, &mut done)?,
                _ => self.run_stretch(stretch, now, &mut done)?,
            }
        }
        let grown = self.state.head_row() != before;
        if grown {
            head::write(&self.conn, self.state.head_row())?;
        }
        if done.commands {
            let mut sweep = self.conn.prepare_cached(sql::SWEEP_COMMANDS)?;
            sweep.execute((now.as_micros(), SWEEP_ROWS_MAX))?;
        }
        Ok((done.answers, grown || done.commands || done.wrote))
    }

    /// Runs requests that share statements, one after the other.
    fn run_stretch(
        &mut self,
        stretch: &[Write],
        now: Timestamp,
        done: &mut GroupDone,
    ) -> Result<(), Failure> {
        let mut open = Group::new(&self.conn, now)?;
        for write in stretch {
            let answer = match write {
                Write::Append { tenant, request, .. } => {
                    done.commands |= request.command.is_some();
                    open.append(&mut self.state, tenant, request).map(Done::Appended)
                }
                Write::Act { tenant, act, .. } => {
                    let ActRequest { stream, act, expected, record } = act;
                    let act = open.act(&mut self.state, tenant, stream, *act, *expected, record);
                    act.map(Done::Appended)
                }
                Write::Snapshots { tenant, write, .. } => {
                    let kept = snapshots::write(&self.conn, &mut self.state.ids, tenant, write);
                    done.wrote |= !matches!(kept, Ok(Done::Saved(SnapshotSaved::Older { .. })));
                    kept
                }
                Write::Change(change) => {
                    done.wrote = true;
                    change.run(&self.conn, now).map(|()| Done::Kept)
                }
                Write::View(_) => unreachable!("a view shares no stretch"),
                Write::Alone(_) => unreachable!("gathered groups hold no such request"),
            };
            done.answers.push(match answer {
                Ok(done) => Ok(done),
                Err(refused @ (Failure::Append(_) | Failure::Refused(_))) => {
                    Err(refused.into_append_error())
                }
                Err(failure) => return Err(failure),
            });
        }
        Ok(())
    }

    /// Runs an append together with the views that are kept inside it.
    fn run_inline(
        &mut self,
        write: &Write,
        now: Timestamp,
        done: &mut GroupDone,
    ) -> Result<(), Failure> {
        let (Write::Append { tenant, .. } | Write::Act { tenant, .. }) = write else {
            unreachable!("only appends take views along");
        };
        let kept = self.inline.of(tenant);
        let mark = self.state.mark();
        self.conn.prepare_cached("SAVEPOINT append")?.execute([])?;
        self.run_stretch(std::slice::from_ref(write), now, done)?;
        if let Some(Ok(Done::Appended(appended))) = done.answers.last() {
            let (statements, names) = (&mut self.statements, &mut self.state.names);
            let ran = views::apply(&mut self.conn, statements, names, &kept, appended, now)?;
            if let (Err(refused), Some(answer)) = (ran, done.answers.last_mut()) {
                *answer = Err(refused);
                self.conn.prepare_cached("ROLLBACK TO append")?.execute([])?;
                self.state.undo(mark);
            }
        }
        self.conn.prepare_cached("RELEASE append")?.execute([])?;
        Ok(())
    }

    /// Rolls back after a failure before the commit: nothing is stored.
    fn interrupted(&mut self, failure: Failure) -> GroupError {
        if failure.is_full() {
            self.full.store(true, Ordering::Release);
        }
        self.roll_back();
        GroupError::Interrupted(failure)
    }

    /// After a failed commit, what is stored is for the file to say: start from it again.
    fn commit_lost(&mut self, error: rusqlite::Error) -> GroupError {
        let error = Failure::Commit(error).into_write_error("append");
        self.full.store(error.kind() == StoreErrorKind::StorageFull, Ordering::Release);
        self.roll_back();
        if error.kind() == StoreErrorKind::OutcomeUnknown
            && let Ok(mut conn) = open_writer(&self.config)
            && self.statements.guard.install(&mut conn).is_ok()
        {
            self.conn = conn;
            self.flushes = !self.config.unsafe_no_flush;
            // Without the hook no checkpoint would run; SQLite's own takes over then.
            if self.watch_wal().is_err() {
                let _ = self.conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES);
            }
        }
        GroupError::Lost(error)
    }

    fn roll_back(&mut self) {
        if !self.conn.is_autocommit() {
            // If even this fails, the next BEGIN does too, and says why.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        self.forget();
    }

    /// Has SQLite say after each commit how long the write-ahead log is.
    fn watch_wal(&mut self) -> rusqlite::Result<()> {
        let pages = Arc::clone(&self.wal_pages);
        self.conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            pages.store(count, Ordering::Relaxed);
            Ok(())
        }))
    }

    /// Writes the log back into the file once it is long, after the answers, not before them.
    fn checkpoint(&mut self) {
        if self.wal_pages.load(Ordering::Relaxed) >= CHECKPOINT_PAGES {
            // A checkpoint that fails is tried again after the next group; nothing is lost.
            let passive = "PRAGMA wal_checkpoint(PASSIVE)";
            let _ = self.conn.query_row(passive, [], |_| Ok(()));
            self.wal_pages.store(0, Ordering::Relaxed);
        }
    }
}

/// What the requests of a group came to.
struct GroupDone {
    answers: Vec<Answer>,
    /// Whether commands were remembered.
    commands: bool,
    /// Whether anything but the log was written to.
    wrote: bool,
}

impl GroupDone {
    fn with_room(requests: usize) -> Self {
        Self { answers: Vec::with_capacity(requests), commands: false, wrote: false }
    }
}

/// What became of a group that was not committed.
enum GroupError {
    /// Rolled back before the commit.
    Interrupted(Failure),
    /// It could not begin, or its commit failed: one error for all.
    Lost(StoreError),
}

type Gathered = (Vec<Write>, Option<Box<dyn FnOnce(&mut Connection) + Send>>);

/// Takes what is queued, up to the limits or to a request that must run alone.
fn gather(first: Write, requests: &mut mpsc::Receiver<Write>) -> Gathered {
    let mut group = Vec::new();
    let (mut events, mut next) = (0, Some(first));
    while let Some(write) = next.take() {
        if let Write::Alone(work) = write {
            return (group, Some(work));
        }
        events += write.events();
        group.push(write);
        if group.len() < GROUP_REQUESTS_MAX && events < GROUP_EVENTS_MAX {
            next = requests.try_recv().ok();
        }
    }
    (group, None)
}

#[cfg(test)]
mod tests;
