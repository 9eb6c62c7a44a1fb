//! Runs are served only where they are all there is, and take no more memory than they may.

use std::sync::Arc;

use super::*;
use crate::codec::RowNumbers;

const TENANT: i64 = 1;

fn stream(number: u64) -> StreamId {
    StreamId::new("account", &number.to_string()).unwrap()
}

fn numbers(position: i64, revision: i64) -> RowNumbers {
    RowNumbers { position, stream: 7, revision, kind: 300, recorded_at: -5 }
}

/// Keeps revisions 0 to `last` of a stream, as read with `head`.
fn keep(cache: &StreamCache, number: u64, last: i64, payload: &[u8], head: i64) {
    let mut rows = Vec::new();
    for revision in 0..=last {
        keep_row(&mut rows, numbers(revision + 1, revision), b"envelope", payload);
    }
    let run = Run { stream: 7, oldest: 0, first: 0, last };
    let seen = Seen { generation: cache.generation(), head };
    cache.keep(TENANT, &stream(number), run, &rows, seen);
}

fn find(cache: &StreamCache, number: u64, head: i64) -> Option<(Run, Vec<u8>)> {
    let mut rows = Vec::new();
    cache.find(TENANT, &stream(number), head, &mut rows).map(|run| (run, rows))
}

fn cache(bytes_max: u64) -> (Arc<StreamCache>, Staged) {
    let cache = Arc::new(StreamCache::new(bytes_max).unwrap());
    (Arc::clone(&cache), Staged::new(Some(cache)))
}

fn write(staged: &mut Staged, number: u64, position: i64, revision: i64) {
    staged.event(TENANT, &stream(number), numbers(position, revision), b"envelope", b"payload");
}

#[test]
fn rows_come_back_as_they_were_kept() {
    let (cache, _) = cache(1 << 20);
    keep(&cache, 1, 2, b"payload", 3);
    let (run, rows) = find(&cache, 1, 3).unwrap();
    let rows: Vec<_> = kept_rows(run, &rows).map(|row| row.numbers).collect();
    let expected: Vec<_> = (0..3).map(|revision| numbers(revision + 1, revision)).collect();
    assert_eq!(format!("{rows:?}"), format!("{expected:?}"));
}

#[test]
fn a_run_is_complete_through_what_was_read_or_published() {
    let (cache, mut staged) = cache(1 << 20);
    keep(&cache, 1, 0, b"payload", 10);
    assert!(find(&cache, 1, 10).is_some() && find(&cache, 1, 9).is_some());
    assert!(find(&cache, 1, 11).is_none(), "nobody said what 11 is");
    write(&mut staged, 2, 11, 0);
    staged.publish(11);
    assert!(find(&cache, 1, 11).is_some(), "an event of another stream");
    assert!(find(&cache, 1, 12).is_none(), "another process's, for all we know");
    staged.begin_generation();
    staged.publish(12);
    assert!(find(&cache, 1, 12).is_none() && find(&cache, 1, 11).is_none());
    assert!(find(&cache, 1, 10).is_some(), "what was read stays right");
}

#[test]
fn the_writer_adds_its_rows_once_they_are_published() {
    let (cache, mut staged) = cache(1 << 20);
    keep(&cache, 1, 0, b"payload", 1);
    write(&mut staged, 1, 2, 1);
    assert_eq!(find(&cache, 1, 1).unwrap().0.last, 0);
    staged.publish(2);
    let (run, rows) = find(&cache, 1, 2).unwrap();
    assert_eq!((run.last, kept_rows(run, &rows).count()), (1, 2));
    write(&mut staged, 1, 3, 2);
    staged.forget(); // Rolled back.
    staged.publish(2);
    assert_eq!(find(&cache, 1, 2).unwrap().0.last, 1);
    write(&mut staged, 1, 4, 3); // Another process wrote revision 2 before.
    staged.publish(4);
    assert!(find(&cache, 1, 4).is_none());
}

