//! What the loop does with its lease: a page, a rebuild, letters that are to be tried again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use factum_core::{
    Advance, Advanced, DeadLetter, DeadLetterList, LaneKey, LogRead, Page, Position, Progress,
    RebuildStep, Registration, SubscriptionKind, SubscriptionState,
};
use futures::TryStreamExt;
use tokio::time::Instant;

use super::error::{SubscriptionError, Trouble};
use super::letters::{Item, Parked};
use super::metrics;
use super::run::Run;
use super::set_aside::FailedEvent;
use super::sink::{Batch, Done, Halt, Stored};
use super::supervised::Loop;
use crate::Stop;

impl Loop {
    /// Handles a page to its end, or to an order: says whether it came to the end.
    pub(super) async fn take_page(
        &mut self,
        run: &mut Run,
        page: Page,
        stop: &Stop,
    ) -> Result<bool, Trouble> {
        // What another moved the checkpoint over since the page was read is not handled again.
        let new = page.events.into_iter().filter(|event| event.position > run.position);
        let items: Vec<Item> = new.map(|event| Item { event, letter: None }).collect();
        if items.is_empty() {
            run.skip_to(page.through, Instant::now());
            return Ok(true);
        }
        self.take_in_parts(run, items, page.through, stop).await
    }

    /// Hands events over in parts of what the sink takes at once.
    async fn take_in_parts(
        &mut self,
        run: &mut Run,
        mut items: Vec<Item>,
        to: Position,
        stop: &Stop,
    ) -> Result<bool, Trouble> {
        let most = self.sink.batch_max();
        while items.len() > most {
            let rest = items.split_off(most);
            let before_rest = rest[0].event.position.get().saturating_sub(1);
            if !self.take_items(run, items, Position::new(before_rest), stop).await? {
                return Ok(false);
            }
            items = rest;
            let within = Duration::from_millis(self.settings.checkpoint_ms_max);
            if run.due_at(within).is_some_and(|due| due <= Instant::now()) {
                self.save(run).await?;
            }
            self.show(run);
            if run.keeper.orders(run.instructions).are_given() {
                return Ok(false);
            }
        }
        self.take_items(run, items, to, stop).await
    }

    async fn take_items(
        &mut self,
        run: &mut Run,
        items: Vec<Item>,
        to: Position,
        stop: &Stop,
    ) -> Result<bool, Trouble> {
        let mut batch = Batch {
            items: Arc::new(items),
            begin: 0,
            lease: run.lease.clone(),
            from: run.stored,
            to,
            parked: Arc::clone(&run.parked),
            attempts: 0,
            stop: stop.clone(),
            orders: run.keeper.orders(run.instructions),
        };
        loop {
            let first = batch.items()[0].event.position;
            batch.from = run.stored;
            batch.parked = Arc::clone(&run.parked);
            batch.attempts = run.attempts_at(first);
            let (mut done, stored) = self.sink.take(batch.clone()).await?;
            let halt = done.halt.take();
            batch.parked = Arc::default(); // So that it is changed in place.
            if !self.note(run, done, stored).await? {
                return Ok(false);
            }
            match halt {
                None => {
                    run.tried = None;
                    self.shared.set_ready();
                    return Ok(true);
                }
                Some(Halt::Interrupted) if stop.is_requested() => {
                    return Err(self.finish(run).await);
                }
                Some(Halt::Interrupted) => return Ok(false),
                Some(Halt::Fail { place, failure, is_first }) => {
                    self.save(run).await?;
                    // What fails because another owner has been there is no failure: this one is fenced.
                    self.shared.renew(&run.lease).await?;
                    let event = &batch.items()[place].event;
                    let (name, position) = (self.shared.name.clone(), event.position);
                    let stream = event.stream.clone();
                    let error = if is_first {
                        SubscriptionError::FirstEvent { name, position, stream, failure }
                    } else {
                        SubscriptionError::Event { name, position, stream, failure }
                    };
                    return Err(error.into());
                }
                Some(Halt::Retry { place, pause, failure }) => {
                    batch.begin += place;
                    let failing = batch.items()[0].event.position;
                    run.tried = Some((failing, run.attempts_at(failing).saturating_add(1)));
                    self.show(run);
                    let reason = format!("event at position {failing}: {failure}");
                    self.shared.set_state(SubscriptionState::Retrying, Some(reason));
                    run.keeper.report_soon();
                    if !self.pause_for(run, pause, stop).await? {
                        return Ok(false);
                    }
                    self.shared.set_state(SubscriptionState::CatchingUp, None);
                }
            }
        }
    }

