//! One request inside a group's transaction: judged in full, then stored.
//!
//! Judging writes nothing, so a refused request leaves the group's transaction as it was. Because
//! the requests before it in the group have already written theirs, plain SQL sees committed and
//! staged state alike.

use std::sync::Arc;

use factum_core::{
    AdminRecord, AppendRequest, Appended, Claim, ClaimStage, Command, Conflict, Direction,
    EventType, Expected, Guard, NewEvent, Position, Refusal, Revision, StreamId, TenantId,
    Timestamp, TouchedStreams, record_event,
};
use rusqlite::{CachedStatement, Connection};

use crate::cache::{Staged, StagedMark, StreamCache};
use crate::claims::{find_claim, put_claim, without_row};
use crate::codec::{CommandRow, RowNumbers, command_hash, encode_envelope, event_checksum};
use crate::commands;
use crate::error::Failure;
use crate::head::Head;
use crate::ids::Ids;
use crate::names::Names;
use crate::posting::{PostingSql, PostingTable};
use crate::query::{Matcher, QueryScope};
use crate::{snapshots, sql};

/// What the writer keeps from one group to the next.
#[derive(Debug, Default)]
pub(crate) struct WriterState {
    pub(crate) ids: Ids,
    pub(crate) names: Names,
    /// The last position, staged ones included.
    pub(crate) head: i64,
    terms: Vec<i64>,
    envelope: Vec<u8>,
    kind_postings: Vec<(i64, i64)>,
    term_postings: Vec<(i64, i64)>,
    /// What the readers' runs take in after the commit.
    pub(crate) staged: Staged,
}

impl WriterState {
    pub(crate) fn new(cache: Option<Arc<StreamCache>>) -> Self {
        Self { staged: Staged::new(cache), ..Self::default() }
    }

    /// Drops everything that is known of the file.
    pub(crate) fn forget(&mut self) {
        self.ids.forget();
        self.names = Names::default(); // Ids that were rolled back are given out again.
        self.kind_postings.clear();
        self.term_postings.clear();
        self.staged.forget();
    }

    /// Where the state stands, for [`undo`](Self::undo).
    pub(crate) fn mark(&self) -> StateMark {
        StateMark { head: self.head, counts: self.ids.counts, staged: self.staged.mark() }
    }

    /// Drops what was written since the mark: it was rolled back.
    pub(crate) fn undo(&mut self, mark: StateMark) {
        self.head = mark.head;
        self.staged.undo(mark.staged);
        self.ids.forget();
        self.ids.counts = mark.counts;
        self.names = Names::default();
    }

    /// The head as it is to be written.
    pub(crate) fn head_row(&self) -> Head {
        Head { position: self.head, names: self.ids.counts }
    }
}

/// Where the writer's state stood before a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateMark {
    head: i64,
    counts: [i64; 4],
    staged: StagedMark,
}

/// An act on a whole stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Tombstone,
    TruncateBefore(Revision),
}

const KIND_POSTINGS: PostingSql = PostingSql {
    insert_one: sql::INSERT_KIND_POSITION,
    insert_many: sql::INSERT_KIND_POSITIONS,
    last: sql::LAST_OF_KIND,
};

const TERM_POSTINGS: PostingSql = PostingSql {
    insert_one: sql::INSERT_TERM_POSITION,
    insert_many: sql::INSERT_TERM_POSITIONS,
    last: sql::LAST_OF_TERM,
};

/// An open transaction and the statements that every append in it runs.
pub(crate) struct Group<'c> {
    conn: &'c Connection,
    now: Timestamp,
    insert_event: CachedStatement<'c>,
    kind_positions: PostingTable<'c>,
    term_positions: PostingTable<'c>,
}

impl<'c> Group<'c> {
    /// The transaction must be open.
    pub(crate) fn new(conn: &'c Connection, now: Timestamp) -> rusqlite::Result<Self> {
        Ok(Self {
            conn,
            now,
            insert_event: conn.prepare_cached(sql::INSERT_EVENT)?,
            kind_positions: PostingTable::new(conn, &KIND_POSTINGS)?,
            term_positions: PostingTable::new(conn, &TERM_POSTINGS)?,
        })
    }

