//! The indexes against the rows: lists of postings, ends of streams, hashes of names, counts.

use rusqlite::Connection;

use super::Check;
use crate::codec::{
    claim_checksum, claim_hash, command_hash, kind_hashes, stream_hash, subscription_hash,
    term_hash,
};
use crate::error::Failure;
use crate::head;
use crate::streams::StreamEnds;

impl Check<'_> {
    /// That the lists of postings have as many entries as the events ask for, and are rings.
    pub(super) fn posting_lists(&mut self) -> Result<(), Failure> {
        let tables =
            [("kind_positions", "kind", self.events), ("term_positions", "term", self.terms)];
        for (table, id, expected) in tables {
            // One of two fixed names.
            let select = format!("SELECT {id}, position, previous FROM {table}");
            let mut statement = self.conn.prepare(&select)?;
            let mut rows = statement.query([])?;
            let (mut found, mut list) = (0, Ring::default());
            while let Some(row) = rows.next()? {
                let (id, position, previous): (i64, i64, i64) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                found += i64::from(position != 0);
                if id != list.id {
                    self.close(table, &list);
                    list = Ring { id, ..Ring::default() };
                }
                if position == 0 {
                    list.last = Some(previous);
                } else {
                    list.broken |= previous != list.before;
                    list.before = position;
                }
            }
            self.close(table, &list);
            if found != expected {
                self.found(format!("index {table}: expected {expected} entries, found {found}"));
            }
        }
        Ok(())
    }

    fn close(&mut self, table: &str, list: &Ring) {
        if list.id != 0 && (list.broken || list.last != Some(list.before)) {
            self.found(format!("index {table}: the entries of {} do not follow on", list.id));
        }
    }

    /// That each stream ends where its row says, and what the head counts is there.
    pub(super) fn ends(&mut self) -> Result<(), Failure> {
        let mut statement = self.conn.prepare(
            "SELECT tenant, name, id, first_revision, tombstoned, last_revision, last_position, \
             checksum FROM streams ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(1)?;
            // One that differs from its checksum is found with the names.
            let Ok(ends) = StreamEnds::verified(row, 2, row.get(0)?, &name) else { continue };
            let next = self.next_revisions.get(&ends.id).copied().unwrap_or(0);
            if next != ends.last + 1 {
                let (last, found) = (ends.last, next - 1);
                self.found(format!(
                    "stream {name}: expected its last event at revision {last}, found it at {found}"
                ));
            }
        }
        let (expected, found) = (head::read(self.conn)?.names, head::last(self.conn)?.names);
        if expected != found {
            self.found(format!(
                "head: expected the last ids of tenants, streams, kinds and terms to be \
                 {expected:?}, found {found:?}"
            ));
        }
        Ok(())
    }

    /// That the second indexes find by the right hashes.
    pub(super) fn hashes(&mut self) -> Result<(), Failure> {
        let conn = self.conn;
        self.hashed("streams", "SELECT id, tenant, name, '', hash FROM streams", |row| {
            stream_hash(row.number, &row.name)
        })?;
        self.hashed("terms", "SELECT id, form, name, '', hash FROM terms", |row| {
            term_hash(row.number, &row.name)
        })?;
        self.hashed("claims", "SELECT name, tenant, name, value, hash FROM claims", |row| {
            claim_hash(row.number, &row.name, &row.value)
        })?;
        self.hashed("commands", "SELECT id, tenant, id, '', hash FROM commands", |row| {
            command_hash(row.number, &row.name)
        })?;
        self.hashed("claims", "SELECT stream, tenant, name, value, checksum FROM claims", |row| {
            claim_checksum(row.number, &row.name, &row.value, row.id.parse().unwrap_or(0))
        })?;
        self.hashed(
            "subscriptions",
            "SELECT name, 0, scope, name, hash FROM subscriptions",
            |row| subscription_hash(&row.name, &row.value),
        )?;
        let (expected, found) = kind_keys(conn)?;
        if expected != found {
            self.found("index kind_keys: it does not say what the kinds say".into());
        }
        Ok(())
    }

    fn hashed(
        &mut self,
        what: &str,
        select: &str,
        hash: impl Fn(&HashedRow) -> i64,
    ) -> Result<(), Failure> {
        let mut statement = self.conn.prepare(select)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = match row.get::<_, i64>(0) {
                Ok(id) => id.to_string(),
                Err(_) => row.get(0)?,
            };
            let hashed =
                HashedRow { id, number: row.get(1)?, name: row.get(2)?, value: row.get(3)? };
            if hash(&hashed) != row.get::<_, i64>(4)? {
                let id = hashed.id;
                self.found(format!("{what}: the hash or checksum of {id} is another one"));
            }
        }
        Ok(())
    }
}

/// A list of postings on the way through it.
#[derive(Default)]
struct Ring {
    id: i64,
    /// The position before, 0 at first.
    before: i64,
    /// What the entry that closes the ring says.
    last: Option<i64>,
    broken: bool,
}

struct HashedRow {
    id: String,
    number: i64,
    name: String,
    value: String,
}

type KindKeys = Vec<(i64, i64, i64)>;

/// The keys of kinds as their rows want them, and as they are.
fn kind_keys(conn: &Connection) -> Result<(KindKeys, KindKeys), Failure> {
    let mut expected = Vec::new();
    let mut statement = conn.prepare("SELECT id, tenant, category, event_type FROM kinds")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, tenant): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (category, event_type): (String, String) = (row.get(2)?, row.get(3)?);
        expected.extend(kind_hashes(&category, &event_type).map(|hash| (hash, tenant, id)));
    }
    expected.sort_unstable();
    let mut statement =
        conn.prepare("SELECT hash, tenant, kind FROM kind_keys ORDER BY 1, 2, 3")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok((expected, found.collect::<rusqlite::Result<_>>()?))
}
