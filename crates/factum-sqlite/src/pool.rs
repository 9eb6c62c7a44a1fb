//! Threads that read, each with a connection of its own, and the queue they take reads from.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};
use factum_core::{StoreError, StoreErrorKind};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::SqliteStoreConfig;
use crate::cache::StreamCache;
use crate::error::{Failure, closed, failed};
use crate::read_file::ReadFile;
use crate::reader::{Reader, Tickets};

/// How many reads may wait for a thread before callers wait for a place in the queue.
const QUEUE_MAX: usize = 1_024;

/// Work for a reading thread, holding its place in the queue until it is done.
struct Job {
    ticket: u64,
    work: Box<dyn FnOnce(&mut Reader) + Send>,
    _place: OwnedSemaphorePermit,
}

/// The reading threads. Clones share them; they end when the last clone is gone.
#[derive(Clone, Debug)]
pub(crate) struct ReaderPool {
    queue: Sender<Job>,
    places: Arc<Semaphore>,
    tickets: Tickets,
    /// Joined when the last clone is dropped; the queue above is closed by then.
    _threads: Arc<Threads>,
}

impl ReaderPool {
    pub(crate) fn start(
        config: &SqliteStoreConfig,
        cache: Option<&Arc<StreamCache>>,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = crossbeam_channel::unbounded(); // The places bound it.
        let tickets = Tickets::default();
        let mut threads = Vec::with_capacity(config.readers);
        for number in 0..config.readers {
            let opened = ReadFile::open(&config.path, config.busy_timeout_ms)?;
            let reader = Reader::new(opened, tickets.clone(), cache.cloned())
                .map_err(|it| failed("open store", &it))?;
            let jobs = jobs.clone();
            let name = format!("factum-read-{number}");
            let thread = std::thread::Builder::new().name(name).spawn(move || serve(reader, &jobs));
            threads.push(thread.map_err(|error| {
                StoreError::new(StoreErrorKind::Unavailable, "open store", "no thread to read with")
                    .with_source(error)
            })?);
        }
        let places = Arc::new(Semaphore::new(QUEUE_MAX));
        Ok(Self { queue, places, tickets, _threads: Arc::new(Threads(Mutex::new(threads))) })
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
        let job = Job { ticket: self.tickets.draw(), work: Box::new(work), _place: place };
        self.queue.send(job).map_err(|_| gone())
    }
}

fn serve(mut reader: Reader, jobs: &Receiver<Job>) {
    loop {
        let waiting = jobs.try_recv().or_else(|_| {
            reader.end(); // No transaction is held open while nothing is read.
            jobs.recv()
        });
        let Ok(Job { ticket, work, _place }) = waiting else { return };
        reader.take_up(ticket);
        // A panic is the bug of one read: its caller is told that no answer will come, and the
        // thread lives on for the others.
        if catch_unwind(AssertUnwindSafe(|| work(&mut reader))).is_err() {
            reader.end();
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
