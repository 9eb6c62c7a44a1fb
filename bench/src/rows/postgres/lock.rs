//! What taking turns costs while a session elsewhere keeps a snapshot open, as a report or a backup
//! does: by a lock on a table, as the store does it, beside the row of a counter.
//!
//! The versions of the counter's row pile up, because the snapshot may still need them, and each
//! update walks past all of them. Neither side waits for a flush, which would hide the difference.

use std::time::{Duration, Instant};

use tokio_postgres::{Client, IsolationLevel};

use super::COUNTER;
use crate::measure::{Bench, Result, median, percentile};
use crate::postgres::Postgres;
use crate::table::{Bar, Row};

const LAST: usize = 1_000;

pub fn measure(bench: &Bench, postgres: &Postgres) -> Result<Vec<Row>> {
    let count = bench.size(20_000);
    let (mut ratios, mut counters, mut locks) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.rounds() {
        let run = |counter| bench.block_on(turns(postgres, count, counter));
        let (counter, lock) = if round % 2 == 0 {
            let counter = run(true)?;
            (counter, run(false)?)
        } else {
            let lock = run(false)?;
            (run(true)?, lock)
        };
        ratios.push(counter.1 / lock.1);
        counters.push(counter);
        locks.push(lock);
    }
    let first = |turns: &[(f64, f64)]| median(turns.iter().map(|it| it.0).collect());
    let last = |turns: &[(f64, f64)]| median(turns.iter().map(|it| it.1).collect());
    let detail = format!(
        "p50 of the first {LAST} turns and of the last, of {count}: counter {:.0} and {:.0} us, \
         lock {:.0} and {:.0} us",
        first(&counters),
        last(&counters),
        first(&locks),
        last(&locks),
    );
    Ok(vec![Row { name: COUNTER, value: median(ratios), bar: Bar::None, detail }])
}

/// The median time of the first turns and of the last ones, in microseconds.
async fn turns(postgres: &Postgres, count: u64, counter: bool) -> Result<(f64, f64)> {
    let schema = postgres.schema();
    let client = postgres.connect().await?;
    let sql = format!(
        "CREATE SCHEMA {schema};
         CREATE TABLE {schema}.turns ();
         CREATE TABLE {schema}.counter (id integer PRIMARY KEY, last bigint NOT NULL);
         INSERT INTO {schema}.counter VALUES (1, 0);
         CREATE FUNCTION {schema}.lock() RETURNS void LANGUAGE plpgsql AS
             'BEGIN LOCK TABLE {schema}.turns IN EXCLUSIVE MODE; END';
         CREATE FUNCTION {schema}.count() RETURNS void LANGUAGE plpgsql AS
             'BEGIN UPDATE {schema}.counter SET last = last + 1 WHERE id = 1; END';
         SET synchronous_commit = off"
    );
    client.batch_execute(&sql).await?;
    let mut other = postgres.connect().await?;
    let snapshot =
        other.build_transaction().isolation_level(IsolationLevel::RepeatableRead).start().await?;
    snapshot.execute(&format!("SELECT last FROM {schema}.counter"), &[]).await?;
    let function = if counter { "count" } else { "lock" };
    let mut times = timed_calls(&client, &format!("SELECT {schema}.{function}()"), count).await?;
    snapshot.rollback().await?;
    postgres.discard(&schema).await?;
    let part = LAST.min(times.len());
    let rest = times.len() - part;
    let last = percentile(&mut times[rest..], 0.5);
    Ok((percentile(&mut times[..part], 0.5), last))
}

async fn timed_calls(client: &Client, sql: &str, count: u64) -> Result<Vec<Duration>> {
    let call = client.prepare(sql).await?;
    let mut times = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        client.execute(&call, &[]).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}
