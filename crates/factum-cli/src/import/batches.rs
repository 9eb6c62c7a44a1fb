//! The reading side: a thread that makes batches of events out of a file.

use clap::ValueEnum;
use factum::limits::{APPEND_BYTES_MAX, EVENT_BYTES_MAX};
use tokio::sync::{mpsc, oneshot};

use super::source::{BadRow, Item, Source, Trouble};
use crate::outcome::Failure;

/// Events in a batch, which is one append and one flush.
const BATCH_EVENTS: usize = 1_000;
/// A batch also ends at this many bytes.
const BATCH_BYTES: usize = 4 << 20;
/// Batches that wait for the writer.
const BATCHES_WAITING: usize = 2;
/// Bad rows that are named; the others are counted.
const BAD_ROWS_NAMED: usize = 5;

const _: () = assert!(BATCH_BYTES + EVENT_BYTES_MAX <= APPEND_BYTES_MAX);

/// Events for one append, all of one tenant; or one act on a stream, alone.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) items: Vec<Item>,
    bytes: usize,
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
    /// How many rows were left out.
    pub(super) bad_rows: u64,
    /// The first of them.
    pub(super) named: Vec<BadRow>,
    /// What else was left out, in words.
    pub(super) left_out: Option<String>,
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
    let mut run = ReadRun { failure: None, bad_rows: 0, named: Vec::new(), left_out: None };
    let mut batch = Batch::default();
    loop {
        let item = match source.next().and_then(|item| fitting(item, source.line())) {
            Ok(Some(item)) => item,
            Ok(None) => break,
            Err(Trouble::Row(row)) if on_error == OnError::Skip => {
                run.bad_rows += 1;
                if run.named.len() < BAD_ROWS_NAMED {
                    run.named.push(row);
                }
                continue;
            }
            Err(Trouble::Row(row)) => {
                run.failure = Some(
                    Failure::bad_input(format!("{name}, {row}"))
                        .hint("mend it and import again, or go on with --on-error skip"),
                );
                break;
            }
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
    run.left_out = source.left_out();
    run
}

/// Refuses an event that no store takes.
fn fitting(item: Option<Item>, line: u64) -> Result<Option<Item>, Trouble> {
    let Some(item) = item else { return Ok(None) };
    if item.act.is_none() {
        let request = factum::AppendRequest {
            events: vec![(item.stream, item.event)],
            ..factum::AppendRequest::default()
        };
        request.check().map_err(|refusal| BadRow::new(line, None, refusal))?;
        let mut events = request.events;
        let Some((stream, event)) = events.pop() else { return Ok(None) };
        return Ok(Some(Item { stream, event, ..item }));
    }
    Ok(Some(item))
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