    /// Judges and stores one append.
    pub(crate) fn append(
        &mut self,
        state: &mut WriterState,
        tenant: &TenantId,
        request: &AppendRequest,
    ) -> Result<Appended, Failure> {
        let known = state.ids.tenant(self.conn, tenant)?;
        if let (Some(command), Some(tenant)) = (&request.command, known) {
            let recalled =
                commands::find(self.conn, &mut state.names, tenant, &command.id, self.now)?;
            if let Some(recalled) = recalled {
                return Ok(recalled.answer(command)?);
            }
        }
        if let Some(tenant) = known {
            self.judge_streams(state, tenant, request)?;
        }
        self.judge_guards(state, tenant, known, &request.guards)?;
        if request.is_guards_alone() {
            // Nothing is written, not even the tenant's name.
            return self.store(state, 0, &[]);
        }
        let claims = self.judge_claims(state, known, &request.events)?;

        let tenant = state.ids.make_tenant(self.conn, tenant)?;
        let mut appended = self.store(state, tenant, &request.events)?;
        self.store_claims(state, tenant, claims)?;
        if let Some(command) = &request.command {
            self.store_command(tenant, command, &appended)?;
            appended.outcome = Some(command.outcome.clone());
        }
        Ok(appended)
    }

    /// Judges and carries out an act on a stream, and appends its record.
    pub(crate) fn act(
        &mut self,
        state: &mut WriterState,
        tenant_name: &TenantId,
        stream: &StreamId,
        act: Act,
        expected: Expected,
        record: &AdminRecord,
    ) -> Result<Appended, Failure> {
        let unknown = || Failure::from(Refusal::StreamUnknown { stream: stream.clone() });
        let tenant_id = state.ids.tenant(self.conn, tenant_name)?;
        let found = match tenant_id {
            Some(tenant) => state.ids.stream(self.conn, tenant, stream)?.map(|it| *it),
            None => None,
        };
        if found.is_some_and(|head| head.tombstoned) {
            return Err(Refusal::StreamDeleted { stream: stream.clone() }.into());
        }
        let guard = Guard::Stream { stream: stream.clone(), expected };
        self.judge_guards(state, tenant_name, tenant_id, &[guard])?;
        let (tenant, head) = tenant_id.zip(found).ok_or_else(unknown)?;
        let last = head.last().ok_or_else(unknown)?;

        let first = Revision::new(head.first.cast_unsigned());
        let event = match act {
            Act::Tombstone => {
                self.run(sql::DELETE_CLAIMS_OF_STREAM, [head.id])?;
                snapshots::delete(self.conn, tenant_name, stream, None, 0)?;
                let payload = serde_json::json!({ "reason": record.reason });
                record_event(EventType::STREAM_TOMBSTONED, record, &payload)
            }
            Act::TruncateBefore(before) => {
                if before < first || before > last {
                    let (stream, found) = (stream.clone(), before);
                    return Err(Refusal::TruncateOutOfRange { stream, first, last, found }.into());
                }
                let payload =
                    serde_json::json!({ "before": before.get(), "reason": record.reason });
                record_event(EventType::STREAM_TRUNCATED, record, &payload)
            }
        };
        // Written with the event that follows.
        if let Some(head) = state.ids.stream(self.conn, tenant, stream)? {
            match act {
                Act::Tombstone => head.tombstoned = true,
                Act::TruncateBefore(before) => head.first = before.get().cast_signed(),
            }
        }
        state.staged.hidden(tenant, stream);
        self.store(state, tenant, &[(stream.clone(), event)])
    }

    fn run(&self, sql: &str, binds: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(binds)
    }

    fn judge_streams(
        &self,
        state: &mut WriterState,
        tenant: i64,
        request: &AppendRequest,
    ) -> Result<(), Failure> {
        let mut previous = None;
        for (stream, _) in &request.events {
            if previous == Some(stream) {
                continue;
            }
            previous = Some(stream);
            let head = state.ids.stream(self.conn, tenant, stream)?;
            if head.is_some_and(|head| head.tombstoned) {
                return Err(Refusal::StreamDeleted { stream: stream.clone() }.into());
            }
        }
        Ok(())
    }

