//! The feed between a reading thread and a caller: every page once, in order, and an honest end.

use factum_core::Position;
use futures::StreamExt;

use super::*;
use crate::SqliteStoreConfig;

/// A pool on an empty store. The reads of these tests do not look into it.
fn pool(folder: &std::path::Path) -> ReaderPool {
    let config = SqliteStoreConfig::new(folder.join("log.db"));
    drop(crate::connection::open_writer(&config).unwrap());
    ReaderPool::start(&config, None).unwrap()
}

fn numbered(number: u64) -> Page {
    Page { events: Vec::new(), through: Position::new(number) }
}

async fn numbers(pages: PageStream) -> Vec<u64> {
    pages.map(|page| page.unwrap().through.get()).collect().await
}

#[tokio::test]
async fn every_page_comes_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(folder.path());
    for count in [1, 4, 5, 33, 500] {
        let read = pages(&pool, "read", 1_u64, None, move |_, number| {
            Ok((numbered(number), (number < count).then_some(number + 1)))
        });
        assert_eq!(numbers(read).await, (1..=count).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn readers_that_stop_and_go_share_two_threads() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(folder.path());
    let reads = (0..50).map(|_| {
        let mut read = pages(&pool, "read", 1_u64, None, |_, number| {
            Ok((numbered(number), (number < 100).then_some(number + 1)))
        });
        async move {
            let mut seen = Vec::new();
            while let Some(page) = read.next().await {
                seen.push(page.unwrap().through.get());
                tokio::task::yield_now().await; // The others take their turn.
            }
            seen
        }
    });
    for seen in futures::future::join_all(reads).await {
        assert_eq!(seen, (1..=100).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_read_that_breaks_down_does_not_look_like_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(folder.path());
    let read = pages(&pool, "read", 1_u64, None, |_, number| {
        assert!(number < 3, "this read breaks down");
        Ok((numbered(number), Some(number + 1)))
    });
    let pages: Vec<_> = read.collect().await;
    assert_eq!(pages.len(), 3, "two pages, then an error, then the end");
    assert_eq!(pages[2].as_ref().unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn nothing_comes_after_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(folder.path());
    let read = pages(&pool, "read", 1_u64, None, |_, number| match number {
        1 => Ok((numbered(1), Some(2))),
        _ => Err(Failure::Corrupt("damaged".into())),
    });
    let pages: Vec<_> = read.collect().await;
    assert_eq!(pages.len(), 2);
    assert_eq!(pages[1].as_ref().unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn a_long_read_lets_a_short_one_pass_after_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        SqliteStoreConfig { readers: 1, ..SqliteStoreConfig::new(folder.path().join("a")) };
    drop(crate::connection::open_writer(&config).unwrap());
    let pool = ReaderPool::start(&config, None).unwrap();
    let (go, may_go) = std::sync::mpsc::channel();
    let gate = Mutex::new(may_go);
    let (order, seen) = std::sync::mpsc::channel();
    let of_long = order.clone();
    let mut long = pages(&pool, "read", 1_u64, None, move |_, number| {
        if number == 1 {
            gate.lock().unwrap().recv().unwrap();
        }
        of_long.send(format!("page {number}")).unwrap();
        Ok((numbered(number), (number < 3).then_some(number + 1)))
    });
    let first = futures::poll!(long.next());
    assert!(first.is_pending(), "the only thread is at work on the first page");
    pool.submit("read", move |_| order.send("short".into()).unwrap()).await.unwrap();
    go.send(()).unwrap();
    pool.run("read", |_| Ok(())).await.unwrap();
    assert_eq!(numbers(long).await, [1, 2, 3]);
    assert_eq!(seen.iter().collect::<Vec<_>>(), ["page 1", "short", "page 2", "page 3"]);
}
