//! Counting, health, verification, the index of claims, compaction.

use factum_core::{
    Clock, Command, Digester, EventStoreExt, Expected, LogRead, MemoryStore, NewEvent, SharedStore,
    Tags, TenantScope,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, all, command, event, event_type, head, log_numbers, one, owner, position, put,
    put_one, record, releases, revision, tag, takes, to,
};
use crate::generators::{Generator, Shape};

conformance_cases!["maintenance", ALWAYS;
    stats_count_what_is_held,
    health_knows_the_head,
    a_verified_store_has_no_findings,
    the_digest_is_of_the_events_the_handle_sees,
    equal_logs_have_equal_digests,
    different_logs_have_different_digests,
    rebuilt_claims_are_the_same,
    compaction_forgets_expired_commands,
    compaction_loses_no_event,
];

async fn stats_count_what_is_held(rig: &Rig) {
    let store = rig.open().await;
    let empty = store.stats().await.expect("counted");
    assert_eq!((empty.head.get(), empty.events, empty.streams, empty.tenants), (0, 0, 0, 0));
    let tags = || Tags::from_iter([tag("a:1"), tag("b:2")]);
    put_one(&store, "ann", NewEvent { tags: tags(), ..takes(1, "a@x") }).await;
    put_one(&store, "bob", NewEvent { tags: tags(), ..takes(2, "b@x") }).await;
    put_one(&store, "bob", releases(3, "b@x")).await;
    put_one(&store, "zoe", NewEvent { event_type: event_type("other"), ..event(4) }).await;
    let request = to("zoe", Expected::Any, 5..6).command(command("c1", "zoe"));
    store.append(request).await.expect("the first use of the command");
    let found = store.stats().await.expect("counted");
    assert_eq!((found.head, found.events, found.streams), (position(5), 5, 3));
    assert_eq!((found.event_types, found.tags), (2, 2));
    assert_eq!((found.claims, found.commands, found.tenants), (1, 1, 1));
}

async fn health_knows_the_head(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    let health = store.health().await.expect("the store can be read");
    assert_eq!((health.head, health.writable, &*health.problem), (position(3), true, ""));
}

/// Claims, deletions, truncations, commands and generated events.
async fn fill(store: &SharedStore, seed: u64) {
    let mut generator = Generator::new(seed, Shape::default());
    for _ in 0..20 {
        store.append(generator.append(1..4)).await.expect("generated appends have no guards");
    }
    put_one(store, "ann", takes(1, "a@x")).await;
    put_one(store, "bob", takes(2, "b@x")).await;
    put(store, "zoe", 3..9).await;
    store.tombstone(&account("bob"), Expected::Any, record(10)).await.expect("it exists");
    let cut = store.truncate_before(&account("zoe"), revision(2), record(11)).await;
    cut.expect("revision 2 exists");
}

async fn a_verified_store_has_no_findings(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 1).await;
    let verified = store.verify().await.expect("the store can be read");
    assert_eq!(verified.findings, [""; 0]);
    assert_eq!(verified.events, head(&*store).await);
}

async fn the_digest_is_of_the_events_the_handle_sees(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    fill(&a, 1).await;
    fill(&b, 2).await;
    for store in [a, b] {
        let mut digester = Digester::default();
        let events = all(&store).await;
        for event in &events {
            digester.update(event);
        }
        let verified = store.verify().await.expect("the store can be read");
        assert_eq!((verified.events, verified.digest), (events.len() as u64, digester.digest()));
    }
}

async fn equal_logs_have_equal_digests(rig: &Rig) {
    let store = rig.open().await;
    let clock = rig.clock.clone();
    let model: SharedStore = std::sync::Arc::new(MemoryStore::new(TenantScope::default(), clock));
    for store in [&store, &model] {
        fill(store, 5).await;
    }
    let (found, expected) = (store.verify().await, model.verify().await);
    let digest = |it: Result<factum_core::Verified, _>| it.expect("verified").digest;
    assert_eq!(digest(found), digest(expected));
}

async fn different_logs_have_different_digests(rig: &Rig) {
    let store = rig.open().await;
    let mut seen = Vec::new();
    for number in 1..6 {
        put(&store, "ann", number..number + 1).await;
        let digest = store.verify().await.expect("the store can be read").digest;
        assert!(!seen.contains(&digest), "the digest stayed as it was");
        seen.push(digest);
    }
}

async fn rebuilt_claims_are_the_same(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    put_one(&a, "ann", takes(1, "a@x")).await;
    put_one(&b, "ann", takes(2, "a@x")).await;
    put_one(&a, "bob", takes(3, "b@x")).await;
    put_one(&a, "bob", releases(4, "b@x")).await;
    put_one(&a, "zoe", takes(5, "z@x")).await;
    a.tombstone(&account("zoe"), Expected::Any, record(6)).await.expect("it exists");
    put_one(&a, "new", takes(7, "z@x")).await;
    let before = owners(&a).await;
    assert_eq!(a.rebuild_claims().await.expect("rebuilt"), 3);
    assert_eq!(owners(&a).await, before);
    assert_eq!(before, [Some(account("ann")), None, Some(account("new"))]);
    assert_eq!(owner(&b, "a@x").await, Some(account("ann")));
    let taken = b.append(one("bob", takes(8, "a@x"))).await;
    super::support::conflict(taken);
}

async fn owners(store: &SharedStore) -> [Option<factum_core::StreamId>; 3] {
    [owner(store, "a@x").await, owner(store, "b@x").await, owner(store, "z@x").await]
}

async fn compaction_forgets_expired_commands(rig: &Rig) {
    let store = rig.open().await;
    for (number, id, millis) in [(1, "c1", Some(1_000)), (2, "c2", Some(9_000)), (3, "c3", None)] {
        let expires_at = millis.map(|millis| rig.clock.now().plus_millis(millis));
        let command = Command { expires_at, ..command(id, "ann") };
        let request = to("ann", Expected::Any, number..number + 1).command(command);
        store.append(request).await.expect("the first use of the command");
    }
    rig.clock.advance_ms(5_000);
    store.compact().await.expect("compacted");
    assert_eq!(store.stats().await.expect("counted").commands, 2);
    let kept = to("ann", Expected::Any, 9..10).command(command("c3", "ann"));
    assert!(store.append(kept).await.expect("the command is repeated").repeated);
}

async fn compaction_loses_no_event(rig: &Rig) {
    let store = rig.open().await;
    fill(&store, 3).await;
    let before = store.collect(LogRead::default()).await.expect("the log can be read");
    store.compact().await.expect("compacted");
    assert_eq!(all(&store).await, before);
    put(&store, "after", 500..501).await;
    assert_eq!(log_numbers(&store).await.last(), Some(&500));
    assert_eq!(owner(&store, "a@x").await, Some(account("ann")));
}
