//! Batches through the public API against the same inserts by the raw driver.

use factum_core::EventStore;

use crate::measure::{Bench, Pairs, Result, per_second, rate, timed};
use crate::raw::{self, Rows};
use crate::table::{Bar, Row};
use crate::work::Events;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    Ok(vec![
        batches(bench, "append batches of 100", 100, bench.size(100_000))?,
        batches(bench, "append batches of 1000", 1_000, bench.size(200_000))?,
    ])
}

fn batches(bench: &Bench, name: &'static str, batch: u64, count: u64) -> Result<Row> {
    let (mut pairs, mut plain) = (Pairs::default(), Pairs::default());
    for _ in 0..bench.rounds() {
        let same = raw_rate(bench, count, batch, Rows::Same)?;
        let ours = our_rate(bench, count, batch)?;
        pairs.push(ours, same);
        plain.push(ours, raw_rate(bench, count, batch, Rows::Plain)?);
    }
    let detail = format!(
        "Factum {}, raw {}; raw without a type index {} ({:.2})",
        rate(pairs.ours()),
        rate(pairs.theirs()),
        rate(plain.theirs()),
        plain.ratio()
    );
    Ok(Row { name, value: pairs.ratio(), bar: Bar::AtLeast(0.8), detail })
}

fn raw_rate(bench: &Bench, count: u64, batch: u64, rows: Rows) -> Result<f64> {
    let path = bench.file();
    let conn = raw::open(&path)?;
    let ((), time) = timed(|| raw::append(&conn, 0, count, batch, rows))?;
    drop(conn);
    Bench::discard(&path);
    Ok(per_second(count, time))
}

fn our_rate(bench: &Bench, count: u64, batch: u64) -> Result<f64> {
    let (path, store) = bench.store()?;
    let events = Events::new();
    // The raw loop makes its payloads as it goes; so does this one.
    let ((), time) = timed(|| {
        bench.block_on(async {
            for first in (0..count).step_by(usize::try_from(batch)?) {
                store.append(events.batch(first, batch)).await?;
            }
            Ok(())
        })
    })?;
    drop(store);
    Bench::discard(&path);
    Ok(per_second(count, time))
}
