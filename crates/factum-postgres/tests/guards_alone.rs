//! What is only judged writes nothing, so its commit has nothing to flush.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::requests::{append, stream};
use common::{on_every_postgres, open};
use factum_core::{
    AppendError, AppendRequest, EventStore, Expected, Position, QueryItem, Revision, TenantId,
    TenantScope,
};
use factum_postgres::PostgresStoreConfig;
use factum_postgres::tokio_postgres::{NoTls, Transaction, connect};

/// Whether the transaction has written anything: only then does PostgreSQL number it.
async fn writes(transaction: &Transaction<'_>) -> bool {
    let sql = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL";
    transaction.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guards_alone_write_nothing_in_a_transaction_of_the_callers() {
    on_every_postgres(async |place| {
        let all = open(PostgresStoreConfig { scope: TenantScope::All, ..place.config() }).await;
        let ann = all.narrowed(&TenantId::new("ann").unwrap()).unwrap();
        ann.append(append("ann", 0..20)).await.unwrap();
        let new = all.narrowed(&TenantId::new("new").unwrap()).unwrap();
        let (mut client, connection) = connect(&place.url, NoTls).await.unwrap();
        tokio::spawn(connection);

        let transaction = client.transaction().await.unwrap();
        for number in 0..100 {
            let unknown = stream(&format!("new-{number}"));
            let alone = AppendRequest::default()
                .stream(unknown, Expected::NoStream, [])
                .none_match(QueryItem::stream(stream("ann")), Position::new(20));
            for store in [&ann, &new] {
                let held = store.append_in(&transaction, alone.clone()).await.unwrap();
                assert_eq!((held.first, held.last), (None, Position::new(20)));
            }
        }
        let late = Expected::Revision(Revision::new(3));
        let alone = AppendRequest::default().stream(stream("ann"), late, []);
        let refused = ann.append_in(&transaction, alone).await;
        assert!(matches!(refused, Err(AppendError::Conflict(_))), "{refused:?}");
        assert!(!writes(&transaction).await);

        // They see what the transaction has appended before them.
        ann.append_in(&transaction, append("bob", 20..21)).await.unwrap();
        assert!(writes(&transaction).await);
        let alone = AppendRequest::default().stream(stream("bob"), Expected::Exists, []);
        let held = ann.append_in(&transaction, alone).await.unwrap();
        assert_eq!((held.first, held.last), (None, Position::new(21)));
        transaction.rollback().await.unwrap();
        assert_eq!(all.head().await.unwrap(), Position::new(20));
    })
    .await;
}
