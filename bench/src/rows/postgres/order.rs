//! What the other way to order a log would cost: raw SQL of ours, not a store of anyone's.
//!
//! Nobody waits for anybody: each row takes a number from a sequence and the id of its transaction,
//! and readers stay below the oldest transaction that is still running. The order is (transaction,
//! number); positions are two numbers and not dense.

use std::time::{Duration, Instant};

use tokio_postgres::types::Type;
use tokio_postgres::{Client, IsolationLevel};

use super::single::our_callers;
use super::{CALLERS, ORDER_MANY, ORDER_ONE, ORDER_READ};
use crate::measure::{Bench, Pairs, Result, per_second, percentile, rate, timed};
use crate::postgres::{Postgres, raw};
use crate::table::{Bar, Row};
use crate::work::STREAMS;

pub fn measure(bench: &Bench, postgres: &Postgres) -> Result<Vec<Row>> {
    let (singles, each) = (bench.size(1_000), bench.size(64_000) / CALLERS);
    let (mut one, mut many) = (Pairs::default(), Pairs::default());
    for round in 0..bench.rounds() {
        let by_transaction = || bench.block_on(latency(postgres, singles, true));
        one.push_by_turns(round, by_transaction, || {
            bench.block_on(latency(postgres, singles, false))
        })?;
        let by_transaction = || bench.block_on(callers(postgres, each));
        many.push_by_turns(round, by_transaction, || bench.block_on(our_callers(postgres, each)))?;
    }
    let read = reading(bench, postgres)?;
    let row = |name, value, detail| Row { name, value, bar: Bar::None, detail };
    Ok(vec![
        row(
            ORDER_ONE,
            one.ratio(),
            format!("p50 {:.0} us, raw insert by position {:.0} us", one.ours(), one.theirs()),
        ),
        row(
            ORDER_MANY,
            many.ratio(),
            format!(
                "64 connections {}, Factum's 64 callers {}",
                rate(many.ours()),
                rate(many.theirs())
            ),
        ),
        row(ORDER_READ, read.0, read.1),
    ])
}

/// Makes a table like the store's, but for the order.
async fn table(postgres: &Postgres) -> Result<String> {
    let schema = postgres.schema();
    let sql = format!(
        "CREATE SCHEMA {schema};
         CREATE TABLE {schema}.events (
             position bigint GENERATED ALWAYS AS IDENTITY,
             transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
             stream bigint NOT NULL, revision bigint NOT NULL, kind bigint NOT NULL,
             recorded_at bigint NOT NULL, checksum bigint NOT NULL, schema_version bigint NOT NULL,
             id uuid NOT NULL, codec smallint NOT NULL, tags text[], correlation text,
             causation text, principal text, extra text, payload bytea NOT NULL,
             PRIMARY KEY (transaction, position));
         CREATE UNIQUE INDEX ON {schema}.events (stream, revision);
         CREATE UNIQUE INDEX ON {schema}.events (kind, transaction, position)"
    );
    postgres.connect().await?.batch_execute(&sql).await?;
    Ok(schema)
}

