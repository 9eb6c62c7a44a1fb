//! The way to the one thread that writes: a bounded queue, and an answer for each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use factum_core::{
    AdminRecord, AppendError, AppendRequest, Appended, Expected, HeadSignal, SnapshotSaved,
    StoreError, StoreErrorKind, StreamId, TenantId,
};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::SqliteStoreConfig;
use crate::append::Act;
use crate::cache::StreamCache;
use crate::change::Change;
use crate::commit::{GROUP_EVENTS_MAX, Writer};
use crate::error::{Failure, closed, failed};
use crate::snapshots::SnapshotWrite;
use crate::views::{Guard, InlineViews, ViewRequest};

/// How many writes may wait before callers wait for a place in the queue.
const QUEUE_MAX: usize = 1_024;

/// How many bytes of a snapshot fill a group as one event does: the largest one fills it alone.
const SNAPSHOT_BYTES_PER_EVENT: usize = 8 << 10;

/// What a request to the writer is answered with.
pub(crate) type Answer = Result<Done, AppendError>;

/// What a request came to.
#[derive(Debug)]
pub(crate) enum Done {
    /// An append, or an act and its record.
    Appended(Appended),
    /// What became of a snapshot.
    Saved(SnapshotSaved),
    /// So many snapshots were deleted.
    Snapshots(u64),
    /// What the request itself keeps, and answers with.
    Kept,
}

/// A request to the writer.
pub(crate) enum Write {
    Append {
        tenant: TenantId,
        request: AppendRequest,
        reply: oneshot::Sender<Answer>,
    },
    Act {
        tenant: TenantId,
        act: ActRequest,
        reply: oneshot::Sender<Answer>,
    },
    Snapshots {
        tenant: TenantId,
        write: SnapshotWrite,
        reply: oneshot::Sender<Answer>,
    },
    /// A small write; see [`Change`].
    Change(Change),
    /// A view and its checkpoint, moved on together.
    View(ViewRequest),
    /// Something that must be alone with the connection, outside any transaction.
    Alone(Box<dyn FnOnce(&mut Connection) + Send>),
}

/// An act on a stream, as asked for.
#[derive(Debug)]
pub(crate) struct ActRequest {
    pub(crate) stream: StreamId,
    pub(crate) act: Act,
    pub(crate) expected: Expected,
    pub(crate) record: AdminRecord,
}

/// The sending side of the writer, and what it lets others see.
#[derive(Debug)]
pub(crate) struct WriterHandle {
    queue: Option<mpsc::Sender<Write>>,
    /// Why nothing can be written; there is no thread then.
    refusal: Option<StoreError>,
    thread: Option<JoinHandle<()>>,
    full: Arc<AtomicBool>,
    /// Keeps the statements of views away from the store's own tables.
    pub(crate) guard: Guard,
    /// The views that are kept inside each append.
    pub(crate) inline: Arc<InlineViews>,
}

impl WriterHandle {
    pub(crate) fn start(
        conn: Connection,
        config: SqliteStoreConfig,
        head: Arc<HeadSignal>,
        cache: Option<Arc<StreamCache>>,
    ) -> Result<Self, StoreError> {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let full = Arc::new(AtomicBool::new(false));
        let (guard, inline) = (Guard::of_writer(), Arc::<InlineViews>::default());
        let views = (guard.clone(), Arc::clone(&inline));
        let writer = Writer::new(conn, config, head, Arc::clone(&full), cache, views)
            .map_err(|it| failed("open store", &it))?;
        let thread = std::thread::Builder::new().name("factum-write".into());
        let thread = thread.spawn(move || writer.serve(requests)).map_err(|error| {
            StoreError::new(StoreErrorKind::Unavailable, "open store", "no thread to write with")
                .with_source(error)
        })?;
        Ok(Self { queue: Some(queue), refusal: None, thread: Some(thread), full, guard, inline })
    }

    /// A writer that refuses everything.
    pub(crate) fn refusing(refusal: StoreError) -> Self {
        let (guard, inline) = (Guard::of_writer(), Arc::default());
        let full = Arc::default();
        Self { queue: None, refusal: Some(refusal), thread: None, full, guard, inline }
    }

