//! Sabotage of snapshots.

use factum_core::limits::{PAGE_MAX, SNAPSHOT_BYTES_MAX};
use factum_core::{SharedStore, Snapshot, SnapshotInfo, SnapshotList, SnapshotSaved, Timestamp};

use super::admin::{NOTHING_DONE, ONE_FOR_ALL};
use super::{Row, lower};
use crate::sabotage::Sabotage::{
    self, DeleteEverySnapshot, DeleteSnapshots, Deleted, Latest, ListSnapshots, Save, SaveSnapshot,
    Snapshots, Through,
};

pub(super) fn rows() -> Vec<Row> {
    [saved(), found(), listed(), deleted()].concat()
}

/// Takes what the store refuses, as if it had been kept.
const NEVER_REFUSED: Sabotage = Save(|store, snapshot| {
    Box::pin(async move {
        let _ = store.save_snapshot(snapshot).await;
        Ok(SnapshotSaved::Stored)
    })
});

/// Makes way for a snapshot that is older than what is there.
const PUT_BACK: Sabotage = Save(|store, snapshot| {
    Box::pin(async move {
        if let SnapshotSaved::Older { .. } = store.save_snapshot(snapshot.clone()).await? {
            store.delete_snapshots(&snapshot.stream, Some(&snapshot.kind), 0).await?;
        }
        store.save_snapshot(snapshot).await
    })
});

/// Keeps as much of a payload as fits.
const CUT_TO_FIT: Sabotage = Save(|store, mut snapshot| {
    Box::pin(async move {
        let refused = store.save_snapshot(snapshot.clone()).await;
        snapshot.payload.truncate(SNAPSHOT_BYTES_MAX);
        store.save_snapshot(snapshot).await?;
        refused
    })
});

fn saved() -> Vec<Row> {
    vec![
        (
            "snapshots::a_saved_snapshot_comes_back_with_every_field",
            SaveSnapshot(|it| it.taken_at = Timestamp::from_micros(0)),
        ),
        (
            "snapshots::a_snapshot_saved_again_is_replaced",
            Save(|store, it| {
                Box::pin(async move {
                    let (stream, kind) = (&it.stream, &it.kind);
                    let held = store.latest_snapshot(stream, kind, Some(it.revision)).await?;
                    if held.is_none_or(|held| held.revision != it.revision) {
                        return store.save_snapshot(it).await;
                    }
                    Ok(SnapshotSaved::Stored)
                })
            }),
        ),
        ("snapshots::f25_bytes_per_snapshot", CUT_TO_FIT),
        (
            "snapshots::a_stream_without_events_may_have_snapshots",
            Save(|store, it| {
                Box::pin(async move {
                    if store.stream(&it.stream).await?.is_some() {
                        return store.save_snapshot(it).await;
                    }
                    Ok(SnapshotSaved::Stored)
                })
            }),
        ),
        ("snapshots::one_older_than_what_is_there_is_not_kept", PUT_BACK),
        (
            "snapshots::a_newer_one_of_another_version_is_in_nobodys_way",
            SaveSnapshot(|it| it.schema_version = factum_core::SchemaVersion::FIRST),
        ),
        ("snapshots::a_deleted_stream_takes_no_snapshot", NEVER_REFUSED),
        ("snapshots::a_handle_of_all_tenants_only_lists", Sabotage::AllActsAs("a")),
    ]
}

/// The snapshot that a list names, among those for which `wanted` holds, with the greatest `key`.
async fn chosen<K: Ord>(
    store: SharedStore,
    wanted: impl Fn(&SnapshotInfo) -> bool,
    key: impl Fn(&SnapshotInfo) -> K,
) -> Option<Snapshot> {
    let listed = store.snapshots(SnapshotList::default()).await.unwrap();
    let found = listed.into_iter().filter(wanted).max_by_key(key)?;
    store.latest_snapshot(&found.stream, &found.kind, Some(found.revision)).await.unwrap()
}

fn found() -> Vec<Row> {
    vec![
        (
            "snapshots::the_latest_is_the_one_of_the_highest_revision",
            Latest(|store, stream, kind| {
                Box::pin(chosen(
                    store,
                    move |it| (&it.stream, &it.kind) == (&stream, &kind),
                    |it| it.taken_at,
                ))
            }),
        ),
        ("snapshots::through_is_inclusive", Through(|it| it.map(lower))),
        ("snapshots::snapshots_above_through_are_left_out", Through(|_| None)),
        (
            "snapshots::kinds_are_apart",
            Latest(|store, stream, _| {
                Box::pin(chosen(store, move |it| it.stream == stream, |it| it.revision))
            }),
        ),
        (
            "snapshots::streams_are_apart",
            Latest(|store, _, kind| {
                Box::pin(chosen(store, move |it| it.kind == kind, |it| it.revision))
            }),
        ),
        ("snapshots::the_latest_is_per_tenant", ONE_FOR_ALL),
    ]
}

fn listed() -> Vec<Row> {
    vec![
        (
            "snapshots::a_snapshot_is_described",
            Snapshots(|it| it.iter_mut().for_each(|it| it.payload_bytes = 0)),
        ),
        ("snapshots::snapshots_are_listed_in_order", Snapshots(|it| it.reverse())),
        (
            "snapshots::snapshots_are_listed_in_pages",
            Snapshots(|it| {
                if it.len() > 1 {
                    it.pop();
                }
            }),
        ),
        ("snapshots::snapshots_are_listed_by_stream", ListSnapshots(|it| it.stream = None)),
        ("snapshots::snapshots_are_listed_by_kind", ListSnapshots(|it| it.kind = None)),
        ("snapshots::the_list_is_per_tenant", ONE_FOR_ALL),
        ("snapshots::a_handle_of_all_tenants_lists_everyones", Sabotage::AllActsAs("a")),
        (
            "snapshots::a_list_limit_out_of_range_is_refused",
            ListSnapshots(|it| it.limit = it.limit.clamp(1, PAGE_MAX)),
        ),
    ]
}

fn deleted() -> Vec<Row> {
    vec![
        (
            "snapshots::the_newest_of_each_kind_are_kept",
            DeleteSnapshots(|_, keep_last| *keep_last = 0),
        ),
        ("snapshots::deleting_one_kind_keeps_the_others", DeleteSnapshots(|kind, _| *kind = None)),
        ("snapshots::deleting_touches_no_other_stream", DeleteEverySnapshot),
        ("snapshots::deleting_is_per_tenant", ONE_FOR_ALL),
        ("snapshots::deleting_says_how_many", Deleted(|count| count + 1)),
        ("snapshots::a_tombstone_deletes_the_streams_snapshots", NOTHING_DONE),
        (
            "snapshots::a_truncation_keeps_the_streams_snapshots",
            Sabotage::Act(|store, stream, record, _| {
                Box::pin(async move {
                    store.delete_snapshots(&stream, None, 0).await?;
                    store.truncate_before(&stream, factum_core::Revision::FIRST, record).await
                })
            }),
        ),
    ]
}
