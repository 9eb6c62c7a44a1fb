//! The log itself: judging an append, storing it, reading pages.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use foldhash::fast::RandomState;

use super::names::Names;
use super::subscriptions::Subscriptions;
use crate::claim_index::{ClaimIndex, ClaimStage};
use crate::{
    AppendError, AppendRequest, Appended, Claim, Command, CommandDigest, CommandId, CommandTarget,
    Conflict, Direction, Guard, LogRead, NewEvent, Page, Place, Position, Recalled, RecordedEvent,
    Refusal, Revision, Snapshot, SnapshotKey, StreamId, StreamRead, TenantId, TenantScope,
    Timestamp, TouchedStreams, page_events,
};

/// One stream: where its events stand in the log.
#[derive(Debug, Default)]
pub(super) struct StreamEntry {
    /// Indexes into the log's events, by revision.
    pub(super) events: Vec<usize>,
    /// The first revision that is still read.
    pub(super) first: u64,
    pub(super) tombstoned: bool,
}

impl StreamEntry {
    pub(super) fn last(&self) -> Option<Revision> {
        (self.events.len() as u64).checked_sub(1).map(Revision::new)
    }
}

/// A remembered command.
#[derive(Debug)]
struct StoredCommand {
    target: CommandTarget,
    digest: Option<CommandDigest>,
    appended: Appended,
    expires_at: Option<Timestamp>,
}

impl StoredCommand {
    fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

type StreamMap = hashbrown::HashMap<(TenantId, StreamId), StreamEntry, RandomState>;

/// A stream's key by its parts, so that looking one up copies nothing.
#[derive(Hash)]
pub(super) struct StreamKey<'a>(pub(super) &'a TenantId, pub(super) &'a StreamId);

impl hashbrown::Equivalent<(TenantId, StreamId)> for StreamKey<'_> {
    fn equivalent(&self, key: &(TenantId, StreamId)) -> bool {
        *self.0 == key.0 && *self.1 == key.1
    }
}

#[derive(Debug, Default)]
pub(super) struct Log {
    /// The event at position `p` stands at index `p - 1`.
    pub(super) events: Vec<RecordedEvent>,
    pub(super) streams: StreamMap,
    pub(super) names: Names,
    pub(super) claims: ClaimIndex,
    pub(super) snapshots: BTreeMap<SnapshotKey, Snapshot>,
    pub(super) subscriptions: Subscriptions,
    commands: HashMap<(TenantId, CommandId), StoredCommand, RandomState>,
}

impl Log {
    pub(super) fn head(&self) -> Position {
        Position::new(self.events.len() as u64)
    }

    pub(super) fn stream(&self, tenant: &TenantId, stream: &StreamId) -> Option<&StreamEntry> {
        self.streams.get(&StreamKey(tenant, stream))
    }

    /// What the events and streams in a scope occupy, in bytes: their content, the places that hold
    /// it, and where each event of a stream is noted.
    pub(super) fn bytes(&self, scope: &TenantScope) -> u64 {
        let event =
            |it: &RecordedEvent| size_of::<RecordedEvent>() + size_of::<usize>() + it.bytes();
        let streams = self.streams.keys().filter(|(tenant, _)| scope.includes(tenant));
        let stream = |(_, stream): &(TenantId, StreamId)| {
            size_of::<((TenantId, StreamId), StreamEntry)>() + stream.as_str().len()
        };
        let events = self.events.iter().filter(|it| scope.includes(&it.tenant));
        (events.map(event).sum::<usize>() + streams.map(stream).sum::<usize>()) as u64
    }

    pub(super) fn command_count(&self, scope: &TenantScope) -> usize {
        self.commands.keys().filter(|(tenant, _)| scope.includes(tenant)).count()
    }

    pub(super) fn forget_expired(&mut self, now: Timestamp) {
        self.commands.retain(|_, command| !command.expired(now));
    }

    pub(super) fn append(
        &mut self,
        tenant: &TenantId,
        request: AppendRequest,
        now: Timestamp,
    ) -> Result<Appended, AppendError> {
        let AppendRequest { events, guards, command } = request;
        if let Some(command) = &command
            && let Some(known) = self.recall(tenant, &command.id, now)
        {
            return known.answer(command);
        }
        self.judge_streams(tenant, events.iter().map(|(stream, _)| stream))?;
        self.judge_guards(tenant, &guards)?;
        self.judge_claims(tenant, &events)?;
        let mut appended = self.store(tenant, events, now);
        if let Some(command) = command {
            appended.outcome = Some(command.outcome.clone());
            self.remember(tenant, command, appended.clone());
        }
        Ok(appended)
    }

    pub(super) fn recall(
        &self,
        tenant: &TenantId,
        command: &CommandId,
        now: Timestamp,
    ) -> Option<Recalled> {
        let stored = self.commands.get(&(tenant.clone(), command.clone()))?;
        let appended = Appended { repeated: true, ..stored.appended.clone() };
        let (target, digest) = (stored.target.clone(), stored.digest);
        (!stored.expired(now)).then_some(Recalled { target, digest, appended })
    }

    fn remember(&mut self, tenant: &TenantId, command: Command, appended: Appended) {
        let Command { id, target, digest, outcome, expires_at } = command;
        let outcome: Option<Bytes> = Some(outcome);
        let appended = Appended { outcome, ..appended };
        let stored = StoredCommand { target, digest, appended, expires_at };
        self.commands.insert((tenant.clone(), id), stored);
    }

