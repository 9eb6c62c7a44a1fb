//! The raw driver doing the same work: Factum's own tables, plain prepared statements, nothing
//! else.

use std::path::Path;

use rusqlite::Connection;

use crate::measure::Result;
use crate::work::{STREAMS, TAGS, payload};

const TABLES: &str = include_str!("../../crates/factum-sqlite/src/sql/migrations/0001_log.sql");

/// Opens a new file with Factum's tables and settings.
pub fn open(path: &Path) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; \
         PRAGMA cache_size=-32768;",
    )?;
    conn.execute_batch(TABLES)?;
    Ok(conn)
}

/// Which tables an append writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Those that Factum writes: event, stream index, type index, tag index.
    Same,
    /// Only the event, the stream index and the tag index.
    Plain,
}

/// Appends `count` events after `first`, `batch` to a transaction.
pub fn append(conn: &Connection, first: u64, count: u64, batch: u64, rows: Rows) -> Result<()> {
    let envelope = [7; 24];
    for start in (first..first + count).step_by(usize::try_from(batch)?) {
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut event = conn.prepare_cached(
            "INSERT INTO events (position, stream, revision, kind, recorded_at, envelope, payload, \
             checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let mut kind = conn.prepare_cached("INSERT INTO kind_positions VALUES (?1, ?2)")?;
        let mut term = conn.prepare_cached("INSERT INTO term_positions VALUES (?1, ?2)")?;
        for number in start..start + batch {
            let payload = payload(number);
            let position = number.cast_signed() + 1;
            let (stream, revision) = (number % STREAMS, number / STREAMS);
            event.execute((
                position,
                stream.cast_signed(),
                revision.cast_signed(),
                1_i64,
                1_700_000_000_000_000_i64,
                &envelope[..],
                payload.as_bytes(),
                0x7fff_ffff_ffff_i64 * position,
            ))?;
            if rows == Rows::Same {
                kind.execute((1_i64, position))?;
            }
            term.execute(((number % TAGS).cast_signed(), position))?;
        }
        conn.prepare_cached("COMMIT")?.execute([])?;
    }
    Ok(())
}

/// A row as a program would own it.
pub type OwnedRow = ([i64; 6], Vec<u8>, Vec<u8>);

fn owned(row: &rusqlite::Row<'_>) -> rusqlite::Result<OwnedRow> {
    let number = |column| row.get::<_, i64>(column);
    let numbers = [number(0)?, number(1)?, number(2)?, number(3)?, number(4)?, number(5)?];
    Ok((numbers, row.get(6)?, row.get(7)?))
}

const COLUMNS: &str = "position, stream, revision, kind, recorded_at, checksum, envelope, payload";

/// Reads all rows in pages of 1,000 owned rows. Returns how many there were.
pub fn read_all(conn: &Connection) -> Result<u64> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM events ORDER BY position"))?;
    let mut rows = statement.query([])?;
    let (mut page, mut count) = (Vec::with_capacity(1_000), 0);
    while let Some(row) = rows.next()? {
        page.push(owned(row)?);
        count += 1;
        if page.len() == 1_000 {
            std::hint::black_box(&page);
            page.clear();
        }
    }
    Ok(count)
}

/// Reads the streams with these numbers, one after the other. Returns how many rows there were.
pub fn read_streams(conn: &Connection, streams: impl Iterator<Item = i64>) -> Result<u64> {
    let select = format!("SELECT {COLUMNS} FROM events WHERE stream = ?1 ORDER BY revision");
    let mut statement = conn.prepare_cached(&select)?;
    let mut count = 0;
    for stream in streams {
        let rows: Vec<OwnedRow> =
            statement.query_map([stream], owned)?.collect::<rusqlite::Result<_>>()?;
        count += std::hint::black_box(rows).len() as u64;
    }
    Ok(count)
}
