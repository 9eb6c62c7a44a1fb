//! What is kept of streams in memory changes nothing that anybody reads.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;

use common::{all, append, stream};
use factum_core::{
    AdminRecord, Direction, EventStore, EventStoreExt, Expected, IdSource, Maintenance, Page,
    Position, RandomIds, RecordedEvent, Revision, StoreErrorKind, StreamAdmin, StreamRead,
    Timestamp,
};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use futures::StreamExt;

/// A handle with a process's worth of state of its own: threads, connections, memory.
async fn open(folder: &Path, cache_bytes_max: u64) -> SqliteStore {
    let path = folder.join("log.db");
    let config = SqliteStoreConfig { cache_bytes_max, ..SqliteStoreConfig::new(path) };
    SqliteStore::open(config).await.unwrap()
}

async fn read(store: &SqliteStore, id: &str) -> Vec<RecordedEvent> {
    store.collect_stream(StreamRead::forward(stream(id))).await.unwrap()
}

fn record(number: u64) -> AdminRecord {
    let id = RandomIds.next_id();
    let recorded_at = Some(Timestamp::from_micros(number.cast_signed()));
    AdminRecord { recorded_at, ..AdminRecord::new(id, "a test") }
}

#[tokio::test]
async fn a_kept_stream_sees_what_another_store_on_the_file_appends() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(folder.path(), 1 << 20).await, open(folder.path(), 1 << 20).await);
    for round in 0..30 {
        let last = round * 3 + 2;
        ours.append(append("a", last - 2..last - 1)).await.unwrap();
        assert_eq!(read(&ours, "a").await.len() as u64, last - 1);
        assert_eq!(read(&theirs, "a").await, read(&ours, "a").await);
        theirs.append(append("a", last - 1..last)).await.unwrap();
        assert_eq!(read(&ours, "a").await.len() as u64, last, "theirs, ours being idle");
        theirs.append(append("a", last..last + 1)).await.unwrap();
        ours.append(append("b", last..last + 1)).await.unwrap();
        assert_eq!(read(&ours, "a").await.len() as u64, last + 1, "theirs, then ours elsewhere");
    }
    assert_eq!(all(&ours).await, all(&theirs).await);
}

#[tokio::test]
async fn a_kept_stream_is_truncated_and_deleted_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(folder.path(), 1 << 20).await, open(folder.path(), 1 << 20).await);
    for (id, actor) in [("a", &ours), ("b", &theirs)] {
        ours.append(append(id, 0..10)).await.unwrap();
        assert_eq!(read(&ours, id).await.len(), 10);
        assert_eq!(read(&theirs, id).await.len(), 10);
        actor.truncate_before(&stream(id), Revision::new(4), record(1)).await.unwrap();
        for store in [&ours, &theirs] {
            let events = read(store, id).await;
            assert_eq!(events[0].revision, Revision::new(4));
            assert_eq!(events.len(), 7, "six and the record");
            assert_eq!(read(store, id).await, events);
        }
        actor.tombstone(&stream(id), Expected::Any, record(2)).await.unwrap();
        for store in [&ours, &theirs] {
            let deleted = store.collect_stream(StreamRead::forward(stream(id))).await.unwrap_err();
            assert_eq!(deleted.kind(), StoreErrorKind::StreamDeleted);
        }
    }
}

#[tokio::test]
async fn a_row_damaged_after_it_was_read_is_served_right_and_found_by_verify() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 1 << 20).await;
    store.append(append("a", 0..10)).await.unwrap();
    let before = read(&store, "a").await;
    let conn = rusqlite::Connection::open(folder.path().join("log.db")).unwrap();
    conn.execute_batch("UPDATE events SET payload = x'00' WHERE position = 5").unwrap();
    assert_eq!(read(&store, "a").await, before);
    let findings = store.verify().await.unwrap().findings;
    assert!(findings.iter().any(|finding| finding.contains("position 5")), "{findings:?}");
    drop(store);
    let again = open(folder.path(), 1 << 20).await;
    let error = again.collect_stream(StreamRead::forward(stream("a"))).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}

/// Reads in every way, with and without memory: the answers are the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_workload_reads_the_same_with_and_without_memory() {
    let folder = tempfile::tempdir().unwrap();
    let bare = open(folder.path(), 0).await;
    let kept = [open(folder.path(), 1 << 20).await, open(folder.path(), 40_000).await];
    let mut random = fastrand::Rng::with_seed(20_240_511);
    let ids: Vec<String> = (0..12).map(|number| format!("entity-{number}")).collect();
    let mut number = 0;
    for _ in 0..1_500 {
        let id = &ids[random.usize(..ids.len())];
        match random.u32(..20) {
            0..8 => {
                let count = [1, 1, 1, 2, 5, 60][random.usize(..6)];
                let writer = if random.u32(..4) == 0 { &bare } else { &kept[0] };
                let deleted = writer.append(append(id, number..number + count)).await.is_err();
                number += if deleted { 0 } else { count };
            }
            8 => {
                let first = Revision::new(random.u64(..40));
                let store = &kept[random.usize(..2)];
                store.truncate_before(&stream(id), first, record(number)).await.ok();
            }
            9 if random.u32(..40) == 0 => {
                let record = record(number);
                kept[0].tombstone(&stream(id), Expected::Any, record).await.ok();
            }
            _ => {
                let request = request(&mut random, id, number);
                let expected = pages(&bare, &request).await;
                for store in &kept {
                    assert_eq!(pages(store, &request).await, expected, "{request:?}");
                }
            }
        }
    }
    assert_eq!(kept[0].verify().await.unwrap().findings, [""; 0]);
}

fn request(random: &mut fastrand::Rng, id: &str, head: u64) -> StreamRead {
    let mut request = StreamRead::forward(stream(id));
    if random.u32(..5) == 0 {
        request.direction = Direction::Backward;
    }
    let mut sometimes = |most: u64| (random.u32(..3) == 0).then(|| random.u64(..=most));
    request.from = sometimes(60).map(Revision::new);
    request.limit = sometimes(30);
    request.through = sometimes(head + 5).map(Position::new);
    request.page_events_max = sometimes(20).map_or(1_000, |size| usize::try_from(size).unwrap());
    request
}

/// The pages as they come; of an error its kind.
async fn pages(store: &SqliteStore, request: &StreamRead) -> Vec<Result<Page, StoreErrorKind>> {
    let pages = store.read_stream(request.clone());
    pages.map(|page| page.map_err(|error| error.kind())).collect().await
}
