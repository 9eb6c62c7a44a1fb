//! The names that may become part of a statement, and how the statements run.

#![allow(clippy::unwrap_used, reason = "a test may")]

use factum_core::{
    Advance, AppendRequest, CheckpointStore, Claim, ClaimChange, Codec, Command, CommandId,
    CorrelationId, DeadLetter, DeadLetterList, DeadLetterStatus, DeadLetters, EventId, EventStore,
    EventStoreExt, EventType, Expected, LaneKey, LeaseAnswer, LeaseClaim, LeaseStore, LetterChange,
    LogRead, NewEvent, OwnerId, Position, Query, QueryItem, Registration, StreamAdmin, StreamId,
    StreamList, StreamPrefix, StreamRead, SubscriptionKind, SubscriptionName, SubscriptionReport,
    Tag, TenantId, Timestamp,
};
use factum_testkit::servers::{PostgresOptions, postgres_under_test};
use tokio_postgres::types::Type;

use super::*;
use crate::{PostgresStore, PostgresStoreConfig};

#[test]
fn only_plain_names_become_part_of_a_statement() {
    for name in ["factum", "_f", "a1", "tenant_7"] {
        assert_eq!(Schema::new(name).unwrap().as_str(), name);
    }
    let long = "a".repeat(SCHEMA_BYTES_MAX + 1);
    for name in ["", "1a", "A", "a-b", "a b", "a\"b", "a;drop", "pg_catalog", "ä", &long] {
        let refused = Schema::new(name).unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::Invalid, "{name}");
    }
}

#[test]
fn every_statement_names_the_schema() {
    let sql = Sql::new(&Schema::new("here").unwrap());
    for (file, statement) in sql.all() {
        let by_parameter = ["admin/lock_holder", "admin/bytes"].contains(&file);
        assert!(statement.contains("\"here\".") || by_parameter, "{file}");
        assert!(!statement.contains("{schema}"), "{file}");
    }
}

