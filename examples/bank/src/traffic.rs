//! Customers who keep the bank busy, for as long as it is served.

use std::num::NonZeroU32;
use std::time::Duration;

use factum::prelude::*;
use factum::{ServiceError, Started};
use tokio::time::{MissedTickBehavior, interval};

use crate::account::{Account, AccountEvent, Deposit, Open, Withdraw};
use crate::transfer::Transfer;

const CUSTOMERS: [(&str, &str); 8] = [
    ("cara", "Cara Carver"),
    ("dan", "Dan Dunes"),
    ("ella", "Ella Elm"),
    ("finn", "Finn Fields"),
    ("gus", "Gus Gale"),
    ("hana", "Hana Hill"),
    ("ivo", "Ivo Isle"),
    ("june", "June Jolly"),
];

/// What the customers do it with.
struct Desk {
    accounts: Repository<Account>,
    transfers: Decisions<AccountEvent>,
    done: u64,
    refused: u64,
}

/// Has customers do `per_second` things a second until it is asked to stop.
pub(crate) async fn run(
    store: SharedStore,
    per_second: NonZeroU32,
    started: Started,
    stop: Stop,
) -> Result<(), ServiceError> {
    let accounts = Repository::new(store.clone())?.with_cache(64.try_into()?);
    let mut desk = Desk { accounts, transfers: Decisions::new(store)?, done: 0, refused: 0 };
    for (account, holder) in CUSTOMERS {
        let email = format!("{account}@example.com");
        let open = Open { account: account.into(), holder: holder.into(), email };
        desk.note(desk.accounts.execute(account, open).await)?;
    }
    started.ready();
    let mut ticks = interval(Duration::from_secs(1) / per_second.get());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            () = stop.requested() => break,
            _ = ticks.tick() => desk.serve_one().await?,
        }
    }
    println!("traffic      ended after {} commands, {} refused", desk.done, desk.refused);
    Ok(())
}

impl Desk {
    async fn serve_one(&mut self) -> Result<(), ServiceError> {
        let (account, other) = (customer(), customer());
        let cents = fastrand::u64(1..=50_000);
        match fastrand::u8(..10) {
            0..4 => self.note(self.accounts.execute(account, Deposit { cents }).await),
            4..6 => self.note(self.accounts.execute(account, Withdraw { cents }).await),
            _ => {
                let transfer = Transfer { from: account.into(), to: other.into(), cents };
                let options = Options::default().metadata(transfer.parties()?);
                self.note(self.transfers.execute_with(&transfer, options).await)
            }
        }
    }

    /// A refusal is an answer; whatever else went wrong ends the service.
    fn note<T, E>(&mut self, outcome: Result<T, ExecuteError<E>>) -> Result<(), ServiceError>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        self.done += 1;
        match outcome {
            Ok(_) => Ok(()),
            Err(ExecuteError::Rejected(_)) => {
                self.refused += 1;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn customer() -> &'static str {
    CUSTOMERS[fastrand::usize(..CUSTOMERS.len())].0
}