/// An insert into that table; the server adds number and transaction.
async fn singles(postgres: &Postgres, schema: &str) -> Result<raw::Singles> {
    let columns = raw::COLUMNS.trim_start_matches("position, ");
    let sql = format!(
        "INSERT INTO {schema}.events ({columns})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    raw::Singles::by(postgres.connect().await?, &sql).await
}

/// The median time of one caller's insert, ordered by transaction or at a given position.
async fn latency(postgres: &Postgres, count: u64, by_transaction: bool) -> Result<f64> {
    let (schema, inserts) = if by_transaction {
        let schema = table(postgres).await?;
        (schema.clone(), singles(postgres, &schema).await?)
    } else {
        let (schema, _) = postgres.begun_store().await?;
        (schema.clone(), raw::Singles::new(postgres.connect().await?, &schema).await?)
    };
    postgres.settle().await?;
    let mut times: Vec<Duration> = Vec::new();
    for number in STREAMS..STREAMS + count {
        let start = Instant::now();
        inserts.insert(number).await?;
        times.push(start.elapsed());
    }
    postgres.discard(&schema).await?;
    Ok(percentile(&mut times, 0.5))
}

/// Inserts per second of [`CALLERS`] callers with a connection each.
async fn callers(postgres: &Postgres, each: u64) -> Result<f64> {
    let schema = table(postgres).await?;
    let mut connections = Vec::new();
    for _ in 0..CALLERS {
        connections.push(singles(postgres, &schema).await?);
    }
    postgres.settle().await?;
    let start = Instant::now();
    let caller = |(caller, inserts): (u64, raw::Singles)| {
        tokio::spawn(async move {
            for number in caller * each..(caller + 1) * each {
                inserts.insert(number).await?;
            }
            Result::Ok(())
        })
    };
    let callers = (0..CALLERS).zip(connections).map(caller);
    for done in futures::future::join_all(callers).await {
        done??;
    }
    let time = start.elapsed();
    postgres.discard(&schema).await?;
    Ok(per_second(CALLERS * each, time))
}

/// Pages below the oldest running transaction, beside pages by position; and what a transaction
/// that stays open does to the former.
fn reading(bench: &Bench, postgres: &Postgres) -> Result<(f64, String)> {
    let count = bench.size(100_000);
    let (by_position, store) = bench.block_on(super::read::filled(postgres, count))?;
    drop(store);
    let schema = bench.block_on(copied(postgres, &by_position))?;
    let client = bench.block_on(postgres.connect())?;
    let checked = |read: Result<(u64, Duration)>| {
        let (read, time) = read?;
        assert_eq!(read, count, "both read everything");
        Ok(per_second(read, time))
    };
    let mut pairs = Pairs::default();
    for round in 0..bench.rounds() {
        pairs.push_by_turns(
            round,
            || checked(timed(|| bench.block_on(read_all(&client, &schema)))),
            || checked(timed(|| bench.block_on(raw::read_all(&client, &by_position, 1_000)))),
        )?;
    }
    let seen = bench.block_on(async {
        let mut other = postgres.connect().await?;
        let open = other
            .build_transaction()
            .isolation_level(IsolationLevel::ReadCommitted)
            .start()
            .await?;
        open.execute("SELECT pg_current_xact_id()", &[]).await?;
        let inserts = singles(postgres, &schema).await?;
        for number in count..count + 100 {
            inserts.insert(number).await?;
        }
        Result::Ok(read_all(&client, &schema).await? - count)
    })?;
    drop(client);
    bench.block_on(postgres.discard(&schema))?;
    bench.block_on(postgres.discard(&by_position))?;
    let detail = format!(
        "{}, by position {}; while another transaction stays open, {seen} of 100 new events are \
         readable",
        rate(pairs.ours()),
        rate(pairs.theirs())
    );
    Ok((pairs.ratio(), detail))
}

/// A table ordered by transaction with the same events, a thousand to a transaction.
async fn copied(postgres: &Postgres, from: &str) -> Result<String> {
    let schema = table(postgres).await?;
    let client = postgres.connect().await?;
    let columns = raw::COLUMNS.trim_start_matches("position, ");
    let copy = format!(
        "INSERT INTO {schema}.events ({columns}) SELECT {columns} FROM {from}.events \
         WHERE position > $1 AND position <= $1 + 1000 ORDER BY position"
    );
    let copy = client.prepare_typed(&copy, &[Type::INT8]).await?;
    let mut after = 0_i64;
    while client.execute(&copy, &[&after]).await? > 0 {
        after += 1_000;
    }
    client.batch_execute(&format!("VACUUM ANALYZE {schema}.events")).await?;
    postgres.settle().await?;
    Ok(schema)
}

async fn read_all(client: &Client, schema: &str) -> Result<u64> {
    // An id of a transaction travels as a number: it has 64 bits and no sign.
    let sql = format!(
        "SELECT {}, transaction::text::bigint AS number FROM {schema}.events
         WHERE (transaction, position) > ($1::text::xid8, $2)
           AND transaction < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY transaction, position LIMIT 1000",
        raw::COLUMNS
    );
    let select = client.prepare_typed(&sql, &[Type::TEXT, Type::INT8]).await?;
    let (mut transaction, mut position, mut count) = ("0".to_owned(), 0_i64, 0);
    loop {
        let rows = client.query(&select, &[&transaction, &position]).await?;
        let Some(last) = rows.last() else { return Ok(count) };
        (transaction, position) = (last.get::<_, i64>(15).to_string(), last.get(0));
        count += raw::own(&rows);
    }
}
