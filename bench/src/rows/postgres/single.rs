//! One event at a time: by one caller, beside a raw insert into the same kind of table; and by 64
//! at once, beside one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use factum_core::EventStore;
use factum_postgres::PostgresStore;

use super::{CALLERS, MANY, ONE};
use crate::measure::{Bench, Pairs, Result, per_second, percentile, rate};
use crate::postgres::{Postgres, raw};
use crate::table::{Bar, Row};
use crate::work::{Events, STREAMS};

pub fn measure(bench: &Bench, postgres: &Postgres) -> Result<Vec<Row>> {
    let (singles, each) = (bench.size(1_000), bench.size(64_000) / CALLERS);
    let (mut latency, mut scaling) = (Pairs::default(), Pairs::default());
    for round in 0..bench.rounds() {
        let mut one = 0.0;
        let ours = || {
            let (p50, per_second) = bench.block_on(our_latency(postgres, singles))?;
            one = per_second;
            Ok(p50)
        };
        let theirs = || bench.block_on(raw_latency(postgres, singles));
        latency.push_by_turns(round, ours, theirs)?;
        scaling.push(bench.block_on(our_callers(postgres, each))?, one);
    }
    let single = format!("p50 Factum {:.0} us, raw {:.0} us", latency.ours(), latency.theirs());
    let many = format!("64 callers {}, one {}", rate(scaling.ours()), rate(scaling.theirs()));
    Ok(vec![
        Row { name: ONE, value: latency.ratio(), bar: Bar::AtMost(2.0), detail: single },
        Row { name: MANY, value: scaling.ratio(), bar: Bar::AtLeast(10.0), detail: many },
    ])
}

async fn raw_latency(postgres: &Postgres, count: u64) -> Result<f64> {
    let (schema, store) = postgres.begun_store().await?;
    drop(store);
    let singles = raw::Singles::new(postgres.connect().await?, &schema).await?;
    postgres.settle().await?;
    let mut times: Vec<Duration> = Vec::new();
    for number in STREAMS..STREAMS + count {
        let start = Instant::now();
        singles.insert(number).await?;
        times.push(start.elapsed());
    }
    postgres.discard(&schema).await?;
    Ok(percentile(&mut times, 0.5))
}

/// The median time of an append in microseconds, and appends per second.
async fn our_latency(postgres: &Postgres, count: u64) -> Result<(f64, f64)> {
    let (schema, store) = postgres.begun_store().await?;
    postgres.settle().await?;
    let events = Events::new();
    let mut times = Vec::new();
    let all = Instant::now();
    for number in STREAMS..STREAMS + count {
        let request = events.single(number);
        let start = Instant::now();
        store.append(request).await?;
        times.push(start.elapsed());
    }
    let all = all.elapsed();
    drop(store);
    postgres.discard(&schema).await?;
    Ok((percentile(&mut times, 0.5), per_second(count, all)))
}

/// Appends per second of [`CALLERS`] callers.
pub async fn our_callers(postgres: &Postgres, each: u64) -> Result<f64> {
    let (schema, store) = postgres.begun_store().await?;
    postgres.settle().await?;
    let start = Instant::now();
    append_by(&store, CALLERS, each, STREAMS).await?;
    let time = start.elapsed();
    drop(store);
    postgres.discard(&schema).await?;
    Ok(per_second(CALLERS * each, time))
}

/// Appends `each` events by each of so many callers, from number `first` on.
pub async fn append_by(store: &PostgresStore, callers: u64, each: u64, first: u64) -> Result<()> {
    let events = Arc::new(Events::new());
    let caller = |caller: u64| {
        let (store, events) = (store.clone(), Arc::clone(&events));
        tokio::spawn(async move {
            for number in first + caller * each..first + (caller + 1) * each {
                store.append(events.single(number)).await?;
            }
            Ok::<_, factum_core::AppendError>(())
        })
    };
    for done in futures::future::join_all((0..callers).map(caller)).await {
        done??;
    }
    Ok(())
}
