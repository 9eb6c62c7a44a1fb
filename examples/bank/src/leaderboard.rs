//! Who has most, and since when: a view that looks at its own rows to see what changed.

use std::error::Error;

use factum::prelude::*;

use crate::account::AccountEvent;
use crate::balances::from_the_beginning;
use crate::show;

/// The accounts by what they hold, and every change of who leads.
#[derive(Debug)]
pub(crate) struct Leaderboard;

impl Projection for Leaderboard {
    const NAME: &'static str = "leaderboard";
    const MIGRATIONS: &'static [ViewMigration] =
        &[ViewMigration::new("leaderboard", include_str!("../sql/leaderboard/table.sql"))];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<AccountEvent>()
    }

    async fn reset(
        &self,
        after: Position,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        from_the_beginning(after)?;
        view.run(include_str!("../sql/leaderboard/empty.sql"), &[]).await?;
        Ok(view.run(include_str!("../sql/leaderboard/empty_leads.sql"), &[]).await?)
    }
}

impl Project<AccountEvent> for Leaderboard {
    async fn project(
        &self,
        event: AccountEvent,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        if let AccountEvent::Opened { account, holder, .. } = &event {
            let open = include_str!("../sql/leaderboard/open.sql");
            view.run(open, &[account.into(), holder.into()]).await?;
        } else if let Some((account, cents)) = event.movement()? {
            let change = include_str!("../sql/leaderboard/move.sql");
            view.run(change, &[account.into(), cents.into()]).await?;
            let lead = include_str!("../sql/leaderboard/lead.sql");
            let at = recorded.recorded_at.to_string();
            view.run(lead, &[recorded.position.get().into(), at.into()]).await?;
        }
        Ok(())
    }
}

/// The richest, and the last changes at the top, for people.
pub(crate) async fn shown(store: &SharedStore) -> Result<String, Box<dyn Error>> {
    let as_of = show::as_of(store, Leaderboard::NAME).await?;
    let (mut richest, mut leads) = (Vec::new(), Vec::new());
    let list = store.query_view(include_str!("../sql/leaderboard/list.sql"), &[]).await?;
    for (row, place) in list.iter().zip(1..) {
        richest.push(vec![format!("{place}."), row.get(0)?, row.get(1)?, show::money(row.get(2)?)]);
    }
    for row in store.query_view(include_str!("../sql/leaderboard/leads.sql"), &[]).await? {
        let (position, at): (u64, String) = (row.get(0)?, row.get(1)?);
        let lead = [position.to_string(), show::time(&at), row.get(2)?, show::money(row.get(3)?)];
        leads.push(lead.to_vec());
    }
    let richest = show::table(&["#", "account", "owner", "balance#"], richest);
    let leads = show::table(&["position#", "since", "leader", "with#"], leads);
    Ok(format!("{richest}\n\n{leads}{as_of}"))
}
