//! Which commits wait for the disk.

use std::sync::Arc;

use factum_core::{
    AppendRequest, Codec, EventId, EventType, Expected, HeadSignal, NewEvent, Position, Revision,
    SchemaVersion, Snapshot, SnapshotKind, StreamId, TenantId, Timestamp,
};
use tokio::sync::oneshot;

use super::Writer;
use crate::change::{Change, Loss};
use crate::connection::open_writer;
use crate::snapshots::SnapshotWrite;
use crate::views::Guard;
use crate::writer::Write;
use crate::{SqliteStoreConfig, migrate};

mod views;

fn stream() -> StreamId {
    StreamId::new("account", "ann").unwrap()
}

fn kind() -> SnapshotKind {
    SnapshotKind::new("account").unwrap()
}

fn append() -> Write {
    let event_type = EventType::new("account.opened").unwrap();
    let event = NewEvent::new(EventId::from_bytes([1; 16]), event_type, Codec::Json, "{}");
    let request = AppendRequest::default().stream(stream(), Expected::Any, [event]);
    Write::Append { tenant: TenantId::default(), request, reply: oneshot::channel().0 }
}

fn save() -> Write {
    let snapshot = Snapshot {
        stream: stream(),
        kind: kind(),
        revision: Revision::FIRST,
        position: Position::new(1),
        schema_version: SchemaVersion::FIRST,
        codec: Codec::Json,
        payload: "{}".into(),
        taken_at: Timestamp::from_micros(0),
    };
    snapshots(SnapshotWrite::Save(snapshot))
}

fn delete() -> Write {
    snapshots(SnapshotWrite::Delete { stream: stream(), kind: Some(kind()), keep_last: 0 })
}

fn snapshots(write: SnapshotWrite) -> Write {
    Write::Snapshots { tenant: TenantId::default(), write, reply: oneshot::channel().0 }
}

fn writer(folder: &tempfile::TempDir, unsafe_no_flush: bool) -> Writer {
    let path = folder.path().join("log.db");
    let config = SqliteStoreConfig { unsafe_no_flush, ..SqliteStoreConfig::new(path) };
    let conn = open_writer(&config).unwrap();
    migrate::migrate(&conn, migrate::MIGRATIONS, Timestamp::from_micros(0)).unwrap();
    let head = Arc::new(HeadSignal::new(Position::START));
    let views = (Guard::of_writer(), Arc::default());
    Writer::new(conn, config, head, Arc::default(), None, views).unwrap()
}

/// Commits each group and gives what SQLite's `synchronous` was: 1 unflushed, 2 flushed.
fn levels(writer: &mut Writer, groups: Vec<Vec<Write>>) -> Vec<i64> {
    let mut levels = Vec::new();
    for group in groups {
        writer.commit_group(group);
        levels.push(level(writer));
    }
    levels
}

fn level(writer: &Writer) -> i64 {
    writer.conn.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
}

#[test]
fn only_groups_of_saved_snapshots_go_unflushed() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder, false);
    let groups = vec![
        vec![append()],
        vec![save()],
        vec![save(), save()],
        vec![save(), append(), save()],
        vec![save()],
        vec![delete()],
    ];
    assert_eq!(levels(&mut writer, groups), [2, 1, 1, 2, 1, 2]);
    assert_eq!(levels(&mut writer, vec![vec![save()]]), [1]);
    writer.run_alone(Box::new(|conn| {
        let level: i64 = conn.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(level, 2);
    }));
}

#[test]
fn steps_go_unflushed_and_orders_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder, false);
    let change = |loss| Write::Change(Change::new("test", loss, |_, _| Ok(())));
    let groups = vec![
        vec![append()],
        vec![change(Loss::May)],
        vec![change(Loss::Never)],
        vec![change(Loss::May), save()],
        vec![change(Loss::May), change(Loss::Never)],
    ];
    assert_eq!(levels(&mut writer, groups), [2, 1, 2, 1, 2]);
}

#[test]
fn nothing_is_flushed_where_nothing_was_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder, true);
    assert_eq!(levels(&mut writer, vec![vec![append()], vec![save()], vec![delete()]]), [1, 1, 1]);
}
