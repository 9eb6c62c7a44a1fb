//! A log of numbered events, and a subscriber that writes down what it gets.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use factum_core::{
    AppendRequest, Codec, EventId, EventType, Expected, HandlerError, IdSource, MemoryStore,
    NewEvent, Position, RandomIds, RecordedEvent, SharedStore, StreamId,
};
use factum_core::{EventSubscriber, Query};
use factum_derive::Event;
use factum_runtime::{Subscription, SubscriptionSettings};
use serde::{Deserialize, Serialize};

/// What happens in these tests.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", context = "step")]
pub enum Step {
    Taken { number: u64 },
    Undone { number: u64 },
}

pub fn memory() -> SharedStore {
    Arc::new(MemoryStore::default())
}

pub fn stream(name: impl std::fmt::Display) -> StreamId {
    format!("walk/{name}").parse().unwrap()
}

/// Appends `step.taken` with these numbers to `walk/<name>`.
pub async fn take(store: &SharedStore, name: impl std::fmt::Display, numbers: &[u64]) -> Position {
    let events = numbers.iter().map(|number| raw("step.taken", format!("{{\"number\":{number}}}")));
    append(store, name, events.collect()).await
}

pub async fn append(
    store: &SharedStore,
    name: impl std::fmt::Display,
    events: Vec<NewEvent>,
) -> Position {
    let request = AppendRequest::default().stream(stream(name), Expected::Any, events);
    store.append(request).await.unwrap().last
}

pub fn raw(event_type: &str, payload: String) -> NewEvent {
    let event_type = EventType::new(event_type).unwrap();
    NewEvent::new(RandomIds.next_id(), event_type, Codec::Json, payload)
}

/// Fast enough for tests in real time; one event after the other.
pub fn settings() -> SubscriptionSettings {
    let usual = SubscriptionSettings::default();
    SubscriptionSettings {
        beat_ms: 20,
        standby_ms: 5,
        lease_ms: 200,
        poll_ms: 100,
        lanes: 1,
        ..usual
    }
}

/// What a subscriber got, in order.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<RecordedEvent>>>);

impl Seen {
    pub fn note(&self, event: RecordedEvent) {
        self.0.lock().unwrap().push(event);
    }

    pub fn events(&self) -> Vec<RecordedEvent> {
        self.0.lock().unwrap().clone()
    }

    pub fn positions(&self) -> Vec<u64> {
        self.events().iter().map(|it| it.position.get()).collect()
    }

    /// How often each event came.
    pub fn counts(&self) -> HashMap<EventId, u64> {
        let mut counts = HashMap::new();
        for event in self.events() {
            *counts.entry(event.id).or_default() += 1;
        }
        counts
    }
}

/// A subscription that writes down every event of `query`.
pub fn recording(store: &SharedStore, query: &Query, seen: &Seen) -> Subscription {
    recording_as("recording", store, query, seen)
}

pub fn recording_as(name: &str, store: &SharedStore, query: &Query, seen: &Seen) -> Subscription {
    let seen = seen.clone();
    let subscriber = EventSubscriber::raw(name, query, move |event| {
        seen.note(event);
        std::future::ready(Ok::<(), HandlerError>(()))
    });
    Subscription::deliver(Arc::clone(store), subscriber).with_settings(settings())
}

/// Ends a test that hangs.
pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(2), what).await.expect("it ends")
}

/// A subscription that hands every step to `handle`.
pub fn handling<R>(
    store: &SharedStore,
    handle: impl Fn(RecordedEvent) -> R + Send + Sync + 'static,
) -> Subscription
where
    R: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    let subscriber = EventSubscriber::raw("handling", &Query::all(), handle);
    Subscription::deliver(Arc::clone(store), subscriber).with_settings(settings())
}

/// The number in an event of [`take`].
pub fn number(event: &RecordedEvent) -> u64 {
    let value: serde_json::Value = serde_json::from_slice(&event.payload).unwrap();
    value["number"].as_u64().unwrap()
}
