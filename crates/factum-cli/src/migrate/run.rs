//! A migration from its beginning to its end.

use std::path::PathBuf;
use std::time::Instant;

use factum::{AppendError, AppendRequest, Codec, Position, SharedStore};

use super::address::Address;
use super::bar::Bar;
use super::batches::{self, Counts, Reading, Work};
use super::checkpoint::{Checkpoint, Reached, RunOf};
use super::error::MigrateError;
use super::resume;
use super::summary::{Doing, Summary};
use super::tally::Tally;
use super::verify;
use super::writer::Writer;
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Failure};

/// What was asked for, beside the two stores.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Only tell what would be copied.
    pub(crate) dry_run: bool,
    /// Compare both logs afterwards.
    pub(crate) verify: bool,
    /// Where progress is noted.
    pub(crate) resume: Option<PathBuf>,
    /// Most events in one append.
    pub(crate) batch_events: usize,
    /// The codec that payloads are brought into.
    pub(crate) recode: Option<Codec>,
    /// No progress bar.
    pub(crate) quiet: bool,
}

/// A migration from one store to another.
#[derive(Debug)]
pub(crate) struct Migration {
    from: Address,
    to: Address,
    settings: Settings,
    checkpoint: Option<Checkpoint>,
}

impl Migration {
    pub(crate) fn new(from: Address, to: Address, settings: Settings) -> Result<Self, Failure> {
        if from.name == to.name {
            return Err(MigrateError::SameStore(from.name).into());
        }
        let run = RunOf {
            source: from.name.clone(),
            target: to.name.clone(),
            recode: settings.recode.map(|codec| codec.to_string()),
        };
        let checkpoint = settings.resume.clone().map(|file| Checkpoint::new(file, run));
        Ok(Self { from, to, settings, checkpoint })
    }

    /// Does everything that was asked for.
    pub(crate) async fn run(self, mut interrupt: Interrupt) -> Result<Summary, Failure> {
        let noted = self.checkpoint.as_ref().map(Checkpoint::read).transpose()?.flatten();
        let source = self.from.open().await?;
        if self.settings.dry_run {
            return self.try_out(&source, &mut interrupt).await;
        }
        let copied_before = noted.is_some_and(|it| it.events > 0);
        let target =
            if copied_before { self.to.open().await? } else { self.to.open_or_make().await? };
        let begin = self.beginning(&source, &target, noted).await?;
        let mut summary = self.copy(&source, &target, begin, &mut interrupt).await?;
        if self.settings.verify && summary.complete {
            let bar = Bar::new("comparing", summary.reached.events, self.settings.quiet);
            let source = (&source, summary.reached.source);
            let recode = self.settings.recode;
            let compared = verify::compare(source, &target, recode, &bar, &interrupt).await?;
            summary.compared = Some(compared);
        }
        Ok(summary)
    }

    /// Where to begin: at the start of an empty target, or where an earlier run stopped.
    async fn beginning(
        &self,
        source: &SharedStore,
        target: &SharedStore,
        noted: Option<Reached>,
    ) -> Result<Reached, Failure> {
        let reached = if let Some(noted) = noted {
            resume::go_on(source, target, noted, self.settings.recode).await?
        } else {
            self.must_be_empty(target).await?;
            Reached::default()
        };
        if noted != Some(reached) {
            self.note(&reached)?;
        }
        Ok(reached)
    }

    async fn must_be_empty(&self, target: &SharedStore) -> Result<(), Failure> {
        let head = target.head().await?;
        if head == Position::START {
            return Ok(());
        }
        Err(MigrateError::TargetNotEmpty { target: self.to.shown.clone(), head }.into())
    }

    fn note(&self, reached: &Reached) -> Result<(), Failure> {
        self.checkpoint.as_ref().map_or(Ok(()), |it| it.write(reached))
    }

