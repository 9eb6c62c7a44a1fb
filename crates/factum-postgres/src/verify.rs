//! Reading everything and checking it against everything else, as of one moment.
//!
//! 1. Every event: its checksum, its names, its place: positions and revisions without a hole.
//! 2. Every posting of every event, and that there are no others.
//! 3. Every stream, claim, command and snapshot, and the counts of every subscription.
//!
//! Damage is a finding that names its place; the check goes on behind it where it can. The pages and
//! indexes themselves are PostgreSQL's to check: `pg_checksums`, `amcheck`.

use std::collections::HashMap;

use factum_core::{
    Claim, ClaimIndex, Digester, RecordedEvent, StreamId, TenantId, TenantScope, Verified,
};
use foldhash::fast::RandomState;
use tokio_postgres::types::Type;
use tokio_postgres::{IsolationLevel, Row, Transaction};

use crate::codec::Checksum;
use crate::connection::{Bind, lift_limits};
use crate::error::Failure;
use crate::names::Known;
use crate::read::no_row;
use crate::rows::{EventRow, PageBuilder};
use crate::snapshots;
use crate::store::Shared;

const FINDINGS_MAX: usize = 1_000;
/// How many rows are read at once.
const ROWS: i64 = 100;

pub(crate) async fn verify(shared: &Shared, scope: &TenantScope) -> Result<Verified, Failure> {
    let mut client = shared.connector.connect().await?;
    let transaction = client.build_transaction();
    let transaction = transaction.isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let transaction = transaction.start().await?;
    lift_limits(&transaction).await?; // Reading everything takes as long as it takes.
    shared.names.forget(); // Names are checked as they are now.
    let mut check = Check {
        shared,
        scope,
        transaction,
        findings: Vec::new(),
        digester: Digester::default(),
        claims: ClaimIndex::default(),
        next_revisions: HashMap::default(),
        in_scope: 0,
    };
    check.events().await?;
    check.postings().await?;
    check.streams().await?;
    check.claims().await?;
    check.commands().await?;
    check.snapshots().await?;
    check.letters().await?;
    let Check { findings, digester, in_scope, .. } = check;
    Ok(Verified { events: in_scope, digest: digester.digest(), findings })
}

struct Check<'c> {
    shared: &'c Shared,
    scope: &'c TenantScope,
    transaction: Transaction<'c>,
    findings: Vec<String>,
    digester: Digester,
    claims: ClaimIndex,
    /// The revision that each stream's next event must have.
    next_revisions: HashMap<i64, i64, RandomState>,
    in_scope: u64,
}

