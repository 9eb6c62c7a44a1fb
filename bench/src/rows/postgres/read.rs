//! Reading everything, and reading stream by stream, as owned events.

use factum_core::{EventStore, LogRead, StreamRead};
use factum_postgres::PostgresStore;
use futures::StreamExt;

use super::{READ, STREAMS as READ_STREAMS};
use crate::measure::{Bench, Pairs, Result, per_second, rate, timed};
use crate::postgres::{Postgres, raw, store_batch};
use crate::table::{Bar, Row};
use crate::work::{Events, STREAMS, stream};

pub fn measure(bench: &Bench, postgres: &Postgres) -> Result<Vec<Row>> {
    let count = bench.size(500_000);
    let (schema, store) = bench.block_on(filled(postgres, count))?;
    let client = bench.block_on(postgres.connect())?;
    let page = i64::try_from(LogRead::default().page_events_max)?;
    let checked = |read: Result<(u64, std::time::Duration)>| {
        let (read, time) = read?;
        assert_eq!(read, count, "both read everything");
        Ok(per_second(read, time))
    };
    let (mut all, mut streams) = (Pairs::default(), Pairs::default());
    for round in 0..bench.rounds() {
        all.push_by_turns(
            round,
            || checked(timed(|| bench.block_on(read_all(&store)))),
            || checked(timed(|| bench.block_on(raw::read_all(&client, &schema, page)))),
        )?;
        let numbers = 1..=STREAMS.cast_signed();
        streams.push_by_turns(
            round,
            || checked(timed(|| bench.block_on(read_streams(&store)))),
            || checked(timed(|| bench.block_on(raw::read_streams(&client, &schema, numbers)))),
        )?;
    }
    drop((client, store));
    bench.block_on(postgres.discard(&schema))?;
    let row = |name, pairs: &Pairs| {
        let detail = format!("Factum {}, raw {}", rate(pairs.ours()), rate(pairs.theirs()));
        Row { name, value: pairs.ratio(), bar: Bar::AtLeast(0.6), detail }
    };
    Ok(vec![row(READ, &all), row(READ_STREAMS, &streams)])
}

/// A store with so many events, in the state in which the server leaves a table that grew.
pub async fn filled(postgres: &Postgres, count: u64) -> Result<(String, PostgresStore)> {
    let (schema, store) = postgres.store().await?;
    let events = Events::new();
    for first in (0..count).step_by(1_000) {
        store_batch(&store, &events, first, 1_000).await?;
    }
    let vacuum = format!("VACUUM ANALYZE {schema}.events");
    postgres.connect().await?.batch_execute(&vacuum).await?;
    postgres.settle().await?;
    Ok((schema, store))
}

async fn read_all(store: &PostgresStore) -> Result<u64> {
    let (mut pages, mut count) = (store.read(LogRead::default()), 0);
    while let Some(page) = pages.next().await {
        count += page?.events.len() as u64;
    }
    Ok(count)
}

async fn read_streams(store: &PostgresStore) -> Result<u64> {
    let mut count = 0;
    for number in 0..STREAMS {
        let mut pages = store.read_stream(StreamRead::forward(stream(number)));
        while let Some(page) = pages.next().await {
            count += page?.events.len() as u64;
        }
    }
    Ok(count)
}
