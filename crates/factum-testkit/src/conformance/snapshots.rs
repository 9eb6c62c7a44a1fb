//! Snapshots: saved, found, listed, deleted.

use bytes::Bytes;
use factum_core::limits::{PAGE_MAX, SNAPSHOT_BYTES_MAX};
use factum_core::{
    Codec, Expected, Revision, SchemaVersion, SharedStore, Snapshot, SnapshotInfo, SnapshotKey,
    SnapshotKind, SnapshotList, SnapshotSaved, StoreErrorKind, TenantId, Timestamp,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{account, failure, position, put, record, revision, tenant};

conformance_cases!["snapshots", ALWAYS;
    a_saved_snapshot_comes_back_with_every_field,
    a_snapshot_saved_again_is_replaced,
    one_older_than_what_is_there_is_not_kept,
    a_newer_one_of_another_version_is_in_nobodys_way,
    f25_bytes_per_snapshot,
    a_stream_without_events_may_have_snapshots,
    a_deleted_stream_takes_no_snapshot,
    a_handle_of_all_tenants_only_lists,
    the_latest_is_the_one_of_the_highest_revision,
    through_is_inclusive,
    snapshots_above_through_are_left_out,
    kinds_are_apart,
    streams_are_apart,
    the_latest_is_per_tenant,
    a_snapshot_is_described,
    snapshots_are_listed_in_order,
    snapshots_are_listed_in_pages,
    snapshots_are_listed_by_stream,
    snapshots_are_listed_by_kind,
    the_list_is_per_tenant,
    a_handle_of_all_tenants_lists_everyones,
    a_list_limit_out_of_range_is_refused,
    the_newest_of_each_kind_are_kept,
    deleting_one_kind_keeps_the_others,
    deleting_touches_no_other_stream,
    deleting_is_per_tenant,
    deleting_says_how_many,
    a_tombstone_deletes_the_streams_snapshots,
    a_truncation_keeps_the_streams_snapshots,
];

/// The snapshot of kind `account` of `account/<id>` at a revision, as of the numbered events.
pub(super) fn snapshot(id: &str, at: u64) -> Snapshot {
    of_kind("account", id, at)
}

fn of_kind(name: &str, id: &str, at: u64) -> Snapshot {
    Snapshot {
        stream: account(id),
        kind: kind(name),
        revision: revision(at),
        position: position(at + 1),
        schema_version: SchemaVersion::FIRST,
        codec: Codec::Json,
        payload: Bytes::from(format!("{{\"{name}\":\"{id}\",\"events\":{at}}}")),
        taken_at: Timestamp::from_micros(at.cast_signed()),
    }
}

fn kind(name: &str) -> SnapshotKind {
    SnapshotKind::new(name).expect("the kind is valid")
}

async fn keep(store: &SharedStore, snapshot: Snapshot) {
    let saved = store.save_snapshot(snapshot).await.expect("the snapshot can be kept");
    assert_eq!(saved, SnapshotSaved::Stored);
}

/// Saves the snapshot of kind `account` of `account/<id>` at a revision.
pub(super) async fn save(store: &SharedStore, id: &str, at: u64) {
    keep(store, snapshot(id, at)).await;
}

/// The latest snapshot of kind `account` of `account/<id>`.
pub(super) async fn latest(store: &SharedStore, id: &str) -> Option<Snapshot> {
    latest_of(store, "account", id, None).await
}

async fn latest_of(
    store: &SharedStore,
    name: &str,
    id: &str,
    through: Option<Revision>,
) -> Option<Snapshot> {
    let found = store.latest_snapshot(&account(id), &kind(name), through).await;
    found.expect("the snapshot can be looked up")
}

async fn listed(store: &SharedStore, list: SnapshotList) -> Vec<SnapshotInfo> {
    store.snapshots(list).await.expect("snapshots can be listed")
}

/// What is kept of everything that the handle sees: tenant, id, kind and revision.
async fn kept(store: &SharedStore) -> Vec<String> {
    shown(&listed(store, SnapshotList::default()).await)
}

fn shown(infos: &[SnapshotInfo]) -> Vec<String> {
    let shown =
        |it: &SnapshotInfo| format!("{} {} {} {}", it.tenant, it.stream.id(), it.kind, it.revision);
    infos.iter().map(shown).collect()
}

async fn delete(store: &SharedStore, id: &str, name: Option<&str>, keep_last: usize) -> u64 {
    let kind = name.map(kind);
    let deleted = store.delete_snapshots(&account(id), kind.as_ref(), keep_last).await;
    deleted.expect("snapshots can be deleted")
}

/// Snapshots of two kinds and two streams.
async fn fill(store: &SharedStore) {
    for (name, id, at) in NAMES {
        keep(store, of_kind(name, id, at)).await;
    }
}

const NAMES: [(&str, &str, u64); 8] = [
    ("b", "zoe", 3),
    ("a", "zoe", 10),
    ("a", "ann", 2),
    ("a", "ann", 10),
    ("b", "ann", 1),
    ("a", "Zoe", 7),
    ("ä", "ann", 0),
    ("b", "änn", 0),
];

const ORDER: [&str; 8] = [
    "default Zoe a 7",
    "default ann a 2",
    "default ann a 10",
    "default ann b 1",
    "default ann ä 0",
    "default zoe a 10",
    "default zoe b 3",
    "default änn b 0",
];

async fn a_saved_snapshot_comes_back_with_every_field(rig: &Rig) {
    let store = rig.open().await;
    assert_eq!(latest(&store, "ann").await, None);
    let full = Snapshot {
        position: position(1 << 40),
        schema_version: SchemaVersion::new(7),
        codec: Codec::Cbor,
        payload: Bytes::from_static(b"\0\xff of any bytes"),
        taken_at: Timestamp::from_micros(-1_234_567),
        ..snapshot("ann", 1 << 33)
    };
    let empty = Snapshot { payload: Bytes::new(), ..snapshot("bob", 0) };
    for snapshot in [full, empty] {
        keep(&store, snapshot.clone()).await;
        assert_eq!(latest(&store, snapshot.stream.id()).await, Some(snapshot));
    }
}

async fn a_snapshot_saved_again_is_replaced(rig: &Rig) {
    let store = rig.open().await;
    save(&store, "ann", 4).await;
    let again = Snapshot { payload: Bytes::from_static(b"new"), ..snapshot("ann", 4) };
    keep(&store, again.clone()).await;
    assert_eq!(latest(&store, "ann").await, Some(again));
    assert_eq!(kept(&store).await, ["default ann account 4"]);
}

async fn one_older_than_what_is_there_is_not_kept(rig: &Rig) {
    let store = rig.open().await;
    save(&store, "ann", 4).await;
    save(&store, "ann", 9).await;
    for older in [0, 4, 8] {
        let late = Snapshot { payload: Bytes::from_static(b"late"), ..snapshot("ann", older) };
        let found = store.save_snapshot(late).await.expect("nothing fails");
        assert_eq!(found, SnapshotSaved::Older { newest: revision(9) });
    }
    let before = latest_of(&store, "account", "ann", Some(revision(8))).await;
    assert_eq!(before, Some(snapshot("ann", 4)), "what was there is as it was");
    assert_eq!(kept(&store).await, ["default ann account 4", "default ann account 9"]);
    save(&store, "ann", 9).await;
    save(&store, "bob", 3).await;
    keep(&store, of_kind("other", "ann", 2)).await;
    delete(&store, "ann", None, 0).await;
    save(&store, "ann", 0).await;
}

async fn a_newer_one_of_another_version_is_in_nobodys_way(rig: &Rig) {
    let store = rig.open().await;
    save(&store, "ann", 9).await;
    let of_version = |version, at| Snapshot {
        schema_version: SchemaVersion::new(version),
        ..snapshot("ann", at)
    };
    keep(&store, of_version(2, 4)).await;
    let found = store.save_snapshot(of_version(2, 3)).await.expect("nothing fails");
    assert_eq!(found, SnapshotSaved::Older { newest: revision(4) });
    let found = store.save_snapshot(of_version(1, 5)).await.expect("nothing fails");
    assert_eq!(found, SnapshotSaved::Older { newest: revision(9) });
    assert_eq!(kept(&store).await, ["default ann account 4", "default ann account 9"]);
}

async fn f25_bytes_per_snapshot(rig: &Rig) {
    let store = rig.open().await;
    save(&store, "ann", 1).await;
    let payload = Bytes::from(vec![7; SNAPSHOT_BYTES_MAX + 1]);
    let most = payload.slice(1..);
    let large = Snapshot { payload, ..snapshot("ann", 2) };
    let found = store.save_snapshot(large.clone()).await;
    assert_eq!(failure(found), StoreErrorKind::LimitExceeded);
    assert_eq!(latest(&store, "ann").await, Some(snapshot("ann", 1)), "nothing was kept");
    let largest = Snapshot { payload: most, ..large };
    keep(&store, largest.clone()).await;
    assert!(latest(&store, "ann").await == Some(largest), "the largest comes back");
}

async fn a_stream_without_events_may_have_snapshots(rig: &Rig) {
    let store = rig.open().await;
    save(&store, "ann", 1).await;
    assert_eq!(latest(&store, "ann").await, Some(snapshot("ann", 1)));
    assert_eq!(store.stream(&account("ann")).await.expect("looked up"), None);
    put(&store, "ann", 1..2).await;
    let described = store.stream(&account("ann")).await.expect("looked up").expect("known");
    assert_eq!(described.last, revision(0), "a snapshot is no event");
}

async fn a_deleted_stream_takes_no_snapshot(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    store.tombstone(&account("ann"), Expected::Any, record(3)).await.expect("it exists");
    let found = store.save_snapshot(snapshot("ann", 1)).await;
    assert_eq!(failure(found), StoreErrorKind::StreamDeleted);
    assert_eq!(kept(&store).await, [""; 0]);
}

async fn a_handle_of_all_tenants_only_lists(rig: &Rig) {
    let all = rig.open_all().await;
    let (ann, account_kind) = (account("ann"), kind("account"));
    let saved = all.save_snapshot(snapshot("ann", 1)).await;
    assert_eq!(failure(saved), StoreErrorKind::Invalid);
    let found = all.latest_snapshot(&ann, &account_kind, None).await;
    assert_eq!(failure(found), StoreErrorKind::Invalid);
    let deleted = all.delete_snapshots(&ann, None, 0).await;
    assert_eq!(failure(deleted), StoreErrorKind::Invalid);
    assert_eq!(kept(&all).await, [""; 0]);
}

async fn the_latest_is_the_one_of_the_highest_revision(rig: &Rig) {
    let store = rig.open().await;
    for (age, at) in (0..).zip([1, 2, 9, 10]) {
        keep(&store, Snapshot { taken_at: Timestamp::from_micros(-age), ..snapshot("ann", at) })
            .await;
    }
    let found = latest(&store, "ann").await.expect("there are some");
    assert_eq!(found.revision, revision(10));
}

async fn through_is_inclusive(rig: &Rig) {
    let store = rig.open().await;
    save(&store, "ann", 0).await;
    save(&store, "ann", 5).await;
    for (through, found) in [(0, 0), (4, 0), (5, 5), (6, 5), (u64::MAX, 5)] {
        let latest = latest_of(&store, "account", "ann", Some(revision(through))).await;
        assert_eq!(latest, Some(snapshot("ann", found)), "through {through}");
    }
}

async fn snapshots_above_through_are_left_out(rig: &Rig) {
    let store = rig.open().await;
    save(&store, "ann", 5).await;
    save(&store, "ann", 9).await;
    assert_eq!(latest_of(&store, "account", "ann", Some(revision(4))).await, None);
    let below = latest_of(&store, "account", "ann", Some(revision(8))).await;
    assert_eq!(below, Some(snapshot("ann", 5)));
}

async fn kinds_are_apart(rig: &Rig) {
    let store = rig.open().await;
    keep(&store, of_kind("a", "ann", 1)).await;
    keep(&store, of_kind("b", "ann", 2)).await;
    assert_eq!(latest_of(&store, "a", "ann", None).await, Some(of_kind("a", "ann", 1)));
    assert_eq!(latest_of(&store, "b", "ann", None).await, Some(of_kind("b", "ann", 2)));
    assert_eq!(latest_of(&store, "A", "ann", None).await, None);
}

async fn streams_are_apart(rig: &Rig) {
    let store = rig.open().await;
    save(&store, "ann", 1).await;
    save(&store, "bob", 2).await;
    assert_eq!(latest(&store, "ann").await, Some(snapshot("ann", 1)));
    assert_eq!(latest(&store, "bob").await, Some(snapshot("bob", 2)));
    assert_eq!(latest(&store, "Ann").await, None);
}

async fn the_latest_is_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    save(&a, "ann", 1).await;
    assert_eq!(latest(&b, "ann").await, None);
    save(&b, "ann", 2).await;
    assert_eq!(latest(&a, "ann").await, Some(snapshot("ann", 1)));
}

