//! A read as a stream of pages: one is read ahead while the caller handles the one before.

use std::sync::Arc;

use factum_core::{PageStream, Refusal, StoreError, StoreErrorKind};
use futures::StreamExt;
use futures::stream;

use crate::error::{Failure, closed};
use crate::pool::{Pending, Reader, ReaderPool};
use crate::read::Paged;

/// Where a read stands between two pages.
enum Next<R> {
    /// This is to be asked for.
    Request(R),
    /// It was asked for.
    Pending(Pending<Paged<R>>),
    /// The read has ended.
    Nothing,
}

/// The pages of a read that `read` gives one after another, each with the request for the next.
pub(crate) fn pages<R, F>(
    pool: &ReaderPool,
    operation: &'static str,
    request: R,
    refused: Option<Refusal>,
    read: F,
) -> PageStream
where
    R: Clone + Send + 'static,
    F: Fn(&mut Reader, R) -> Result<Paged<R>, Failure> + Send + Sync + 'static,
{
    if let Some(refusal) = refused {
        let error = StoreError::refused(operation, &refusal);
        return stream::once(async { Err(error) }).boxed();
    }
    let (pool, read) = (pool.clone(), Arc::new(read));
    stream::unfold(Next::Request(request), move |next| {
        let (pool, read) = (pool.clone(), Arc::clone(&read));
        async move {
            let page = match next {
                Next::Nothing => return None,
                Next::Request(request) => {
                    let read = Arc::clone(&read);
                    pool.run(operation, move |reader| read(reader, request)).await
                }
                Next::Pending(pending) => match pending.await {
                    Ok(page) => page.map_err(|failure| failure.into_store_error(operation)),
                    Err(_) => Err(closed(StoreErrorKind::Unavailable, operation)),
                },
            };
            Some(match page {
                Ok((page, rest)) => (Ok(page), ahead(&pool, &read, rest)),
                Err(error) => (Err(error), Next::Nothing),
            })
        }
    })
    .boxed()
}

/// Asks for the next page before the caller does, if there is a place in the queue.
fn ahead<R, F>(pool: &ReaderPool, read: &Arc<F>, rest: Option<R>) -> Next<R>
where
    R: Clone + Send + 'static,
    F: Fn(&mut Reader, R) -> Result<Paged<R>, Failure> + Send + Sync + 'static,
{
    let Some(request) = rest else {
        return Next::Nothing;
    };
    let (early, read) = (request.clone(), Arc::clone(read));
    match pool.try_start(move |reader| read(reader, early)) {
        Some(pending) => Next::Pending(pending),
        None => Next::Request(request),
    }
}
