//! Deletions and truncations, as their records in a log tell them: to be carried out again where
//! the log is copied to, for no store appends such records.

use factum::{
    AdminRecord, AppendError, Appended, EventType, Expected, NewEvent, Revision, SharedStore,
    StreamId,
};
use serde::Deserialize;
use serde_json::json;

/// What the log's own records say was done.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    kind: ActKind,
    reason: String,
}

#[derive(Clone, Copy, Debug)]
enum ActKind {
    Tombstone,
    Truncate(Revision),
}

#[derive(Deserialize)]
struct Recorded {
    reason: String,
    before: Option<u64>,
}

impl Act {
    /// What the log's own record says was done; `None` for an event that is no such record.
    pub(crate) fn of(event: &NewEvent) -> Result<Option<Self>, String> {
        if !event.event_type.is_reserved() {
            return Ok(None);
        }
        let recorded: Recorded = serde_json::from_slice(&event.payload)
            .map_err(|error| format!("expected a reason, found {error}"))?;
        let kind = match (event.event_type.as_str(), recorded.before) {
            (EventType::STREAM_TOMBSTONED, _) => ActKind::Tombstone,
            (EventType::STREAM_TRUNCATED, Some(before)) => ActKind::Truncate(Revision::new(before)),
            (EventType::STREAM_TRUNCATED, None) => {
                return Err("expected before, found none".into());
            }
            (other, _) => {
                return Err(format!("expected a record this program knows, found {other}"));
            }
        };
        Ok(Some(Self { kind, reason: recorded.reason }))
    }

    /// Does it again, leaving a record with the id, principal and time of `event`.
    pub(crate) async fn repeat(
        &self,
        event: &NewEvent,
        store: &SharedStore,
        stream: &StreamId,
        expected: Expected,
    ) -> Result<Appended, AppendError> {
        let record = self.record(event);
        match self.kind {
            ActKind::Tombstone => store.tombstone(stream, expected, record).await,
            ActKind::Truncate(first) => store.truncate_before(stream, first, record).await,
        }
    }

    /// Whether doing it again leaves a record that equals `event` in everything.
    pub(crate) fn gives(&self, event: &NewEvent) -> bool {
        let payload = match self.kind {
            ActKind::Tombstone => json!({ "reason": self.reason }),
            ActKind::Truncate(before) => json!({ "before": before.get(), "reason": self.reason }),
        };
        let record = self.record(event);
        factum::record_event(event.event_type.as_str(), &record, &payload) == *event
    }

    fn record(&self, event: &NewEvent) -> AdminRecord {
        AdminRecord {
            id: event.id,
            principal: event.principal.clone(),
            reason: self.reason.clone(),
            recorded_at: event.recorded_at,
        }
    }
}
