//! What every account holds: a table that is kept in step with the log.

use std::error::Error;

use factum::prelude::*;

use crate::account::AccountEvent;
use crate::show;

/// Account, owner, balance, and since when it is that much.
#[derive(Debug)]
pub(crate) struct Balances;

impl Projection for Balances {
    const NAME: &'static str = "balances";
    const MIGRATIONS: &'static [ViewMigration] =
        &[ViewMigration::new("balances", include_str!("../sql/balances/table.sql"))];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<AccountEvent>()
    }

    async fn reset(
        &self,
        after: Position,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        from_the_beginning(after)?;
        Ok(view.run(include_str!("../sql/balances/empty.sql"), &[]).await?)
    }
}

impl Project<AccountEvent> for Balances {
    async fn project(
        &self,
        event: AccountEvent,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        let at = recorded.recorded_at.to_string();
        if let AccountEvent::Opened { account, holder, .. } = &event {
            let open = include_str!("../sql/balances/open.sql");
            view.run(open, &[account.into(), holder.into(), at.into()]).await?;
        } else if let Some((account, cents)) = event.movement()? {
            let change = include_str!("../sql/balances/move.sql");
            view.run(change, &[account.into(), cents.into(), at.into()]).await?;
        }
        Ok(())
    }
}

/// A sum does not tell what it was before: a view of sums is rebuilt from the beginning, or not.
pub(crate) fn from_the_beginning(after: Position) -> Result<(), HandlerError> {
    if after == Position::START {
        return Ok(());
    }
    Err(HandlerError::new(format!(
        "expected a rebuild from the beginning, found one after {after}"
    )))
}

/// The table, for people.
pub(crate) async fn shown(store: &SharedStore) -> Result<String, Box<dyn Error>> {
    let as_of = show::as_of(store, Balances::NAME).await?;
    let mut rows = Vec::new();
    for row in store.query_view(include_str!("../sql/balances/list.sql"), &[]).await? {
        let since: String = row.get(3)?;
        rows.push(vec![row.get(0)?, row.get(1)?, show::money(row.get(2)?), show::time(&since)]);
    }
    Ok(show::table(&["account", "owner", "balance#", "since"], rows) + &as_of)
}