    async fn copy(
        &self,
        source: &SharedStore,
        target: &SharedStore,
        begin: Reached,
        interrupt: &mut Interrupt,
    ) -> Result<Summary, Failure> {
        let started = Instant::now();
        let reading = self.reading(source, begin.source).await?;
        let bar = self.bar("copying", &reading);
        let mut batches = batches::start(SharedStore::clone(source), reading);
        let mut writer = Writer::new(SharedStore::clone(target), begin.target);
        let (mut tally, mut reached, mut complete) = (Tally::default(), begin, true);
        let mut unnoted = Counts::default();
        loop {
            let batch = tokio::select! {
                biased;
                () = interrupt.wait() => { complete = false; break }
                batch = batches.recv() => batch,
            };
            let Some(batch) = batch.transpose()? else { break };
            tally.add(&batch);
            unnoted.add(batch.counts);
            reached.events += batch.counts.events;
            (reached.source, reached.last) = (batch.through, Some(batch.last));
            reached.target = writer.write(batch).await.map_err(|it| self.with_hint(it))?;
            if unnoted.fills_batch(self.settings.batch_events) {
                self.note(&reached)?;
                unnoted = Counts::default();
            }
            bar.show(tally.counts.events);
        }
        drop(bar);
        if unnoted.events > 0 {
            self.note(&reached)?;
        }
        let doing = Doing::Copy { resumable: self.checkpoint.is_some() };
        Ok(self.summary(doing, tally, reached, started, complete))
    }

    /// Reads everything and checks it, and writes nothing.
    async fn try_out(
        &self,
        source: &SharedStore,
        interrupt: &mut Interrupt,
    ) -> Result<Summary, Failure> {
        let started = Instant::now();
        let target = self.to.open_if_there().await?;
        if let Some(target) = &target {
            self.must_be_empty(target).await?;
        }
        let reading = self.reading(source, Position::START).await?;
        let bar = self.bar("reading", &reading);
        let mut batches = batches::start(SharedStore::clone(source), reading);
        let (mut tally, mut complete) = (Tally::default(), true);
        loop {
            let batch = tokio::select! {
                biased;
                () = interrupt.wait() => { complete = false; break }
                batch = batches.recv() => batch,
            };
            let Some(batch) = batch.transpose()? else { break };
            if let Work::Append(request) = &batch.work {
                check(request)?;
            }
            tally.add(&batch);
            bar.show(tally.counts.events);
        }
        drop(bar);
        let doing = Doing::TryOut { target_exists: target.is_some() };
        Ok(self.summary(doing, tally, Reached::default(), started, complete))
    }

    async fn reading(&self, source: &SharedStore, after: Position) -> Result<Reading, Failure> {
        let through = source.head().await?;
        let Settings { batch_events, recode, .. } = self.settings;
        Ok(Reading { after, through, batch_events, recode })
    }

    fn bar(&self, doing: &'static str, reading: &Reading) -> Bar {
        let events = reading.through.get().saturating_sub(reading.after.get());
        Bar::new(doing, events, self.settings.quiet)
    }

    /// What to do when a store fails in the middle.
    fn with_hint(&self, failure: Failure) -> Failure {
        let store_failed = matches!(
            failure.exit,
            Exit::Unavailable | Exit::OutcomeUnknown | Exit::StorageFull | Exit::Denied
        );
        match (store_failed, &self.checkpoint) {
            (false, _) => failure,
            (true, Some(_)) => failure.hint("what was copied stays; the same command goes on"),
            (true, None) => failure.hint(
                "begin again with an empty target, and with --resume FILE to be able to go on",
            ),
        }
    }

    fn summary(
        &self,
        doing: Doing,
        tally: Tally,
        reached: Reached,
        started: Instant,
        complete: bool,
    ) -> Summary {
        let (from, to) = (self.from.shown.clone(), self.to.shown.clone());
        let recode = self.settings.recode;
        let elapsed = started.elapsed();
        Summary { from, to, doing, recode, tally, reached, elapsed, complete, compared: None }
    }
}

fn check(request: &AppendRequest) -> Result<(), Failure> {
    request.check().map_err(|refusal| AppendError::from(refusal).into())
}
