//! The raw driver doing the same work: the store's own tables, prepared statements, nothing else.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use crate::measure::Result;
use crate::work::{STREAMS, TAGS, payload};

/// As the store lists them.
pub const COLUMNS: &str = "position, stream, revision, kind, recorded_at, checksum, \
    schema_version, id, codec, tags, correlation, causation, principal, extra, payload";
const RECORDED_AT: i64 = 1_700_000_000_000_000;

/// Inserts of many events each, one statement and one commit.
#[derive(Debug)]
pub struct Batches {
    client: Client,
    insert: Statement,
}

impl Batches {
    pub async fn new(client: Client, schema: &str) -> Result<Self> {
        let sql = format!(
            "WITH stored AS (
                 INSERT INTO {schema}.events ({COLUMNS})
                 SELECT p, s, r, k, t, c, v, i, o, string_to_array(g, E'\\x1f'), x, y, z, e, b
                 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[],
                             $5::bigint[], $6::bigint[], $7::bigint[], $8::uuid[],
                             $9::smallint[], $10::text[], $11::text[], $12::text[],
                             $13::text[], $14::text[], $15::bytea[])
                      u(p, s, r, k, t, c, v, i, o, g, x, y, z, e, b))
             INSERT INTO {schema}.term_positions (term, position)
             SELECT * FROM unnest($16::bigint[], $1::bigint[])"
        );
        let insert = client.prepare(&sql).await?;
        Ok(Self { client, insert })
    }

    /// Inserts `batch` events from number `first`.
    pub async fn insert(&self, first: u64, batch: u64) -> Result<()> {
        let numbers = first..first + batch;
        let column = |of: fn(u64) -> i64| numbers.clone().map(of).collect::<Vec<_>>();
        let size = usize::try_from(batch)?;
        let (kinds, times, versions) =
            (vec![1_i64; size], vec![RECORDED_AT; size], vec![1_i64; size]);
        let ids: Vec<Uuid> = numbers.clone().map(id).collect();
        let tags: Vec<String> = numbers.clone().map(|it| format!("order:{}", it % TAGS)).collect();
        let payloads: Vec<String> = numbers.clone().map(payload).collect();
        let payloads: Vec<&[u8]> = payloads.iter().map(String::as_bytes).collect();
        let nothing: Vec<Option<&str>> = vec![None; size];
        self.client
            .execute(
                &self.insert,
                &[
                    &column(position),
                    &column(stream),
                    &column(revision),
                    &kinds,
                    &times,
                    &column(checksum),
                    &versions,
                    &ids,
                    &vec![0_i16; size],
                    &tags,
                    &nothing,
                    &nothing,
                    &nothing,
                    &nothing,
                    &payloads,
                    &column(term),
                ],
            )
            .await?;
        Ok(())
    }
}

/// Inserts of one event each, one statement and one commit, into one table.
#[derive(Debug)]
pub struct Singles {
    client: Client,
    insert: Statement,
    first: u64,
}

impl Singles {
    /// Into the events of a store, at the positions that numbers stand for.
    pub async fn new(client: Client, schema: &str) -> Result<Self> {
        let sql = format!(
            "INSERT INTO {schema}.events ({COLUMNS})
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        );
        Ok(Self { insert: client.prepare(&sql).await?, client, first: 0 })
    }

    /// The same, with a word on the channel `bench` that goes out with the commit.
    pub async fn telling(client: Client, schema: &str) -> Result<Self> {
        let sql = format!(
            "WITH stored AS (
                 INSERT INTO {schema}.events ({COLUMNS})
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15))
             SELECT pg_notify('bench', 'stored')"
        );
        Ok(Self { insert: client.prepare(&sql).await?, client, first: 0 })
    }

    /// By a statement of the caller's over the same parameters but the position, which is the
    /// server's affair.
    pub async fn by(client: Client, sql: &str) -> Result<Self> {
        Ok(Self { insert: client.prepare(sql).await?, client, first: 1 })
    }

    pub async fn insert(&self, number: u64) -> Result<()> {
        let (position, stream, revision) = (position(number), stream(number), revision(number));
        let (checksum, id, payload) = (checksum(number), id(number), payload(number));
        let tags = vec![format!("order:{}", number % TAGS)];
        let none: Option<&str> = None;
        let binds: [&(dyn tokio_postgres::types::ToSql + Sync); 15] = [
            &position,
            &stream,
            &revision,
            &1_i64,
            &RECORDED_AT,
            &checksum,
            &1_i64,
            &id,
            &0_i16,
            &tags,
            &none,
            &none,
            &none,
            &none,
            &payload.as_bytes(),
        ];
        self.client.execute(&self.insert, &binds[usize::try_from(self.first)?..]).await?;
        Ok(())
    }
}

fn position(number: u64) -> i64 {
    number.cast_signed() + 1
}

fn stream(number: u64) -> i64 {
    (number % STREAMS).cast_signed() + 1
}

fn revision(number: u64) -> i64 {
    (number / STREAMS).cast_signed()
}

fn term(number: u64) -> i64 {
    (number % TAGS).cast_signed() + 1
}

fn checksum(number: u64) -> i64 {
    0x7fff_ffff_ffff_i64.wrapping_mul(position(number))
}

fn id(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number) << 64)
}

/// A row as a program would own it.
#[derive(Debug)]
pub struct OwnedRow {
    _numbers: [i64; 7],
    _id: Uuid,
    _codec: i16,
    _tags: Option<Vec<String>>,
    _texts: [Option<String>; 4],
    _payload: Vec<u8>,
}

fn owned(row: &Row) -> OwnedRow {
    OwnedRow {
        _numbers: std::array::from_fn(|column| row.get(column)),
        _id: row.get(7),
        _codec: row.get(8),
        _tags: row.get(9),
        _texts: std::array::from_fn(|column| row.get(10 + column)),
        _payload: row.get(14),
    }
}

/// Reads all rows in pages, in the order of their positions. Returns how many there were.
pub async fn read_all(client: &Client, schema: &str, page: i64) -> Result<u64> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {schema}.events WHERE position > $1 AND position <= $2 \
         ORDER BY position LIMIT $3"
    );
    let select = client.prepare_typed(&sql, &[Type::INT8, Type::INT8, Type::INT8]).await?;
    let (mut after, mut count) = (0_i64, 0);
    loop {
        let rows = client.query(&select, &[&after, &i64::MAX, &page]).await?;
        let Some(last) = rows.last() else { return Ok(count) };
        after = last.get(0);
        count += own(&rows);
    }
}

/// Reads the streams with these numbers, one after the other. Returns how many rows there were.
pub async fn read_streams(
    client: &Client,
    schema: &str,
    streams: impl Iterator<Item = i64>,
) -> Result<u64> {
    let sql = format!("SELECT {COLUMNS} FROM {schema}.events WHERE stream = $1 ORDER BY revision");
    let select = client.prepare(&sql).await?;
    let mut count = 0;
    for stream in streams {
        let rows = client.query(&select, &[&stream]).await?;
        count += own(&rows);
    }
    Ok(count)
}

/// Owns the rows of a page, as any program would. Returns how many there were.
pub fn own(rows: &[Row]) -> u64 {
    let rows: Vec<OwnedRow> = rows.iter().map(owned).collect();
    std::hint::black_box(rows).len() as u64
}
