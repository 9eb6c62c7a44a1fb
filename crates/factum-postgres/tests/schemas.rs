//! Opening: what is made, what is refused, and what is left alone.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{Place, all, on_every_postgres};
use factum_core::{
    AppendRequest, Codec, EventId, EventStore, EventType, Expected, NewEvent, StoreErrorKind,
    StreamId,
};
use factum_postgres::tokio_postgres::{self, Client, NoTls};
use factum_postgres::{PostgresStore, PostgresStoreConfig};

async fn session(place: &Place) -> Client {
    let (client, connection) = tokio_postgres::connect(&place.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Runs statements with the schema's name for `{schema}`.
async fn run(place: &Place, statements: &str) {
    session(place).await.batch_execute(&place.sql(statements)).await.unwrap();
}

async fn number(place: &Place, statement: &str) -> i64 {
    session(place).await.query_one(&place.sql(statement), &[]).await.unwrap().get(0)
}

/// The address of another database on the same server.
fn database(place: &Place, name: &str) -> String {
    let (server, _) = place.url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

async fn refused(config: PostgresStoreConfig) -> (StoreErrorKind, String) {
    let error = PostgresStore::open(config).await.unwrap_err();
    (error.kind(), error.to_string())
}

fn append(number: u8) -> AppendRequest {
    let event_type = EventType::new("account.opened").unwrap();
    let event =
        NewEvent::new(EventId::from_bytes([number; 16]), event_type, Codec::Json, r#"{"a":"é"}"#);
    let stream = StreamId::new("account", "ann").unwrap();
    AppendRequest::default().stream(stream, Expected::Any, [event])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starters_at_once_migrate_once() {
    on_every_postgres(async |place| {
        let openings = (0..8).map(|_| tokio::spawn(PostgresStore::open(place.config())));
        for opening in openings.collect::<Vec<_>>() {
            opening.await.unwrap().unwrap().append(append(1)).await.unwrap();
        }
        let steps = number(&place, "SELECT count(*) FROM {schema}.migrations").await;
        assert_eq!(
            steps,
            number(&place, "SELECT max(number)::bigint FROM {schema}.migrations").await
        );
        assert_eq!(all(&place.open().await).await.len(), 8);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f27_a_newer_format_is_refused_and_left_alone() {
    on_every_postgres(async |place| {
        drop(place.open().await);
        run(&place, "INSERT INTO {schema}.migrations VALUES (99, '0099_later', 1, 1)").await;
        let (kind, message) = refused(place.config()).await;
        assert_eq!(kind, StoreErrorKind::Incompatible);
        assert!(message.contains("newer Factum"), "{message}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_of_other_steps_is_refused() {
    on_every_postgres(async |place| {
        drop(place.open().await);
        run(&place, "UPDATE {schema}.migrations SET checksum = 1 WHERE number = 2").await;
        assert_eq!(refused(place.config()).await.0, StoreErrorKind::Incompatible);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_programs_schema_is_refused_and_left_alone() {
    on_every_postgres(async |place| {
        run(&place, "CREATE SCHEMA {schema}; CREATE TABLE {schema}.theirs (a integer)").await;
        assert_eq!(refused(place.config()).await.0, StoreErrorKind::Incompatible);
        run(&place, "CREATE TABLE {schema}.migrations (version text)").await;
        assert_eq!(refused(place.config()).await.0, StoreErrorKind::Incompatible);
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = '{name}'";
        assert_eq!(number(&place, &tables.replace("{name}", &place.schema)).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_create_a_missing_schema_is_an_error_and_nothing_is_made() {
    on_every_postgres(async |place| {
        let config = PostgresStoreConfig { create: false, ..place.config() };
        assert_eq!(refused(config.clone()).await.0, StoreErrorKind::NoStore);
        assert!(!PostgresStore::exists(&config).await.unwrap());
        let schemas =
            format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{}'", place.schema);
        assert_eq!(number(&place, &schemas).await, 0);
        drop(place.open().await);
        assert!(PostgresStore::exists(&config).await.unwrap());
        PostgresStore::open(config).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_opened_says_why() {
    on_every_postgres(async |place| {
        let with = |url: String| PostgresStoreConfig { url, ..place.config() };
        let (kind, message) = refused(with("postgres://ann:s3cret@".into())).await;
        assert_eq!(kind, StoreErrorKind::Invalid, "{message}");
        assert!(!message.contains("s3cret"), "{message}");
        assert_eq!(refused(with("not an address".into())).await.0, StoreErrorKind::Invalid);
        assert_eq!(
            refused(with(database(&place, "no_such_database"))).await.0,
            StoreErrorKind::Misconfigured
        );
        let nobody = place.url.replace("//postgres@", "//nobody_here@");
        assert_eq!(refused(with(nobody)).await.0, StoreErrorKind::Denied);
        // A port that was free a moment ago: nothing listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let nowhere = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        assert_eq!(refused(with(nowhere)).await.0, StoreErrorKind::Unavailable);
        for config in [
            PostgresStoreConfig { schema: "a\"b".into(), ..place.config() },
            PostgresStoreConfig { connections_max: 0, ..place.config() },
        ] {
            assert_eq!(refused(config).await.0, StoreErrorKind::Invalid);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_in_another_encoding_is_refused() {
    on_every_postgres(async |place| {
        let name = format!("latin_{}", place.schema);
        let make =
            format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
        session(&place).await.batch_execute(&make).await.unwrap();
        let url = database(&place, &name);
        let (kind, message) = refused(PostgresStoreConfig { url, ..place.config() }).await;
        assert_eq!(kind, StoreErrorKind::Incompatible, "{message}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_changes_an_event() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        store.append(append(1)).await.unwrap();
        let client = session(&place).await;
        for change in [
            "UPDATE {schema}.events SET payload = ''",
            "DELETE FROM {schema}.events",
            "TRUNCATE {schema}.events",
        ] {
            let refused = client.batch_execute(&place.sql(change)).await.unwrap_err();
            let refused = refused.as_db_error().unwrap().message().to_owned();
            assert!(refused.contains("events never change"), "{refused}");
        }
        assert_eq!(all(&store).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_shows_events_with_their_names() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        store.append(append(1)).await.unwrap();
        let sql = place.sql("SELECT tenant, stream, event_type, json FROM {schema}.log");
        let row = session(&place).await.query_one(&sql, &[]).await.unwrap();
        let shown: [&str; 4] = [row.get(0), row.get(1), row.get(2), row.get(3)];
        assert_eq!(shown, ["default", "account/ann", "account.opened", r#"{"a":"é"}"#]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_in_one_database_keep_apart() {
    on_every_postgres(async |place| {
        let other = Place { schema: format!("{}_b", place.schema), ..place.clone() };
        let (left, right) = (place.open().await, other.open().await);
        left.append(append(1)).await.unwrap();
        left.append(append(2)).await.unwrap();
        let appended = right.append(append(3)).await.unwrap();
        assert_eq!(appended.last.get(), 1);
        assert_eq!((all(&left).await.len(), all(&right).await.len()), (2, 1));
    })
    .await;
}
