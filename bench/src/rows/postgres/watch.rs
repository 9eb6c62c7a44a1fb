//! How soon a watch wakes for an append that was made elsewhere, beside a bare word between two
//! connections.
//!
//! The two stores share nothing but the server: each has its own connections and its own runtime
//! with its own threads, as two processes have.

use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use factum_core::{EventStore, Position};
use futures::StreamExt;
use tokio_postgres::{AsyncMessage, NoTls};

use super::WATCH;
use crate::measure::{Bench, Error, Pairs, Result, percentile};
use crate::postgres::{Postgres, open, raw};
use crate::table::{Bar, Row};
use crate::work::{Events, STREAMS};

/// Waits longer than any hint takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn measure(bench: &Bench, postgres: &Postgres) -> Result<Vec<Row>> {
    let count = bench.size(500);
    let (mut pairs, mut answers) = (Pairs::default(), Pairs::default());
    for round in 0..bench.rounds() {
        let ours = || {
            let (whole, answer) = append_to_watch(bench, postgres, count)?;
            answers.push(answer, insert_to_listen(bench, postgres, count)?);
            Ok(whole)
        };
        pairs.push_by_turns(round, ours, || notify_to_listen(bench, postgres, count))?;
    }
    let detail = format!(
        "p50 call to wake {:.0} us (its append answered after {:.0} us), raw word {:.0} us, raw \
         insert with a word {:.0} us",
        pairs.ours(),
        answers.ours(),
        pairs.theirs(),
        answers.theirs(),
    );
    Ok(vec![Row { name: WATCH, value: pairs.ratio(), bar: Bar::AtMost(3.0), detail }])
}

/// The median time from the call of an append to the wake of a watch elsewhere, and to the answer
/// of the append, in microseconds.
fn append_to_watch(bench: &Bench, postgres: &Postgres, count: u64) -> Result<(f64, f64)> {
    let (schema, store) = bench.block_on(postgres.begun_store())?;
    let (woken, wakes) = channel();
    let (url, watched) = (postgres.url(), schema.clone());
    let watcher = std::thread::spawn(move || watch(&url, &watched, &woken));
    let events = Events::new();
    let mut next = STREAMS..;
    let mut request = || events.single(next.next().unwrap_or_default());
    let append = |request| bench.block_on(store.append(request));
    // Until it hears of an append, it is not listening yet.
    loop {
        append(request())?;
        if wakes.recv_timeout(Duration::from_secs(1)).is_ok() {
            break;
        }
    }
    let (mut to_wake, mut to_answer) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let request = request();
        let start = Instant::now();
        let appended = append(request)?;
        to_answer.push(start.elapsed());
        let woke = loop {
            let (seen, at) = wakes.recv_timeout(PATIENCE)?;
            if seen >= appended.last {
                break at;
            }
        };
        to_wake.push(woke.duration_since(start));
    }
    drop(wakes);
    append(request())?; // It ends when it finds that nobody wants to know any longer.
    watcher.join().map_err(|_| "the watcher panicked")??;
    drop(store);
    bench.block_on(postgres.discard(&schema))?;
    Ok((percentile(&mut to_wake, 0.5), percentile(&mut to_answer, 0.5)))
}

/// Tells when the head moved, and where to.
fn watch(url: &str, schema: &str, woken: &Sender<(Position, Instant)>) -> Result<()> {
    elsewhere(async {
        let store = open(url, schema).await?;
        let mut watch = store.watch();
        let mut seen = watch.last();
        loop {
            seen = past(&mut watch, seen).await?;
            if woken.send((seen, Instant::now())).is_err() {
                return Ok(());
            }
        }
    })
}

async fn past(watch: &mut factum_core::HeadWatch, seen: Position) -> Result<Position> {
    Ok(tokio::time::timeout(PATIENCE, watch.past(seen)).await??)
}

/// The median time from a word's sending to its arrival at another connection, in microseconds.
fn notify_to_listen(bench: &Bench, postgres: &Postgres, count: u64) -> Result<f64> {
    heard(bench, postgres, count, async || {
        let client = postgres.connect().await?;
        let notify = client.prepare("SELECT pg_notify('bench', 'word')").await?;
        Ok(async move |_: u64| {
            client.execute(&notify, &[]).await?;
            Ok(())
        })
    })
}

/// The same for a word that goes out with the commit of an insert, which flushes.
fn insert_to_listen(bench: &Bench, postgres: &Postgres, count: u64) -> Result<f64> {
    let (schema, store) = bench.block_on(postgres.begun_store())?;
    drop(store);
    let time = heard(bench, postgres, count, async || {
        let singles = raw::Singles::telling(postgres.connect().await?, &schema).await?;
        Ok(async move |number| singles.insert(STREAMS + number).await)
    })?;
    bench.block_on(postgres.discard(&schema))?;
    Ok(time)
}

/// The median time from the beginning of `tell` to the arrival of its word, in microseconds.
fn heard<T: AsyncFn(u64) -> Result<()>>(
    bench: &Bench,
    postgres: &Postgres,
    count: u64,
    teller: impl AsyncFnOnce() -> Result<T>,
) -> Result<f64> {
    let (woken, wakes) = channel();
    let url = postgres.url();
    let listener = std::thread::spawn(move || listen(&url, count, &woken));
    wakes.recv_timeout(PATIENCE)?;
    let times = bench.block_on(async {
        let tell = teller().await?;
        let mut times = Vec::new();
        for number in 0..count {
            let start = Instant::now();
            tell(number).await?;
            times.push(wakes.recv_timeout(PATIENCE)?.duration_since(start));
        }
        Ok::<_, Error>(times)
    });
    listener.join().map_err(|_| "the listener panicked")??;
    Ok(percentile(&mut times?, 0.5))
}

/// Tells when words arrived: once before the first, then so many times.
fn listen(url: &str, count: u64, woken: &Sender<Instant>) -> Result<()> {
    elsewhere(async {
        let (client, mut connection) = tokio_postgres::connect(url, NoTls).await?;
        let (heard, mut words) = tokio::sync::mpsc::unbounded_channel();
        let driving = tokio::spawn(async move {
            let mut messages =
                futures::stream::poll_fn(|context| connection.poll_message(context)).boxed();
            while let Some(Ok(message)) = messages.next().await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    let _ = heard.send(()); // Nobody waits for words after the last.
                }
            }
        });
        client.batch_execute("LISTEN bench").await?;
        woken.send(Instant::now())?;
        for _ in 0..count {
            words.recv().await.ok_or("the connection broke")?;
            woken.send(Instant::now())?;
        }
        driving.abort();
        Ok(())
    })
}

fn elsewhere(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(work)
}
