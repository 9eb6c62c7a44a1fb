//! The bank on disintegrate: its decision maker on its event store, without snapshots.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use disintegrate::serde::json::Json;
use disintegrate::{Decision, DecisionError, EventStore, NoSnapshot, StateMutate, StateQuery};
use disintegrate_postgres::{Error as PgError, PgDecisionMaker, decision_maker};
use serde::{Deserialize, Serialize};

use crate::bank::{self, Command, TEXT};
use crate::work::{CALLERS, Result, Work, report};

#[derive(Clone, Debug, PartialEq, disintegrate::Event, Serialize, Deserialize)]
enum AccountEvent {
    Deposited {
        #[id]
        account: String,
        amount: u64,
        text: String,
    },
    Withdrawn {
        #[id]
        account: String,
        amount: u64,
    },
}

#[derive(Default, Clone, StateQuery, Serialize, Deserialize)]
#[state_query(AccountEvent)]
struct Account {
    #[id]
    account: String,
    balance: u64,
}

impl StateMutate for Account {
    fn mutate(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::Deposited { amount, .. } => self.balance += amount,
            AccountEvent::Withdrawn { amount, .. } => self.balance -= amount,
        }
    }
}

#[derive(Clone)]
struct Booking {
    account: String,
    command: Command,
}

#[derive(Debug)]
struct TooLittle;

impl std::fmt::Display for TooLittle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too little")
    }
}

impl std::error::Error for TooLittle {}

impl Decision for Booking {
    type Event = AccountEvent;
    type StateQuery = Account;
    type Error = TooLittle;

    fn state_query(&self) -> Account {
        Account { account: self.account.clone(), balance: 0 }
    }

    fn process(&self, state: &Account) -> std::result::Result<Vec<AccountEvent>, TooLittle> {
        let account = self.account.clone();
        match self.command {
            Command::Deposit(amount) => Ok(vec![deposit(account, amount)]),
            Command::Withdraw(amount) if amount <= state.balance => {
                Ok(vec![AccountEvent::Withdrawn { account, amount }])
            }
            Command::Withdraw(_) => Err(TooLittle),
        }
    }
}

fn deposit(account: String, amount: u64) -> AccountEvent {
    AccountEvent::Deposited { account, amount, text: TEXT.into() }
}

type Accounts = PgDecisionMaker<AccountEvent, Json<AccountEvent>, NoSnapshot>;

pub async fn run(work: &Work) -> Result<()> {
    if work.wanted(bank::ONE) {
        let accounts = decision_maker(crate::open(work, bank::ONE).await?, NoSnapshot);
        let start = Instant::now();
        let mut again = 0;
        for number in 0..work.singles() {
            let (account, command) = (bank::account_of_one(number), Command::number(number));
            again += execute(&accounts, Booking { account, command }).await?;
        }
        report(bank::ONE, work.singles(), start, &durable(again));
    }
    if work.wanted(bank::MANY) {
        many(work).await?;
    }
    Ok(())
}

fn durable(again: u64) -> String {
    format!("{}; {again} done again", crate::DURABLE)
}

/// The decision maker leaves it to its caller to try again after a conflict. Returns how often.
async fn execute(accounts: &Accounts, booking: Booking) -> Result<u64> {
    let mut again = 0;
    loop {
        match accounts.make(booking.clone()).await {
            Ok(_) => return Ok(again),
            Err(DecisionError::StateStore(error)) if is_conflict(&error) => again += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// A serialization failure is a conflict to it at the commit only; before that it is the driver's
/// error.
fn is_conflict(error: &disintegrate::BoxDynError) -> bool {
    match error.downcast_ref::<PgError>() {
        Some(PgError::Concurrency) => true,
        Some(PgError::Database(sqlx::Error::Database(error))) => {
            error.code().as_deref() == Some("40001")
        }
        _ => false,
    }
}

async fn many(work: &Work) -> Result<()> {
    let store = crate::open(work, bank::MANY).await?;
    for (accounts, _) in bank::fills() {
        let events = accounts.map(|it| deposit(it.to_string(), bank::FILL_AMOUNT)).collect();
        store.append_without_validation(events).await?;
    }
    let accounts = decision_maker(store, NoSnapshot);
    let each = work.each();
    let again = std::sync::Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let (accounts, again) = (accounts.clone(), std::sync::Arc::clone(&again));
        callers.spawn(async move {
            for number in caller * each..(caller + 1) * each {
                let (account, command) = (bank::account_of_many(number), Command::number(number));
                let times = execute(&accounts, Booking { account, command }).await?;
                again.fetch_add(times, Ordering::Relaxed);
            }
            Result::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    report(bank::MANY, CALLERS * each, start, &durable(again.load(Ordering::Relaxed)));
    Ok(())
}
