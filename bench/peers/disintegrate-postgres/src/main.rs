//! disintegrate with disintegrate-postgres on the work of the table, through its event store: a
//! column with an index for the account and one for the order on each event.

mod accounts;
#[path = "../../common/bank.rs"]
mod bank;
#[path = "../../common/work.rs"]
mod work;

use std::str::FromStr;
use std::time::Instant;

use disintegrate::serde::json::Json;
use disintegrate::{EventStore, StreamItem, query};
use disintegrate_postgres::PgEventStore;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use work::{ALL, CALLERS, MANY, READ, Result, SINGLE, STREAMS, Work, payload, report};

const DURABLE: &str = "synchronous_commit as set: one commit per append";

#[derive(Clone, Debug, PartialEq, disintegrate::Event, Serialize, Deserialize)]
enum AccountEvent {
    Deposited {
        #[id]
        account: String,
        #[id]
        order_number: String,
        payload: String,
    },
}

type Store<E> = PgEventStore<E, Json<E>>;

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
            store.append_without_validation(vec![event(number)]).await?;
        }
        report(SINGLE, work.singles(), start, DURABLE);
    }
    if work.wanted(MANY) {
        many(&work).await?;
    }
    accounts::run(&work).await
}

/// An empty store in a schema of its own, on a pool of the driver's default size.
async fn open<E>(work: &Work, name: &str) -> Result<Store<E>>
where
    E: disintegrate::Event + Clone + Sync + Send + Serialize + for<'de> Deserialize<'de>,
{
    let schema = Work::schema(name);
    let options = PgConnectOptions::from_str(&work.place)?.options([("search_path", &schema)]);
    let pool = PgPoolOptions::new().max_connections(10).connect_with(options).await?;
    sqlx::query(&format!("CREATE SCHEMA {schema}")).execute(&pool).await?;
    Ok(PgEventStore::try_new(pool, Json::default()).await?)
}

fn event(number: u64) -> AccountEvent {
    let of = (number % STREAMS).to_string();
    AccountEvent::Deposited { account: of.clone(), order_number: of, payload: payload(number) }
}

/// Appends in batches; the larger store is then read from end to end.
async fn batches(work: &Work, name: &str, batch: u64) -> Result<()> {
    let store = open(work, name).await?;
    let events = work.events(batch);
    let start = Instant::now();
    for first in (0..events).step_by(usize::try_from(batch)?) {
        store.append_without_validation((first..first + batch).map(event).collect()).await?;
    }
    report(name, events, start, DURABLE);
    if batch == 1_000 {
        let start = Instant::now();
        let all = query!(AccountEvent);
        let (mut items, mut count) = (store.stream(&all), 0);
        while let Some(item) = items.try_next().await? {
            count += u64::from(matches!(std::hint::black_box(item), StreamItem::Event(_)));
        }
        assert_eq!(count, events, "everything was read");
        report(READ, count, start, "decoded events, one statement");
    }
    Ok(())
}

async fn many(work: &Work) -> Result<()> {
    let store = open(work, MANY).await?;
    let each = work.each();
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let store = store.clone();
        callers.spawn(async move {
            for number in caller * each..(caller + 1) * each {
                store.append_without_validation(vec![event(number)]).await?;
            }
            Result::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    report(MANY, CALLERS * each, start, DURABLE);
    Ok(())
}
