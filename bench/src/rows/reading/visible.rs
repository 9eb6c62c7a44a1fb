//! From the call of an append to the event in a live view of the same process, beside the append
//! alone.

use std::time::Instant;

use factum_core::LiveProjection;
use factum_runtime::Subscription;

use super::VISIBLE;
use crate::deposits::{self, Totals};
use crate::measure::{Bench, Pairs, Result, percentile};
use crate::table::{Bar, Row};
use crate::work::Events;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (path, store) = bench.store()?;
    let store = deposits::shared(store);
    let (events, count) = (Events::new(), bench.size(2_000));
    let mut pairs = Pairs::default();
    let mut next = 0;
    for _ in 0..bench.rounds() {
        let (mut seen, mut alone) = (Vec::new(), Vec::new());
        bench.block_on(async {
            for _ in 0..count {
                let start = Instant::now();
                store.append(events.single(next)).await?;
                alone.push(start.elapsed());
                next += 1;
            }
            let projection = LiveProjection::<Totals>::new()?;
            let (subscription, live) = Subscription::live(store.clone(), projection);
            let running = subscription.spawn();
            running.caught_up().await?;
            for _ in 0..count {
                let start = Instant::now();
                let position = store.append(events.single(next)).await?.last;
                live.wait_until(position).await?;
                seen.push(start.elapsed());
                next += 1;
            }
            Ok::<_, crate::measure::Error>(running.stop().await?)
        })?;
        pairs.push(percentile(&mut seen, 0.5), percentile(&mut alone, 0.5));
    }
    drop(store);
    Bench::discard(&path);
    let detail = format!("visible {:.0} us, append {:.0} us", pairs.ours(), pairs.theirs());
    Ok(vec![Row { name: VISIBLE, value: pairs.ratio(), bar: Bar::AtMost(1.5), detail }])
}
