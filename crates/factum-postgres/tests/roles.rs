//! The scripts that grant roles what they need, as the documentation shows them.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{Place, all, on_every_postgres, open, soon};
use factum_core::{
    AppendError, AppendRequest, Codec, EventId, EventStore, EventType, Expected, Maintenance,
    NewEvent, Position, SnapshotKind, SnapshotStore, StoreErrorKind, StreamAdmin, StreamId,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};

const READER: &str = include_str!("../src/sql/roles/reader.sql");
const WRITER: &str = include_str!("../src/sql/roles/writer.sql");

#[test]
fn the_documentation_shows_the_scripts_as_they_are() {
    let page = include_str!("../../../docs/postgres.md");
    assert!(page.contains(READER.trim()) && page.contains(WRITER.trim()));
}

fn account(name: &str) -> StreamId {
    StreamId::new("account", name).unwrap()
}

fn append(name: &str, number: u8) -> AppendRequest {
    let event_type = EventType::new("account.opened").unwrap();
    let event = NewEvent::new(EventId::from_bytes([number; 16]), event_type, Codec::Json, "{}");
    AppendRequest::default().stream(account(name), Expected::Any, [event])
}

/// Runs a script for a role of this test, and opens the store as that role.
async fn as_role(place: &Place, role: &str, scripts: &[&str]) -> PostgresStore {
    let role = format!("{role}_{}", place.schema);
    let (client, connection) = factum_postgres::tokio_postgres::connect(
        &place.url,
        factum_postgres::tokio_postgres::NoTls,
    )
    .await
    .unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    for script in scripts {
        let script = script.replace("factum_reader", &role).replace("factum_writer", &role);
        let script = script.replace("SCHEMA factum", &format!("SCHEMA {}", place.schema));
        let script = script.replace("factum.", &format!("{}.", place.schema));
        client.batch_execute(&script).await.unwrap();
    }
    let url = place.url.replace("//postgres@", &format!("//{role}@"));
    open(PostgresStoreConfig { url, ..place.config() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_reads_and_watches_and_writes_nothing() {
    on_every_postgres(async |place| {
        let owner = place.open().await;
        owner.append(append("ann", 1)).await.unwrap();
        let reader = as_role(&place, "reader", &[READER]).await;
        assert_eq!(all(&reader).await, all(&owner).await);
        assert_eq!(reader.verify().await.unwrap().findings, [""; 0]);
        let mut watch = reader.watch();
        owner.append(append("ann", 2)).await.unwrap();
        soon("the watch wakes", watch.past(Position::new(1))).await.unwrap();

        let AppendError::Store(denied) = reader.append(append("ann", 3)).await.unwrap_err() else {
            panic!("expected a failure of the store");
        };
        assert_eq!(denied.kind(), StoreErrorKind::Denied, "{denied}");
        let record = factum_core::AdminRecord::new(EventId::from_bytes([9; 16]), "why");
        reader.tombstone(&account("ann"), Expected::Any, record).await.unwrap_err();
        let kind = SnapshotKind::new("account").unwrap();
        reader.delete_snapshots(&account("ann"), Some(&kind), 0).await.unwrap_err();
        assert_eq!(owner.head().await.unwrap(), Position::new(2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_appends_and_changes_no_event() {
    on_every_postgres(async |place| {
        let owner = place.open().await;
        let writer = as_role(&place, "writer", &[READER, WRITER]).await;
        writer.append(append("ann", 1)).await.unwrap();
        writer.append(append("bob", 2)).await.unwrap();
        let record = factum_core::AdminRecord::new(EventId::from_bytes([3; 16]), "why");
        writer.tombstone(&account("bob"), Expected::Any, record).await.unwrap();
        assert_eq!(all(&writer).await, all(&owner).await);
        assert_eq!(owner.verify().await.unwrap().findings, [""; 0]);
        let role = format!("writer_{}", place.schema);
        let url = place.url.replace("//postgres@", &format!("//{role}@"));
        let (client, connection) =
            factum_postgres::tokio_postgres::connect(&url, factum_postgres::tokio_postgres::NoTls)
                .await
                .unwrap();
        tokio::spawn(connection);
        for change in ["UPDATE {schema}.events SET codec = 1", "DELETE FROM {schema}.events"] {
            client.batch_execute(&place.sql(change)).await.unwrap_err();
        }
    })
    .await;
}
