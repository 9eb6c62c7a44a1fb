//! A read as a stream of pages, read ahead of the caller.
//!
//! ```text
//! first poll -> a job reads pages into a short channel -> channel full, or others wait for a
//! thread: the job parks the rest of its request and gives the thread back -> caller takes pages ->
//! channel half empty: a new job takes the parked request up
//! ```
//!
//! So a slow caller holds no thread, a fast one seldom waits for a thread to wake, and a long read
//! lets the others pass after each page.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use factum_core::{Page, PageStream, Refusal, StoreError, StoreErrorKind};
use futures::StreamExt;
use futures::stream;
use tokio::sync::mpsc;

use crate::error::{Failure, closed};
use crate::pool::ReaderPool;
use crate::read::Paged;
use crate::reader::Reader;

/// How many pages may wait for the caller.
const AHEAD_MAX: usize = 4;
/// After this many pages a job makes room for others in the queue.
const JOB_PAGES_MAX: usize = 32;

type PageSender = mpsc::Sender<Result<Page, Failure>>;

/// The pages of a read that `read` gives one after another, each with the request for the next.
pub(crate) fn pages<R, F>(
    pool: &ReaderPool,
    operation: &'static str,
    request: R,
    refused: Option<Refusal>,
    read: F,
) -> PageStream
where
    R: Send + 'static,
    F: Fn(&mut Reader, R) -> Result<Paged<R>, Failure> + Send + Sync + 'static,
{
    if let Some(refusal) = refused {
        let error = StoreError::refused(operation, &refusal);
        return stream::once(async { Err(error) }).boxed();
    }
    let (sender, pages) = mpsc::channel(AHEAD_MAX);
    let parked = Mutex::new(Some(Parked { request, sender }));
    let shared = Arc::new(Shared { parked, ended: AtomicBool::new(false) });
    let feed = Feed { pool: pool.clone(), operation, read: Arc::new(read), shared, pages };
    let fused = stream::unfold(Some(feed), |feed| async {
        let mut feed = feed?;
        let page = feed.next().await?;
        let rest = page.is_ok().then_some(feed); // An error ends the read.
        Some((page, rest))
    });
    fused.boxed()
}

/// The part of a read that no job is working on.
struct Parked<R> {
    request: R,
    sender: PageSender,
}

/// What the caller's end and the job share.
struct Shared<R> {
    parked: Mutex<Option<Parked<R>>>,
    /// The last page was sent. Without this, a channel that closes is a job that broke down.
    ended: AtomicBool,
}

impl<R> Shared<R> {
    fn park(&self, parked: Parked<R>) {
        *self.parked.lock().unwrap_or_else(PoisonError::into_inner) = Some(parked);
    }

    fn take(&self) -> Option<Parked<R>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The caller's end of a read.
struct Feed<R, F> {
    pool: ReaderPool,
    operation: &'static str,
    read: Arc<F>,
    shared: Arc<Shared<R>>,
    pages: mpsc::Receiver<Result<Page, Failure>>,
}

impl<R, F> Feed<R, F>
where
    R: Send + 'static,
    F: Fn(&mut Reader, R) -> Result<Paged<R>, Failure> + Send + Sync + 'static,
{
    async fn next(&mut self) -> Option<Result<Page, StoreError>> {
        if let Err(error) = self.resume().await {
            return Some(Err(error));
        }
        let Some(page) = self.pages.recv().await else {
            let broken = || Err(closed(StoreErrorKind::Unavailable, self.operation));
            return (!self.shared.ended.load(Ordering::Acquire)).then(broken);
        };
        if let Err(error) = self.resume().await {
            return Some(Err(error));
        }
        Some(page.map_err(|failure| failure.into_store_error(self.operation)))
    }

    /// Starts a job on what is parked, if few pages are waiting.
    async fn resume(&mut self) -> Result<(), StoreError> {
        if self.pages.len() > AHEAD_MAX / 2 {
            return Ok(());
        }
        let Some(parked) = self.shared.take() else {
            return Ok(());
        };
        let (read, shared) = (Arc::clone(&self.read), Arc::clone(&self.shared));
        let job = move |reader: &mut Reader| fill(reader, parked, &shared, &*read);
        self.pool.submit(self.operation, job).await
    }
}

/// Reads pages into the channel until it is full or the read has ended.
fn fill<R, F>(reader: &mut Reader, mut parked: Parked<R>, shared: &Shared<R>, read: &F)
where
    F: Fn(&mut Reader, R) -> Result<Paged<R>, Failure>,
{
    let mut read_pages = 0;
    loop {
        let Parked { request, sender } = parked;
        let (page, rest) = match reader.in_transaction(|reader| read(reader, request)) {
            Ok((page, rest)) => (Ok(page), rest),
            Err(failure) => (Err(failure), None),
        };
        if rest.is_none() {
            shared.ended.store(true, Ordering::Release);
        }
        // There is room, for no one else sends; a caller who is gone needs no page.
        if sender.try_send(page).is_err() {
            return;
        }
        let Some(request) = rest else {
            return;
        };
        parked = Parked { request, sender };
        reader.end(); // A long read holds no transaction from page to page.
        read_pages += 1;
        let goes_on = read_pages < JOB_PAGES_MAX && !reader.others_wait();
        if parked.sender.capacity() > 0 && goes_on {
            continue;
        }
        let watch = parked.sender.clone();
        shared.park(parked);
        // A caller who emptied the channel before the request was parked did not see it there, and
        // waits for a page: go on. Any other takes another page first, and looks again then.
        if watch.capacity() < AHEAD_MAX {
            return;
        }
        match shared.take() {
            Some(again) => parked = again,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests;
