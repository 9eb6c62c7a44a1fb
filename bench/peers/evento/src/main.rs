//! evento on SQLite on the work of the table, through its executor: an aggregate index, no tags.
//! Left alone it uses a rollback journal; here it is given a write-ahead log and full flushes.

mod accounts;
#[path = "../../common/bank.rs"]
mod bank;
#[path = "../../common/work.rs"]
mod work;

use std::path::Path;
use std::time::{Duration, Instant};

use evento::cursor::Args;
use evento::migrator::{Migrate, Plan};
use evento::{Event, Executor, RoutingKey, Sqlite};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use work::{ALL, CALLERS, MANY, READ, Result, SINGLE, STREAMS, Work, payload, report};

const DURABLE: &str = "SQLite WAL, FULL: one flush per append (its own default: rollback journal)";
const CATEGORY: &str = "account";
/// Reading stops after this long, and the rate so far is reported.
const READ_MAX: Duration = Duration::from_secs(10);

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let work = Work::from_arguments()?;
    for (name, batch) in ALL {
        if work.wanted(name) {
            batches(&work, name, batch).await?;
        }
    }
    if work.wanted(SINGLE) {
        let store = open(&work.folder(SINGLE)?).await?;
        let start = Instant::now();
        for number in 0..work.singles() {
            store.write(vec![event(number)?]).await?;
        }
        report(SINGLE, work.singles(), start, DURABLE);
    }
    if work.wanted(MANY) {
        many(&work).await?;
    }
    accounts::run(&work).await
}

async fn open(folder: &Path) -> Result<Sqlite> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("store.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(60));
    let pool = SqlitePoolOptions::new().max_connections(10).connect_with(options).await?;
    let mut conn = pool.acquire().await?;
    evento::sql_migrator::new::<sqlx::Sqlite>()?.run(&mut *conn, &Plan::apply_all()).await?;
    drop(conn);
    Ok(pool.into())
}

fn event(number: u64) -> Result<Event> {
    Ok(Event {
        id: ulid::Ulid::new(),
        aggregator_id: (number % STREAMS).to_string(),
        aggregator_type: CATEGORY.into(),
        version: i32::try_from(number / STREAMS)? + 1,
        name: "account.deposited".into(),
        data: payload(number).into_bytes(),
        metadata: vec![1],
        timestamp: 1_700_000_000 + number / 1_000,
        ..Event::default()
    })
}

/// Appends in batches; the larger store is then read page by page.
async fn batches(work: &Work, name: &str, batch: u64) -> Result<()> {
    let store = open(&work.folder(name)?).await?;
    let events = work.events(batch);
    let start = Instant::now();
    for first in (0..events).step_by(usize::try_from(batch)?) {
        store.write((first..first + batch).map(event).collect::<Result<_>>()?).await?;
    }
    report(name, events, start, DURABLE);
    if batch == 1_000 {
        read_all(&store).await?;
    }
    Ok(())
}

async fn read_all(store: &Sqlite) -> Result<()> {
    let (start, mut after, mut count) = (Instant::now(), None, 0);
    loop {
        let types = [CATEGORY.to_owned()].into();
        let page = store.read(types, RoutingKey::All, Args::forward(1_000, after)).await?;
        count += page.edges.len() as u64;
        after = page.page_info.end_cursor;
        std::hint::black_box(page.edges);
        if !page.page_info.has_next_page || start.elapsed() > READ_MAX {
            break;
        }
    }
    report(READ, count, start, "owned events, in pages of 1,000, for at most 10 s");
    Ok(())
}

async fn many(work: &Work) -> Result<()> {
    let store = std::sync::Arc::new(open(&work.folder(MANY)?).await?);
    let each = work.each();
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let store = std::sync::Arc::clone(&store);
        callers.spawn(async move {
            for number in caller * each..(caller + 1) * each {
                store.write(vec![event(number)?]).await?;
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
