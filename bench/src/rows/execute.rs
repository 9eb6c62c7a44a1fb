//! Commands by 64 tasks over 10,000 entities of about 20 events: load, decide, append. Beside them
//! the same appends, with the same guards, by callers who know the revision already.

use std::sync::Arc;

use factum_core::{
    AppendRequest, Event, Expected, IdSource, NewEvent, RandomIds, Revision, SharedStore, StreamId,
};
use factum_runtime::Repository;

use crate::bank::{Account, AccountEvent, Command, TEXT};
use crate::measure::{Bench, Pairs, Result, per_second, rate, timed};
use crate::table::{Bar, Row};

const TASKS: u64 = 64;
const ENTITIES: u64 = 10_000;
const EVENTS: u64 = 20;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let mut pairs = Pairs::default();
    let (path, store) = bench.store()?;
    let store: SharedStore = Arc::new(store);
    let entities = bench.size(ENTITIES);
    bench.block_on(fill(&store, entities))?;
    let mut revision = EVENTS - 1;
    for _ in 0..bench.rounds() {
        let count = entities * 2;
        let ((), time) = timed(|| bench.block_on(appends(&store, entities, revision)))?;
        let bare = per_second(count, time);
        let ((), time) = timed(|| bench.block_on(executes(&store, entities)))?;
        pairs.push(per_second(count, time), bare);
        revision += 4;
    }
    drop(store);
    Bench::discard(&path);
    let detail =
        format!("executes {}, guarded appends {}", rate(pairs.ours()), rate(pairs.theirs()));
    Ok(vec![Row {
        name: "execute, 64 tasks",
        value: pairs.ratio(),
        bar: Bar::AtLeast(0.5),
        detail,
    }])
}

fn stream(entity: u64) -> StreamId {
    StreamId::new("account", &entity.to_string()).expect("a number is a valid id")
}

fn deposited() -> Result<NewEvent> {
    let event = AccountEvent::Deposited { amount: 1, text: TEXT.into() };
    let mut payload = Vec::with_capacity(128);
    event.encode(&mut payload)?;
    let spec = event.spec();
    Ok(NewEvent::new(RandomIds.next_id(), spec.event_type().clone(), spec.codec(), payload))
}

async fn fill(store: &SharedStore, entities: u64) -> Result<()> {
    for first in (0..entities).step_by(100) {
        // Event by event over the entities, as streams lie in a log that grew.
        for _ in 0..EVENTS {
            let mut request = AppendRequest::default();
            for entity in first..first + 100 {
                request.events.push((stream(entity), deposited()?));
            }
            store.append(request).await?;
        }
    }
    Ok(())
}

/// Two appends to each entity, 64 callers at once.
async fn appends(store: &SharedStore, entities: u64, revision: u64) -> Result<()> {
    let caller = |caller: u64| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for round in 0..2 {
                for entity in (caller..entities).step_by(TASKS as usize) {
                    let expected = Expected::Revision(Revision::new(revision + round));
                    let request =
                        AppendRequest::default().stream(stream(entity), expected, [deposited()?]);
                    store.append(request).await?;
                }
            }
            Result::Ok(())
        })
    };
    for done in futures::future::join_all((0..TASKS).map(caller)).await {
        done??;
    }
    Ok(())
}

/// Two commands on each entity, 64 tasks at once.
async fn executes(store: &SharedStore, entities: u64) -> Result<()> {
    let accounts = Repository::<Account>::new(Arc::clone(store))?;
    let task = |task: u64| {
        let accounts = accounts.clone();
        tokio::spawn(async move {
            for _ in 0..2 {
                for entity in (task..entities).step_by(TASKS as usize) {
                    accounts.execute(entity.to_string(), Command::Deposit(1)).await?;
                }
            }
            Result::Ok(())
        })
    };
    for done in futures::future::join_all((0..TASKS).map(task)).await {
        done??;
    }
    Ok(())
}
