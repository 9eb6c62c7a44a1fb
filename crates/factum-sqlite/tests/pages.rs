//! What happens between the pages of a read.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{append, stream};
use factum_core::{
    AdminRecord, EventId, EventStore, EventStoreExt, Position, Revision, StreamAdmin, StreamRead,
};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use futures::StreamExt;

/// A stream of 200 events, read before or not, and truncated after the first page of another read.
async fn seen_around_a_truncation(cache_bytes_max: u64, read: StreamRead) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteStoreConfig::new(folder.path().join("log.db"));
    let store = SqliteStore::open(SqliteStoreConfig { cache_bytes_max, ..config }).await.unwrap();
    store.append(append("ann", 0..200)).await.unwrap();
    store.collect_stream(StreamRead::forward(stream("ann"))).await.unwrap();
    let mut pages = store.read_stream(StreamRead { page_events_max: 5, ..read });
    let mut seen = pages.next().await.unwrap().unwrap().events;
    let record = AdminRecord::new(EventId::from_bytes([201; 16]), "why");
    store.truncate_before(&stream("ann"), Revision::new(190), record).await.unwrap();
    while let Some(page) = pages.next().await {
        seen.extend(page.unwrap().events);
    }
    let after = store.collect_stream(StreamRead::forward(stream("ann"))).await.unwrap();
    assert_eq!(after[0].revision, Revision::new(190));
    seen.iter().map(|event| event.revision.get()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncation_between_two_pages_leaves_no_gap() {
    for cache_bytes_max in [0, 64 << 20] {
        let forward = StreamRead::forward(stream("ann"));
        let seen = seen_around_a_truncation(cache_bytes_max, forward).await;
        assert_eq!(seen, (0..200).collect::<Vec<_>>(), "with {cache_bytes_max} bytes kept");
        let backward = StreamRead::backward(stream("ann"));
        let seen = seen_around_a_truncation(cache_bytes_max, backward).await;
        assert_eq!(seen, (0..200).rev().collect::<Vec<_>>(), "with {cache_bytes_max} bytes kept");
    }
}

#[tokio::test]
async fn a_backward_read_begins_at_the_last_event_up_to_a_position() {
    let folder = tempfile::tempdir().unwrap();
    let store = common::open(folder.path()).await;
    for number in 0..30 {
        let id = if number % 3 == 0 { "ann" } else { "bob" };
        store.append(append(id, number..number + 1)).await.unwrap();
    }
    // Ann's events stand at positions 1, 4, 7, ...
    for (through, expected) in [(0, 0), (1, 1), (3, 1), (4, 2), (15, 5), (28, 10), (99, 10)] {
        let read = StreamRead {
            through: Some(Position::new(through)),
            page_events_max: 2,
            ..StreamRead::backward(stream("ann"))
        };
        let seen = store.collect_stream(read).await.unwrap();
        let seen: Vec<u64> = seen.iter().map(|event| event.revision.get()).collect();
        assert_eq!(seen, (0..expected).rev().collect::<Vec<_>>(), "through {through}");
    }
}
