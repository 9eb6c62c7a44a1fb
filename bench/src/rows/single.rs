//! One event at a time: by one caller, and by 64 at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use factum_core::EventStore;

use crate::measure::{Bench, Pairs, Result, per_second, percentile, rate, timed};
use crate::raw::{self, Rows};
use crate::table::{Bar, Row};
use crate::work::Events;

const CALLERS: u64 = 64;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (mut latency, mut scaling) = (Pairs::default(), Pairs::default());
    for _ in 0..bench.rounds() {
        let raw = raw_latency(bench)?;
        let (ours, one) = our_latency(bench)?;
        latency.push(ours, raw);
        scaling.push(callers(bench)?, one);
    }
    let single = format!("p50 Factum {:.0} us, raw {:.0} us", latency.ours(), latency.theirs());
    let many = format!("64 callers {}, one {}", rate(scaling.ours()), rate(scaling.theirs()));
    Ok(vec![
        Row {
            name: "one event, one caller",
            value: latency.ratio(),
            bar: Bar::AtMost(1.5),
            detail: single,
        },
        Row { name: "64 callers", value: scaling.ratio(), bar: Bar::AtLeast(8.0), detail: many },
    ])
}

fn raw_latency(bench: &Bench) -> Result<f64> {
    let path = bench.file();
    let conn = raw::open(&path)?;
    let mut times: Vec<Duration> = Vec::new();
    for number in 0..bench.size(2_000) {
        let start = Instant::now();
        raw::append(&conn, number, 1, 1, Rows::Same)?;
        times.push(start.elapsed());
    }
    drop(conn);
    Bench::discard(&path);
    Ok(percentile(&mut times, 0.5))
}

/// The median time of an append in microseconds, and appends per second.
fn our_latency(bench: &Bench) -> Result<(f64, f64)> {
    let (path, store) = bench.store()?;
    let (events, count) = (Events::new(), bench.size(2_000));
    let mut times = Vec::new();
    let ((), all) = timed(|| {
        bench.block_on(async {
            for number in 0..count {
                let request = events.single(number);
                let start = Instant::now();
                store.append(request).await?;
                times.push(start.elapsed());
            }
            Ok(())
        })
    })?;
    drop(store);
    Bench::discard(&path);
    Ok((percentile(&mut times, 0.5), per_second(count, all)))
}

fn callers(bench: &Bench) -> Result<f64> {
    let (path, store) = bench.store()?;
    let (events, each) = (Arc::new(Events::new()), bench.size(64_000) / CALLERS);
    let ((), time) = timed(|| {
        bench.block_on(async {
            let caller = |caller: u64| {
                let (store, events) = (store.clone(), Arc::clone(&events));
                tokio::spawn(async move {
                    for number in caller * each..(caller + 1) * each {
                        store.append(events.single(number)).await?;
                    }
                    Ok::<_, factum_core::AppendError>(())
                })
            };
            for done in futures::future::join_all((0..CALLERS).map(caller)).await {
                done??;
            }
            Ok(())
        })
    })?;
    drop(store);
    Bench::discard(&path);
    Ok(per_second(CALLERS * each, time))
}