impl Check<'_> {
    fn found(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    async fn rows(&self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Failure> {
        Ok(self.transaction.query_typed(sql, binds).await?)
    }

    async fn events(&mut self) -> Result<(), Failure> {
        let mut last = 0;
        loop {
            let binds: [Bind<'_>; 3] =
                [(&last, Type::INT8), (&i64::MAX, Type::INT8), (&ROWS, Type::INT8)];
            let rows = self.rows(&self.shared.sql.log_page, &binds).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let found = || rows.iter().map(|row| EventRow::new(row, 0));
            let streams = found().filter_map(|row| row.stream().ok());
            let kinds = found().filter_map(|row| row.kind().ok());
            let Shared { names, readers, sql, .. } = self.shared;
            let known = names.load(readers, sql, streams, kinds).await?;
            for row in found() {
                let position = row.position().unwrap_or(0);
                if position != last + 1 {
                    self.found(format!("positions {} to {}: missing", last + 1, position - 1));
                }
                last = position;
                if let Err(failure) = self.event(row, &known) {
                    let error = failure.into_store_error("verify store");
                    self.found(format!("position {position}: {}", error.message()));
                }
            }
        }
    }

    fn event(&mut self, row: EventRow<'_>, known: &Known) -> Result<(), Failure> {
        let event = read(row, known)?;
        let next = self.next_revisions.entry(row.stream()?).or_insert(0);
        let expected = std::mem::replace(next, row.revision()? + 1);
        if expected != row.revision()? {
            self.found(format!(
                "position {}: expected revision {expected} of stream {}, found {}",
                event.position, event.stream, event.revision
            ));
        }
        self.claims.apply(&event);
        if self.scope.includes(&event.tenant) {
            self.digester.update(&event);
            self.in_scope += 1;
        }
        Ok(())
    }

    async fn postings(&mut self) -> Result<(), Failure> {
        let sql = &self.shared.sql;
        for row in self.rows(&sql.missing_postings, &[(&ROWS, Type::INT8)]).await? {
            let what = if row.get(1) { "tag" } else { "correlation" };
            let position: i64 = row.get(0);
            self.found(format!("position {position}: missing from the index of its {what}"));
        }
        let counts = self.rows(&sql.posting_counts, &[]).await?;
        let counts = counts.first().ok_or_else(|| no_row("how many postings there are"))?;
        let (found, expected): (i64, i64) = (counts.get(0), counts.get(1));
        if found != expected {
            self.found(format!("index term_positions: expected {expected} entries, found {found}"));
        }
        for row in self.rows(&sql.wrong_kinds, &[(&ROWS, Type::INT8)]).await? {
            let (position, category): (i64, &str) = (row.get(0), row.get(1));
            self.found(format!("position {position}: its kind is of category {category}"));
        }
        Ok(())
    }

    async fn streams(&mut self) -> Result<(), Failure> {
        for row in self.rows(&self.shared.sql.empty_streams, &[(&ROWS, Type::INT8)]).await? {
            let stream: &str = row.get(0);
            self.found(format!("stream {stream}: expected a tenant and at least one event"));
        }
        Ok(())
    }

    /// Compares the index of claims with what the events say.
    async fn claims(&mut self) -> Result<(), Failure> {
        let rows = self.rows(&self.shared.sql.claim_rows, &[]).await?;
        for row in &rows {
            let (tenant, owner): (Option<&str>, Option<&str>) = (row.get(0), row.get(3));
            let (name, value): (&str, &str) = (row.get(1), row.get(2));
            let says = || {
                let tenant = TenantId::new(tenant?).ok()?;
                self.claims.owner(&tenant, &Claim::new(name, value).ok()?).cloned()
            };
            if says().as_ref().map(StreamId::as_str) != owner {
                let (owner, tenant) = (owner.unwrap_or("?"), tenant.unwrap_or("?"));
                self.found(format!(
                    "claim {name:?} held by stream {owner} of {tenant}: the events do not say so"
                ));
            }
        }
        let expected = self.claims.iter().len();
        if rows.len() != expected {
            let found = rows.len();
            self.found(format!("index claims: expected {expected} entries, found {found}"));
        }
        Ok(())
    }

    async fn commands(&mut self) -> Result<(), Failure> {
        let mut after = (String::new(), String::new());
        loop {
            let binds: [Bind<'_>; 3] =
                [(&after.0, Type::TEXT), (&after.1, Type::TEXT), (&ROWS, Type::INT8)];
            let rows = self.rows(&self.shared.sql.command_rows, &binds).await?;
            for row in &rows {
                let (tenant, id, target): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
                let (expires_at, outcome): (Option<i64>, &[u8]) = (row.get(3), row.get(4));
                let checksum = TenantId::new(tenant).ok().map(|tenant| {
                    let (sum, digest) = (&mut Checksum::default(), row.get(6));
                    sum.of_command(&tenant, id, target, digest, expires_at, outcome)
                });
                if checksum != Some(row.get::<_, i64>(5)) {
                    self.found(format!("command {id}: differs from its checksum"));
                }
            }
            let Some(last) = rows.last() else { return Ok(()) };
            after = (last.get(0), last.get(1));
        }
    }

    async fn letters(&mut self) -> Result<(), Failure> {
        for row in self.rows(&self.shared.sql.letter_counts, &[(&ROWS, Type::INT8)]).await? {
            let (scope, name, known): (&str, &str, bool) = (row.get(0), row.get(1), row.get(2));
            let what = if known { "its counts are not those of its letters" } else { "missing" };
            self.found(format!("subscription {name} of {scope}: {what}"));
        }
        Ok(())
    }

    async fn snapshots(&mut self) -> Result<(), Failure> {
        const AT_ONCE: i64 = 8; // A snapshot may be large.
        let mut after = (String::new(), String::new(), String::new(), -1_i64);
        loop {
            let binds: [Bind<'_>; 5] = [
                (&after.0, Type::TEXT),
                (&after.1, Type::TEXT),
                (&after.2, Type::TEXT),
                (&after.3, Type::INT8),
                (&AT_ONCE, Type::INT8),
            ];
            let rows = self.rows(&self.shared.sql.every_snapshot, &binds).await?;
            for row in &rows {
                if let Err(failure) = snapshots::snapshot(row) {
                    let error = failure.into_store_error("verify store");
                    self.found(format!("snapshots: {}", error.message()));
                }
            }
            let Some(last) = rows.last() else { return Ok(()) };
            after = (last.get(0), last.get(1), last.get(2), last.get(3));
        }
    }
}

fn read(row: EventRow<'_>, known: &Known) -> Result<RecordedEvent, Failure> {
    let mut page = PageBuilder::new(1);
    row.read_into(&mut page, known.stream(row.stream()?)?, known.kind(row.kind()?)?)?;
    page.into_events().pop().ok_or_else(|| no_row("the event"))
}
