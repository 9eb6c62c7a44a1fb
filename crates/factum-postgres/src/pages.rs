//! A read as a stream of pages, read ahead of the caller.
//!
//! ```text
//! first poll -> the first page, read in the caller's own task -> no more: the end
//!               more: a task reads on into a short channel -> caller takes pages -> the end
//! ```
//!
//! So a short read costs no task, a long one reads the next page while the caller works on this
//! one, and a caller who stops leaves nothing running.

use std::sync::Arc;

use factum_core::{Page, PageStream, Refusal, StoreError, StoreErrorKind};
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use tokio::sync::mpsc;

use crate::error::{Failure, closed};
use crate::store::Shared;

/// How many pages may wait for the caller.
const AHEAD_MAX: usize = 2;

/// A page, and the request for the rest if there is more.
pub(crate) type Paged<R> = Result<(Page, Option<R>), Failure>;

/// Reads the page that a request asks for.
pub(crate) type ReadPage<R> = fn(Arc<Shared>, R) -> BoxFuture<'static, Paged<R>>;

/// A page, and whether another one follows.
type Ahead = Result<(Page, bool), Failure>;

/// Where a read stands.
enum Feed<R> {
    Begin(R),
    Ahead(mpsc::Receiver<Ahead>),
    Ended,
}

/// The pages of a read that `read` gives one after another, each with the request for the next.
pub(crate) fn pages<R: Send + 'static>(
    shared: &Arc<Shared>,
    operation: &'static str,
    request: Result<R, Refusal>,
    read: ReadPage<R>,
) -> PageStream {
    let request = match request {
        Ok(request) => request,
        Err(refusal) => {
            let error = StoreError::refused(operation, &refusal);
            return stream::once(async { Err(error) }).boxed();
        }
    };
    let first = (Arc::clone(shared), Feed::Begin(request));
    let pages = stream::unfold(first, move |(shared, feed)| async move {
        let (page, feed) = match feed {
            Feed::Begin(request) => match read(Arc::clone(&shared), request).await {
                Ok((page, None)) => (Ok(page), Feed::Ended),
                Ok((page, Some(rest))) => {
                    (Ok(page), Feed::Ahead(ahead(Arc::clone(&shared), rest, read)))
                }
                Err(failure) => (Err(failure.into_store_error(operation)), Feed::Ended),
            },
            Feed::Ahead(mut pages) => match pages.recv().await {
                Some(Ok((page, true))) => (Ok(page), Feed::Ahead(pages)),
                Some(Ok((page, false))) => (Ok(page), Feed::Ended),
                Some(Err(failure)) => (Err(failure.into_store_error(operation)), Feed::Ended),
                // The last page said that more follow, so the task broke down.
                None => (Err(closed(StoreErrorKind::Unavailable, operation)), Feed::Ended),
            },
            Feed::Ended => return None,
        };
        Some((page, (shared, feed)))
    });
    pages.boxed()
}

/// Reads on in a task, until the read ends or the caller is gone.
fn ahead<R: Send + 'static>(
    shared: Arc<Shared>,
    rest: R,
    read: ReadPage<R>,
) -> mpsc::Receiver<Ahead> {
    let (pages, receiver) = mpsc::channel(AHEAD_MAX);
    tokio::spawn(async move {
        let mut request = Some(rest);
        while let Some(next) = request.take() {
            let page = read(Arc::clone(&shared), next).await.map(|(page, rest)| {
                request = rest;
                (page, request.is_some())
            });
            if pages.send(page).await.is_err() {
                return; // Nobody waits for it any longer.
            }
        }
    });
    receiver
}
