//! Factum on the work of the table, by the same program as its peers: one tag on each event. The
//! store is SQLite's in a folder, and PostgreSQL's at a URL.

mod accounts;
#[path = "../../common/bank.rs"]
mod bank;
#[path = "../../common/work.rs"]
mod work;

use std::sync::Arc;
use std::time::Instant;

use factum::{PostgresStore, PostgresStoreConfig, SqliteStore, SqliteStoreConfig};
use factum_core::{
    AppendRequest, Codec, EventId, EventType, LogRead, NewEvent, SharedStore, StreamId, Tag,
};
use futures::StreamExt;
use work::{ALL, CALLERS, MANY, READ, Result, SINGLE, STREAMS, Work, payload, report};

const ON_SQLITE: &str = "SQLite WAL, FULL: one flush per group of appends, before the answer";
const ON_POSTGRES: &str = "synchronous_commit as set: one commit per group of appends";

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
            store.append(request(number, 1)?).await?;
        }
        report(SINGLE, work.singles(), start, durable(&work));
    }
    if work.wanted(MANY) {
        many(&work).await?;
    }
    accounts::run(&work).await
}

fn on_postgres(work: &Work) -> bool {
    work.place.starts_with("postgres://")
}

fn durable(work: &Work) -> &'static str {
    if on_postgres(work) { ON_POSTGRES } else { ON_SQLITE }
}

/// An empty store for the work of that name.
async fn open(work: &Work, name: &str) -> Result<SharedStore> {
    if on_postgres(work) {
        let schema = Work::schema(name);
        let config = PostgresStoreConfig { schema, ..PostgresStoreConfig::new(&work.place) };
        return Ok(Arc::new(PostgresStore::open(config).await?));
    }
    let file = work.folder(name)?.join("store.db");
    Ok(Arc::new(SqliteStore::open(SqliteStoreConfig::new(file)).await?))
}

fn request(first: u64, batch: u64) -> Result<AppendRequest> {
    let event_type = EventType::new("account.deposited")?;
    let event = |number: u64| -> Result<(StreamId, NewEvent)> {
        let of = (number % STREAMS).to_string();
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let id = EventId::from_bytes(id);
        let mut event = NewEvent::new(id, event_type.clone(), Codec::Json, payload(number));
        event.tags = [Tag::new("order", &of)?].into_iter().collect();
        Ok((StreamId::new("account", &of)?, event))
    };
    let events = (first..first + batch).map(event).collect::<Result<_>>()?;
    Ok(AppendRequest { events, ..AppendRequest::default() })
}

/// Appends in batches; the larger store is then read from end to end.
async fn batches(work: &Work, name: &str, batch: u64) -> Result<()> {
    let store = open(work, name).await?;
    let events = work.events(batch);
    let start = Instant::now();
    for first in (0..events).step_by(usize::try_from(batch)?) {
        store.append(request(first, batch)?).await?;
    }
    report(name, events, start, durable(work));
    if batch == 1_000 {
        let start = Instant::now();
        let (mut pages, mut count) = (store.read(LogRead::default()), 0);
        while let Some(page) = pages.next().await {
            count += std::hint::black_box(page?).events.len() as u64;
        }
        assert_eq!(count, events, "everything was read");
        report(READ, count, start, "owned events, in pages");
    }
    Ok(())
}

async fn many(work: &Work) -> Result<()> {
    let store = open(work, MANY).await?;
    let each = work.each();
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let store = Arc::clone(&store);
        callers.spawn(async move {
            for number in caller * each..(caller + 1) * each {
                store.append(request(number, 1)?).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    report(MANY, CALLERS * each, start, durable(work));
    Ok(())
}
