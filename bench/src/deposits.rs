//! Views over the deposits that every row appends: the sum per account, in tables and in memory.

use std::collections::HashMap;
use std::sync::Arc;

use factum_core::{
    Fold, HandlerError, LiveHandlers, LiveView, Position, Project, Projection, ProjectionHandlers,
    RecordedEvent, SharedStore, ViewMigration, ViewProjection, ViewTransaction,
};
use factum_derive::Event;
use factum_runtime::Subscription;
use serde::{Deserialize, Serialize};

use crate::measure::Result;
use crate::work::Events;

/// The event of [`Events`].
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[factum(crate = "factum_core", context = "account")]
pub enum AccountEvent {
    Deposited { number: u64, text: String },
}

/// One upsert per event.
pub const UPSERT: &str = "INSERT INTO balances (account, deposits, last) VALUES ($1, 1, $2) \
    ON CONFLICT (account) DO UPDATE SET deposits = balances.deposits + 1, last = excluded.last";
pub const TABLE: &str = "CREATE TABLE balances \
    (account TEXT PRIMARY KEY, deposits BIGINT NOT NULL, last BIGINT NOT NULL)";

/// Deposits per account, in a table.
#[derive(Debug)]
pub struct Balances;

impl Projection for Balances {
    const NAME: &'static str = "balances";
    const MIGRATIONS: &'static [ViewMigration] = &[ViewMigration::new("balances", TABLE)];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<AccountEvent>()
    }

    async fn reset(
        &self,
        _: Position,
        view: &mut dyn ViewTransaction,
    ) -> std::result::Result<(), HandlerError> {
        Ok(view.run("DELETE FROM balances", &[]).await?)
    }
}

impl Project<AccountEvent> for Balances {
    async fn project(
        &self,
        AccountEvent::Deposited { number, .. }: AccountEvent,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> std::result::Result<(), HandlerError> {
        Ok(view.run(UPSERT, &[recorded.stream.id().into(), number.into()]).await?)
    }
}

/// A subscription that keeps [`Balances`].
pub fn balances(store: SharedStore) -> Result<Subscription> {
    Ok(Subscription::project(store, ViewProjection::new(Balances)?))
}

/// The same in memory, and all numbers added up.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    pub accounts: HashMap<String, u64>,
    pub sum: u64,
}

impl Totals {
    pub fn add(&mut self, account: &str, event: &AccountEvent) {
        let AccountEvent::Deposited { number, text } = event;
        std::hint::black_box(text);
        self.sum += number;
        match self.accounts.get_mut(account) {
            Some(deposits) => *deposits += 1,
            None => drop(self.accounts.insert(account.to_owned(), 1)),
        }
    }
}

impl LiveView for Totals {
    const NAME: &'static str = "totals";

    fn handlers(on: LiveHandlers<Self>) -> LiveHandlers<Self> {
        on.events::<AccountEvent>()
    }
}

impl Fold<AccountEvent> for Totals {
    fn fold(&mut self, event: AccountEvent, recorded: &RecordedEvent) {
        self.add(recorded.stream.id(), &event);
    }
}

/// Appends `count` deposits in batches.
pub async fn fill(store: &SharedStore, count: u64) -> Result<()> {
    let events = Events::new();
    for first in (0..count).step_by(1_000) {
        store.append(events.batch(first, 1_000.min(count - first))).await?;
    }
    Ok(())
}

/// A store as subscriptions take it.
pub fn shared(store: impl factum_core::Store) -> SharedStore {
    Arc::new(store)
}
