//! Reads over one stream.

use factum_core::limits::PAGE_MAX;
use factum_core::{RecordedEvent, SharedStore, StreamRead};
use futures::StreamExt;

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, numbers, page_numbers, pages, position, put, revision, stream_numbers,
};

conformance_cases!["stream_reads", ALWAYS;
    a_stream_reads_forward_in_revision_order,
    a_stream_reads_backward_in_reverse,
    a_read_holds_one_streams_events_only,
    from_is_inclusive_forward,
    from_is_inclusive_backward,
    through_ignores_events_above_a_position,
    a_limit_bounds_the_events,
    pages_are_no_larger_than_asked,
    the_page_size_is_clamped,
    a_stream_without_events_reads_as_empty,
    a_read_ends_at_the_head_of_its_first_page,
    events_are_the_same_as_in_the_log,
];

fn forward() -> StreamRead {
    StreamRead::forward(account("ann"))
}

fn backward() -> StreamRead {
    StreamRead::backward(account("ann"))
}

/// Events 1 to 9 of `ann` at positions 1, 3, 5, ..., with events of `bob` between them.
async fn fill(store: &SharedStore) {
    for number in 1..10 {
        put(store, "ann", number..number + 1).await;
        put(store, "bob", number + 100..number + 101).await;
    }
}

async fn read(store: &SharedStore, request: StreamRead) -> Vec<u64> {
    page_numbers(&pages(store.read_stream(request)).await)
}

async fn a_stream_reads_forward_in_revision_order(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for page_events_max in [1, 2, 9, 1_000] {
        let found = read(&store, StreamRead { page_events_max, ..forward() }).await;
        assert_eq!(found, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
}

async fn a_stream_reads_backward_in_reverse(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for page_events_max in [1, 2, 9, 1_000] {
        let found = read(&store, StreamRead { page_events_max, ..backward() }).await;
        assert_eq!(found, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    }
}

async fn a_read_holds_one_streams_events_only(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    put(&store, "ann2", 50..53).await;
    assert_eq!(stream_numbers(&store, "ann2").await, [50, 51, 52]);
    assert_eq!(stream_numbers(&store, "bob").await, (101..110).collect::<Vec<_>>());
}

async fn from_is_inclusive_forward(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for from in 0..12 {
        let request = StreamRead { from: Some(revision(from)), page_events_max: 4, ..forward() };
        assert_eq!(read(&store, request).await, (from + 1..10).collect::<Vec<_>>());
    }
}

async fn from_is_inclusive_backward(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for from in 0..12 {
        let request = StreamRead { from: Some(revision(from)), page_events_max: 4, ..backward() };
        let expected: Vec<u64> = (1..=(from + 1).min(9)).rev().collect();
        assert_eq!(read(&store, request).await, expected);
    }
}

async fn through_ignores_events_above_a_position(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for (through, last) in [(0, 0), (1, 1), (2, 1), (9, 5), (10, 5), (99, 9)] {
        let through = Some(position(through));
        let expected: Vec<u64> = (1..=last).collect();
        assert_eq!(read(&store, StreamRead { through, ..forward() }).await, expected);
        let expected: Vec<u64> = (1..=last).rev().collect();
        assert_eq!(read(&store, StreamRead { through, ..backward() }).await, expected);
    }
}

async fn a_limit_bounds_the_events(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for (limit, page_events_max) in [(1, 1_000), (4, 1_000), (4, 3), (4, 4), (9, 2), (50, 4)] {
        let limit_of = |read| StreamRead { limit: Some(limit), page_events_max, ..read };
        let end = limit.min(9);
        assert_eq!(read(&store, limit_of(forward())).await, (1..=end).collect::<Vec<_>>());
        let expected: Vec<u64> = (10 - end..10).rev().collect();
        assert_eq!(read(&store, limit_of(backward())).await, expected);
    }
}

async fn pages_are_no_larger_than_asked(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for page_events_max in [1, 2, 4, 8] {
        for request in [forward(), backward()] {
            let request = StreamRead { page_events_max, ..request };
            for page in pages(store.read_stream(request)).await {
                assert!(page.events.len() <= page_events_max);
            }
        }
    }
}

async fn the_page_size_is_clamped(rig: &Rig) {
    let store = rig.open().await;
    let count = PAGE_MAX as u64 + 10;
    put(&store, "ann", 0..2_000).await;
    put(&store, "ann", 2_000..4_000).await;
    put(&store, "ann", 4_000..count).await;
    for request in [forward(), backward()] {
        let request = StreamRead { page_events_max: usize::MAX, ..request };
        let found = pages(store.read_stream(request)).await;
        assert!(found.iter().all(|page| page.events.len() <= PAGE_MAX));
        assert_eq!(page_numbers(&found).len() as u64, count);
    }
    let request = StreamRead { page_events_max: 0, limit: Some(3), ..forward() };
    assert_eq!(read(&store, request).await, [0, 1, 2]);
}

async fn a_stream_without_events_reads_as_empty(rig: &Rig) {
    let store = rig.open().await;
    assert_eq!(read(&store, forward()).await, [0; 0]);
    put(&store, "bob", 1..3).await;
    assert_eq!(read(&store, forward()).await, [0; 0]);
    assert_eq!(read(&store, backward()).await, [0; 0]);
}

async fn a_read_ends_at_the_head_of_its_first_page(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..7).await;
    let mut read = store.read_stream(StreamRead { page_events_max: 2, ..forward() });
    let first = read.next().await.expect("a page").expect("the read succeeds");
    put(&store, "ann", 7..20).await;
    assert_eq!(numbers(&first.events), [1, 2]);
    assert_eq!(page_numbers(&pages(read).await), [3, 4, 5, 6]);
}

async fn events_are_the_same_as_in_the_log(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let of_ann = |it: &RecordedEvent| it.stream == account("ann");
    let expected: Vec<_> = super::support::all(&store).await.into_iter().filter(of_ann).collect();
    let found = pages(store.read_stream(forward())).await;
    let found: Vec<_> = found.into_iter().flat_map(|page| page.events).collect();
    assert_eq!(found, expected);
}
