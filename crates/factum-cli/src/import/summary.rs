//! Running an import, and what to say about it.

use std::time::Instant;

use factum::{Query, SharedStore};
use serde_json::json;

use super::batches::{self, OnError, ReadRun};
use super::progress::Progress;
use super::source::Source;
use super::writer::{Writer, Written};
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Failure};
use crate::output::Output;
use crate::text;

/// How an import went.
#[derive(Debug)]
pub(crate) struct Summary {
    name: String,
    written: Written,
    run: Option<ReadRun>,
    head: u64,
    millis: u64,
}

impl Summary {
    /// Imports everything that `source` gives.
    pub(crate) async fn of_import(
        name: &str,
        source: Box<dyn Source>,
        on_error: OnError,
        (store, query): (&SharedStore, Query),
        progress: &Progress,
        interrupt: &mut Interrupt,
    ) -> Result<Self, Failure> {
        let started = Instant::now();
        let mut writer = Writer::new(SharedStore::clone(store), query).await?;
        let (mut batches, run) = batches::start(name.into(), source, on_error);
        let mut failed = None;
        let mut interrupted = false;
        loop {
            let batch = tokio::select! {
                biased;
                () = interrupt.wait() => { interrupted = true; break }
                batch = batches.recv() => batch,
            };
            let Some(batch) = batch else { break };
            if let Err(failure) = writer.write(batch).await {
                failed = Some(failure);
                break;
            }
            progress.show(writer.written.stored + writer.written.already);
        }
        progress.finish();
        let written = writer.written;
        if let Some(failure) = failed {
            return Err(failure);
        }
        let run = if interrupted { None } else { run.await.ok() };
        let head = store.head().await?.get();
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Self { name: name.into(), written, run, head, millis })
    }

    /// Says how it went, and gives the outcome of the command.
    pub(crate) fn report(mut self, output: Output) -> Result<Exit, Failure> {
        if output.json {
            output.json(&self.object())?;
        } else if self.written.stored > 0
            || self.run.as_ref().is_some_and(|it| it.failure.is_none())
        {
            output.line(&self.lines().join("\n"))?;
        }
        match &mut self.run {
            None => {
                Err(Failure::new(Exit::Interrupted, "interrupted; the batch in hand was finished")
                    .hint("run the same command again to go on where it stopped"))
            }
            Some(run) => match run.failure.take() {
                Some(failure) => Err(failure),
                None => Ok(Exit::Ok),
            },
        }
    }

    fn lines(&self) -> Vec<String> {
        let Written { stored, already, moved, differing } = self.written;
        let mut lines = Vec::new();
        let done = text::count(stored, "event");
        let rate = stored.saturating_mul(1_000) / self.millis.max(1);
        let seconds = format!("{}.{} s", self.millis / 1_000, self.millis % 1_000 / 100);
        match (stored, already) {
            (0, 0) => lines.push(format!("nothing to import in {}", self.name)),
            (0, _) => lines.push(format!(
                "nothing new: all {} of {} were stored already",
                text::count(already, "event"),
                self.name
            )),
            _ => lines.push(format!(
                "imported {done} from {} in {seconds} ({} a second)",
                self.name,
                text::number(rate)
            )),
        }
        if stored > 0 && already > 0 {
            lines.push(format!("{} more were stored already", text::number(already)));
        }
        if moved > 0 {
            lines.push(format!(
                "{} took another revision than the file says",
                text::count(moved, "event")
            ));
        }
        if differing > 0 {
            let count = text::count(differing, "record");
            lines.push(format!("{count} of deletions or truncations differ from the file's"));
        }
        let Some(run) = &self.run else { return lines };
        if let Some(left_out) = &run.left_out {
            lines.push(format!("left out: {left_out}"));
        }
        if run.bad_rows > 0 {
            lines.push(format!("skipped {}:", text::count(run.bad_rows, "bad row")));
            lines.extend(run.named.iter().map(|row| format!("  {row}")));
            if run.bad_rows > run.named.len() as u64 {
                lines.push("  ...".into());
            }
        }
        lines
    }

    fn object(&self) -> serde_json::Value {
        let run = self.run.as_ref();
        json!({
            "file": self.name,
            "stored": self.written.stored,
            "already_stored": self.written.already,
            "other_revision": self.written.moved,
            "differing_records": self.written.differing,
            "skipped": run.map_or(0, |it| it.bad_rows),
            "bad_rows": run.map_or(Vec::new(), |it| it.named.iter().map(ToString::to_string).collect()),
            "left_out": run.and_then(|it| it.left_out.clone()),
            "complete": run.is_some_and(|it| it.failure.is_none()),
            "head": self.head,
            "millis": self.millis,
        })
    }
}
