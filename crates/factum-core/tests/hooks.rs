//! Hooks may refuse a write, see what came of it, and break nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use factum_core::hooks::{AppendHook, HookedStore, Write};
use factum_core::{
    AdminRecord, AppendError, AppendRequest, Appended, Codec, EventId, EventStore, EventType,
    Expected, MemoryStore, NewEvent, Refusal, Revision, StreamId, SystemClock, TenantId,
    TenantScope,
};

/// Refuses or panics as told, and notes what it saw.
#[derive(Debug, Default)]
struct Probe {
    refuses: bool,
    panics_before: bool,
    panics_after: bool,
    seen: Mutex<Vec<String>>,
}

impl Probe {
    fn note(&self, what: String) {
        self.seen.lock().unwrap().push(what);
    }
}

#[async_trait::async_trait]
impl AppendHook for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }

    async fn before(&self, scope: &TenantScope, write: &Write) -> Result<(), String> {
        let kind = match write {
            Write::Append(request) => format!("append of {}", request.events.len()),
            Write::Tombstone { .. } => "tombstone".into(),
            Write::Truncate { .. } => "truncate".into(),
        };
        self.note(format!("before {kind}, {scope}"));
        assert!(!self.panics_before, "told to");
        if self.refuses { Err("told to".into()) } else { Ok(()) }
    }

    async fn after(&self, _: &TenantScope, _: &Write, result: &Result<Appended, AppendError>) {
        self.note(format!("after {:?}", result.as_ref().map(|it| it.last.get()).ok()));
        assert!(!self.panics_after, "told to");
    }
}

fn stream() -> StreamId {
    "account/ann".parse().unwrap()
}

fn request(expected: Expected) -> AppendRequest {
    let event_type = EventType::new("opened").unwrap();
    let event = NewEvent::new(EventId::from_bytes([1; 16]), event_type, Codec::Json, "{}");
    AppendRequest::default().stream(stream(), expected, [event])
}

fn hooked(probe: Probe) -> (HookedStore, Arc<Probe>) {
    let probe = Arc::new(probe);
    (HookedStore::new(Arc::new(MemoryStore::default()), vec![probe.clone()]), probe)
}

#[tokio::test]
async fn a_hook_sees_the_write_and_what_came_of_it() {
    let (store, probe) = hooked(Probe::default());
    store.append(request(Expected::Any)).await.unwrap();
    store.append(request(Expected::NoStream)).await.unwrap_err();
    let seen = probe.seen.lock().unwrap().join("; ");
    let before = "before append of 1, tenant default";
    assert_eq!(seen, format!("{before}; after Some(1); {before}; after None"));
}

#[tokio::test]
async fn a_refusal_names_the_hook_and_stores_nothing() {
    let (store, probe) = hooked(Probe { refuses: true, ..Probe::default() });
    let error = store.append(request(Expected::Any)).await.unwrap_err();
    let refusal = Refusal::Hook { hook: "probe", reason: "told to".into() };
    assert!(matches!(error, AppendError::Refused(found) if found == refusal));
    assert_eq!(store.head().await.unwrap().get(), 0);
    assert_eq!(probe.seen.lock().unwrap().len(), 1, "no `after` without an answer");
}

#[tokio::test]
async fn a_panic_before_an_append_refuses_it() {
    let (store, _) = hooked(Probe { panics_before: true, ..Probe::default() });
    let error = store.append(request(Expected::Any)).await.unwrap_err();
    assert!(matches!(error, AppendError::Refused(Refusal::Hook { hook: "probe", .. })));
    assert_eq!(store.head().await.unwrap().get(), 0);
}

#[tokio::test]
async fn a_panic_after_an_append_breaks_nothing() {
    let (store, _) = hooked(Probe { panics_after: true, ..Probe::default() });
    assert_eq!(store.append(request(Expected::Any)).await.unwrap().last.get(), 1);
    assert_eq!(store.head().await.unwrap().get(), 1);
}

#[tokio::test]
async fn deletions_and_tenant_handles_do_not_go_round_the_hooks() {
    let inner = Arc::new(MemoryStore::new(TenantScope::All, Arc::new(SystemClock)));
    let probe = Arc::new(Probe::default());
    let all = HookedStore::new(inner, vec![probe.clone()]);
    let store = all.for_tenant(&TenantId::new("a").unwrap()).unwrap();
    store.append(request(Expected::Any)).await.unwrap();
    let record = AdminRecord::new(EventId::from_bytes([2; 16]), "old");
    store.truncate_before(&stream(), Revision::FIRST, record.clone()).await.unwrap();
    store.tombstone(&stream(), Expected::Any, record).await.unwrap();
    let seen = probe.seen.lock().unwrap();
    let before: Vec<_> = seen.iter().filter(|it| it.starts_with("before")).collect();
    assert_eq!(before[0], "before append of 1, tenant a");
    assert_eq!(before[1..], ["before truncate, tenant a", "before tombstone, tenant a"]);
}