async fn a_snapshot_is_described(rig: &Rig) {
    let store = rig.open().await;
    let saved = Snapshot { codec: Codec::Opaque, ..snapshot("ann", 4) };
    keep(&store, saved.clone()).await;
    let expected = SnapshotInfo {
        tenant: TenantId::default(),
        stream: saved.stream,
        kind: saved.kind,
        revision: saved.revision,
        position: saved.position,
        schema_version: saved.schema_version,
        codec: saved.codec,
        payload_bytes: saved.payload.len() as u64,
        taken_at: saved.taken_at,
    };
    assert_eq!(listed(&store, SnapshotList::default()).await, [expected]);
}

async fn snapshots_are_listed_in_order(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(kept(&store).await, ORDER);
}

/// Everything that a list delivers, page by page.
async fn paged(store: &SharedStore, list: &SnapshotList) -> Vec<String> {
    let (mut found, mut after): (_, Option<SnapshotKey>) = (Vec::new(), None);
    loop {
        let page = listed(store, SnapshotList { after, ..list.clone() }).await;
        assert!(page.len() <= list.limit);
        found.extend(shown(&page));
        after = page.last().map(SnapshotInfo::key);
        if page.len() < list.limit {
            return found;
        }
    }
}

async fn snapshots_are_listed_in_pages(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for limit in 1..=9 {
        let list = SnapshotList { limit, ..SnapshotList::default() };
        assert_eq!(paged(&store, &list).await, ORDER);
    }
    let after = Some((tenant("zzz"), account("ann"), kind("a"), revision(0)));
    let behind = SnapshotList { after, ..SnapshotList::default() };
    assert_eq!(listed(&store, behind).await, []);
    let after = Some((tenant("a"), account("zzz"), kind("z"), revision(u64::MAX)));
    let before = SnapshotList { after, ..SnapshotList::default() };
    assert_eq!(shown(&listed(&store, before).await), ORDER);
}

