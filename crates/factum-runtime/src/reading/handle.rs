//! A subscription as the rest of the program has it: to look at, to wait for, to give orders.

use std::sync::Arc;

use factum_core::{
    DeadLetterSelection, InstructError, Instruction, Position, Progress, SharedStore, StoreError,
    SubscriptionName, SubscriptionState,
};
use tokio::sync::watch;

use super::set_aside::SetAside;
use super::start::StartFrom;
use super::status::{Shared, SubscriptionStatus};

/// A subscription ended before what was waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("subscription {name} is {state}: {reason}")]
pub struct Ended {
    /// Its name.
    pub name: SubscriptionName,
    /// Failed or stopped.
    pub state: SubscriptionState,
    /// Why.
    pub reason: String,
}

/// Why waiting for everything came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// A subscription ended.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The log could not be asked for its head.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A subscription got to the end of the log, as it was when that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaughtUp {
    /// The end of the log at that time.
    pub position: Position,
    /// What it did not handle of what is there.
    pub set_aside: SetAside,
}

/// A running subscription. Clones are cheap; dropping them changes nothing.
#[derive(Clone, Debug)]
pub struct SubscriptionHandle {
    pub(super) shared: Arc<Shared>,
}

impl SubscriptionHandle {
    /// Its name.
    pub fn name(&self) -> &SubscriptionName {
        &self.shared.name
    }

    /// What it does at the moment.
    pub fn status(&self) -> SubscriptionStatus {
        self.shared.status.borrow().clone()
    }

    /// The status and every change of it.
    pub fn watch(&self) -> watch::Receiver<SubscriptionStatus> {
        self.shared.status.subscribe()
    }

    /// Waits for a status.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Ended`] once it has ended without.
    pub async fn wait_for(
        &self,
        mut wanted: impl FnMut(&SubscriptionStatus) -> bool,
    ) -> Result<SubscriptionStatus, Ended> {
        let mut statuses = self.watch();
        let found = match statuses.wait_for(|it| wanted(it) || it.has_ended()).await {
            Ok(found) => found.clone(),
            Err(_) => self.status(), // The handle keeps the sender, so this does not happen.
        };
        if wanted(&found) {
            return Ok(found);
        }
        let reason = found.reason.unwrap_or_else(|| "it was asked to".into());
        Err(Ended { name: self.name().clone(), state: found.state, reason })
    }

    /// Waits until everything at or below `position` was handled, set aside or skipped, and no rebuild
    /// is ordered or under way. While it is paused, that is until it is resumed. Says what is set aside.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Ended`] once it has ended before it came there.
    pub async fn wait_until(&self, position: Position) -> Result<SetAside, Ended> {
        let status = self.wait_for(|it| it.has_passed(position)).await?;
        Ok(status.set_aside())
    }

    /// Waits until everything that is in the log now was handled, set aside or skipped, its tables are made
    /// even if that is nothing, and every order
    /// that was given before has taken effect, whoever gave it: a replay or a discard once everything that
    /// it concerns was tried. While it is paused, that is until it is resumed. Says what is set aside.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// A [`WaitError`].
    pub async fn caught_up(&self) -> Result<CaughtUp, WaitError> {
        self.caught_up_to(self.shared.log.head().await?).await
    }

    async fn caught_up_to(&self, position: Position) -> Result<CaughtUp, WaitError> {
        let ordered = self.shared.ledger.progress(&self.shared.name).await?;
        let ordered = ordered.map_or(0, |it| it.instructions);
        let is_there = |it: &SubscriptionStatus| it.has_passed(position) && it.followed >= ordered;
        let set_aside = self.wait_for(is_there).await?.set_aside();
        Ok(CaughtUp { position, set_aside })
    }

    /// Waits until every order that was given so far has taken effect, whoever gave it: a pause when the
    /// loop stands still, a rebuild when the view was reset, a replay or a discard when everything that it
    /// concerns was tried.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// A [`WaitError`].
    pub async fn followed(&self) -> Result<SubscriptionStatus, WaitError> {
        let ordered = self.shared.ledger.progress(&self.shared.name).await?;
        let ordered = ordered.map_or(0, |it| it.instructions);
        Ok(self.wait_for(|it| it.followed >= ordered).await?)
    }

    /// Has it stand still. Takes effect after the page at hand, which [`followed`](Self::followed) waits
    /// for, and also for whoever runs it next.
    ///
    /// # Errors
    ///
    /// An [`InstructError`]; nothing changed.
    pub async fn pause(&self, reason: &str) -> Result<Progress, InstructError> {
        self.instruct(Instruction::Pause { reason: reason.into() }).await
    }

    /// Has it go on.
    ///
    /// # Errors
    ///
    /// An [`InstructError`]; nothing changed.
    pub async fn resume(&self) -> Result<Progress, InstructError> {
        self.instruct(Instruction::Resume).await
    }

    /// Has the view reset and built again, from the beginning, a place or an instant. The old view is
    /// there until it is reset, which begins after the page at hand. Events before the start that failed or
    /// wait are left out for good, like all that stand before it.
    ///
    /// # Errors
    ///
    /// An [`InstructError`], such as that it is being rebuilt already; nothing changed.
    pub async fn rebuild(&self, from: StartFrom) -> Result<Progress, InstructError> {
        let after = from.position(&self.shared.log).await?;
        self.instruct(Instruction::Rebuild { after }).await
    }

    /// Has events that were set aside tried again. Says how many.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing changed.
    pub async fn replay(&self, selection: DeadLetterSelection) -> Result<u64, StoreError> {
        let count = self.shared.ledger.replay(&self.shared.name, selection).await;
        self.shared.nudge.notify_one();
        count
    }

    /// Leaves events that were set aside out for good. Says how many.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing changed.
    pub async fn discard(&self, selection: DeadLetterSelection) -> Result<u64, StoreError> {
        let count = self.shared.ledger.discard(&self.shared.name, selection).await;
        self.shared.nudge.notify_one();
        count
    }

    /// The store that keeps its checkpoint, lease and dead letters.
    pub fn ledger(&self) -> &SharedStore {
        &self.shared.ledger
    }

    async fn instruct(&self, instruction: Instruction) -> Result<Progress, InstructError> {
        let progress = self.shared.ledger.instruct(&self.shared.name, instruction).await?;
        // At once, so that whoever waits for the end of a rebuild does not see the time before it.
        self.shared.update(|status| status.take_stored(&progress));
        self.shared.nudge.notify_one();
        Ok(progress)
    }
}

/// Waits until all of them have handled everything there is, what they appended themselves included. Says
/// of each, in their order, what it set aside.
///
/// For tests and for the end of an import. All of them read the same log.
///
/// # Cancel safety
///
/// Cancel safe.
///
/// # Errors
///
/// A [`WaitError`] as soon as one of them has ended.
pub async fn settle(handles: &[SubscriptionHandle]) -> Result<Vec<CaughtUp>, WaitError> {
    let Some(first) = handles.first() else { return Ok(Vec::new()) };
    loop {
        let head = first.shared.log.head().await?;
        let mut settled = Vec::with_capacity(handles.len());
        for handle in handles {
            settled.push(handle.caught_up_to(head).await?);
        }
        if first.shared.log.head().await? == head {
            return Ok(settled);
        }
    }
}
