//! UmaDB's engine on the work of the table, through its group-committing writer thread: a tag for
//! the stream and a tag for the order on each event.

#[path = "../../common/work.rs"]
mod work;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};
use umadb_core::db::UmaDb;
use umadb_core::mvcc::{Mvcc, StorageOptions};
use umadb_core::writer_thread_blocking::writer_thread_blocking;
use umadb_core::writer_thread_request::WriterThreadRequest;
use umadb_dcb::{DcbEvent, DcbEventStoreSync};
use work::{ALL, CALLERS, MANY, READ, Result, SINGLE, STREAMS, Work, payload, report};

const DURABLE: &str = "own pages, two flushes per group of appends, before the answer";

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let work = Work::from_arguments()?;
    for (name, batch) in ALL {
        if work.wanted(name) {
            batches(&work, name, batch).await?;
        }
    }
    if work.wanted(SINGLE) {
        let store = Store::open(&work.folder(SINGLE)?)?;
        let start = Instant::now();
        for number in 0..work.singles() {
            store.append(vec![event(number)]).await?;
        }
        report(SINGLE, work.singles(), start, DURABLE);
    }
    if work.wanted(MANY) {
        many(&work).await?;
    }
    Ok(())
}

/// The engine behind its writer thread, as its server runs it.
#[derive(Clone)]
struct Store {
    engine: Arc<Mvcc>,
    writer: mpsc::Sender<WriterThreadRequest>,
}

impl Store {
    fn open(folder: &Path) -> Result<Self> {
        let engine = Arc::new(Mvcc::new(false, StorageOptions::default().db_path(folder))?);
        let (writer, requests) = mpsc::channel(1_024);
        let (head, _) = watch::channel(None);
        let shared = Arc::clone(&engine);
        std::thread::spawn(move || writer_thread_blocking(shared, requests, head, 2_000));
        Ok(Self { engine, writer })
    }

    async fn append(&self, events: Vec<DcbEvent>) -> Result<u64> {
        let (response_tx, response) = oneshot::channel();
        let request = WriterThreadRequest::Append {
            events,
            condition: None,
            tracking_info: None,
            response_tx,
            cancel: None,
        };
        self.writer.send(request).await.map_err(|_| "the writer is gone")?;
        Ok(response.await??)
    }
}

fn event(number: u64) -> DcbEvent {
    let of = number % STREAMS;
    DcbEvent::new()
        .event_type("account.deposited")
        .tags([format!("account:{of}"), format!("order:{of}")])
        .data(payload(number))
}

/// Appends in batches; the larger store is then read from end to end.
async fn batches(work: &Work, name: &str, batch: u64) -> Result<()> {
    let store = Store::open(&work.folder(name)?)?;
    let events = work.events(batch);
    let start = Instant::now();
    for first in (0..events).step_by(usize::try_from(batch)?) {
        store.append((first..first + batch).map(event).collect()).await?;
    }
    report(name, events, start, DURABLE);
    if batch == 1_000 {
        let (reader, start) = (UmaDb::from_arc(Arc::clone(&store.engine)), Instant::now());
        let (mut next, mut count) = (None, 0);
        loop {
            let (page, _) = reader.read_with_head(None, next, false, Some(1_000))?;
            let Some(last) = page.last() else { break };
            (next, count) = (Some(last.position + 1), count + page.len() as u64);
            std::hint::black_box(page);
        }
        assert_eq!(count, events, "everything was read");
        report(READ, count, start, "owned events, in pages of 1,000");
    }
    Ok(())
}

async fn many(work: &Work) -> Result<()> {
    let store = Store::open(&work.folder(MANY)?)?;
    let each = work.each();
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let store = store.clone();
        callers.spawn(async move {
            for number in caller * each..(caller + 1) * each {
                store.append(vec![event(number)]).await?;
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
