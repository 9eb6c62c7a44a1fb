//! A subscription whose filter matches one event in a thousand, beside one that takes all.

use factum_core::{EventSubscriber, EventType, HandlerError, Query, QueryItem, SharedStore};
use factum_runtime::{Subscription, SubscriptionSettings};

use super::SPARSE;
use crate::deposits;
use crate::measure::{Bench, Pairs, Result, timed};
use crate::table::{Bar, Row};
use crate::work::Events;

const RARE: u64 = 1_000;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let count = bench.size(1_000_000);
    let (path, store) = bench.store()?;
    let store = deposits::shared(store);
    let rare = EventType::new("account.flagged")?;
    bench.block_on(async {
        let events = Events::new();
        for first in (0..count).step_by(4_000) {
            let mut batch = events.batch(first, 4_000);
            for (place, (_, event)) in batch.events.iter_mut().enumerate() {
                if (first + place as u64).is_multiple_of(RARE) {
                    event.event_type = rare.clone();
                }
            }
            store.append(batch).await?;
        }
        Ok::<_, crate::measure::Error>(())
    })?;
    let few = Query::from(QueryItem::default().event_type(rare));
    let mut pairs = Pairs::default();
    for round in 0..bench.rounds() {
        let take = |kind: &str, query: &Query, expected: u64| {
            let name = format!("{kind}-{round}");
            let (handled, time) = timed(|| bench.block_on(read(&store, &name, query)))?;
            assert_eq!(handled, expected, "everything that matches came");
            Ok(time.as_secs_f64() * 1e3)
        };
        pairs.push_by_turns(
            round,
            || take("all", &Query::all(), count),
            || take("few", &few, count / RARE),
        )?;
    }
    drop(store);
    Bench::discard(&path);
    let detail = format!("all {:.0} ms, few {:.1} ms", pairs.ours(), pairs.theirs());
    let bar = Bar::AtLeast(20.0);
    Ok(vec![Row { name: SPARSE, value: pairs.ratio(), bar, detail }])
}

async fn read(store: &SharedStore, name: &str, query: &Query) -> Result<u64> {
    let subscriber = EventSubscriber::raw(name, query, |event| {
        std::hint::black_box(event);
        std::future::ready(Ok::<(), HandlerError>(()))
    });
    let settings = SubscriptionSettings { lanes: 1, ..SubscriptionSettings::default() };
    let running = Subscription::deliver(store.clone(), subscriber).with_settings(settings).spawn();
    running.caught_up().await?;
    let handled = running.status().handled;
    running.stop().await?;
    Ok(handled)
}
