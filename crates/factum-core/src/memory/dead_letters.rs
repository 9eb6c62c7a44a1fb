//! Dead letters in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::admin::check_limit;
use crate::{
    DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterSelection, DeadLetterStatus, DeadLetters,
    StoreError, SubscriptionName,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DeadLetters for MemoryStore {
    async fn dead_letters(
        &self,
        list: DeadLetterList,
    ) -> Result<Vec<(DeadLetterKey, DeadLetter)>, StoreError> {
        check_limit(list.limit)?;
        let named = list.name.as_ref().map(|name| self.own(name));
        let wanted = |key: &DeadLetterKey, letter: &DeadLetter| {
            self.sees(key.0.as_ref())
                && named.as_ref().is_none_or(|it| (&it.0, &it.1) == (&key.0, &key.1))
                && list.key.as_ref().is_none_or(|it| *it == letter.key)
                && (list.waiting || list.due || letter.status != DeadLetterStatus::Waiting)
                && (letter.due || !list.due)
                && list.after.as_ref().is_none_or(|after| key > after)
        };
        let log = self.log();
        let found = log.subscriptions.letters().filter(|(key, letter)| wanted(key, letter));
        Ok(found.take(list.limit).map(|(key, letter)| (key.clone(), letter.clone())).collect())
    }

    async fn replay(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        Ok(self.log().subscriptions.replay(&self.own(name), &selection))
    }

    async fn discard(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        Ok(self.log().subscriptions.discard(&self.own(name), &selection))
    }
}
