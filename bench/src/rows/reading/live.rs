//! A view in memory catches up, beside a raw loop that reads the rows, decodes and adds up.

use factum_core::LiveProjection;
use factum_runtime::Subscription;
use rusqlite::Connection;
use serde::Deserialize;

use super::LIVE;
use crate::deposits::{self, AccountEvent, Totals, fill};
use crate::measure::{Bench, Pairs, Result, per_second, rate, timed};
use crate::table::{Bar, Row};

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let count = bench.size(500_000);
    let (path, store) = bench.store()?;
    let store = deposits::shared(store);
    bench.block_on(fill(&store, count))?;
    let conn = Connection::open(&path)?;
    let mut pairs = Pairs::default();
    for round in 0..bench.rounds() {
        pairs.push_by_turns(
            round,
            || {
                let (totals, time) = timed(|| {
                    bench.block_on(async {
                        let projection = LiveProjection::<Totals>::new()?;
                        let (subscription, live) = Subscription::live(store.clone(), projection);
                        let running = subscription.spawn();
                        running.caught_up().await?;
                        Ok(live.snapshot())
                    })
                })?;
                check(&totals, count);
                Ok(per_second(count, time))
            },
            || {
                let (totals, time) = timed(|| raw(&conn))?;
                check(&totals, count);
                Ok(per_second(count, time))
            },
        )?;
    }
    drop((conn, store));
    Bench::discard(&path);
    let detail = format!("Factum {}, raw {}", rate(pairs.ours()), rate(pairs.theirs()));
    Ok(vec![Row { name: LIVE, value: pairs.ratio(), bar: Bar::AtLeast(0.7), detail }])
}

fn check(totals: &Totals, count: u64) {
    assert_eq!(totals.sum, count * (count - 1) / 2, "every event is in the view");
}

#[derive(Deserialize)]
struct Deposited {
    number: u64,
    text: String,
}

/// What a program would write by hand: a statement, names kept by number, `serde_json`, the same sums.
fn raw(conn: &Connection) -> Result<Totals> {
    let mut names = std::collections::HashMap::new();
    let mut name = conn.prepare_cached("SELECT name FROM streams WHERE id = ?1")?;
    let select = "SELECT position, stream, revision, kind, recorded_at, checksum, envelope, \
                  payload FROM events ORDER BY position";
    let mut statement = conn.prepare_cached(select)?;
    let mut rows = statement.query([])?;
    let mut totals = Totals::default();
    while let Some(row) = rows.next()? {
        let numbers: [i64; 5] = [row.get(0)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
        let envelope: Vec<u8> = row.get(6)?;
        std::hint::black_box((numbers, envelope));
        let stream: i64 = row.get(1)?;
        let account = match names.entry(stream) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                let name: String = name.query_row([stream], |row| row.get(0))?;
                new.insert(name.split_once('/').map_or(name.clone(), |(_, id)| id.to_owned()))
            }
        };
        let Deposited { number, text } = serde_json::from_slice(row.get_ref(7)?.as_bytes()?)?;
        totals.add(account, &AccountEvent::Deposited { number, text });
    }
    Ok(totals)
}
