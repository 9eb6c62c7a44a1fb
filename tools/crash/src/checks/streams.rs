//! Streams as a whole: what their records say is what the store does.

use std::collections::BTreeMap;

use factum_core::{
    EventStoreExt, EventType, RecordedEvent, Revision, SharedStore, StoreError, StoreErrorKind,
    StreamId, StreamInfo, StreamList, StreamRead, TenantId,
};

use super::Log;
use crate::witness::Witness;

/// A tombstone is the last event of its stream.
pub(super) fn nothing_follows_a_tombstone(log: &Log, _: &Witness) -> Vec<String> {
    let streams = folded(log);
    let dead = |it: &&RecordedEvent| it.event_type.as_str() == EventType::STREAM_TOMBSTONED;
    let tombstones = log.events.iter().filter(dead);
    let followed = tombstones.filter(|it| {
        streams.get(&(it.tenant.clone(), it.stream.clone())).map(|info| info.last_position)
            != Some(it.position)
    });
    followed.map(|it| format!("{} goes on after position {}", it.stream, it.position)).collect()
}

/// What every stream must look like, by its events.
fn folded(log: &Log) -> BTreeMap<(TenantId, StreamId), StreamInfo> {
    let mut streams: BTreeMap<_, StreamInfo> = BTreeMap::new();
    for event in &log.events {
        let (tenant, stream) = (event.tenant.clone(), event.stream.clone());
        let info = streams.entry((tenant.clone(), stream.clone())).or_insert_with(|| StreamInfo {
            tenant,
            stream,
            first: Revision::FIRST,
            last: event.revision,
            last_position: event.position,
            tombstoned: false,
        });
        (info.last, info.last_position) = (event.revision, event.position);
        match event.event_type.as_str() {
            EventType::STREAM_TOMBSTONED => info.tombstoned = true,
            EventType::STREAM_TRUNCATED => info.first = before(event).unwrap_or(info.first),
            _ => {}
        }
    }
    streams
}

fn before(event: &RecordedEvent) -> Option<Revision> {
    let payload: serde_json::Value = serde_json::from_slice(&event.payload).ok()?;
    payload.get("before")?.as_u64().map(Revision::new)
}

/// The store's list of streams is the one that the events make, and reads hide what it says.
pub(super) async fn streams_follow_the_events(store: &SharedStore, log: &Log) -> Vec<String> {
    let expected: Vec<StreamInfo> = folded(log).into_values().collect();
    let listed = match list(store).await {
        Ok(listed) => listed,
        Err(error) => return vec![format!("streams: {error}")],
    };
    let mut problems = Vec::new();
    if expected != listed {
        let differ = expected.iter().zip(&listed).find(|(one, other)| one != other);
        let counts = (expected.len(), listed.len());
        problems.push(format!("streams: {counts:?} listed, first difference {differ:?}"));
    }
    for info in expected.iter().filter(|it| it.tombstoned || it.first > Revision::FIRST) {
        if let Err(problem) = hides(store, info).await {
            problems.push(format!("stream {}: {problem}", info.stream));
        }
    }
    problems
}

async fn list(store: &SharedStore) -> Result<Vec<StreamInfo>, StoreError> {
    let mut all: Vec<StreamInfo> = Vec::new();
    loop {
        let after = all.last().map(|it| (it.tenant.clone(), it.stream.clone()));
        let page = store.streams(StreamList { after, limit: 100, category: None }).await?;
        let last = page.len() < 100;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

async fn hides(store: &SharedStore, info: &StreamInfo) -> Result<(), String> {
    let store = store.for_tenant(&info.tenant).map_err(|it| it.to_string())?;
    match store.collect_stream(StreamRead::forward(info.stream.clone())).await {
        Err(error) if info.tombstoned && error.kind() == StoreErrorKind::StreamDeleted => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) if info.tombstoned => Err("reads although it was tombstoned".into()),
        Ok(events) => {
            let found: Vec<_> = events.iter().map(|it| it.revision.get()).collect();
            let expected: Vec<_> = (info.first.get()..=info.last.get()).collect();
            let same = found == expected;
            same.then_some(()).ok_or_else(|| format!("expected {expected:?}, read {found:?}"))
        }
    }
}
