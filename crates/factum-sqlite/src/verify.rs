//! Reading everything and checking it against everything else.
//!
//! 1. SQLite's own check of its pages and indexes.
//! 2. Every event: its checksum, its names, its place: positions and revisions without a hole.
//! 3. Every posting of every event, and that there are no others.
//! 4. Every name, where each stream ends, the second indexes.
//! 5. Every command, claim and snapshot.
//! 6. Every subscription and its dead letters.
//!
//! Damage is a finding that names its place; the check goes on behind it where it can.

use std::collections::HashMap;

use factum_core::{ClaimIndex, Digester, StoreError, TenantScope, Verified};
use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::codec::CommandRow;
use crate::error::{Failure, failed};
use crate::names::Names;
use crate::read_file::ReadFile;
use crate::rows::EventRow;
use crate::{SqliteStoreConfig, head, letters, snapshots, sql, subscriptions};

mod indexes;

const OPERATION: &str = "verify store";
const FINDINGS_MAX: usize = 1_000;

pub(crate) fn verify(
    config: &SqliteStoreConfig,
    scope: &TenantScope,
) -> Result<Verified, StoreError> {
    let (conn, file) = ReadFile::open(&config.path, config.busy_timeout_ms)?;
    let begun = conn.execute_batch("BEGIN").map_err(Failure::from);
    begun.map_err(|failure| failure.into_store_error(OPERATION))?;
    let mut check = Check {
        conn: &conn,
        scope,
        names: Names::default(),
        findings: Vec::new(),
        digester: Digester::default(),
        claims: ClaimIndex::default(),
        next_revisions: HashMap::default(),
        events: 0,
        in_scope: 0,
        terms: 0,
    };
    check.pages();
    check.step("events", Check::events);
    check.step("postings", Check::posting_lists);
    check.step("names", Check::name_rows);
    check.step("ends", Check::ends);
    check.step("second indexes", Check::hashes);
    check.step("claims", Check::claim_rows);
    check.step("commands", Check::command_rows);
    check.step("snapshots", Check::snapshot_rows);
    check.step("subscriptions", Check::subscription_rows);
    check.step("dead letters", Check::letter_rows);
    let Check { findings, digester, in_scope, .. } = check;
    file.check().map_err(|failure| failure.into_store_error(OPERATION))?;
    Ok(Verified { events: in_scope, digest: digester.digest(), findings })
}

struct Check<'c> {
    conn: &'c Connection,
    scope: &'c TenantScope,
    names: Names,
    findings: Vec<String>,
    digester: Digester,
    claims: ClaimIndex,
    /// The revision that each stream's next event must have.
    next_revisions: HashMap<i64, i64, RandomState>,
    events: i64,
    in_scope: u64,
    /// How many tags and correlations the events carry together.
    terms: i64,
}

