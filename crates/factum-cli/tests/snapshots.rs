//! Snapshots: listed and deleted, for people and for programs.

mod common;

use common::{Rig, json, lines};
use factum::{
    Codec, Position, Revision, SchemaVersion, Snapshot, SnapshotKind, SqliteStore,
    SqliteStoreConfig, TenantId, TenantScope, Timestamp,
};

/// A store with snapshots of two kinds of `account/ann`, and one of `account/bob` of tenant `acme`.
fn filled() -> Rig {
    let rig = Rig::new();
    rig.ok("append account/ann opened");
    let path = rig.path("log.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let config = SqliteStoreConfig { scope: TenantScope::All, ..SqliteStoreConfig::new(path) };
        let all = SqliteStore::open(config).await.expect("the store opens");
        for (tenant, stream, kind, revision) in [
            ("default", "account/ann", "account", 1_000),
            ("default", "account/ann", "account", 2_000),
            ("default", "account/ann", "report", 7),
            ("acme", "account/bob", "account", 0),
        ] {
            let tenant = TenantId::new(tenant).expect("valid");
            let snapshot = Snapshot {
                stream: stream.parse().expect("valid"),
                kind: SnapshotKind::new(kind).expect("valid"),
                revision: Revision::new(revision),
                position: Position::new(revision + 1),
                schema_version: SchemaVersion::FIRST,
                codec: Codec::Json,
                payload: "{}".into(),
                taken_at: Timestamp::from_micros(0),
            };
            let store = factum::EventStore::for_tenant(&all, &tenant).expect("narrowed");
            store.save_snapshot(snapshot).await.expect("saved");
        }
    });
    rig
}

#[test]
fn snapshots_are_listed_for_people() {
    let rig = filled();
    let list = rig.ok("snapshots list");
    assert!(list.starts_with("STREAM"), "{list}");
    assert_eq!(list.lines().count(), 4, "{list}");
    assert!(list.contains("2,000     2,001        1   2 B  1970-01-01 00:00:00"), "{list}");
    assert_eq!(rig.ok("snapshots list --kind report").lines().count(), 2);
    assert_eq!(rig.ok("snapshots list --stream account/zoe"), "no snapshots\n");
    let first = rig.ok("snapshots list --limit 1");
    assert!(first.ends_with("... the first 1; --limit N for more, 0 for all\n"), "{first}");
    assert!(!rig.ok("snapshots list --limit 3").contains("the first"));
    assert!(rig.ok("snapshots list --all-tenants").contains("acme"));
}

#[test]
fn snapshots_are_listed_for_programs() {
    let rig = filled();
    let all = lines(&rig.ok("--json snapshots list --all-tenants --limit 0"));
    let tenants: Vec<_> = all.iter().map(|it| it["tenant"].as_str().unwrap()).collect();
    assert_eq!(tenants, ["acme", "default", "default", "default"]);
    let expected = r#"{"tenant":"default","stream":"account/ann","kind":"report","revision":7,
        "position":8,"schema_version":1,"codec":"json","payload_bytes":2,
        "taken_at":"1970-01-01T00:00:00Z"}"#;
    let report = lines(&rig.ok("--json snapshots list --stream account/ann --kind report"));
    assert_eq!(report, [json(expected)]);
    assert_eq!(rig.ok("--json snapshots list --stream account/zoe"), "");
}

#[test]
fn snapshots_are_deleted_but_for_the_newest() {
    let rig = filled();
    let kept = rig.ok("snapshots delete account/ann --keep-last 1");
    assert_eq!(kept, "1 snapshot of account/ann deleted\n");
    let deleted = json(&rig.ok("--json snapshots delete account/ann --kind report"));
    assert_eq!(deleted, json(r#"{"stream":"account/ann","deleted":1}"#));
    let left = lines(&rig.ok("--json snapshots list"));
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["revision"], 2_000);
    assert_eq!(rig.ok("snapshots delete account/zoe"), "0 snapshots of account/zoe deleted\n");
    assert_eq!(rig.ok("snapshots list --tenant acme").lines().count(), 2);
}

#[test]
fn snapshots_are_not_deleted_by_mistake() {
    let rig = filled();
    rig.fails(2, "snapshots delete");
    rig.fails(2, "snapshots delete account/ann --all-tenants");
    rig.fails(2, "snapshots delete nonsense");
    assert_eq!(rig.ok("snapshots list").lines().count(), 4);
}
