//! A view in a table catches up: one upsert per event, beside the same upserts in a raw loop over
//! accounts and numbers that are in memory already.

use rusqlite::Connection;

use super::TABLE;
use crate::deposits::{self, TABLE as CREATE, UPSERT, balances, fill};
use crate::measure::{Bench, Pairs, Result, per_second, rate, timed};
use crate::table::{Bar, Row};
use crate::work::STREAMS;

/// As many as the loop's pages.
const BATCH: usize = 1_000;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let count = bench.size(500_000);
    let mut pairs = Pairs::default();
    for round in 0..bench.rounds() {
        let (path, store) = bench.store()?;
        let store = deposits::shared(store);
        bench.block_on(fill(&store, count))?;
        pairs.push_by_turns(
            round,
            || {
                let (_, time) = timed(|| {
                    bench.block_on(async {
                        let running = balances(store.clone())?.spawn();
                        running.caught_up().await?;
                        Ok(running.stop().await?)
                    })
                })?;
                let sum = "SELECT CAST(sum(deposits) AS BIGINT) FROM balances";
                let rows = bench.block_on(store.query_view(sum, &[]))?;
                assert_eq!(rows[0].get::<u64>(0)?, count, "every event is in the view");
                Ok(per_second(count, time))
            },
            || raw(bench, count),
        )?;
        drop(store);
        Bench::discard(&path);
    }
    let detail = format!("Factum {}, raw {}", rate(pairs.ours()), rate(pairs.theirs()));
    Ok(vec![Row { name: TABLE, value: pairs.ratio(), bar: Bar::AtLeast(0.6), detail }])
}

/// One prepared statement, one transaction per page, not flushed: what a view needs.
fn raw(bench: &Bench, count: u64) -> Result<f64> {
    let path = bench.file();
    let mut conn = Connection::open(&path)?;
    conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")?;
    conn.execute_batch(CREATE)?;
    let rows: Vec<(String, i64)> =
        (0..count).map(|number| ((number % STREAMS).to_string(), number.cast_signed())).collect();
    let (_, time) = timed(|| {
        for page in rows.chunks(BATCH) {
            let transaction = conn.transaction()?;
            let mut upsert = transaction.prepare_cached(UPSERT)?;
            for (account, number) in page {
                upsert.execute((account, number))?;
            }
            drop(upsert);
            transaction.commit()?;
        }
        Ok(())
    })?;
    drop(conn);
    Bench::discard(&path);
    Ok(per_second(count, time))
}
