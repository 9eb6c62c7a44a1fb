//! A store that an earlier Factum made goes on under this one, or is refused and left alone.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::older::{OLDER, turn_into};
use common::requests::{append, claim, claiming, command, stream};
use common::session::Session;
use common::{Place, all, on_every_postgres};
use factum_core::{
    AppendError, Conflict, EventStore, EventStoreExt, LogRead, Maintenance, QueryItem,
    StoreErrorKind, StreamAdmin,
};
use factum_postgres::PostgresStore;

async fn run(place: &Place, statements: &str) {
    Session::connect(place).await.client.batch_execute(&place.sql(statements)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_older_format_goes_on_with_all_it_held() {
    on_every_postgres(async |server| {
        for format in 1..=OLDER {
            println!("from format {format}");
            let place = Place { schema: format!("{}_{format}", server.schema), ..server.clone() };
            let store = place.open().await;
            store.append(append("ann", 0..9)).await.unwrap();
            store.append(claiming("ann", 9, "ann@b.example")).await.unwrap();
            store.append(append("bob", 10..12).command(command("c-1", "bob"))).await.unwrap();
            let before = all(&store).await;
            drop(store);
            turn_into(&place, format).await;

            let store = place.open().await;
            assert_eq!(all(&store).await, before);
            assert_eq!(
                store.claim_owner(&claim("ann@b.example")).await.unwrap(),
                Some(stream("ann"))
            );
            let again = append("bob", 12..14).command(command("c-1", "bob"));
            assert_eq!(store.append(again).await.unwrap().last, before[11].position);
            let taken = store.append(claiming("bob", 14, "ann@b.example")).await;
            assert!(
                matches!(taken, Err(AppendError::Conflict(Conflict::Claim { .. }))),
                "{taken:?}"
            );
            store.append(append("ann", 15..17)).await.unwrap();
            let ann = QueryItem::stream(stream("ann"));
            assert_eq!(store.collect(LogRead::backward(ann)).await.unwrap().len(), 12);
            let verified = store.verify().await.unwrap();
            assert_eq!((verified.events, verified.findings), (14, vec![]));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unique_values_that_were_folded_otherwise_are_not_lost_from_sight() {
    on_every_postgres(async |place| {
        place.open().await.append(append("ann", 1..2)).await.unwrap();
        turn_into(&place, 6).await;
        let older = "INSERT INTO {schema}.claims (tenant, name, value, stream) SELECT tenant, n, v, id \
            FROM {schema}.streams, (VALUES ('street', 'straße'), ('name', 'σας'), ('name', 'né'), \
            ('code', 'Straße')) x(n, v)";
        run(&place, older).await;
        let refused = PostgresStore::open(place.config()).await.unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::Incompatible);
        let message = refused.to_string();
        assert!(message.contains("(name: 1, street: 1)"), "{message}");
        assert!(!message.contains("straße"), "values are withheld: {message}");

        // Left alone; and once they are released, it goes on.
        run(&place, "DELETE FROM {schema}.claims WHERE value IN ('straße', 'σας')").await;
        place.open().await.append(append("ann", 2..3)).await.unwrap();
    })
    .await;
}
