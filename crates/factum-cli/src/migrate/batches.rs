//! The reading side: a task that makes batches of copies out of the source's log.

use std::collections::HashSet;

use factum::limits::{APPEND_BYTES_MAX, EVENT_BYTES_MAX, GUARDS_PER_APPEND_MAX};
use factum::{
    AppendRequest, Codec, EventId, Expected, Guard, LogRead, NewEvent, Position, Query, Revision,
    SharedStore, StreamId, TenantId, TouchedStreams,
};
use foldhash::fast::RandomState;
use futures::TryStreamExt;
use tokio::sync::mpsc;

use super::copies::{Copied, Recoding, copy};
use crate::acts::Act;
use crate::outcome::Failure;

/// A batch also ends at this many bytes.
const BATCH_BYTES: usize = 4 << 20;
/// Batches that wait for the writer.
const BATCHES_WAITING: usize = 2;
/// One guard is left for the writer's own.
const BATCH_STREAMS: usize = GUARDS_PER_APPEND_MAX - 1;

const _: () = assert!(BATCH_BYTES + EVENT_BYTES_MAX <= APPEND_BYTES_MAX);

/// What is stored at once.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) tenant: TenantId,
    pub(super) work: Work,
    /// The streams of the batch in the order of their first event, with the revision that each
    /// has afterwards in the source.
    pub(super) streams: Vec<(StreamId, Revision)>,
    pub(super) counts: Counts,
    /// The place of the last event in the source.
    pub(super) through: Position,
    pub(super) last: EventId,
}

/// How a batch is stored.
#[derive(Debug)]
pub(super) enum Work {
    /// By one append, each of its streams guarded to be where it was in the source.
    Append(AppendRequest),
    /// By carrying out the act that the event records.
    Act { act: Act, event: Box<NewEvent>, stream: StreamId, expected: Expected },
}

/// How much something is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) events: u64,
    pub(super) bytes: u64,
    /// Deletions and truncations among the events.
    pub(super) acts: u64,
    /// Payloads that are in another codec now.
    pub(super) recoded: u64,
    /// Payloads in a codec that cannot be recoded.
    pub(super) left: u64,
}

/// What to read, and how to cut it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Exclusive.
    pub(super) after: Position,
    /// Inclusive.
    pub(super) through: Position,
    pub(super) batch_events: usize,
    pub(super) recode: Option<Codec>,
}

/// Starts the task. It stops after the first failure, and when the receiver is gone.
pub(super) fn start(
    source: SharedStore,
    reading: Reading,
) -> mpsc::Receiver<Result<Batch, Failure>> {
    let (batches, received) = mpsc::channel(BATCHES_WAITING);
    tokio::spawn(async move {
        if let Err(failure) = read(&source, reading, &batches).await {
            let _ = batches.send(Err(failure)).await; // Nobody waits for it: interrupted.
        }
    });
    received
}

async fn read(
    source: &SharedStore,
    reading: Reading,
    batches: &mpsc::Sender<Result<Batch, Failure>>,
) -> Result<(), Failure> {
    if reading.after >= reading.through {
        return Ok(());
    }
    let mut pages = source.read(LogRead {
        through: Some(reading.through),
        ..LogRead::after(Query::all(), reading.after)
    });
    let mut gathered: Option<Gathered> = None;
    while let Some(page) = pages.try_next().await? {
        for event in page.events {
            let copied = copy(event, reading.recode)?;
            let ends = |it: &mut Gathered| it.ends_before(&copied, reading.batch_events);
            if let Some(full) = gathered.take_if(ends)
                && batches.send(Ok(full.into_batch())).await.is_err()
            {
                return Ok(()); // Nobody waits for it any more: interrupted.
            }
            match copied.act.clone() {
                Some(act) => {
                    let _ = batches.send(Ok(Batch::of_act(act, copied))).await;
                }
                None => gathered.get_or_insert_with(|| Gathered::new(&copied)).push(copied),
            }
        }
    }
    if let Some(rest) = gathered {
        let _ = batches.send(Ok(rest.into_batch())).await;
    }
    Ok(())
}

/// An append that is being filled.
#[derive(Debug)]
struct Gathered {
    tenant: TenantId,
    request: AppendRequest,
    guarded: HashSet<StreamId, RandomState>,
    touched: TouchedStreams,
    counts: Counts,
    through: Position,
    last: EventId,
}

impl Gathered {
    fn new(first: &Copied) -> Self {
        Self {
            tenant: first.tenant.clone(),
            request: AppendRequest::default(),
            guarded: HashSet::default(),
            touched: TouchedStreams::default(),
            counts: Counts::default(),
            through: first.position,
            last: first.event.id,
        }
    }

    fn ends_before(&self, next: &Copied, events_max: usize) -> bool {
        self.counts.fills_batch(events_max)
            || self.guarded.len() >= BATCH_STREAMS
            || next.act.is_some()
            || self.tenant != next.tenant
    }

    fn push(&mut self, copied: Copied) {
        self.counts.add(Counts::of(&copied));
        let Copied { stream, revision, position, event, .. } = copied;
        if self.guarded.insert(stream.clone()) {
            let expected = expected_before(revision);
            self.request.guards.push(Guard::Stream { stream: stream.clone(), expected });
        }
        self.touched.note(&stream, revision);
        (self.through, self.last) = (position, event.id);
        self.request.events.push((stream, event));
    }

    fn into_batch(self) -> Batch {
        let Self { tenant, request, touched, counts, through, last, .. } = self;
        let (work, streams) = (Work::Append(request), touched.into_vec());
        Batch { tenant, work, streams, counts, through, last }
    }
}

impl Batch {
    /// The record of an act, alone.
    fn of_act(act: Act, copied: Copied) -> Self {
        let counts = Counts::of(&copied);
        let Copied { tenant, stream, revision, position, event, .. } = copied;
        let (streams, last) = (vec![(stream.clone(), revision)], event.id);
        let (expected, event) = (expected_before(revision), Box::new(event));
        let work = Work::Act { act, event, stream, expected };
        Self { tenant, work, streams, counts, through: position, last }
    }
}

impl Counts {
    fn of(copied: &Copied) -> Self {
        Self {
            events: 1,
            bytes: copied.event.bytes() as u64,
            acts: u64::from(copied.act.is_some()),
            recoded: u64::from(copied.recoding == Recoding::Recoded),
            left: u64::from(copied.recoding == Recoding::Left),
        }
    }

    /// Whether it is enough for a batch.
    pub(super) fn fills_batch(&self, events_max: usize) -> bool {
        self.events >= events_max as u64 || self.bytes >= BATCH_BYTES as u64
    }

    pub(super) fn add(&mut self, more: Self) {
        self.events += more.events;
        self.bytes += more.bytes;
        self.acts += more.acts;
        self.recoded += more.recoded;
        self.left += more.left;
    }
}

/// Where a stream is before the event with this revision.
fn expected_before(revision: Revision) -> Expected {
    revision
        .get()
        .checked_sub(1)
        .map_or(Expected::NoStream, |before| Expected::Revision(Revision::new(before)))
}
