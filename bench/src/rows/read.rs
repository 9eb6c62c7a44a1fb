//! Reading everything, and reading stream by stream, as owned events.

use factum_core::{EventStore, LogRead, StreamRead};
use factum_sqlite::SqliteStore;
use futures::StreamExt;
use rusqlite::Connection;

use crate::measure::{Bench, Pairs, Result, per_second, rate, timed};
use crate::raw;
use crate::table::{Bar, Row};
use crate::work::{Events, STREAMS, stream};

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (path, store) = bench.store()?;
    let (events, count) = (Events::new(), bench.size(500_000));
    bench.block_on(async {
        for first in (0..count).step_by(1_000) {
            store.append(events.batch(first, 1_000)).await?;
        }
        Ok::<_, crate::measure::Error>(())
    })?;
    // Both sides read the very same file.
    let conn = Connection::open(&path)?;
    conn.execute_batch("PRAGMA cache_size=-16384")?;
    let (mut all, mut streams) = (Pairs::default(), Pairs::default());
    for _ in 0..bench.rounds() {
        let (rows, raw) = timed(|| raw::read_all(&conn))?;
        let (read, ours) = timed(|| bench.block_on(read_all(&store)))?;
        assert_eq!((rows, read), (count, count), "both read everything");
        all.push(per_second(read, ours), per_second(rows, raw));

        let (rows, raw) = timed(|| raw::read_streams(&conn, 1..=STREAMS.cast_signed()))?;
        let (read, ours) = timed(|| bench.block_on(read_streams(&store)))?;
        assert_eq!((rows, read), (count, count), "both read everything");
        streams.push(per_second(read, ours), per_second(rows, raw));
    }
    drop((conn, store));
    Bench::discard(&path);
    let row = |name, pairs: &Pairs| {
        let detail = format!("Factum {}, raw {}", rate(pairs.ours()), rate(pairs.theirs()));
        Row { name, value: pairs.ratio(), bar: Bar::AtLeast(0.5), detail }
    };
    Ok(vec![row("read all", &all), row("read 1000 streams of 500", &streams)])
}

async fn read_all(store: &SqliteStore) -> Result<u64> {
    let (mut pages, mut count) = (store.read(LogRead::default()), 0);
    while let Some(page) = pages.next().await {
        count += page?.events.len() as u64;
    }
    Ok(count)
}

async fn read_streams(store: &SqliteStore) -> Result<u64> {
    let mut count = 0;
    for number in 0..STREAMS {
        let mut pages = store.read_stream(StreamRead::forward(stream(number)));
        while let Some(page) = pages.next().await {
            count += page?.events.len() as u64;
        }
    }
    Ok(count)
}
