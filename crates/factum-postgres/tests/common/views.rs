//! Subscriptions with a view, and work on it.

use factum_core::{
    Advance, CheckpointStore, DeadLetter, DeadLetterStatus, EventType, LaneKey, Lease, LeaseAnswer,
    LeaseClaim, LeaseStore, OwnerId, Position, Registration, SqlRow, StoreError, StreamId,
    SubscriptionKind, SubscriptionName, TenantId, Timestamp, Transacted, ViewMigration, ViewStore,
    ViewTransaction,
};
use factum_postgres::PostgresStore;
use factum_testkit::SequentialIds;
use futures::future::BoxFuture;

pub(crate) fn named(name: &str) -> SubscriptionName {
    SubscriptionName::new(name).expect("a valid name")
}

pub(crate) fn declared(name: &str) -> Registration {
    Registration {
        name: named(name),
        kind: SubscriptionKind::Projection,
        version: 1,
        shape: "every event".into(),
        start: Position::START,
    }
}

/// The lease of a subscription that was just made known.
pub(crate) async fn run(store: &PostgresStore, name: &str) -> Lease {
    store.register(declared(name)).await.expect("registered");
    let owner = OwnerId::new("the test").expect("a valid owner");
    let claim = LeaseClaim { name: named(name), owner, expired: None };
    match store.claim_lease(claim).await.expect("claimed") {
        LeaseAnswer::Granted(lease, _) => lease,
        LeaseAnswer::Held(seen) => panic!("expected a free lease, found {seen:?}"),
    }
}

pub(crate) fn step(lease: &Lease, from: u64, to: u64) -> Advance {
    Advance::new(lease.clone(), Position::new(from), Position::new(to))
}

/// A letter of one of a few keys.
pub(crate) fn letter(position: u64, key: u64, status: DeadLetterStatus) -> DeadLetter {
    DeadLetter {
        position: Position::new(position),
        key: LaneKey::new(format!("key-{key}")).expect("valid"),
        status,
        id: SequentialIds::id(position),
        tenant: TenantId::default(),
        stream: StreamId::new("account", &key.to_string()).expect("valid"),
        event_type: EventType::new("account.changed").expect("valid"),
        cause: "no".into(),
        attempts: 1,
        first_at: Timestamp::from_micros(0),
        last_at: Timestamp::from_micros(1),
        due: false,
    }
}

/// Makes a table once for all.
pub(crate) async fn make(store: &PostgresStore, name: &str, statement: String) {
    let migration = ViewMigration::new("make the table", statement.leak());
    store.migrate_view(&named(name), &[migration]).await.expect("the table can be made");
}

/// Runs `work`, which is a closure that needs no more than the transaction.
pub(crate) async fn transact<W>(store: &PostgresStore, work: W) -> Result<Transacted, StoreError>
where
    W: for<'t> FnOnce(&'t mut dyn ViewTransaction) -> BoxFuture<'t, Option<Advance>>
        + Send
        + 'static,
{
    store.transact(Box::new(work)).await
}

pub(crate) async fn rows(store: &PostgresStore, sql: &str) -> Vec<SqlRow> {
    store.query_view(sql, &[]).await.expect("it can be read")
}

/// The one number that a statement asks for.
pub(crate) async fn count(store: &PostgresStore, sql: &str) -> i64 {
    rows(store, sql).await[0].get(0).expect("a number")
}

/// Where a subscription stands.
pub(crate) async fn reached(store: &PostgresStore, name: &str) -> u64 {
    let found = store.progress(&named(name)).await.expect("it can be read");
    found.expect("it is known").position.get()
}