async fn snapshots_are_listed_by_stream(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for limit in [1, 2, 4, 5] {
        let list = SnapshotList { stream: Some(account("ann")), limit, ..SnapshotList::default() };
        assert_eq!(paged(&store, &list).await, ORDER[1..5]);
    }
    let none = SnapshotList { stream: Some(account("an")), ..SnapshotList::default() };
    assert_eq!(listed(&store, none).await, []);
}

async fn snapshots_are_listed_by_kind(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for limit in [1, 3, 4] {
        let list = SnapshotList { kind: Some(kind("b")), limit, ..SnapshotList::default() };
        assert_eq!(paged(&store, &list).await, [ORDER[3], ORDER[6], ORDER[7]]);
    }
    let stream = Some(account("ann"));
    let both = SnapshotList { stream, kind: Some(kind("a")), ..SnapshotList::default() };
    assert_eq!(shown(&listed(&store, both).await), ORDER[1..3]);
}

async fn the_list_is_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    save(&a, "ann", 1).await;
    save(&b, "bob", 2).await;
    assert_eq!(kept(&a).await, ["a ann account 1"]);
    assert_eq!(kept(&b).await, ["b bob account 2"]);
    let after = Some((tenant("a"), account("ann"), kind("account"), revision(1)));
    let other = SnapshotList { after, ..SnapshotList::default() };
    assert_eq!(listed(&a, other).await, []);
}

