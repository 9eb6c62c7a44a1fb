//! Running an import, and what to say about it.

use std::time::Instant;

use factum::{Query, SharedStore};
use serde_json::json;

use super::batches::{self, ReadRun};
use super::progress::Progress;
use super::source::{BadRows, Finding, Source};
use super::writer::{Rules, Writer, Written};
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Failure};
use crate::output::Output;
use crate::text;

/// How an import went.
#[derive(Debug)]
pub(crate) struct Summary {
    name: String,
    written: Written,
    bad_rows: BadRows,
    /// How the reading went, if the writing did not end before it.
    run: Option<ReadRun>,
    /// Why the import ended before the end; `None` of a run without its end: it was interrupted.
    failure: Option<Failure>,
    /// Where the log ends now, where that could be asked.
    head: Option<u64>,
    millis: u64,
}

impl Summary {
    /// Imports everything that `source` gives.
    pub(crate) async fn of_import(
        rules: Rules,
        source: Box<dyn Source>,
        (store, query): (&SharedStore, Query),
        progress: &Progress,
        interrupt: &mut Interrupt,
    ) -> Result<Self, Failure> {
        let started = Instant::now();
        let (name, on_error) = (rules.name.clone(), rules.on_error);
        let mut writer = Writer::new(SharedStore::clone(store), query, rules).await?;
        let (mut batches, run) = batches::start(name.clone(), source, on_error);
        let mut failure = None;
        let mut interrupted = false;
        loop {
            let batch = tokio::select! {
                biased;
                () = interrupt.wait() => { interrupted = true; break }
                batch = batches.recv() => batch,
            };
            let Some(batch) = batch else { break };
            if let Err(error) = writer.write(batch).await {
                failure = Some(error);
                break;
            }
            progress.show(writer.written.stored + writer.written.already);
        }
        progress.finish();
        let (written, mut bad_rows) = (writer.written, writer.bad_rows);
        // A reader that waits for input would not hear that nobody waits for it.
        let ended = interrupted || failure.is_some();
        let mut run = if ended { None } else { run.await.ok() };
        match &mut run {
            Some(run) => {
                bad_rows.merge(std::mem::take(&mut run.bad_rows));
                failure = run.failure.take();
            }
            None if ended => {}
            None => failure = Some(Failure::new(Exit::Unavailable, "reading the file ended early")),
        }
        let head = store.head().await.map(factum::Position::get).ok();
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Self { name, written, bad_rows, run, failure, head, millis })
    }

    /// Says how it went, and gives the outcome of the command.
    pub(crate) fn report(mut self, output: Output) -> Result<Exit, Failure> {
        if output.json {
            output.json(&self.object())?;
        } else if self.written.stored > 0 || self.is_complete() {
            output.line(&self.lines().join("\n"))?;
        }
        match (self.failure.take(), &self.run) {
            (Some(failure), _) => Err(failure),
            (None, Some(_)) => Ok(Exit::Ok),
            (None, None) => Err(self.interrupted()),
        }
    }

    fn is_complete(&self) -> bool {
        self.run.is_some() && self.failure.is_none()
    }

    fn interrupted(&self) -> Failure {
        let Written { stored, already, .. } = self.written;
        let (message, hint) = match (stored, already) {
            (0, 0) => {
                ("interrupted before anything was stored".to_owned(), "run the same command again")
            }
            (0, _) => (
                format!(
                    "interrupted after {} that {} stored before",
                    text::count(already, "event"),
                    was(already)
                ),
                "run the same command again to go on",
            ),
            // How many were stored is in the summary.
            _ => (
                "interrupted".to_owned(),
                "run the same command again: it passes over what is stored and goes on there",
            ),
        };
        Failure::new(Exit::Interrupted, message).hint(hint)
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
                "nothing new: {} {} of {} {} stored already",
                if already == 1 { "the" } else { "all" },
                text::count(already, "event"),
                self.name,
                was(already)
            )),
            _ => lines.push(format!(
                "imported {done} from {} in {seconds} ({} a second)",
                self.name,
                text::number(rate)
            )),
        }
        if stored > 0 && already > 0 {
            lines.push(format!("{} more {} stored already", text::number(already), was(already)));
        }
        if moved > 0 {
            lines.push(format!(
                "{} took another revision than the file says",
                text::count(moved, "event")
            ));
        }
        if differing > 0 {
            let count = text::count(differing, "record");
            let differ = if differing == 1 { "differs" } else { "differ" };
            lines.push(format!("{count} of deletions or truncations {differ} from the file's"));
        }
        if self.bad_rows.count > 0 {
            lines.push(format!("skipped {}:", text::count(self.bad_rows.count, "bad row")));
            let named = &self.bad_rows.named;
            lines.extend(named.iter().map(|row| format!("  {row}")));
            if self.bad_rows.count > named.iter().map(|row| row.rows).sum() {
                lines.push("  ...".into());
            }
        }
        let Some(run) = &self.run else { return lines };
        let said = |taken: bool| {
            let findings = run.findings.iter().filter(|it| it.count > 0);
            findings.filter(move |it| it.outcome.is_some() == taken)
        };
        let left_out: Vec<_> = said(false).map(Finding::counted).collect();
        if !left_out.is_empty() {
            lines.push(format!("left out: {}", left_out.join(", ")));
        }
        for finding in said(true) {
            let outcome = finding.outcome.as_deref().unwrap_or_default();
            lines.push(format!("{}: {outcome}", finding.counted()));
        }
        lines
    }

    fn object(&self) -> serde_json::Value {
        let run = self.run.as_ref();
        let findings = run.into_iter().flat_map(|it| &it.findings).filter(|it| it.count > 0);
        let findings: serde_json::Map<_, _> =
            findings.map(|it| (it.name.to_owned(), it.count.into())).collect();
        json!({
            "file": self.name,
            "stored": self.written.stored,
            "already_stored": self.written.already,
            "other_revision": self.written.moved,
            "differing_records": self.written.differing,
            "skipped": self.bad_rows.count,
            "bad_rows": self.bad_rows.named.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "findings": findings,
            "complete": self.is_complete(),
            "head": self.head,
            "millis": self.millis,
        })
    }
}

impl Finding {
    /// `2 traces without events`.
    fn counted(&self) -> String {
        let (noun, rest) = self.thing.split_once(' ').unwrap_or((self.thing, ""));
        format!("{} {rest}", text::count(self.count, noun))
    }
}

fn was(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}
