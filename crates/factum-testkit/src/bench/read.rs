//! How fast reads are: everything, by tag, stream by stream.

use std::time::Instant;

use factum_core::{
    LogRead, PageStream, Position, QueryItem, SharedStore, StoreError, StreamRead, Tag,
};
use futures::TryStreamExt;

use super::{BenchPlan, Measurement, Stopwatch, stream};

pub(super) async fn run(
    store: &SharedStore,
    plan: &BenchPlan,
) -> Result<Vec<Measurement>, StoreError> {
    let mut measured = Vec::new();
    let mut watch = Stopwatch::start();
    let events = count(&mut watch, store.read(LogRead::default())).await?;
    measured.push(watch.stop("read everything", events));

    let mut watch = Stopwatch::start();
    let mut events = 0;
    for group in 0..plan.batch_events.div_ceil(1_000).min(100) {
        // The groups of the events that the first case appended.
        let group = (((1 << 40) / 1_000) + group).to_string();
        let tag = Tag::new("group", &group).expect("the tag is valid");
        let read = LogRead::after(QueryItem::default().tag(tag), Position::START);
        events += count(&mut watch, store.read(read)).await?;
    }
    measured.push(watch.stop("read by tag", events));

    let mut watch = Stopwatch::start();
    let mut events = 0;
    for number in 0..100 {
        let read = StreamRead::forward(stream("batch100", number));
        events += count(&mut watch, store.read_stream(read)).await?;
    }
    measured.push(watch.stop("read stream by stream", events));
    Ok(measured)
}

/// Reads to the end; a lap is a page.
async fn count(watch: &mut Stopwatch, mut pages: PageStream) -> Result<u64, StoreError> {
    let (mut events, mut since) = (0, Instant::now());
    while let Some(page) = pages.try_next().await? {
        watch.lap(since);
        events += page.events.len() as u64;
        since = Instant::now();
    }
    Ok(events)
}