    fn judge_guards(
        &self,
        state: &mut WriterState,
        tenant: &TenantId,
        tenant_id: Option<i64>,
        guards: &[Guard],
    ) -> Result<(), Failure> {
        for guard in guards {
            match guard {
                Guard::Stream { stream, expected } => {
                    let head = match tenant_id {
                        Some(tenant) => state.ids.stream(self.conn, tenant, stream)?,
                        None => None,
                    };
                    let actual = head.and_then(|head| head.last());
                    if !expected.holds(actual) {
                        let (stream, expected) = (stream.clone(), *expected);
                        return Err(Conflict::Stream { stream, expected, actual }.into());
                    }
                }
                Guard::NoneMatch { query, after } => {
                    if i64::try_from(after.get()).is_ok_and(|after| after < state.head) {
                        let scope = QueryScope::One { name: tenant.clone(), id: tenant_id };
                        let through = Position::new(state.head.cast_unsigned());
                        let (names, forward) = (&mut state.names, Direction::Forward);
                        let found = Matcher::new(self.conn, names, &scope, query, forward)?.first(
                            &mut state.names,
                            *after,
                            through,
                        )?;
                        if let Some(found) = found {
                            let (query, after) = (query.clone(), *after);
                            return Err(Conflict::Query { query, after, found }.into());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn judge_claims(
        &self,
        state: &mut WriterState,
        tenant: Option<i64>,
        events: &[(StreamId, NewEvent)],
    ) -> Result<ClaimStage, Failure> {
        let mut claims = ClaimStage::default();
        for (stream, event) in events {
            for change in &event.claims {
                let stored = |claim: &Claim| match tenant {
                    Some(tenant) => find_claim(self.conn, &mut state.names, tenant, claim),
                    None => Ok(None),
                };
                claims.judge(stream, change, stored)??;
            }
        }
        Ok(claims)
    }

    fn store(
        &mut self,
        state: &mut WriterState,
        tenant: i64,
        events: &[(StreamId, NewEvent)],
    ) -> Result<Appended, Failure> {
        let first = (!events.is_empty()).then(|| Position::new((state.head + 1).cast_unsigned()));
        let mut streams = TouchedStreams::default();
        for (stream, event) in events {
            let revision = self.store_event(state, tenant, stream, event)?;
            streams.note(stream, Revision::new(revision.cast_unsigned()));
        }
        let WriterState { ids, kind_postings, term_postings, .. } = state;
        self.kind_positions.write(kind_postings, &mut ids.kind_ends)?;
        self.term_positions.write(term_postings, &mut ids.term_ends)?;
        ids.write_streams(self.conn)?;
        let last = Position::new(state.head.cast_unsigned());
        Ok(Appended { first, last, streams: streams.into_vec(), outcome: None, repeated: false })
    }

    fn store_event(
        &mut self,
        state: &mut WriterState,
        tenant: i64,
        stream: &StreamId,
        event: &NewEvent,
    ) -> Result<i64, Failure> {
        let WriterState { ids, names, head: last, terms, envelope, .. } = state;
        *last += 1;
        let position = *last;
        let head = ids.add_event(self.conn, tenant, stream, position)?;
        let revision = head.next;
        let kind = ids.make_kind(self.conn, names, tenant, stream, &head, &event.event_type)?;
        terms.clear();
        for tag in &event.tags {
            terms.push(ids.make_tag(self.conn, names, tenant, tag)?);
        }
        let correlation = event.correlation.as_ref();
        let correlation =
            correlation.map(|it| ids.make_correlation(self.conn, names, tenant, it)).transpose()?;
        encode_envelope(envelope, event, terms.iter().copied(), correlation);

        let recorded_at = event.recorded_at.unwrap_or(self.now).as_micros();
        let numbers = RowNumbers { position, stream: head.id, revision, kind, recorded_at };
        let payload: &[u8] = &event.payload;
        let checksum = event_checksum(numbers, envelope, payload);
        self.insert_event.execute((
            position,
            head.id,
            revision,
            kind,
            recorded_at,
            &envelope[..],
            payload,
            checksum,
        ))?;
        state.staged.event(tenant, stream, numbers, envelope, payload);
        state.kind_postings.push((kind, position));
        let terms = terms.iter().copied().chain(correlation);
        state.term_postings.extend(terms.map(|term| (term, position)));
        Ok(revision)
    }

    fn store_claims(
        &self,
        state: &mut WriterState,
        tenant: i64,
        claims: ClaimStage,
    ) -> Result<(), Failure> {
        for (claim, owner) in claims.into_changes() {
            let (name, value) = (claim.name(), claim.value());
            if let Some(owner) = owner {
                let found = state.ids.stream(self.conn, tenant, &owner)?.map(|head| head.id);
                let owner = found.ok_or_else(|| without_row(&owner))?;
                put_claim(self.conn, tenant, &claim, owner)?;
            } else {
                self.run(sql::DELETE_CLAIM, (tenant, name, value))?;
            }
        }
        Ok(())
    }

    fn store_command(
        &self,
        tenant: i64,
        command: &Command,
        appended: &Appended,
    ) -> Result<(), Failure> {
        let row = CommandRow {
            tenant,
            id: command.id.as_str(),
            target: command.target.as_str(),
            digest: command.digest.as_ref().map(|it| &it.as_bytes()[..]),
            first: appended.first.map(|it| it.get().cast_signed()),
            last: appended.last.get().cast_signed(),
            outcome: &command.outcome,
            expires_at: command.expires_at.map(Timestamp::as_micros),
        };
        let checksum = row.checksum();
        let CommandRow { tenant, id, target, digest, first, last, outcome, expires_at } = row;
        self.run(
            sql::PUT_COMMAND,
            (
                tenant,
                id,
                target,
                first,
                last,
                outcome,
                expires_at,
                command_hash(tenant, id),
                checksum,
                digest,
            ),
        )?;
        Ok(())
    }
}