impl Check<'_> {
    fn found(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    fn step(&mut self, part: &str, step: impl FnOnce(&mut Self) -> Result<(), Failure>) {
        if let Err(failure) = step(self) {
            let error = failure.into_store_error(OPERATION);
            self.found(format!("{part}: {error}"));
        }
    }

    fn pages(&mut self) {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.conn.prepare("PRAGMA integrity_check")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect()
        };
        match read() {
            Ok(lines) => {
                let bad = lines.into_iter().filter(|line| line != "ok");
                bad.for_each(|line| self.found(format!("pages: {line}")));
            }
            Err(error) => self.found(format!("pages: {}", failed(OPERATION, &error).message())),
        }
    }

    fn events(&mut self) -> Result<(), Failure> {
        let mut statement = self.conn.prepare(sql::LOG_PAGE)?;
        let mut rows = statement.query((0, i64::MAX, i64::MAX))?;
        let mut expected = 1;
        let head = head::read(self.conn).map(|head| head.position);
        while let Some(row) = rows.next()? {
            let position: i64 = row.get(0)?;
            if position != expected {
                self.found(format!("positions {expected} to {}: missing", position - 1));
            }
            expected = position + 1;
            if let Err(failure) = self.event(row) {
                let error = failure.into_store_error(OPERATION);
                self.found(format!("position {position}: {error}"));
            }
        }
        let head = head?;
        if expected != head + 1 {
            self.found(format!(
                "head: expected the last event at {head}, found it at {}",
                expected - 1
            ));
        }
        Ok(())
    }

    fn event(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        self.events += 1;
        let row = EventRow::verified(row)?;
        let numbers = row.numbers;
        let event = row.event(self.conn, &mut self.names)?;
        let next = self.next_revisions.entry(numbers.stream).or_insert(0);
        let expected = std::mem::replace(next, numbers.revision + 1);
        if expected != numbers.revision {
            self.found(format!(
                "position {}: expected revision {expected} of stream {}, found {}",
                numbers.position, event.stream, numbers.revision
            ));
        }
        let category: String = self
            .conn
            .prepare_cached(sql::KIND_NAME)?
            .query_row([numbers.kind], |row| row.get(1))?;
        if category != event.stream.category() {
            self.found(format!(
                "position {}: its kind is of category {category}",
                numbers.position
            ));
        }
        self.posting(sql::KIND_POSITIONS, numbers.kind, numbers.position, "type")?;
        for term in row.terms() {
            self.terms += 1;
            self.posting(sql::TERM_POSITIONS, term, numbers.position, "tag or correlation")?;
        }
        self.claims.apply(&event);
        if self.scope.includes(&event.tenant) {
            self.digester.update(&event);
            self.in_scope += 1;
        }
        Ok(())
    }

    fn posting(&mut self, sql: &str, id: i64, position: i64, what: &str) -> Result<(), Failure> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let found =
            statement.query_row((id, position, 1), |row| row.get::<_, i64>(0)).optional()?;
        if found != Some(position) {
            self.found(format!("position {position}: missing from the index of its {what}"));
        }
        Ok(())
    }

    /// Loads every name, also those that no event uses; loading checks them.
    fn name_rows(&mut self) -> Result<(), Failure> {
        for table in ["tenants", "streams", "kinds", "terms"] {
            let select = format!("SELECT id FROM {table} ORDER BY id"); // One of four fixed names.
            let mut statement = self.conn.prepare(&select)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(0)?;
                let (conn, names) = (self.conn, &mut self.names);
                let loaded = match table {
                    "tenants" => names.tenant(conn, id).map(|_| ()),
                    "streams" => names.stream(conn, id).map(|_| ()),
                    "kinds" => names.kind(conn, id).map(|_| ()),
                    _ => names.term(conn, id).map(|_| ()),
                };
                if let Err(failure) = loaded {
                    let error = failure.into_store_error(OPERATION);
                    self.found(format!("{table}: {error}"));
                }
            }
        }
        Ok(())
    }

    /// Compares the index of claims with what the events say.
    fn claim_rows(&mut self) -> Result<(), Failure> {
        let mut statement = self.conn.prepare("SELECT tenant, name, value, stream FROM claims")?;
        let mut rows = statement.query([])?;
        let mut held = 0;
        while let Some(row) = rows.next()? {
            let (tenant, name, value): (i64, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let tenant = self.names.tenant(self.conn, tenant)?.clone();
            let owner = self.names.stream(self.conn, row.get(3)?)?.stream.clone();
            held += 1;
            let claim = factum_core::Claim::new(&name, &value).ok();
            let expected = claim.and_then(|claim| self.claims.owner(&tenant, &claim).cloned());
            if expected.as_ref() != Some(&owner) {
                self.found(format!(
                    "claim {name:?} held by stream {owner} of {tenant}: the events do not say so"
                ));
            }
        }
        let expected = self.claims.iter().len();
        if held != expected {
            self.found(format!("index claims: expected {expected} entries, found {held}"));
        }
        Ok(())
    }

    fn snapshot_rows(&mut self) -> Result<(), Failure> {
        let mut statement = self.conn.prepare(sql::EVERY_SNAPSHOT)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Err(failure) = snapshots::snapshot(row) {
                let error = failure.into_store_error(OPERATION);
                self.found(format!("snapshots: {error}"));
            }
        }
        Ok(())
    }

    /// Loads every subscription, and counts its letters.
    fn subscription_rows(&mut self) -> Result<(), Failure> {
        let mut statement = self.conn.prepare(sql::LIST_SUBSCRIPTIONS)?;
        let mut rows = statement.query(("", "", char::MAX.to_string(), i64::MAX))?;
        while let Some(row) = rows.next()? {
            let progress = match subscriptions::progress(row) {
                Ok(progress) => progress,
                Err(failure) => {
                    self.found(failure.into_store_error(OPERATION).to_string());
                    continue;
                }
            };
            let mut count = self.conn.prepare_cached(sql::COUNT_LETTERS)?;
            let scope = subscriptions::scope_text(progress.tenant.as_ref());
            let counted: [i64; 3] = count.query_row((scope, progress.name.as_str()), |row| {
                Ok([row.get(0)?, row.get(1)?, row.get(2)?])
            })?;
            let said = [progress.parked_keys, progress.waiting_events, progress.dead_letters];
            if counted.map(i64::cast_unsigned) != said {
                self.found(format!(
                    "subscription {} of scope {scope}: expected its parked keys, waiting events and \
                     dead letters to be {counted:?}, found {said:?}",
                    progress.name
                ));
            }
        }
        Ok(())
    }

    fn letter_rows(&mut self) -> Result<(), Failure> {
        let mut statement = self.conn.prepare(sql::EVERY_LETTER)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            match letters::letter(row) {
                Ok(((tenant, name, position), _)) => {
                    if subscriptions::find(self.conn, tenant.as_ref(), &name)?.is_none() {
                        self.found(format!(
                            "dead letter at position {position}: its subscription {name} is unknown"
                        ));
                    }
                }
                Err(failure) => self.found(failure.into_store_error(OPERATION).to_string()),
            }
        }
        Ok(())
    }

    fn command_rows(&mut self) -> Result<(), Failure> {
        let mut statement = self.conn.prepare(
            "SELECT tenant, id, target, first_position, last_position, outcome, expires_at, checksum, \
             digest FROM commands",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, target): (String, String) = (row.get(1)?, row.get(2)?);
            let (outcome, digest): (Vec<u8>, Option<Vec<u8>>) = (row.get(5)?, row.get(8)?);
            let command = CommandRow {
                tenant: row.get(0)?,
                id: &id,
                target: &target,
                digest: digest.as_deref(),
                first: row.get(3)?,
                last: row.get(4)?,
                outcome: &outcome,
                expires_at: row.get(6)?,
            };
            if command.checksum() != row.get::<_, i64>(7)? {
                self.found(format!("command {id}: differs from its checksum"));
            }
        }
        Ok(())
    }
}
