//! Dead letters, as people look at them and say what becomes of them.

use async_trait::async_trait;
use factum_core::{
    DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterSelection, DeadLetters, LaneKey,
    StoreError, SubscriptionName, TenantId, check_limit,
};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::PostgresStore;
use crate::connection::Bind;
use crate::error::Failure;
use crate::letters::letter;
use crate::pool::Work;
use crate::read::{rows_max, signed};
use crate::subscriptions::{Key, listed_before, locked, place, scope_name};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DeadLetters for PostgresStore {
    async fn dead_letters(
        &self,
        list: DeadLetterList,
    ) -> Result<Vec<(DeadLetterKey, DeadLetter)>, StoreError> {
        const OPERATION: &str = "list dead letters";
        check_limit(list.limit)?;
        let rows = self.listed(OPERATION, &list).await?;
        let letters = rows.iter().map(letter).collect::<Result<_, _>>();
        letters.map_err(|failure| failure.into_store_error(OPERATION))
    }

    async fn replay(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        self.settle("replay dead letters", name, &selection, false).await
    }

    async fn discard(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        self.settle("discard dead letters", name, &selection, true).await
    }
}

impl PostgresStore {
    async fn listed(
        &self,
        operation: &'static str,
        list: &DeadLetterList,
    ) -> Result<Vec<Row>, StoreError> {
        let sql = &self.shared.sql;
        let own = scope_name(self.scope.tenant());
        // A listing begins with what the handle sees, whatever comes before that.
        let begin = match (&list.name, self.scope.tenant()) {
            (Some(name), _) => (own, name.as_str(), -1),
            (None, Some(tenant)) => (TenantId::as_str(tenant), "", -1),
            (None, None) => ("", "", -1),
        };
        let after = list.after.as_ref().map_or(begin, |(tenant, name, position)| {
            (scope_name(tenant.as_ref()), name.as_str(), signed(*position)).max(begin)
        });
        let (before_scope, before_name) = listed_before(&self.scope, list.name.as_ref());
        let key = list.key.as_ref().map(LaneKey::as_str);
        let most = rows_max(list.limit);
        if let (Some(name), Some(key), false) = (&list.name, key, list.due) {
            let after = match (after.0, after.1).cmp(&(own, name.as_str())) {
                std::cmp::Ordering::Equal => after.2,
                _ => i64::MAX, // Beyond the subscription.
            };
            let binds: [Bind<'_>; 6] = [
                (&own, Type::TEXT),
                (&name.as_str(), Type::TEXT),
                (&key, Type::TEXT),
                (&after, Type::INT8),
                (&list.waiting, Type::BOOL),
                (&most, Type::INT8),
            ];
            return self.rows(operation, &sql.list_key_letters, &binds).await;
        }
        let mut binds: Vec<Bind<'_>> = vec![
            (&after.0, Type::TEXT),
            (&after.1, Type::TEXT),
            (&after.2, Type::INT8),
            (&before_scope, Type::TEXT),
            (&before_name, Type::TEXT),
            (&key, Type::TEXT),
        ];
        let statement = if list.due {
            &sql.list_due_letters
        } else {
            binds.push((&list.waiting, Type::BOOL));
            &sql.list_letters
        };
        binds.push((&most, Type::INT8));
        self.rows(operation, statement, &binds).await
    }

    /// Has the meant letters tried again or left out, while their subscription's row is held, so that
    /// no step comes in between.
    async fn settle(
        &self,
        operation: &'static str,
        name: &SubscriptionName,
        selection: &DeadLetterSelection,
        discard: bool,
    ) -> Result<u64, StoreError> {
        let work = self.work(operation, true).await?;
        let key = Key::new(&self.scope, name);
        let settled = work.in_time(self.settle_locked(&work, key, selection, discard)).await;
        let settled = settled.map_err(|failure| failure.into_store_error(operation))?;
        if settled == 0 {
            work.roll_back().await;
        } else {
            work.commit().await.map_err(|failure| failure.into_write_error(operation))?;
        }
        Ok(settled)
    }

    async fn settle_locked(
        &self,
        work: &Work,
        key: Key<'_>,
        selection: &DeadLetterSelection,
        discard: bool,
    ) -> Result<u64, Failure> {
        let sql = &self.shared.sql;
        if locked(work, sql, key).await?.is_none() {
            return Ok(0);
        }
        let (lane, position) = match selection {
            DeadLetterSelection::Key(key) => (Some(key.as_str()), None),
            DeadLetterSelection::At(position) => (None, Some(place(*position))),
            DeadLetterSelection::All => (None, None),
            _ => (None, Some(-1)), // What this store does not know means none.
        };
        let [scope, name] = key.binds();
        let meant: [Bind<'_>; 4] =
            [scope.clone(), name.clone(), (&lane, Type::TEXT), (&position, Type::INT8)];
        if discard {
            let gone = work.query_typed(&sql.discard_letters, &meant).await?;
            let mut keys: Vec<&str> = gone.iter().map(|row| row.get(0)).collect();
            keys.sort_unstable();
            keys.dedup();
            let binds = [scope, name, (&keys as _, Type::TEXT_ARRAY)];
            work.query_typed(&sql.wake_letters, &binds).await?;
            work.query_typed(&sql.count_letters, &key.binds()).await?;
            work.query_typed(&sql.told, &key.binds()).await?;
            return Ok(gone.len() as u64);
        }
        let meant = work.query_typed(&sql.replay_letters, &meant).await?;
        work.query_typed(&sql.told, &key.binds()).await?;
        Ok(meant.len() as u64)
    }
}
