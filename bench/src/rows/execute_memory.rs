//! Commands on the memory store, one task, states kept; beside a map of states and event vectors
//! written by hand, which names, encodes and guards nothing.

use std::collections::HashMap;
use std::sync::Arc;

use factum_core::{Decider, MemoryStore};
use factum_runtime::Repository;

use crate::bank::{Account, AccountEvent, Command};
use crate::measure::{Bench, Error, Pairs, Result, per_second, rate, timed};
use crate::table::{Bar, Row};

const ENTITIES: u64 = 1_000;
const COMMANDS: u64 = 200_000;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let ids: Vec<String> = (0..ENTITIES).map(|id| id.to_string()).collect();
    let count = bench.size(COMMANDS);
    let mut pairs = Pairs::default();
    for _ in 0..bench.rounds() {
        let (states, by_hand) = timed(|| by_hand(&ids, count))?;
        let accounts = Repository::<Account>::new(Arc::new(MemoryStore::default()))?
            .with_cache(usize::try_from(ENTITIES)?.try_into()?);
        let (balance, ours) = timed(|| {
            bench.block_on(async {
                let mut balance = 0;
                for number in 0..count {
                    let id = &ids[usize::try_from(number % ENTITIES)?];
                    let command = Command::number(number / ENTITIES);
                    balance = accounts.execute(id, command).await?.state.balance;
                }
                Ok::<_, Error>(balance)
            })
        })?;
        assert_eq!(states, balance, "both did the same");
        pairs.push(per_second(count, ours), per_second(count, by_hand));
    }
    let detail = format!("Factum {}, by hand {}", rate(pairs.ours()), rate(pairs.theirs()));
    Ok(vec![Row {
        name: "execute in memory",
        value: pairs.ratio(),
        bar: Bar::AtLeast(0.25),
        detail,
    }])
}

/// The last balance.
fn by_hand(ids: &[String], count: u64) -> Result<u64> {
    let mut accounts: HashMap<String, (Account, Vec<AccountEvent>)> = HashMap::new();
    let mut balance = 0;
    for number in 0..count {
        let id = &ids[usize::try_from(number % ENTITIES)?];
        if !accounts.contains_key(id) {
            accounts.insert(id.clone(), Default::default());
        }
        let (account, events) = accounts.get_mut(id).expect("it was inserted");
        for event in account.decide(Command::number(number / ENTITIES))? {
            account.evolve(&event);
            events.push(event);
        }
        balance = account.balance;
    }
    std::hint::black_box(accounts);
    Ok(balance)
}
