//! Many callers read and append at once: each sees its own appends, and nobody's trouble is shared.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{append, event, open, stream};
use factum_core::{
    AppendRequest, EventStore, EventStoreExt, Expected, Revision, StoreErrorKind, StreamRead,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_read_sees_what_was_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let tasks = (0..32_u64).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            let id = format!("own-{task}");
            for number in 0..40_u64 {
                let expected = number
                    .checked_sub(1)
                    .map_or(Expected::NoStream, |last| Expected::Revision(Revision::new(last)));
                let request =
                    AppendRequest::default().stream(stream(&id), expected, [event(number)]);
                let appended = store.append(request).await.unwrap();
                assert!(store.head().await.unwrap() >= appended.last);
                let read = StreamRead::forward(stream(&id));
                let events = store.collect_stream(read).await.unwrap();
                assert_eq!(events.len() as u64, number + 1);
                assert_eq!(events.last().unwrap().position, appended.last);
            }
        })
    });
    for task in futures::future::join_all(tasks.collect::<Vec<_>>()).await {
        task.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_that_fails_leaves_its_neighbours_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for id in ["good", "bad"] {
        store.append(append(id, 0..20)).await.unwrap();
    }
    drop(store);
    let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
    conn.execute_batch("UPDATE events SET payload = x'00' WHERE position = 30").unwrap();
    drop(conn);
    let store = open(folder.path()).await;
    let reads = (0..200).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let id = if number % 3 == 0 { "bad" } else { "good" };
            (id, store.collect_stream(StreamRead::forward(stream(id))).await)
        })
    });
    for read in futures::future::join_all(reads.collect::<Vec<_>>()).await {
        match read.unwrap() {
            ("good", events) => assert_eq!(events.unwrap().len(), 20),
            (_, events) => assert_eq!(events.unwrap_err().kind(), StoreErrorKind::Corrupt),
        }
    }
}
