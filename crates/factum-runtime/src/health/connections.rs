//! Connections of probes: few, short, and one request each.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::Stop;

/// How many connections are open at once; more wait until one is closed.
const CONNECTIONS_MAX: usize = 64;
/// How large the head of a request may be, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long to wait after a connection could not be accepted, in milliseconds: for want of file
/// descriptors, say, which asking again at once would not bring.
const ACCEPT_PAUSE_MS: u64 = 100;

/// Answers connections until `stop` is requested, and finishes the requests that came before. No
/// connection lasts longer than `limit`.
pub(super) async fn serve(listener: TcpListener, router: Router, limit: Duration, stop: Stop) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    loop {
        let (place, socket) = tokio::select! {
            biased;
            () = stop.requested() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        while open.try_join_next().is_some() {} // Forgets those that are over.
        let (router, stop) = (router.clone(), stop.clone());
        open.spawn(async move {
            answer(socket, router, limit, stop).await;
            drop(place);
        });
    }
    drop(listener);
    while open.join_next().await.is_some() {}
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, TcpStream) {
    let place = Arc::clone(room).acquire_owned().await.expect("it is never closed");
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return (place, socket),
            Err(error) => {
                tracing::warn!(%error, "a connection for health was not accepted");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

/// Answers one request. Once `stop` is requested, only one that was begun.
async fn answer<S>(socket: S, router: Router, limit: Duration, stop: Stop)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut http = http1::Builder::new();
    http.keep_alive(false).max_buf_size(HEAD_BYTES_MAX).header_read_timeout(None);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(http.serve_connection(TokioIo::new(socket), service));
    let answered = async {
        tokio::select! {
            answered = connection.as_mut() => return answered,
            () = stop.requested() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    };
    match tokio::time::timeout(limit, answered).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a probe was not answered"),
        Err(_) => tracing::debug!("a probe was not answered in time"),
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;
    use crate::Stopper;

    const LIMIT: Duration = Duration::from_secs(6);

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_too_little_is_closed() {
        for said in ["", "GET /live HTTP/1.1\r\n"] {
            let (mut client, server) = duplex(1024);
            client.write_all(said.as_bytes()).await.unwrap();
            let begun = Instant::now();
            answer(server, Router::new(), LIMIT, Stop::never()).await;
            assert_eq!(begun.elapsed(), LIMIT);
            assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_too_much_is_closed() {
        let (client, server) = duplex(1024);
        let (mut answers, mut questions) = tokio::io::split(client);
        let talking = async move {
            questions.write_all(b"GET /live HTTP/1.1\r\nx: ").await?;
            questions.write_all(&vec![b'x'; 10 * HEAD_BYTES_MAX]).await
        };
        let talking = tokio::spawn(talking);
        answer(server, Router::new(), LIMIT, Stop::never()).await;
        let mut text = String::new();
        answers.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
        assert!(talking.await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_closes_a_connection_that_says_nothing() {
        let (_client, server) = duplex(1024);
        let stopper = Stopper::new();
        let mut answering = pin!(answer(server, Router::new(), LIMIT, stopper.signal()));
        assert!(answering.as_mut().now_or_never().is_none());
        stopper.stop();
        let begun = Instant::now();
        answering.await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    async fn listening() -> (TcpListener, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn a_connection_beyond_the_limit_waits_for_another_to_close() {
        let ((listener, address), (other, elsewhere)) = (listening().await, listening().await);
        let room = Arc::new(Semaphore::new(1));
        let _first = TcpStream::connect(address).await.unwrap();
        let (place, _socket) = accept(&listener, &room).await;
        let _second = TcpStream::connect(address).await.unwrap();
        let mut accepting = pin!(accept(&listener, &room));
        assert!(accepting.as_mut().now_or_never().is_none());
        // Once a later connection was seen, the system has told of the second one too.
        let _later = TcpStream::connect(elsewhere).await.unwrap();
        other.accept().await.unwrap();
        assert!(accepting.as_mut().now_or_never().is_none());
        drop(place);
        drop(accepting.await);
    }
}
