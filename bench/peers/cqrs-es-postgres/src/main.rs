//! cqrs-es with postgres-es on the work of the table, through its event repository: the stream index
//! is its primary key, tags it has none.

mod accounts;
#[path = "../../common/bank.rs"]
mod bank;
#[path = "../../common/work.rs"]
mod work;

use std::str::FromStr;
use std::time::Instant;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{PersistedEventRepository, SerializedEvent};
use cqrs_es::{Aggregate, DomainEvent};
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use work::{ALL, CALLERS, MANY, Result, SINGLE, STREAMS, Work, payload, report};

const DURABLE: &str = "synchronous_commit as set: one commit per append";
/// As in its `db/init.sql`.
const TABLE: &str = "CREATE TABLE events (
  aggregate_type text NOT NULL, aggregate_id text NOT NULL,
  sequence bigint CHECK (sequence >= 0) NOT NULL,
  event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL,
  metadata json NOT NULL, PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

#[derive(Default, Serialize, Deserialize)]
struct Account;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Deposited {
    number: u64,
    text: String,
}

impl DomainEvent for Deposited {
    fn event_type(&self) -> String {
        "account.deposited".into()
    }

    fn event_version(&self) -> String {
        "1".into()
    }
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = ();
    type Event = Deposited;
    type Error = std::fmt::Error;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> std::fmt::Result {
        Ok(())
    }

    fn apply(&mut self, _: Deposited) {}
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let work = Work::from_arguments()?;
    for (name, batch) in ALL {
        if work.wanted(name) {
            batches(&work, name, batch).await?;
        }
    }
    if work.wanted(SINGLE) {
        let store = open(&work, SINGLE).await?;
        let start = Instant::now();
        for number in 0..work.singles() {
            store.persist::<Account>(&[event(number)?], None).await?;
        }
        report(SINGLE, work.singles(), start, DURABLE);
    }
    if work.wanted(MANY) {
        many(&work).await?;
    }
    accounts::run(&work).await
}

/// As its own pool, in a schema of its own.
async fn open(work: &Work, name: &str) -> Result<PostgresEventRepository> {
    let schema = Work::schema(name);
    let options = PgConnectOptions::from_str(&work.place)?.options([("search_path", &schema)]);
    let pool = PgPoolOptions::new().max_connections(10).connect_with(options).await?;
    sqlx::query(&format!("CREATE SCHEMA {schema}")).execute(&pool).await?;
    sqlx::query(TABLE).execute(&pool).await?;
    Ok(PostgresEventRepository::new(pool))
}

fn event(number: u64) -> Result<SerializedEvent> {
    Ok(SerializedEvent::new(
        (number % STREAMS).to_string(),
        usize::try_from(number / STREAMS)? + 1,
        Account::TYPE.into(),
        "account.deposited".into(),
        "1".into(),
        serde_json::from_str(&payload(number))?,
        serde_json::json!({}),
    ))
}

/// Appends in batches. They are not read back: `stream_all_events` binds two values to a statement
/// with one parameter.
async fn batches(work: &Work, name: &str, batch: u64) -> Result<()> {
    let store = open(work, name).await?;
    let events = work.events(batch);
    let start = Instant::now();
    for first in (0..events).step_by(usize::try_from(batch)?) {
        let events = (first..first + batch).map(event).collect::<Result<Vec<_>>>()?;
        store.persist::<Account>(&events, None).await?;
    }
    report(name, events, start, DURABLE);
    Ok(())
}

async fn many(work: &Work) -> Result<()> {
    let store = std::sync::Arc::new(open(work, MANY).await?);
    let each = work.each();
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let store = std::sync::Arc::clone(&store);
        callers.spawn(async move {
            for number in caller * each..(caller + 1) * each {
                store.persist::<Account>(&[event(number)?], None).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    report(MANY, CALLERS * each, start, DURABLE);
    Ok(())
}
