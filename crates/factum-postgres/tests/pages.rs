//! What happens between and beside the pages of a read.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{Place, all, on_every_postgres};
use factum_core::{
    AdminRecord, AppendRequest, Codec, EventId, EventStore, EventStoreExt, EventType, Expected,
    NewEvent, Revision, StoreErrorKind, StreamAdmin, StreamId, StreamRead,
};
use factum_postgres::PostgresStore;
use factum_postgres::tokio_postgres::{NoTls, connect};
use futures::StreamExt;

fn account() -> StreamId {
    StreamId::new("account", "ann").unwrap()
}

async fn filled(place: &Place, events: u8) -> PostgresStore {
    let store = place.open().await;
    let event = |number| {
        let event_type = EventType::new("account.changed").unwrap();
        NewEvent::new(EventId::from_bytes([number; 16]), event_type, Codec::Json, "{}")
    };
    let request = AppendRequest::default().stream(account(), Expected::Any, (0..events).map(event));
    store.append(request).await.unwrap();
    store
}

fn in_pages() -> StreamRead {
    StreamRead { page_events_max: 10, ..StreamRead::forward(account()) }
}

async fn run(place: &Place, statements: &str) {
    let (client, connection) = connect(&place.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SET session_replication_role = replica").await.unwrap();
    client.batch_execute(&place.sql(statements)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncation_between_two_pages_leaves_no_gap() {
    on_every_postgres(async |place| {
        let store = filled(&place, 200).await;
        let mut pages = store.read_stream(in_pages());
        let mut seen = pages.next().await.unwrap().unwrap().events;
        let record = AdminRecord::new(EventId::from_bytes([201; 16]), "why");
        store.truncate_before(&account(), Revision::new(190), record).await.unwrap();
        while let Some(page) = pages.next().await {
            seen.extend(page.unwrap().events);
        }
        let revisions: Vec<u64> = seen.iter().map(|event| event.revision.get()).collect();
        assert_eq!(revisions, (0..200).collect::<Vec<_>>());
        let after = store.collect_stream(in_pages()).await.unwrap();
        assert_eq!(after[0].revision, Revision::new(190));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hole_where_two_pages_meet_is_an_error() {
    on_every_postgres(async |place| {
        for (missing, page) in [(0, 10), (9, 10), (10, 10), (15, 10)] {
            let place = Place { schema: format!("{}_{missing}", place.schema), ..place.clone() };
            let store = filled(&place, 30).await;
            run(&place, &format!("DELETE FROM {{schema}}.events WHERE revision = {missing}")).await;
            let request = StreamRead { page_events_max: page, ..StreamRead::forward(account()) };
            let error = store.collect_stream(request).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Corrupt, "revision {missing}: {error}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_others_forget_are_still_there_for_the_page() {
    on_every_postgres(async |place| {
        let store = filled(&place, 200).await;
        // Verifying forgets the names that are kept, again and again, while others read.
        let checking = {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    let verified = factum_core::Maintenance::verify(&store).await.unwrap();
                    assert_eq!(verified.findings, [""; 0]);
                }
            })
        };
        while !checking.is_finished() {
            assert_eq!(store.collect_stream(in_pages()).await.unwrap().len(), 200);
            assert_eq!(all(&store).await.len(), 200);
        }
        checking.await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_of_others_are_never_called() {
    on_every_postgres(async |place| {
        let store = filled(&place, 3).await;
        // A better match than PostgreSQL's own function, where every session looks by default.
        let theirs = "CREATE OR REPLACE FUNCTION public.cardinality(a text[]) RETURNS integer LANGUAGE plpgsql \
                      AS $$BEGIN RAISE EXCEPTION 'called'; END$$";
        run(&place, theirs).await;
        let again = place.open().await;
        let event_type = EventType::new("account.changed").unwrap();
        let event = NewEvent::new(EventId::from_bytes([99; 16]), event_type, Codec::Json, "{}");
        let request = || AppendRequest::default().stream(account(), Expected::Any, [event.clone()]);
        again.append(request()).await.unwrap();
        let (mut client, connection) = connect(&place.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let transaction = client.transaction().await.unwrap();
        let appended = again.append_in(&transaction, request()).await;
        transaction.rollback().await.unwrap();
        run(&place, "DROP FUNCTION public.cardinality(text[])").await;
        appended.unwrap();
        drop(store);
    })
    .await;
}