    /// Waits before the next attempt; false if there are orders to look at first.
    async fn pause_for(
        &mut self,
        run: &mut Run,
        pause: Duration,
        stop: &Stop,
    ) -> Result<bool, Trouble> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(true),
            () = stop.requested() => Err(self.finish(run).await),
            orders = run.keeper.orders(run.instructions).given() => orders.map(|()| false),
        }
    }

    /// Takes note of what was done with a batch, and stores it if that is due; false if the checkpoint
    /// was elsewhere and nothing of it counts.
    async fn note(&mut self, run: &mut Run, done: Done, stored: Stored) -> Result<bool, Trouble> {
        metrics::handled(&self.shared.name, done.handled);
        metrics::skipped(&self.shared.name, done.skipped);
        if done.handled > 0 {
            self.triage.set_fresh(false);
        }
        self.shared.update(|status| {
            status.handled += done.handled;
            status.skipped += done.skipped;
        });
        let set_aside = !done.letters.is_empty();
        match stored {
            Stored::Now(Advanced::Stored { .. }) => {
                run.stored(&done);
                self.sink.committed(run.stored).await;
            }
            Stored::Now(Advanced::Moved(progress)) => {
                self.moved(run, &progress)?;
                return Ok(false);
            }
            Stored::Nothing => {}
            Stored::Owed => {
                run.owe(done, Instant::now());
                if self.sink.is_eager() || run.is_due(self.settings.checkpoint_events_max) {
                    self.save(run).await?;
                }
            }
        }
        if set_aside {
            self.look_at_letters(run).await?;
        }
        Ok(true)
    }

    /// Stores what is owed.
    pub(super) async fn save(&mut self, run: &mut Run) -> Result<(), Trouble> {
        let Some(step) = run.step() else {
            run.paid();
            return Ok(());
        };
        match self.shared.ledger.advance(step).await? {
            Advanced::Stored { .. } => {
                run.paid();
                self.sink.committed(run.stored).await;
                Ok(())
            }
            Advanced::Moved(progress) => self.moved(run, &progress),
        }
    }

    /// Shows what is set aside, as it is stored.
    pub(super) async fn show_letters(&self) -> Result<Progress, Trouble> {
        let progress = self.shared.ledger.progress(&self.shared.name).await?;
        let Some(progress) = progress else { return Err(Trouble::Fenced) };
        let first = self.first_failed(&progress).await?;
        self.shared.update(|status| {
            status.take_stored(&progress);
            status.first_failed = first;
        });
        Ok(progress)
    }

    async fn look_at_letters(&mut self, run: &mut Run) -> Result<(), Trouble> {
        let progress = self.show_letters().await?;
        let (most, found) =
            (self.settings.letters_max, progress.dead_letters + progress.waiting_events);
        if found > most {
            self.save(run).await?;
            let name = self.shared.name.clone();
            return Err(SubscriptionError::TooManyLetters { name, most, found }.into());
        }
        Ok(())
    }

    /// The first event that is set aside because it failed.
    pub(super) async fn first_failed(
        &self,
        progress: &Progress,
    ) -> Result<Option<FailedEvent>, Trouble> {
        if progress.dead_letters == 0 {
            return Ok(None);
        }
        let name = Some(self.shared.name.clone());
        let list = DeadLetterList { name, limit: 1, ..DeadLetterList::default() };
        let first = self.shared.ledger.dead_letters(list).await?.into_iter().next();
        Ok(first.map(|(_, letter)| letter.into()))
    }

    /// Whether nothing that is set aside is to be tried again.
    pub(super) async fn all_tried(&self, progress: &Progress) -> Result<bool, Trouble> {
        if progress.dead_letters + progress.waiting_events == 0 {
            return Ok(true);
        }
        let (parked, dead) = self.letters().await?;
        Ok(dead.is_empty() && parked.to_try().is_empty())
    }

    // What begins with the lease.

    /// What stands still, as it is stored, and the dead letters that are to be tried again.
    async fn letters(&self) -> Result<(Parked, Vec<DeadLetter>), Trouble> {
        let (mut parked, mut dead) = (Parked::default(), Vec::new());
        let mut list = DeadLetterList {
            name: Some(self.shared.name.clone()),
            waiting: true,
            ..DeadLetterList::default()
        };
        loop {
            let page = self.shared.ledger.dead_letters(list.clone()).await?;
            let is_last = page.len() < list.limit;
            list.after = page.last().map(|(key, _)| key.clone());
            for (_, letter) in page {
                parked.note(&letter);
                if !letter.status.blocks() && letter.due {
                    dead.push(letter);
                }
            }
            if is_last {
                return Ok((parked, dead));
            }
        }
    }

    /// Refuses a checkpoint that does not belong to this log.
    pub(super) async fn check_history(
        &self,
        progress: &Progress,
        head: Position,
    ) -> Result<(), Trouble> {
        let name = || self.shared.name.clone();
        if progress.position > head {
            let position = progress.position;
            return Err(SubscriptionError::BeyondHead { name: name(), position, head }.into());
        }
        let Some(last) = progress.last else { return Ok(()) };
        let found = self.event_at(last.position).await?;
        if found.is_none_or(|event| event.id != last.id) {
            let (position, expected) = (last.position, last.id);
            return Err(SubscriptionError::OtherHistory { name: name(), position, expected }.into());
        }
        Ok(())
    }

    async fn event_at(
        &self,
        position: Position,
    ) -> Result<Option<factum_core::RecordedEvent>, Trouble> {
        let read = LogRead {
            after: Position::new(position.get().saturating_sub(1)),
            through: Some(position),
            limit: Some(1),
            page_events_max: 1,
            ..LogRead::default()
        };
        let mut pages = self.shared.log.read(read);
        while let Some(page) = pages.try_next().await? {
            if let Some(event) = page.events.into_iter().next() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    // Rebuilds.

    /// A newer version: a view is made anew under it, a subscriber goes on.
    pub(super) async fn upgrade(
        &mut self,
        run: &mut Run,
        registration: Registration,
    ) -> Result<(), Trouble> {
        let after = match registration.kind {
            SubscriptionKind::Projection => Position::START,
            _ => run.stored,
        };
        let target = self.shared.log.head().await?;
        tracing::info!(subscription = %self.shared.name, version = registration.version,
            "a newer version of the subscription takes over");
        self.reset(run, after, RebuildStep::Upgrade { registration, target }).await
    }

    pub(super) async fn rebuild(&mut self, run: &mut Run, after: Position) -> Result<(), Trouble> {
        let target = self.shared.log.head().await?;
        let after = after.min(target); // There is nothing to begin with beyond the end.
        tracing::info!(subscription = %self.shared.name, %after, %target, "a rebuild begins");
        self.reset(run, after, RebuildStep::Begin { target }).await
    }

    async fn reset(
        &mut self,
        run: &mut Run,
        after: Position,
        step: RebuildStep,
    ) -> Result<(), Trouble> {
        loop {
            let rebuild = Some(step.clone());
            let advance = Advance { rebuild, ..Advance::new(run.lease.clone(), run.stored, after) };
            match self.sink.reset(advance).await? {
                Advanced::Stored { .. } => break,
                Advanced::Moved(progress) => self.moved(run, &progress)?, // Once more, from there.
            }
        }
        run.moved_to(after);
        self.sink.committed(after).await;
        self.triage.set_fresh(after == Position::START);
        if self.triage.reads.kind() == SubscriptionKind::Projection {
            run.parked = Arc::default();
        }
        let progress = self.shared.ledger.progress(&self.shared.name).await?;
        self.shared.update(|status| {
            if let Some(progress) = &progress {
                status.take_stored(progress);
            }
            status.position = after;
        });
        self.shared.set_state(SubscriptionState::CatchingUp, None);
        Ok(())
    }

    // Letters.

    /// Tries again what is to be, key by key; what fails again waits for the next order. False if there is
    /// something else to look at first.
    pub(super) async fn try_letters_again(
        &mut self,
        run: &mut Run,
        stop: &Stop,
    ) -> Result<bool, Trouble> {
        self.save(run).await?;
        let mut tried = HashSet::new();
        loop {
            let (parked, mut dead) = self.letters().await?;
            run.parked = Arc::new(parked);
            dead.retain(|letter| tried.insert((letter.key.clone(), Some(letter.position))));
            let mut keys = run.parked.to_try();
            keys.retain(|key| tried.insert((key.clone(), None)));
            if dead.is_empty() && keys.is_empty() {
                return Ok(true);
            }
            for letter in dead {
                if !self.try_again(run, vec![letter], stop).await? {
                    return Ok(false);
                }
            }
            for key in keys {
                if !self.try_key_again(run, key, stop).await? {
                    return Ok(false);
                }
            }
        }
    }

    /// Tries the events of a key in order, up to the first that fails again; false if there is something
    /// else to look at.
    async fn try_key_again(
        &mut self,
        run: &mut Run,
        key: LaneKey,
        stop: &Stop,
    ) -> Result<bool, Trouble> {
        let mut list = DeadLetterList {
            name: Some(self.shared.name.clone()),
            key: Some(key),
            waiting: true,
            limit: self.settings.page_events_max,
            ..DeadLetterList::default()
        };
        loop {
            let page = self.shared.ledger.dead_letters(list.clone()).await?;
            let is_last = page.len() < list.limit;
            list.after = page.last().map(|(key, _)| key.clone());
            let letters = page.into_iter().map(|(_, letter)| letter);
            let letters: Vec<_> = letters.filter(|letter| letter.status.blocks()).collect();
            let end = letters.last().map(|letter| (letter.key.clone(), letter.position));
            if !self.try_again(run, letters, stop).await? {
                return Ok(false);
            }
            let failed = end.is_some_and(|(key, position)| run.parked.has(&key, position));
            if is_last || failed {
                return Ok(true);
            }
        }
    }

    async fn try_again(
        &mut self,
        run: &mut Run,
        letters: Vec<DeadLetter>,
        stop: &Stop,
    ) -> Result<bool, Trouble> {
        let mut items = Vec::with_capacity(letters.len());
        for letter in letters {
            let event = self.event_at(letter.position).await?;
            let Some(event) = event.filter(|event| event.id == letter.id) else {
                let (name, position) = (self.shared.name.clone(), letter.position);
                let expected = letter.id;
                return Err(SubscriptionError::OtherHistory { name, position, expected }.into());
            };
            items.push(Item { event, letter: Some(letter) });
        }
        if stop.is_requested() {
            return Err(self.finish(run).await);
        }
        if run.keeper.orders(run.instructions).are_given() {
            return Ok(false);
        }
        if items.is_empty() {
            return Ok(true); // They were discarded meanwhile.
        }
        let to = run.stored;
        self.take_items(run, items, to, stop).await
    }

    /// The checkpoint is elsewhere: somebody took over, or moved it along by right, as an append that keeps
    /// the view does. The loop goes on from there.
    pub(super) fn moved(&self, run: &mut Run, progress: &Progress) -> Result<(), Trouble> {
        if progress.epoch != run.lease.epoch {
            return Err(Trouble::Fenced);
        }
        if progress.last.is_some() {
            self.triage.set_fresh(false);
        }
        run.moved_to(progress.position);
        Ok(())
    }
}