    /// Why nothing can be written, if that is so.
    pub(crate) fn refusal(&self) -> Option<&StoreError> {
        self.refusal.as_ref()
    }

    /// Whether the last write that was tried found no room.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// Whether the writing thread has come to an end, which only a defect of ours can do.
    pub(crate) fn is_gone(&self) -> bool {
        self.queue.as_ref().is_none_or(mpsc::Sender::is_closed)
    }

    /// Hands an append or an act over and waits for its answer.
    pub(crate) async fn append(
        &self,
        write: impl FnOnce(oneshot::Sender<Answer>) -> Write,
    ) -> Result<Appended, AppendError> {
        match self.ask(write).await? {
            Done::Appended(appended) => Ok(appended),
            Done::Saved(_) | Done::Snapshots(_) | Done::Kept => {
                unreachable!("an append is answered with where its events are")
            }
        }
    }

    /// Hands a write over and waits for its answer.
    pub(crate) async fn ask(&self, write: impl FnOnce(oneshot::Sender<Answer>) -> Write) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.send("append", write(reply)).await?;
        answer.await.map_err(|_| closed(StoreErrorKind::OutcomeUnknown, "append"))?
    }

    /// Runs `work` alone with the writing connection.
    pub(crate) async fn alone<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(move |conn: &mut Connection| {
            let _ = reply.send(work(conn)); // Nobody waits any longer: nothing to tell.
        });
        self.send(operation, Write::Alone(work)).await?;
        let answer = answer.await.map_err(|_| closed(StoreErrorKind::OutcomeUnknown, operation))?;
        answer.map_err(|failure| failure.into_write_error(operation))
    }

    pub(crate) async fn send(
        &self,
        operation: &'static str,
        write: Write,
    ) -> Result<(), StoreError> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.again(operation));
        }
        let queue = self.queue.as_ref().expect("the queue is there until the handle is dropped");
        let sent = queue.send(write).await;
        sent.map_err(|_| closed(StoreErrorKind::Unavailable, operation))
    }
}

impl Drop for WriterHandle {
    fn drop(&mut self) {
        self.queue = None; // The thread ends once it has answered what is queued.
        // Work on a view may hold the last handle, and drops it on the writing thread itself.
        let elsewhere = |it: &JoinHandle<()>| it.thread().id() != std::thread::current().id();
        if let Some(thread) = self.thread.take().filter(elsewhere) {
            let _ = thread.join();
        }
    }
}

impl Write {
    /// Gives the answer to whoever still waits for it.
    pub(crate) fn answer(self, answer: Answer) {
        match self {
            Self::Append { reply, .. }
            | Self::Act { reply, .. }
            | Self::Snapshots { reply, .. } => {
                let _ = reply.send(answer);
            }
            Self::Change(change) => change.answer(answer.map(|_| ())),
            Self::View(request) => request.answer(answer.map(|_| ())),
            Self::Alone(_) => {}
        }
    }

    /// How much it takes of a group's room, in events.
    pub(crate) fn events(&self) -> usize {
        match self {
            Self::Append { request, .. } => request.events.len(),
            Self::Snapshots { write: SnapshotWrite::Save(snapshot), .. } => {
                1 + snapshot.payload.len() / SNAPSHOT_BYTES_PER_EVENT
            }
            // Its statements take time that nobody here knows: two of them fill a group.
            Self::View(_) => GROUP_EVENTS_MAX / 2,
            _ => 1,
        }
    }

    /// Whether it may be lost in a crash after it was answered.
    pub(crate) fn may_be_lost(&self) -> bool {
        match self {
            Self::Snapshots { write: SnapshotWrite::Save(_), .. } | Self::View(_) => true,
            Self::Append { request, .. } => request.is_guards_alone(),
            Self::Change(change) => change.may_be_lost(),
            _ => false,
        }
    }

    /// Whether it takes positions in the log.
    pub(crate) fn appends(&self) -> bool {
        matches!(self, Self::Append { .. } | Self::Act { .. })
    }

    /// Whether others may run in one stretch with it, sharing statements.
    pub(crate) fn shares(&self) -> bool {
        !matches!(self, Self::View(_))
    }
}