/// How many rows of each table are read by looking at all of it, so far.
async fn scanned(client: &tokio_postgres::Client, schema: &str) -> Vec<(String, i64)> {
    // What a session did is counted when it next waits for work.
    client.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
    let sql = "SELECT relname::text, seq_tup_read FROM pg_stat_user_tables \
               WHERE schemaname = $1 ORDER BY relname";
    let rows = client.query_typed(sql, &[(&schema, Type::TEXT)]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn event(number: u64) -> NewEvent {
    let event_type = EventType::new(format!("account.changed-{}", number % 7)).unwrap();
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    let mut event = NewEvent::new(EventId::from_bytes(id), event_type, Codec::Json, "{}");
    event.tags = [Tag::new("order", &(number % 97).to_string()).unwrap()].into_iter().collect();
    event.correlation = Some(CorrelationId::new(format!("r{}", number % 11)).unwrap());
    event
}

fn account(number: u64) -> StreamId {
    StreamId::new("account", &number.to_string()).unwrap()
}

/// Everything that happens all the time: appends of every sort and reads that want little.
async fn daily_work(store: &PostgresStore, round: u64) {
    for number in round * 50..round * 50 + 50 {
        let mut taking = event(number);
        taking.claims = vec![ClaimChange::Take(Claim::new("email", &number.to_string()).unwrap())];
        let command = Command::new(CommandId::new(format!("c{number}")).unwrap(), &account(number));
        let wanted = QueryItem::tagged("order", number % 97).unwrap();
        let head = store.head().await.unwrap();
        let request = AppendRequest::default()
            .stream(account(number), Expected::NoStream, [taking])
            .none_match(wanted.clone(), head)
            .command(command.clone());
        store.append(request).await.unwrap();
        let plain =
            AppendRequest::default().stream(account(number), Expected::Exists, [event(number)]);
        store.append(plain).await.unwrap();
        store.recall(&command.id).await.unwrap().unwrap();
        store.collect_stream(StreamRead::forward(account(number))).await.unwrap();
        store.collect_stream(StreamRead::backward(account(number))).await.unwrap();
        store.stream(&account(number)).await.unwrap().unwrap();
        let found = LogRead { limit: Some(3), ..LogRead::after(wanted, Position::START) };
        assert!(!store.collect(found).await.unwrap().is_empty());
    }
    subscribers_work(store, round).await;
    let kind = Query::from(QueryItem::default().event_type(event(3).event_type));
    let few = LogRead { limit: Some(10), ..LogRead::after(kind, Position::START) };
    assert_eq!(store.collect(few).await.unwrap().len(), 10);
    let of_account = QueryItem::stream(account(round * 50));
    let many = QueryItem::stream_prefix(StreamPrefix::new("account/").unwrap());
    let one = QueryItem::stream_prefix(StreamPrefix::new(account(round * 50).as_str()).unwrap());
    let head = store.head().await.unwrap();
    let alone = AppendRequest::default().none_match(of_account.clone(), head);
    assert_eq!(store.append(alone).await.unwrap().first, None);
    for item in [of_account, one, many, QueryItem::default()] {
        let newest = LogRead { limit: Some(2), ..LogRead::backward(item.clone()) };
        assert_eq!(store.collect(newest).await.unwrap().len(), 2);
        let oldest = LogRead { limit: Some(2), ..LogRead::after(item, Position::START) };
        assert_eq!(store.collect(oldest).await.unwrap().len(), 2);
    }
    let list = StreamList { limit: 5, ..StreamList::default() };
    assert_eq!(store.streams(list).await.unwrap().len(), 5);
}

/// What a reader of the log does all the time: steps, renewals, events that are set aside.
async fn subscribers_work(store: &PostgresStore, round: u64) {
    let name = SubscriptionName::new(format!("reader-{round}")).unwrap();
    let registration = Registration {
        name: name.clone(),
        kind: SubscriptionKind::Subscription,
        version: 1,
        shape: "every event".into(),
        start: Position::START,
    };
    store.register(registration).await.unwrap();
    let owner = OwnerId::new("the test").unwrap();
    let claim = LeaseClaim { name: name.clone(), owner, expired: None };
    let LeaseAnswer::Granted(lease, _) = store.claim_lease(claim).await.unwrap() else {
        panic!("expected a free lease");
    };
    for place in 0..50 {
        let to = Position::new(place + 1);
        let mut step = Advance::new(lease.clone(), Position::new(place), to);
        store.advance(step.clone()).await.unwrap();
        step.from = to;
        step.letters = (0..20).map(|it| LetterChange::Put(letter(place * 20 + it))).collect();
        store.advance(step).await.unwrap();
        store.renew_lease(&lease, SubscriptionReport::default()).await.unwrap();
    }
    let list = DeadLetterList { name: Some(name), limit: 10, ..DeadLetterList::default() };
    let of_key = DeadLetterList { key: Some(LaneKey::new("key 3").unwrap()), ..list.clone() };
    let due = DeadLetterList { due: true, ..list.clone() };
    for (list, expected) in [(list, 10), (of_key, 10), (due, 0)] {
        assert_eq!(store.dead_letters(list).await.unwrap().len(), expected);
    }
}

fn letter(number: u64) -> DeadLetter {
    let event = event(number);
    DeadLetter {
        position: Position::new(number + 1),
        key: LaneKey::new(format!("key {}", number % 10)).unwrap(),
        status: DeadLetterStatus::Parked,
        id: event.id,
        tenant: TenantId::default(),
        stream: account(number),
        event_type: event.event_type,
        cause: "no".into(),
        attempts: 1,
        first_at: Timestamp::from_micros(0),
        last_at: Timestamp::from_micros(0),
        due: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_happens_all_the_time_looks_at_a_whole_table() {
    for server in postgres_under_test(&PostgresOptions::default()).unwrap() {
        let schema = format!("plans_{}", std::process::id());
        let config = PostgresStoreConfig {
            schema: schema.clone(),
            connections_max: 1,
            ..PostgresStoreConfig::new(server.url())
        };
        let store = PostgresStore::open(config.clone()).await.unwrap();
        for batch in 0..40_u64 {
            let events = (batch * 100..batch * 100 + 100).map(|number| event(10_000 + number));
            let request =
                AppendRequest::default().stream(account(9_000 + batch), Expected::Any, events);
            store.append(request).await.unwrap();
        }
        daily_work(&store, 0).await;
        let client = crate::connection::Connector::new(&config).unwrap().connect().await.unwrap();
        client.batch_execute("ANALYZE").await.unwrap();
        drop(store); // Its sessions end, so that all they did is counted.
        settled(&client).await;
        let before = scanned(&client, &schema).await;

        let store = PostgresStore::open(config).await.unwrap();
        daily_work(&store, 1).await;
        drop(store);
        settled(&client).await;
        for ((table, before), (_, after)) in before.into_iter().zip(scanned(&client, &schema).await)
        {
            // A handful of tenants and steps of the format are cheapest to read as they are.
            let small = ["tenants", "migrations", "kinds"].contains(&table.as_str());
            let allowed = if small { 10_000 } else { 0 };
            assert!(
                after - before <= allowed,
                "{table}: {} rows on {}",
                after - before,
                server.name()
            );
        }
    }
}

/// Waits until no other session is there: what each of them did is then counted.
async fn settled(client: &tokio_postgres::Client) {
    loop {
        let sql = "SELECT count(*) FROM pg_stat_activity \
                   WHERE application_name = 'factum' AND pid <> pg_backend_pid()";
        let rows = client.query_typed(sql, &[]).await.unwrap();
        if rows[0].get::<_, i64>(0) == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}
