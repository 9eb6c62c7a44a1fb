//! The bank on Factum: a repository without snapshots and without kept states.

use std::time::Instant;

use factum_core::{AppendRequest, Decider, Event, IdSource, NewEvent, RandomIds, StreamId};
use factum_runtime::Repository;
use serde::{Deserialize, Serialize};

use crate::bank::{self, Command, TEXT};
use crate::work::{CALLERS, Result, Work, report};

#[derive(factum_derive::Event, Serialize, Deserialize, Clone, Debug)]
#[factum(crate = "factum_core")]
enum AccountEvent {
    Deposited { amount: u64, text: String },
    Withdrawn { amount: u64 },
}

#[derive(Default)]
struct Account {
    balance: u64,
}

impl Decider for Account {
    const CATEGORY: &'static str = "account";
    type Command = Command;
    type Event = AccountEvent;
    type Error = &'static str;

    fn decide(&self, command: Command) -> std::result::Result<Vec<AccountEvent>, &'static str> {
        match command {
            Command::Deposit(amount) => {
                Ok(vec![AccountEvent::Deposited { amount, text: TEXT.into() }])
            }
            Command::Withdraw(amount) if amount <= self.balance => {
                Ok(vec![AccountEvent::Withdrawn { amount }])
            }
            Command::Withdraw(_) => Err("too little"),
        }
    }

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Deposited { amount, .. } => self.balance += amount,
            AccountEvent::Withdrawn { amount } => self.balance -= amount,
        }
    }
}

pub async fn run(work: &Work) -> Result<()> {
    if work.wanted(bank::ONE) {
        let store = crate::open(work, bank::ONE).await?;
        let accounts = Repository::<Account>::new(store)?;
        let start = Instant::now();
        for number in 0..work.singles() {
            accounts.execute(bank::account_of_one(number), Command::number(number)).await?;
        }
        report(bank::ONE, work.singles(), start, crate::durable(work));
    }
    if work.wanted(bank::MANY) {
        many(work).await?;
    }
    Ok(())
}

async fn many(work: &Work) -> Result<()> {
    let store = crate::open(work, bank::MANY).await?;
    for (accounts, _) in bank::fills() {
        let mut request = AppendRequest::default();
        for account in accounts {
            request.events.push((StreamId::new("account", &account.to_string())?, filling()?));
        }
        store.append(request).await?;
    }
    let accounts = Repository::<Account>::new(store)?;
    let each = work.each();
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let accounts = accounts.clone();
        callers.spawn(async move {
            for number in caller * each..(caller + 1) * each {
                accounts.execute(bank::account_of_many(number), Command::number(number)).await?;
            }
            Result::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    report(bank::MANY, CALLERS * each, start, crate::durable(work));
    Ok(())
}

fn filling() -> Result<NewEvent> {
    let event = AccountEvent::Deposited { amount: bank::FILL_AMOUNT, text: TEXT.into() };
    let mut payload = Vec::new();
    event.encode(&mut payload)?;
    let spec = event.spec();
    Ok(NewEvent::new(RandomIds.next_id(), spec.event_type().clone(), spec.codec(), payload))
}
