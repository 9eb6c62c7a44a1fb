//! Streams as a whole, in memory.

use async_trait::async_trait;

use super::MemoryStore;
use super::log::{StreamEntry, StreamKey};
use crate::admin::{check_limit, record_event};
use crate::{
    AdminRecord, AppendError, Appended, CategoryInfo, CategoryList, Claim, EventType, Expected,
    Guard, Position, Refusal, Revision, StoreError, StreamAdmin, StreamId, StreamInfo, StreamList,
    TenantId,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl StreamAdmin for MemoryStore {
    async fn stream(&self, stream: &StreamId) -> Result<Option<StreamInfo>, StoreError> {
        let tenant = self.tenant().map_err(|it| StoreError::refused("look up stream", &it))?;
        let log = self.log();
        Ok(log.stream(tenant, stream).and_then(|entry| described(tenant, stream, entry)))
    }

    async fn streams(&self, list: StreamList) -> Result<Vec<StreamInfo>, StoreError> {
        check_limit(list.limit)?;
        let log = self.log();
        let names = log.names.streams(&self.scope, &list);
        let infos = names
            .filter_map(|(tenant, stream)| described(tenant, stream, log.stream(tenant, stream)?));
        Ok(infos.take(list.limit).collect())
    }

    async fn categories(&self, list: CategoryList) -> Result<Vec<CategoryInfo>, StoreError> {
        check_limit(list.limit)?;
        Ok(self.log().names.categories(&self.scope, &list))
    }

    async fn claim_owner(&self, claim: &Claim) -> Result<Option<StreamId>, StoreError> {
        let tenant = self.tenant().map_err(|it| StoreError::refused("look up claim", &it))?;
        Ok(self.log().claims.owner(tenant, claim).cloned())
    }

    async fn tombstone(
        &self,
        stream: &StreamId,
        expected: Expected,
        record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        let payload = serde_json::json!({ "reason": record.reason });
        self.record(stream, expected, EventType::STREAM_TOMBSTONED, &record, &payload, |entry| {
            entry.tombstoned = true;
            Ok(())
        })
    }

    async fn truncate_before(
        &self,
        stream: &StreamId,
        first: Revision,
        record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        let payload = serde_json::json!({ "before": first.get(), "reason": record.reason });
        let kind = EventType::STREAM_TRUNCATED;
        self.record(stream, Expected::Any, kind, &record, &payload, |entry| {
            let last = entry.last().expect("a stream that is known has events");
            let oldest = Revision::new(entry.first);
            if first < oldest || first > last {
                let stream = stream.clone();
                return Err(Refusal::TruncateOutOfRange {
                    stream,
                    first: oldest,
                    last,
                    found: first,
                });
            }
            entry.first = first.get();
            Ok(())
        })
    }
}

impl MemoryStore {
    /// Judges an act on a stream, carries it out and appends its record.
    fn record(
        &self,
        stream: &StreamId,
        expected: Expected,
        event_type: &str,
        record: &AdminRecord,
        payload: &serde_json::Value,
        act: impl FnOnce(&mut StreamEntry) -> Result<(), Refusal>,
    ) -> Result<Appended, AppendError> {
        let tenant = self.tenant()?;
        let now = self.shared.clock.now();
        let mut log = self.log();
        log.judge_streams(tenant, std::iter::once(stream))?;
        log.judge_guards(tenant, &[Guard::Stream { stream: stream.clone(), expected }])?;
        let entry = log.streams.get_mut(&StreamKey(tenant, stream));
        let entry = entry.ok_or_else(|| Refusal::StreamUnknown { stream: stream.clone() })?;
        act(entry)?;
        if entry.tombstoned {
            log.snapshots.retain(|key, _| (&key.0, &key.1) != (tenant, stream));
        }
        let event = record_event(event_type, record, payload);
        let appended = log.store(tenant, vec![(stream.clone(), event)], now);
        drop(log);
        self.shared.head.publish(appended.last);
        Ok(appended)
    }
}

fn described(tenant: &TenantId, stream: &StreamId, entry: &StreamEntry) -> Option<StreamInfo> {
    let (last, last_index) = (entry.last()?, *entry.events.last()?);
    Some(StreamInfo {
        tenant: tenant.clone(),
        stream: stream.clone(),
        first: Revision::new(entry.first),
        last,
        last_position: Position::new(last_index as u64 + 1),
        tombstoned: entry.tombstoned,
    })
}
