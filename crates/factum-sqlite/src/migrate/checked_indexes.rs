//! The part of step 6 that SQL cannot do: hashes and checksums of what is there.
//!
//! A row that differed from its checksum before still does afterwards. A store whose index of events
//! has lost some is refused as it is: where its streams end could only be guessed.

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::codec::{
    StreamRow, claim_checksum, claim_hash, command_hash, head_checksum, kind_hashes, row_checksum,
    stream_hash, subscription_hash, term_hash, values_checksum,
};
use crate::error::Failure;
use crate::head;

pub(super) fn fill(conn: &Connection) -> Result<(), Failure> {
    streams(conn)?;
    terms(conn)?;
    kinds(conn)?;
    claims(conn)?;
    commands(conn)?;
    subscriptions(conn)?;
    letters(conn)?;
    head(conn)
}

/// Where each stream ends, by the index of events, which must know them all.
fn streams(conn: &Connection) -> Result<(), Failure> {
    let mut ends = conn.prepare(
        "SELECT count(*), coalesce(max(revision), -1), coalesce(max(position), 0) FROM events \
         WHERE stream = ?1",
    )?;
    let mut update = conn.prepare(
        "UPDATE streams SET last_revision = ?2, last_position = ?3, hash = ?4, checksum = ?5 \
         WHERE id = ?1",
    )?;
    let mut select = conn.prepare(
        "SELECT id, tenant, name, first_revision, tombstoned, checksum FROM streams ORDER BY id",
    )?;
    let mut rows = select.query([])?;
    let mut events = 0;
    while let Some(row) = rows.next()? {
        let (id, tenant): (i64, i64) = (row.get(0)?, row.get(1)?);
        let name: String = row.get(2)?;
        let (first_revision, tombstoned): (i64, bool) = (row.get(3)?, row.get(4)?);
        let (count, last_revision, last_position) =
            ends.query_row([id], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?)))?;
        events += count;
        if count != last_revision + 1 {
            return Err(damaged());
        }
        let new = StreamRow {
            id,
            tenant,
            name: &name,
            first_revision,
            tombstoned,
            last_revision,
            last_position,
        };
        let old = [id, tenant, first_revision, i64::from(tombstoned)];
        let was_sound = row_checksum(&old, &[name.as_bytes()]) == row.get::<_, i64>(5)?;
        let checksum = if was_sound { new.checksum() } else { !new.checksum() };
        update.execute((id, last_revision, last_position, stream_hash(tenant, &name), checksum))?;
    }
    let head: i64 = conn.query_row("SELECT position FROM head", [], |row| row.get(0))?;
    if events == head { Ok(()) } else { Err(damaged()) }
}

fn damaged() -> Failure {
    Failure::Corrupt(
        "expected the index of events by stream to hold every event, found some missing or damaged; \
         the file is as it was, for the program that wrote it to verify"
            .into(),
    )
}

fn terms(conn: &Connection) -> Result<(), Failure> {
    let mut update = conn.prepare("UPDATE terms SET hash = ?2 WHERE id = ?1")?;
    let mut select = conn.prepare("SELECT id, form, name FROM terms ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(2)?;
        update.execute((row.get::<_, i64>(0)?, term_hash(row.get(1)?, &name)))?;
    }
    Ok(())
}

fn kinds(conn: &Connection) -> Result<(), Failure> {
    let mut insert = conn.prepare(crate::sql::INSERT_KIND_KEY)?;
    let mut select = conn.prepare("SELECT id, tenant, category, event_type FROM kinds")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, tenant): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (category, event_type): (String, String) = (row.get(2)?, row.get(3)?);
        for hash in kind_hashes(&category, &event_type) {
            insert.execute((hash, tenant, id))?;
        }
    }
    Ok(())
}

fn claims(conn: &Connection) -> Result<(), Failure> {
    let mut update = conn.prepare(
        "UPDATE claims SET hash = ?4, checksum = ?5 WHERE tenant = ?1 AND name = ?2 AND value = ?3",
    )?;
    let mut select = conn.prepare("SELECT tenant, name, value, stream FROM claims")?;
    let rows = select.query_map([], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get(3)?))
    })?;
    for (tenant, name, value, stream) in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        let hash = claim_hash(tenant, &name, &value);
        let checksum = claim_checksum(tenant, &name, &value, stream);
        update.execute((tenant, &name, &value, hash, checksum))?;
    }
    Ok(())
}

fn commands(conn: &Connection) -> Result<(), Failure> {
    let mut update = conn.prepare("UPDATE commands SET hash = ?3 WHERE tenant = ?1 AND id = ?2")?;
    let mut select = conn.prepare("SELECT tenant, id FROM commands")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    for (tenant, id) in rows.collect::<rusqlite::Result<Vec<(i64, _)>>>()? {
        update.execute((tenant, &id, command_hash(tenant, &id)))?;
    }
    Ok(())
}

fn subscriptions(conn: &Connection) -> Result<(), Failure> {
    let mut update = conn.prepare(
        "UPDATE subscriptions SET hash = ?3, checksum = ?4 WHERE scope = ?1 AND name = ?2",
    )?;
    let mut select = conn.prepare(
        "SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, \
         beat, beat_at, state, reason, head, pause_reason, paused_at, rebuild_after, rebuild_at, \
         rebuild_target, parked_keys, waiting_events, dead_letters, instructions, updated_at, \
         forgotten FROM subscriptions",
    )?;
    let rows = select.query_map([], |row| (0..26).map(|column| row.get(column)).collect())?;
    for row in rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>()? {
        let checksum = match row[25] {
            Value::Integer(0) => values_checksum(row[..25].iter().map(Into::into)),
            // Of one that was forgotten, its names and its epoch are left.
            _ => values_checksum([&row[0], &row[1], &row[8]].into_iter().map(Into::into)),
        };
        let (Value::Text(scope), Value::Text(name)) = (&row[0], &row[1]) else { continue };
        update.execute((scope, name, subscription_hash(scope, name), checksum))?;
    }
    Ok(())
}

fn letters(conn: &Connection) -> Result<(), Failure> {
    let mut update = conn.prepare(
        "UPDATE letters SET checksum = ?4 WHERE scope = ?1 AND name = ?2 AND position = ?3",
    )?;
    let mut select = conn.prepare(
        "SELECT scope, name, position, key, status, id, tenant, stream, event_type, cause, \
         attempts, first_at, last_at FROM letters",
    )?;
    let rows = select.query_map([], |row| (0..13).map(|column| row.get(column)).collect())?;
    for row in rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>()? {
        let checksum = values_checksum(row.iter().map(Into::into));
        update.execute((&row[0], &row[1], &row[2], checksum))?;
    }
    Ok(())
}

/// The names are counted by their last ids; a head that was damaged stays so.
fn head(conn: &Connection) -> Result<(), Failure> {
    let (position, checksum): (i64, i64) =
        conn.query_row("SELECT position, checksum FROM head", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let last = head::last(conn)?;
    let was_sound = row_checksum(&[position], &[]) == checksum;
    let new = head::Head { position, names: last.names };
    head::write(conn, new)?;
    if !was_sound {
        let wrong = !head_checksum(position, last.names);
        conn.execute("UPDATE head SET checksum = ?1", [wrong])?;
    }
    Ok(())
}
