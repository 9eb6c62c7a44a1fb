//! Threads that read, each with a connection and the names it has seen.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};
use factum_core::{Position, StoreError, StoreErrorKind};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::connection::open_reader;
use crate::error::{Failure, closed};
use crate::names::Names;
use crate::{SqliteStoreConfig, head};

/// How many reads may wait for a thread before callers wait for a place in the queue.
const QUEUE_MAX: usize = 1_024;

/// What a reading thread owns.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) conn: Connection,
    pub(crate) names: Names,
}

impl Reader {
    pub(crate) fn head(&self) -> Result<Position, Failure> {
        Ok(Position::new(head::read(&self.conn)?.cast_unsigned()))
    }

    /// Runs `read` inside one transaction, so that all its statements see one state.
    pub(crate) fn in_transaction<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.conn.prepare_cached("BEGIN")?.execute([])?;
        let result = read(self);
        let ended = self.conn.prepare_cached("COMMIT").and_then(|mut it| it.execute([]));
        if ended.is_err() && !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK")?;
        }
        result
    }
}

/// Work for a reading thread, holding its place in the queue until it is done.
struct Job {
    work: Box<dyn FnOnce(&mut Reader) + Send>,
    _place: OwnedSemaphorePermit,
}

/// The reading threads. Clones share them; they end when the last clone is gone.
#[derive(Clone, Debug)]
pub(crate) struct ReaderPool {
    queue: Sender<Job>,
    places: Arc<Semaphore>,
    /// Joined when the last clone is dropped; the queue above is closed by then.
    _threads: Arc<Threads>,
}

impl ReaderPool {
    pub(crate) fn start(config: &SqliteStoreConfig) -> Result<Self, StoreError> {
        let (queue, jobs) = crossbeam_channel::unbounded(); // The places bound it.
        let mut threads = Vec::with_capacity(config.readers);
        for number in 0..config.readers {
            let conn = open_reader(&config.path, config.busy_timeout_ms)?;
            let jobs = jobs.clone();
            let name = format!("factum-read-{number}");
            let thread = std::thread::Builder::new().name(name).spawn(move || serve(conn, &jobs));
            threads.push(thread.map_err(|error| {
                StoreError::new(StoreErrorKind::Unavailable, "open store", "no thread to read with")
                    .with_source(error)
            })?);
        }
        let places = Arc::new(Semaphore::new(QUEUE_MAX));
        Ok(Self { queue, places, _threads: Arc::new(Threads(Mutex::new(threads))) })
    }

    /// Runs `read` on a reading thread, in one transaction.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&mut Reader) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let work = move |reader: &mut Reader| {
            // Whoever no longer waits for the answer does not need it.
            let _ = reply.send(reader.in_transaction(read));
        };
        self.submit(operation, work).await?;
        let answer = answer.await.map_err(|_| closed(StoreErrorKind::Unavailable, operation))?;
        answer.map_err(|failure| failure.into_store_error(operation))
    }

    /// Hands `work` to a reading thread, once there is a place in the queue.
    pub(crate) async fn submit(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Reader) + Send + 'static,
    ) -> Result<(), StoreError> {
        let gone = || closed(StoreErrorKind::Unavailable, operation);
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| gone())?;
        let job = Job { work: Box::new(work), _place: place };
        self.queue.send(job).map_err(|_| gone())
    }
}

fn serve(conn: Connection, jobs: &Receiver<Job>) {
    let mut reader = Reader { conn, names: Names::default() };
    for Job { work, _place } in jobs {
        // A panic is the bug of one read: its caller is told that no answer will come, and the
        // thread lives on for the others.
        let _ = catch_unwind(AssertUnwindSafe(|| work(&mut reader)));
        if !reader.conn.is_autocommit() {
            let _ = reader.conn.execute_batch("ROLLBACK");
        }
    }
}

/// Joined when the pool ends, so that the file is closed once the store is gone.
#[derive(Debug)]
struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Drop for Threads {
    fn drop(&mut self) {
        let threads = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join(); // It cannot have panicked, see `serve`.
        }
    }
}