#[test]
fn a_run_older_than_what_was_written_is_not_kept() {
    let (cache, mut staged) = cache(1 << 20);
    keep(&cache, 2, 0, b"payload", 1); // Something is kept, so the writer notes what it writes.
    write(&mut staged, 1, 2, 1);
    staged.publish(2);
    keep(&cache, 1, 0, b"payload", 1);
    assert!(find(&cache, 1, 1).is_none(), "revision 1 is missing");
    keep(&cache, 1, 1, b"payload", 2);
    assert!(find(&cache, 1, 2).is_some());
}

#[test]
fn what_the_writer_did_not_note_begins_a_generation() {
    let (cache, mut staged) = cache(1 << 20);
    let before = cache.generation();
    write(&mut staged, 1, 1, 0); // Nothing is kept: not noted.
    keep(&cache, 1, -1, b"", 0); // A read that began before the commit.
    staged.publish(1);
    assert_eq!(cache.generation(), before + 1);
    assert!(find(&cache, 1, 1).is_none());
}

#[test]
fn a_hidden_stream_is_forgotten() {
    let (cache, mut staged) = cache(1 << 20);
    keep(&cache, 1, 3, b"payload", 4);
    staged.hidden(TENANT, &stream(1));
    write(&mut staged, 1, 5, 4);
    staged.publish(5);
    assert!(find(&cache, 1, 4).is_none() && find(&cache, 1, 5).is_none());
    keep(&cache, 1, 3, b"payload", 4);
    assert!(find(&cache, 1, 4).is_none(), "it was read before it was hidden");
}

#[test]
fn bytes_are_bounded_and_counted() {
    let bytes_max = 256 << 10;
    let (cache, mut staged) = cache(bytes_max);
    let mut head = 0;
    for round in 0..40_u64 {
        for number in 0..500 {
            let payload = vec![b'x'; usize::try_from((number * 7 + round) % 900).unwrap()];
            keep(&cache, number, 3, &payload, head);
            if number % 3 == 0 {
                head += 1;
                write(&mut staged, number, head, 4);
                staged.publish(head);
            }
            assert!(cache.bytes() as u64 <= bytes_max);
        }
    }
    assert!(cache.bytes() as u64 > bytes_max / 2, "the room is used");
    let counted: usize = cache.shards.iter().map(|shard| lock(shard).count_bytes()).sum();
    assert_eq!(counted, cache.bytes());
    let runs: usize = cache.shards.iter().map(|shard| lock(shard).runs()).sum();
    assert_eq!(cache.runs.load(Ordering::SeqCst), runs);
}

#[test]
fn what_is_read_again_outlives_what_is_read_once() {
    let (cache, _) = cache(256 << 10);
    for number in 0..50 {
        keep(&cache, number, 3, b"payload", 4);
    }
    for once in 1_000..3_000 {
        if once % 50 == 0 {
            assert_eq!((0..50).filter(|number| find(&cache, *number, 4).is_some()).count(), 50);
        }
        keep(&cache, once, 3, b"payload", 4);
    }
}

#[test]
fn a_run_that_grows_loses_its_earlier_half() {
    let (cache, mut staged) = cache(4 << 20);
    keep(&cache, 1, 0, b"payload", 1);
    for revision in 1..1_000 {
        write(&mut staged, 1, revision + 1, revision);
        staged.publish(revision + 1);
        let (run, rows) = find(&cache, 1, revision + 1).unwrap();
        assert!(rows.len() <= RUN_BYTES_MAX && run.last == revision);
        let revisions: Vec<_> = kept_rows(run, &rows).map(|row| row.numbers.revision).collect();
        assert!(revisions.len() <= RUN_ROWS_MAX);
        assert_eq!(revisions, (run.first..=run.last).collect::<Vec<_>>());
        let position = kept_rows(run, &rows).next().unwrap().numbers.position;
        assert_eq!(position, run.first + 1);
    }
}

#[test]
fn no_bytes_are_no_cache_and_few_keep_nothing() {
    assert!(StreamCache::new(0).is_none() && StreamCache::new(15).is_none());
    let (cache, _) = cache(1_000);
    keep(&cache, 1, 3, b"payload", 4);
    assert!(find(&cache, 1, 4).is_none());
    assert_eq!(cache.bytes(), 0);
}
