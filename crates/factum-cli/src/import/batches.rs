//! The reading side: a thread that makes batches of events out of a file.

use clap::ValueEnum;
use factum::limits::{APPEND_BYTES_MAX, EVENT_BYTES_MAX};
use factum::{StreamId, TenantId};
use tokio::sync::{mpsc, oneshot};

use super::source::{BadRow, BadRows, Finding, Item, Source, Trouble};
use crate::outcome::Failure;

/// Events in a batch, which is one append and one flush.
const BATCH_EVENTS: usize = 1_000;
/// A batch also ends at this many bytes.
const BATCH_BYTES: usize = 4 << 20;
/// Batches that wait for the writer.
const BATCHES_WAITING: usize = 2;

const _: () = assert!(BATCH_BYTES + EVENT_BYTES_MAX <= APPEND_BYTES_MAX);

/// Events for one append, all of one tenant; or one act on a stream, alone.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) items: Vec<Item>,
    /// The streams of rows that were given a place in them, and then were too large for any store;
    /// rows of other tenants than the batch's among them.
    pub(super) lost: Vec<(Option<TenantId>, StreamId)>,
    pub(super) bytes: usize,
}

/// What to do about a bad row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Stop; what came before it is stored
    Stop,
    /// Leave it out, count it, go on
    Skip,
}

/// How the reading went.
#[derive(Debug)]
pub(crate) struct ReadRun {
    /// Why it ended before the end.
    pub(crate) failure: Option<Failure>,
    /// The rows that were left out.
    pub(super) bad_rows: BadRows,
    /// What else is worth to be told.
    pub(super) findings: Vec<Finding>,
}

/// Starts the thread. It stops when the receiver is gone.
pub(super) fn start(
    name: String,
    source: Box<dyn Source>,
    on_error: OnError,
) -> (mpsc::Receiver<Batch>, oneshot::Receiver<ReadRun>) {
    let (batches, received) = mpsc::channel(BATCHES_WAITING);
    let (done, answer) = oneshot::channel();
    std::thread::spawn(move || {
        let run = read(&name, source, on_error, &batches);
        drop(batches);
        let _ = done.send(run); // Nobody waits for it any more: interrupted.
    });
    (received, answer)
}

fn read(
    name: &str,
    mut source: Box<dyn Source>,
    on_error: OnError,
    batches: &mpsc::Sender<Batch>,
) -> ReadRun {
    let mut run = ReadRun { failure: None, bad_rows: BadRows::default(), findings: Vec::new() };
    let mut batch = Batch::default();
    loop {
        let read = source.next().and_then(|item| match item {
            Some(item) => fitting(item, &mut batch.lost).map(Some),
            None => Ok(None),
        });
        let item = match read {
            Ok(Some(item)) => item,
            Ok(None) => break,
            Err(Trouble::Row(row)) => match on_error.refuse(name, row, &mut run.bad_rows) {
                Ok(()) => continue,
                Err(failure) => {
                    run.failure = Some(failure);
                    break;
                }
            },
            Err(Trouble::End(failure)) => {
                run.failure = Some(failure);
                break;
            }
        };
        if batch.ends_before(&item) {
            let full = std::mem::take(&mut batch);
            if batches.blocking_send(full).is_err() {
                return run;
            }
        }
        batch.bytes += item.event.bytes();
        batch.items.push(item);
    }
    if !batch.items.is_empty() && batches.blocking_send(batch).is_err() {
        return run;
    }
    run.findings = source.findings();
    run
}

impl OnError {
    /// Counts a bad row, or says why the import ends with it.
    pub(super) fn refuse(
        self,
        name: &str,
        row: BadRow,
        bad_rows: &mut BadRows,
    ) -> Result<(), Failure> {
        if self == Self::Skip {
            bad_rows.add(row);
            return Ok(());
        }
        Err(Failure::bad_input(format!("{name}, {row}"))
            .hint(
            "what came before it is stored; mend it and import again, or go on with --on-error skip",
        ))
    }
}

/// Refuses an event that no store takes, and notes that its place in its stream stays empty.
fn fitting(item: Item, lost: &mut Vec<(Option<TenantId>, StreamId)>) -> Result<Item, Trouble> {
    if item.act.is_some() {
        return Ok(item);
    }
    let request = factum::AppendRequest {
        events: vec![(item.stream.clone(), item.event)],
        ..factum::AppendRequest::default()
    };
    if let Err(refusal) = request.check() {
        lost.push((item.tenant, item.stream));
        return Err(BadRow::new(item.line, None, refusal).into());
    }
    let mut events = request.events;
    let event = events.pop().map(|(_, event)| event).expect("it was put there just now");
    Ok(Item { event, ..item })
}

impl Batch {
    fn ends_before(&self, item: &Item) -> bool {
        let Some(last) = self.items.last() else { return false };
        self.items.len() >= BATCH_EVENTS
            || self.bytes >= BATCH_BYTES
            || last.act.is_some()
            || item.act.is_some()
            || last.tenant != item.tenant
    }
}
