//! Who holds which unique value: the rules, apart from where the values are kept.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::{Claim, ClaimChange, Conflict, EventType, RecordedEvent, StreamId, TenantId};

/// The claims of a whole log, as its events left them.
///
/// Every store's index of claims equals the one that [`ClaimIndex::apply`] builds from the events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimIndex {
    held: HashMap<(TenantId, Claim), StreamId, RandomState>,
}

impl ClaimIndex {
    /// Takes in the next event of the log: its claim changes, or the end of its stream.
    pub fn apply(&mut self, event: &RecordedEvent) {
        for change in &event.claims {
            let key = (event.tenant.clone(), change.claim().clone());
            match change {
                ClaimChange::Take(_) => {
                    self.held.entry(key).or_insert_with(|| event.stream.clone());
                }
                ClaimChange::Release(_) => {
                    if self.held.get(&key) == Some(&event.stream) {
                        self.held.remove(&key);
                    }
                }
            }
        }
        if event.event_type.as_str() == EventType::STREAM_TOMBSTONED {
            self.held
                .retain(|(tenant, _), owner| *tenant != event.tenant || *owner != event.stream);
        }
    }

    /// The stream that holds `claim`.
    pub fn owner(&self, tenant: &TenantId, claim: &Claim) -> Option<&StreamId> {
        self.held.get(&(tenant.clone(), claim.clone()))
    }

    /// Every claim that is held, with its owner, in no particular order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&TenantId, &Claim, &StreamId)> {
        self.held.iter().map(|((tenant, claim), owner)| (tenant, claim, owner))
    }
}

/// The claim changes of one append, judged one after another before any is stored.
#[derive(Debug, Default)]
pub struct ClaimStage {
    /// What earlier changes of the same append left; `None` is free.
    staged: HashMap<Claim, Option<StreamId>, RandomState>,
}

impl ClaimStage {
    /// Judges one change by an event of `stream`, where `stored` looks up the holder before this
    /// append.
    ///
    /// # Errors
    ///
    /// [`Conflict::Claim`] in the inner result if another stream holds the value; the error of
    /// `stored` in the outer one.
    pub fn judge<E>(
        &mut self,
        stream: &StreamId,
        change: &ClaimChange,
        stored: impl FnOnce(&Claim) -> Result<Option<StreamId>, E>,
    ) -> Result<Result<(), Conflict>, E> {
        let claim = change.claim();
        let holder = match self.staged.get(claim) {
            Some(staged) => staged.clone(),
            None => stored(claim)?,
        };
        match (change, holder) {
            (ClaimChange::Take(_), Some(owner)) if owner != *stream => {
                let name = claim.name().to_owned();
                return Ok(Err(Conflict::Claim { name, stream: stream.clone(), owner }));
            }
            (ClaimChange::Take(_), _) => {
                self.staged.insert(claim.clone(), Some(stream.clone()));
            }
            (ClaimChange::Release(_), Some(owner)) if owner == *stream => {
                self.staged.insert(claim.clone(), None);
            }
            (ClaimChange::Release(_), _) => {}
        }
        Ok(Ok(()))
    }

    /// What the append leaves, claim by claim; `None` is free.
    pub fn into_changes(self) -> impl Iterator<Item = (Claim, Option<StreamId>)> {
        self.staged.into_iter()
    }
}