async fn a_handle_of_all_tenants_lists_everyones(rig: &Rig) {
    let all = rig.open_all().await;
    for name in ["b", "a", "c"] {
        let store = all.for_tenant(&tenant(name)).expect("narrowed");
        save(&store, "bob", 1).await;
        save(&store, "ann", 2).await;
    }
    let expected = ["a ann account 2", "a bob account 1", "b ann account 2"];
    assert_eq!(kept(&all).await[..3], expected);
    for limit in 1..=7 {
        let list = SnapshotList { limit, ..SnapshotList::default() };
        assert_eq!(paged(&all, &list).await, kept(&all).await);
    }
    let list = SnapshotList { stream: Some(account("ann")), limit: 2, ..SnapshotList::default() };
    let anns = ["a ann account 2", "b ann account 2", "c ann account 2"];
    assert_eq!(paged(&all, &list).await, anns);
}

async fn a_list_limit_out_of_range_is_refused(rig: &Rig) {
    let store = rig.open().await;
    for limit in [0, PAGE_MAX + 1, usize::MAX] {
        let found = store.snapshots(SnapshotList { limit, ..SnapshotList::default() }).await;
        assert_eq!(failure(found), StoreErrorKind::LimitExceeded);
    }
    let most = SnapshotList { limit: PAGE_MAX, ..SnapshotList::default() };
    assert_eq!(listed(&store, most).await, []);
}

