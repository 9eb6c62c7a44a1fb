//! Threads that read, each with a connection and the names it has seen.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use factum_core::{Position, StoreError, StoreErrorKind};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

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
    fn in_transaction<T>(
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

type Job = Box<dyn FnOnce(&mut Reader) + Send>;

/// A read that is under way, or waiting for a thread.
pub(crate) type Pending<T> = oneshot::Receiver<Result<T, Failure>>;

/// The reading threads. Clones share them; they end when the last clone is gone.
#[derive(Clone, Debug)]
pub(crate) struct ReaderPool {
    queue: mpsc::Sender<Job>,
    /// Joined when the last clone is dropped; the queue above is closed by then.
    _threads: Arc<Threads>,
}

impl ReaderPool {
    pub(crate) fn start(config: &SqliteStoreConfig) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel::<Job>(QUEUE_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut threads = Vec::with_capacity(config.readers);
        for number in 0..config.readers {
            let conn = open_reader(&config.path, config.busy_timeout_ms)?;
            let jobs = Arc::clone(&jobs);
            let name = format!("factum-read-{number}");
            let thread = std::thread::Builder::new().name(name).spawn(move || serve(conn, &jobs));
            threads.push(thread.map_err(|error| {
                StoreError::new(StoreErrorKind::Unavailable, "open store", "no thread to read with")
                    .with_source(error)
            })?);
        }
        Ok(Self { queue, _threads: Arc::new(Threads(Mutex::new(threads))) })
    }

    /// Runs `read` on a reading thread, in one transaction.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&mut Reader) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || closed(StoreErrorKind::Unavailable, operation);
        let (job, answer) = package(read);
        self.queue.send(job).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?.map_err(|failure| failure.into_store_error(operation))
    }

    /// Starts `read` if there is a place in the queue just now.
    pub(crate) fn try_start<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, Failure> + Send + 'static,
    ) -> Option<Pending<T>> {
        let (job, answer) = package(read);
        self.queue.try_send(job).ok().map(|()| answer)
    }
}

fn package<T: Send + 'static>(
    read: impl FnOnce(&mut Reader) -> Result<T, Failure> + Send + 'static,
) -> (Job, Pending<T>) {
    let (reply, answer) = oneshot::channel();
    let job = move |reader: &mut Reader| {
        // Whoever no longer waits for the answer does not need it.
        let _ = reply.send(reader.in_transaction(read));
    };
    (Box::new(job), answer)
}

fn serve(conn: Connection, jobs: &Mutex<mpsc::Receiver<Job>>) {
    let mut reader = Reader { conn, names: Names::default() };
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else {
            return;
        };
        // A panic is the bug of one read: its caller is told that no answer will come, and the
        // thread lives on for the others.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut reader)));
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
