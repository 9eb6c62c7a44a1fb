//! Fifty projections with nothing to do: how much of a core they take together.

use std::time::Duration;

use factum_core::{SubscriptionName, SubscriptionState, ViewProjection};
use factum_runtime::Subscription;

use super::IDLE;
use crate::deposits::{self, Balances, fill};
use crate::measure::{Bench, Result};
use crate::table::{Bar, Row};

const PROJECTIONS: usize = 50;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (path, store) = bench.store()?;
    let store = deposits::shared(store);
    let time = Duration::from_secs(bench.size(10));
    let used = bench.block_on(async {
        fill(&store, 1_000).await?;
        let mut running = Vec::new();
        for number in 0..PROJECTIONS {
            let name = SubscriptionName::new(&format!("idle-{number}"))?;
            let projection = ViewProjection::new(Balances)?.named(name);
            // The first one makes the table, which all of them share here.
            let subscription = Subscription::project(store.clone(), projection);
            let one = subscription.starting(factum_runtime::StartFrom::Now).spawn();
            running.push(one);
            if number > 0 {
                continue;
            }
            running[0].wait_for(|it| it.state == SubscriptionState::Live).await?;
        }
        for one in &running[..1] {
            one.wait_for(|it| it.state == SubscriptionState::Live).await?;
        }
        let before = cpu()?;
        tokio::time::sleep(time).await;
        let used = cpu()?.saturating_sub(before);
        for one in running {
            let _ = one.stop().await;
        }
        Ok::<_, crate::measure::Error>(used)
    })?;
    drop(store);
    Bench::discard(&path);
    let share = 100.0 * used.as_secs_f64() / time.as_secs_f64();
    let detail = format!("% of a core: {used:?} of processor time in {time:?}");
    Ok(vec![Row { name: IDLE, value: share, bar: Bar::AtMost(1.0), detail }])
}

/// Processor time of this process so far, of all its threads.
fn cpu() -> Result<Duration> {
    let mut sum = 0_u64;
    for task in std::fs::read_dir("/proc/self/task")? {
        let stat = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let nanos: u64 = stat.split(' ').next().unwrap_or("0").parse()?;
        sum += nanos;
    }
    Ok(Duration::from_nanos(sum))
}
