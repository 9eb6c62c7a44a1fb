//! What happened to every account, line by line: a table whose new rows build on those before.

use std::error::Error;

use factum::prelude::*;

use crate::account::AccountEvent;
use crate::show;
use crate::transfer::Parties;

/// A line for every movement: account, position, time, what it was, how much, and the balance after.
#[derive(Debug)]
pub(crate) struct Statements;

impl Projection for Statements {
    const NAME: &'static str = "statements";
    const MIGRATIONS: &'static [ViewMigration] =
        &[ViewMigration::new("statements", include_str!("../sql/statements/table.sql"))];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<AccountEvent>()
    }

    async fn reset(
        &self,
        after: Position,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        Ok(view.run(include_str!("../sql/statements/cut.sql"), &[after.get().into()]).await?)
    }
}

impl Project<AccountEvent> for Statements {
    async fn project(
        &self,
        event: AccountEvent,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        let Some((account, cents)) = event.movement()? else { return Ok(()) };
        let line = [
            account.into(),
            recorded.position.get().into(),
            recorded.recorded_at.to_string().into(),
            what(cents, recorded).into(),
            cents.into(),
        ];
        Ok(view.run(include_str!("../sql/statements/move.sql"), &line).await?)
    }
}

fn what(cents: i64, recorded: &RecordedEvent) -> String {
    match (Parties::of(recorded), cents < 0) {
        (Some(Parties { to, .. }), true) => format!("transfer to {to}"),
        (Some(Parties { from, .. }), false) => format!("transfer from {from}"),
        (None, true) => "withdrawal".into(),
        (None, false) => "deposit".into(),
    }
}

/// The lines of one account, for people.
pub(crate) async fn shown(store: &SharedStore, account: &str) -> Result<String, Box<dyn Error>> {
    let as_of = show::as_of(store, Statements::NAME).await?;
    let lines = include_str!("../sql/statements/of_account.sql");
    let mut rows = Vec::new();
    for row in store.query_view(lines, &[account.into()]).await? {
        let (position, at): (u64, String) = (row.get(0)?, row.get(1)?);
        let (cents, balance) = (show::money(row.get(3)?), show::money(row.get(4)?));
        rows.push(vec![position.to_string(), show::time(&at), row.get(2)?, cents, balance]);
    }
    if rows.is_empty() {
        return Ok(format!("no movements of account {account}{as_of}"));
    }
    Ok(show::table(&["position#", "time", "what", "amount#", "balance#"], rows) + &as_of)
}