async fn the_newest_of_each_kind_are_kept(rig: &Rig) {
    let store = rig.open().await;
    for at in [1, 2, 3, 10] {
        keep(&store, of_kind("a", "ann", at)).await;
    }
    for at in [4, 5] {
        keep(&store, of_kind("b", "ann", at)).await;
    }
    delete(&store, "ann", None, usize::MAX).await;
    delete(&store, "ann", None, 4).await;
    assert_eq!(kept(&store).await.len(), 6);
    delete(&store, "ann", None, 2).await;
    let newest = ["default ann a 3", "default ann a 10", "default ann b 4", "default ann b 5"];
    assert_eq!(kept(&store).await, newest);
    delete(&store, "ann", None, 1).await;
    assert_eq!(kept(&store).await, ["default ann a 10", "default ann b 5"]);
}

async fn deleting_one_kind_keeps_the_others(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    delete(&store, "ann", Some("a"), 0).await;
    let rest: Vec<_> = ORDER.iter().filter(|it| !it.contains("ann a ")).copied().collect();
    assert_eq!(kept(&store).await, rest);
}

async fn deleting_touches_no_other_stream(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    delete(&store, "ann", None, 0).await;
    let rest: Vec<_> = ORDER.iter().filter(|it| !it.contains(" ann ")).copied().collect();
    assert_eq!(kept(&store).await, rest);
}

async fn deleting_is_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    save(&a, "ann", 1).await;
    save(&b, "ann", 2).await;
    assert_eq!(delete(&b, "ann", None, 0).await, 1);
    assert_eq!(kept(&a).await, ["a ann account 1"]);
    assert_eq!(kept(&b).await, [""; 0]);
}

async fn deleting_says_how_many(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(delete(&store, "nobody", None, 0).await, 0);
    assert_eq!(delete(&store, "ann", Some("b"), 1).await, 0);
    assert_eq!(delete(&store, "ann", Some("a"), 1).await, 1);
    assert_eq!(delete(&store, "ann", None, 0).await, 3);
    assert_eq!(delete(&store, "ann", None, 0).await, 0);
}

async fn a_tombstone_deletes_the_streams_snapshots(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    put(&store, "bob", 3..4).await;
    save(&store, "ann", 1).await;
    keep(&store, of_kind("other", "ann", 1)).await;
    save(&store, "bob", 0).await;
    store.tombstone(&account("ann"), Expected::Any, record(4)).await.expect("it exists");
    assert_eq!(latest(&store, "ann").await, None);
    assert_eq!(kept(&store).await, ["default bob account 0"]);
}

async fn a_truncation_keeps_the_streams_snapshots(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    save(&store, "ann", 1).await;
    store.truncate_before(&account("ann"), revision(2), record(4)).await.expect("in range");
    assert_eq!(latest(&store, "ann").await, Some(snapshot("ann", 1)));
}
