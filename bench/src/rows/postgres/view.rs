//! A view in a table catches up: one upsert per event, beside the same upserts pipelined by the raw
//! driver over accounts and numbers that are in memory already.

use futures::TryStreamExt;
use futures::stream::FuturesUnordered;
use tokio_postgres::types::ToSql;

use super::VIEW;
use super::read::filled;
use crate::deposits::{self, TABLE, UPSERT, balances};
use crate::measure::{Bench, Pairs, Result, per_second, rate, timed};
use crate::postgres::Postgres;
use crate::table::{Bar, Row};
use crate::work::STREAMS;

pub fn measure(bench: &Bench, postgres: &Postgres) -> Result<Vec<Row>> {
    let count = bench.size(500_000);
    let (schema, store) = bench.block_on(filled(postgres, count))?;
    let store = deposits::shared(store);
    let mut pairs = Pairs::default();
    for round in 0..bench.rounds() {
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
                bench.block_on(async {
                    let sum = "SELECT CAST(sum(deposits) AS BIGINT) FROM balances";
                    let rows = store.query_view(sum, &[]).await?;
                    assert_eq!(rows[0].get::<u64>(0)?, count, "every event is in the view");
                    let name = factum_core::SubscriptionName::new("balances")?;
                    store.forget(&name).await?;
                    postgres.connect().await?.batch_execute("DROP TABLE balances").await?;
                    postgres.settle().await
                })?;
                Ok(per_second(count, time))
            },
            || raw(bench, postgres, count),
        )?;
    }
    drop(store);
    bench.block_on(postgres.discard(&schema))?;
    let detail = format!("Factum {}, raw {}", rate(pairs.ours()), rate(pairs.theirs()));
    Ok(vec![Row { name: VIEW, value: pairs.ratio(), bar: Bar::AtLeast(0.6), detail }])
}

/// One prepared statement, one transaction per 1,000, all of it on its way at once, not flushed.
fn raw(bench: &Bench, postgres: &Postgres, count: u64) -> Result<f64> {
    let rows: Vec<(String, i64)> =
        (0..count).map(|number| ((number % STREAMS).to_string(), number.cast_signed())).collect();
    bench.block_on(async {
        let mut client = postgres.connect().await?;
        client.batch_execute("SET synchronous_commit = off").await?;
        client.batch_execute(TABLE).await?;
        let upsert = client.prepare(UPSERT).await?;
        let start = std::time::Instant::now();
        for page in rows.chunks(1_000) {
            let transaction = client.transaction().await?;
            let sent: FuturesUnordered<_> = page
                .iter()
                .map(|(account, number)| {
                    let (transaction, upsert) = (&transaction, &upsert);
                    async move {
                        let values: [&(dyn ToSql + Sync); 2] = [account, number];
                        transaction.execute(upsert, &values).await
                    }
                })
                .collect();
            sent.try_collect::<Vec<_>>().await?;
            transaction.commit().await?;
        }
        let time = start.elapsed();
        client.batch_execute("DROP TABLE balances").await?;
        postgres.settle().await?;
        Ok(per_second(count, time))
    })
}