    pub(super) fn judge_streams<'a>(
        &self,
        tenant: &TenantId,
        streams: impl Iterator<Item = &'a StreamId>,
    ) -> Result<(), Refusal> {
        for stream in streams {
            if self.stream(tenant, stream).is_some_and(|entry| entry.tombstoned) {
                return Err(Refusal::StreamDeleted { stream: stream.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn judge_guards(&self, tenant: &TenantId, guards: &[Guard]) -> Result<(), Conflict> {
        for guard in guards {
            match guard {
                Guard::Stream { stream, expected } => {
                    let actual = self.stream(tenant, stream).and_then(StreamEntry::last);
                    if !expected.holds(actual) {
                        let (stream, expected) = (stream.clone(), *expected);
                        return Err(Conflict::Stream { stream, expected, actual });
                    }
                }
                Guard::NoneMatch { query, after } => {
                    let newer = self.events.iter().skip(index(*after));
                    let found =
                        newer.filter(|it| it.tenant == *tenant).find(|it| query.matches(it));
                    if let Some(found) = found.map(|it| it.position) {
                        let (query, after) = (query.clone(), *after);
                        return Err(Conflict::Query { query, after, found });
                    }
                }
            }
        }
        Ok(())
    }

    fn judge_claims(
        &self,
        tenant: &TenantId,
        events: &[(StreamId, NewEvent)],
    ) -> Result<(), Conflict> {
        let mut stage = ClaimStage::default();
        let stored = |claim: &Claim| Ok::<_, Conflict>(self.claims.owner(tenant, claim).cloned());
        for (stream, event) in events {
            for change in &event.claims {
                stage.judge(stream, change, stored)??;
            }
        }
        Ok(())
    }

    pub(super) fn store(
        &mut self,
        tenant: &TenantId,
        events: Vec<(StreamId, NewEvent)>,
        now: Timestamp,
    ) -> Appended {
        let first = (!events.is_empty()).then(|| self.head().plus(1));
        let mut streams = TouchedStreams::default();
        for (stream, event) in events {
            let position = self.head().plus(1);
            let entry = if let Some(entry) = self.streams.get_mut(&StreamKey(tenant, &stream)) {
                entry
            } else {
                self.names.add(tenant, &stream);
                self.streams.entry((tenant.clone(), stream.clone())).or_default()
            };
            let revision = Revision::new(entry.events.len() as u64);
            entry.events.push(self.events.len());
            streams.note(&stream, revision);
            let place = Place { position, tenant: tenant.clone(), stream, revision, now };
            let event = event.into_recorded(place);
            self.claims.apply(&event);
            self.events.push(event);
        }
        Appended {
            first,
            last: self.head(),
            streams: streams.into_vec(),
            outcome: None,
            repeated: false,
        }
    }

    /// The next page of a read, and whether another one follows. Leaves what is left in the request.
    pub(super) fn page(&self, scope: &TenantScope, request: &mut LogRead) -> (Page, bool) {
        let end = request.through.map_or(self.head(), |through| through.min(self.head()));
        let wanted = request.limit.unwrap_or(u64::MAX);
        let size = usize::try_from(wanted).unwrap_or(usize::MAX);
        let size = size.min(page_events(request.page_events_max));
        let scanned = &self.events[index(request.after).min(index(end))..index(end)];
        let wanted_of =
            |it: &&RecordedEvent| scope.includes(&it.tenant) && request.query.matches(it);
        let events: Vec<_> = match request.direction {
            Direction::Forward => scanned.iter().filter(wanted_of).take(size).cloned().collect(),
            Direction::Backward => {
                scanned.iter().rev().filter(wanted_of).take(size).cloned().collect()
            }
        };
        let (through, more) = request.go_on(end, &events, events.len() == size);
        (Page { events, through }, more)
    }

    /// The next page of a stream, and whether another one follows. Moves the request forward, and
    /// notes the first revision that the read may see, so that it stays what it is for the first page.
    pub(super) fn stream_page(
        &self,
        tenant: &TenantId,
        request: &mut StreamRead,
        first: &mut Option<u64>,
    ) -> Result<(Page, bool), Refusal> {
        let end = request.through.map_or(self.head(), |through| through.min(self.head()));
        request.through = Some(end);
        let Some(entry) = self.stream(tenant, &request.stream) else {
            return Ok((Page { events: Vec::new(), through: end }, false));
        };
        if entry.tombstoned {
            return Err(Refusal::StreamDeleted { stream: request.stream.clone() });
        }
        let live = |range: std::ops::Range<usize>| {
            let seen = entry.events[range].iter().map(|index| &self.events[*index]);
            seen.filter(|it| it.position <= end)
        };
        let wanted = request.limit.unwrap_or(u64::MAX);
        let size = usize::try_from(wanted).unwrap_or(usize::MAX);
        let size = size.min(page_events(request.page_events_max));
        let (from, count) = (request.from, entry.events.len());
        let place = |revision: Revision| usize::try_from(revision.get()).unwrap_or(usize::MAX);
        let oldest = place(Revision::new(*first.get_or_insert(entry.first)));
        let mut events: Vec<RecordedEvent> = match request.direction {
            Direction::Forward => {
                let from = from.map_or(oldest, |from| place(from).clamp(oldest, count));
                live(from..count).take(size + 1).cloned().collect()
            }
            Direction::Backward => {
                let end =
                    from.map_or(count, |from| place(from).saturating_add(1).clamp(oldest, count));
                live(oldest..end).rev().take(size + 1).cloned().collect()
            }
        };
        let next = (events.len() > size).then(|| events.pop()).flatten();
        let left = wanted - events.len() as u64;
        request.limit = request.limit.map(|_| left);
        request.from = next.as_ref().map(|it| it.revision);
        Ok((Page { events, through: end }, next.is_some() && left > 0))
    }
}

/// How many events stand at or below a position.
fn index(position: Position) -> usize {
    usize::try_from(position.get()).unwrap_or(usize::MAX)
}
