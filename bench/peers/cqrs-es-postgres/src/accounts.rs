//! The bank on cqrs-es: its framework on its event store, without snapshots and without queries.

use std::sync::Arc;
use std::time::Instant;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore, SerializedEvent};
use cqrs_es::{Aggregate, AggregateError, CqrsFramework, DomainEvent};
use postgres_es::{PostgresCqrs, PostgresEventRepository};
use serde::{Deserialize, Serialize};

use crate::bank::{self, Command, TEXT};
use crate::work::{CALLERS, Result, Work, report};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum AccountEvent {
    Deposited { amount: u64, text: String },
    Withdrawn { amount: u64 },
}

impl DomainEvent for AccountEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Deposited { .. } => "deposited".into(),
            Self::Withdrawn { .. } => "withdrawn".into(),
        }
    }

    fn event_version(&self) -> String {
        "1".into()
    }
}

#[derive(Debug)]
struct TooLittle;

impl std::fmt::Display for TooLittle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too little")
    }
}

impl std::error::Error for TooLittle {}

#[derive(Default, Serialize, Deserialize)]
struct Account {
    balance: u64,
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = Command;
    type Event = AccountEvent;
    type Error = TooLittle;
    type Services = ();

    async fn handle(
        &mut self,
        command: Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> std::result::Result<(), TooLittle> {
        let event = match command {
            Command::Deposit(amount) => AccountEvent::Deposited { amount, text: TEXT.into() },
            Command::Withdraw(amount) if amount <= self.balance => {
                AccountEvent::Withdrawn { amount }
            }
            Command::Withdraw(_) => return Err(TooLittle),
        };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::Deposited { amount, .. } => self.balance += amount,
            AccountEvent::Withdrawn { amount } => self.balance -= amount,
        }
    }
}

pub async fn run(work: &Work) -> Result<()> {
    if work.wanted(bank::ONE) {
        let store = crate::open(work, bank::ONE).await?;
        let accounts = framework(store);
        let start = Instant::now();
        for number in 0..work.singles() {
            execute(&accounts, &bank::account_of_one(number), Command::number(number)).await?;
        }
        report(bank::ONE, work.singles(), start, crate::DURABLE);
    }
    if work.wanted(bank::MANY) {
        many(work).await?;
    }
    Ok(())
}

fn framework(store: PostgresEventRepository) -> PostgresCqrs<Account> {
    CqrsFramework::new(PersistedEventStore::new_event_store(store), vec![], ())
}

/// The framework leaves it to its caller to try again after a conflict.
async fn execute(accounts: &PostgresCqrs<Account>, id: &str, command: Command) -> Result<()> {
    loop {
        match accounts.execute(id, command).await {
            Err(AggregateError::AggregateConflict) => {}
            done => return Ok(done?),
        }
    }
}

async fn many(work: &Work) -> Result<()> {
    let store = crate::open(work, bank::MANY).await?;
    for (accounts, version) in bank::fills() {
        let events = accounts.map(|it| filling(it, version)).collect::<Result<Vec<_>>>()?;
        store.persist::<Account>(&events, None).await?;
    }
    let accounts = Arc::new(framework(store));
    let each = work.each();
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let accounts = Arc::clone(&accounts);
        callers.spawn(async move {
            for number in caller * each..(caller + 1) * each {
                let account = bank::account_of_many(number);
                execute(&accounts, &account, Command::number(number)).await?;
            }
            Result::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    report(bank::MANY, CALLERS * each, start, crate::DURABLE);
    Ok(())
}

fn filling(account: u64, version: u64) -> Result<SerializedEvent> {
    let event = AccountEvent::Deposited { amount: bank::FILL_AMOUNT, text: TEXT.into() };
    Ok(SerializedEvent::new(
        account.to_string(),
        usize::try_from(version)?,
        Account::TYPE.into(),
        event.event_type(),
        event.event_version(),
        serde_json::to_value(&event)?,
        serde_json::json!({}),
    ))
}
