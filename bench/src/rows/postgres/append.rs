//! Batches through the public API, beside one statement per batch that inserts the same rows into
//! tables of the same kind.

use std::time::{Duration, Instant};

use super::BATCHES;
use crate::measure::{Bench, Pairs, Result, per_second, rate};
use crate::postgres::{Postgres, raw, store_batch};
use crate::table::{Bar, Row};
use crate::work::Events;

const BATCH: u64 = 1_000;

pub fn measure(bench: &Bench, postgres: &Postgres) -> Result<Vec<Row>> {
    let count = bench.size(100_000);
    let mut pairs = Pairs::default();
    for round in 0..bench.rounds() {
        let ours = || rate_of(count, bench.block_on(our_time(postgres, count)));
        let theirs = || rate_of(count, bench.block_on(raw_time(postgres, count)));
        pairs.push_by_turns(round, ours, theirs)?;
    }
    let detail = format!("Factum {}, raw {}", rate(pairs.ours()), rate(pairs.theirs()));
    Ok(vec![Row { name: BATCHES, value: pairs.ratio(), bar: Bar::AtLeast(0.7), detail }])
}

fn rate_of(count: u64, time: Result<Duration>) -> Result<f64> {
    Ok(per_second(count, time?))
}

/// The first batch makes the names of streams and tags on our side; raw rows only number them.
async fn our_time(postgres: &Postgres, count: u64) -> Result<Duration> {
    let (schema, store) = postgres.store().await?;
    postgres.settle().await?;
    let events = Events::new();
    let start = Instant::now();
    for first in (0..count).step_by(usize::try_from(BATCH)?) {
        store_batch(&store, &events, first, BATCH).await?;
    }
    let time = start.elapsed();
    drop(store);
    postgres.discard(&schema).await?;
    Ok(time)
}

async fn raw_time(postgres: &Postgres, count: u64) -> Result<Duration> {
    let (schema, store) = postgres.store().await?;
    drop(store);
    let batches = raw::Batches::new(postgres.connect().await?, &schema).await?;
    postgres.settle().await?;
    let start = Instant::now();
    for first in (0..count).step_by(usize::try_from(BATCH)?) {
        batches.insert(first, BATCH).await?;
    }
    let time = start.elapsed();
    postgres.discard(&schema).await?;
    Ok(time)
}
