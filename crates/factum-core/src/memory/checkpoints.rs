//! Checkpoints in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::admin::check_limit;
use crate::judge::{self, JudgedAdvance};
use crate::{
    Advance, Advanced, CheckpointStore, InstructError, Instruction, Progress, ProgressKey,
    ProgressList, Registration, StoreError, SubscriptionName,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for MemoryStore {
    async fn register(&self, registration: Registration) -> Result<Progress, StoreError> {
        judge::registration(&registration)?;
        let (key, now) = (self.own(&registration.name), self.shared.clock.now());
        let subscriptions = &mut self.log().subscriptions;
        if let Some(known) = subscriptions.get(&key) {
            return Ok(known);
        }
        let epoch = subscriptions.last_epoch(&key);
        let new = Progress { epoch, ..Progress::new(key.0.clone(), registration, now) };
        Ok(subscriptions.put(&key, new))
    }

    async fn progress(&self, name: &SubscriptionName) -> Result<Option<Progress>, StoreError> {
        Ok(self.log().subscriptions.get(&self.own(name)))
    }

    async fn subscriptions(&self, list: ProgressList) -> Result<Vec<Progress>, StoreError> {
        check_limit(list.limit)?;
        let log = self.log();
        let seen = log.subscriptions.iter().filter(|(key, _)| self.sees(key.0.as_ref()));
        let rest = seen.filter(|(key, _)| list.after.as_ref().is_none_or(|after| *key > after));
        Ok(rest.map(|(_, progress)| progress).take(list.limit).collect())
    }

    async fn advance(&self, advance: Advance) -> Result<Advanced, StoreError> {
        let (key, now) = (self.own(&advance.lease.name), self.shared.clock.now());
        let subscriptions = &mut self.log().subscriptions;
        let progress = match judge::advance(subscriptions.get(&key), &advance, now)? {
            JudgedAdvance::Stored(progress) => progress,
            JudgedAdvance::Moved(found) => return Ok(Advanced::Moved(found)),
        };
        if advance.removes_letters(progress.kind) {
            subscriptions.remove_letters(&key);
        }
        for change in advance.letters {
            subscriptions.change_letter(&key, change);
        }
        let instructions = subscriptions.put(&key, *progress).instructions;
        Ok(Advanced::Stored { instructions })
    }

    async fn instruct(
        &self,
        name: &SubscriptionName,
        instruction: Instruction,
    ) -> Result<Progress, InstructError> {
        let (key, now) = (self.own(name), self.shared.clock.now());
        let subscriptions = &mut self.log().subscriptions;
        let progress = judge::instruction(subscriptions.get(&key), name, instruction, now)?;
        Ok(subscriptions.put(&key, progress))
    }

    async fn forget(&self, name: &SubscriptionName) -> Result<bool, StoreError> {
        let key = self.own(name);
        let subscriptions = &mut self.log().subscriptions;
        let Some(progress) = subscriptions.get(&key) else { return Ok(false) };
        judge::forgetting(&progress)?;
        subscriptions.forget(&key);
        Ok(true)
    }
}

impl MemoryStore {
    /// The key of the handle's own subscription of this name.
    pub(super) fn own(&self, name: &SubscriptionName) -> ProgressKey {
        (self.scope.tenant().cloned(), name.clone())
    }

    /// Whether subscriptions of this scope are listed.
    pub(super) fn sees(&self, tenant: Option<&crate::TenantId>) -> bool {
        let own = self.scope.tenant();
        own.is_none() || own == tenant
    }
}
