//! A small bank, for the tests of everything that runs it.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::Arc;

use factum_core::{Aggregate, Event, Handle, MemoryStore, SharedStore};
use factum_derive::Event;
use factum_runtime::Repository;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core")]
pub enum AccountEvent {
    Opened {
        #[factum(tag = "owner", claim = "email")]
        email: String,
    },
    Deposited {
        amount: u64,
    },
    Withdrawn {
        amount: u64,
    },
    Closed {
        #[factum(release = "email")]
        email: String,
    },
}

#[derive(Default, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Account {
    pub email: Option<String>,
    pub balance: u64,
    pub events: u64,
}

#[derive(Clone, Debug)]
pub struct Open(pub &'static str);
#[derive(Clone, Debug)]
pub struct Deposit(pub u64);
#[derive(Clone, Debug)]
pub struct Withdraw(pub u64);
#[derive(Clone, Debug)]
pub struct Close;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AccountError {
    #[error("the account is not open")]
    NotOpen,
    #[error("the account is open already")]
    Open,
    #[error("expected at most {balance}, found {asked}")]
    TooLittle { balance: u64, asked: u64 },
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Event = AccountEvent;
    type Error = AccountError;

    fn apply(&mut self, event: &AccountEvent) {
        self.events += 1;
        match event {
            AccountEvent::Opened { email } => self.email = Some(email.clone()),
            AccountEvent::Deposited { amount: 666 } => panic!("the number of the beast"),
            AccountEvent::Deposited { amount } => self.balance += amount,
            AccountEvent::Withdrawn { amount } => self.balance -= amount,
            AccountEvent::Closed { .. } => self.email = None,
        }
    }
}

impl Account {
    pub fn must_be_open(&self) -> Result<&str, AccountError> {
        self.email.as_deref().ok_or(AccountError::NotOpen)
    }
}

impl Handle<Open> for Account {
    fn handle(&self, open: Open) -> Result<Vec<AccountEvent>, AccountError> {
        match self.email {
            Some(_) => Err(AccountError::Open),
            None => Ok(vec![AccountEvent::Opened { email: open.0.into() }]),
        }
    }
}

impl Handle<Deposit> for Account {
    fn handle(&self, Deposit(amount): Deposit) -> Result<Vec<AccountEvent>, AccountError> {
        self.must_be_open()?;
        Ok(if amount == 0 { vec![] } else { vec![AccountEvent::Deposited { amount }] })
    }
}

impl Handle<Withdraw> for Account {
    fn handle(&self, Withdraw(amount): Withdraw) -> Result<Vec<AccountEvent>, AccountError> {
        self.must_be_open()?;
        let balance = self.balance;
        if amount > balance {
            return Err(AccountError::TooLittle { balance, asked: amount });
        }
        Ok(vec![AccountEvent::Withdrawn { amount }])
    }
}

impl Handle<Close> for Account {
    fn handle(&self, Close: Close) -> Result<Vec<AccountEvent>, AccountError> {
        let email = self.must_be_open()?.to_owned();
        Ok(vec![AccountEvent::Closed { email }])
    }
}

pub fn memory() -> SharedStore {
    Arc::new(MemoryStore::default())
}

pub fn accounts(store: &SharedStore) -> Repository<Account> {
    Repository::new(Arc::clone(store)).unwrap()
}

/// An account with `deposits` deposits of 1 after its opening.
pub async fn opened(store: &SharedStore, id: &str, deposits: u64) -> Repository<Account> {
    let accounts = accounts(store);
    let email: &'static str = format!("{id}@example.org").leak();
    accounts.execute(id, Open(email)).await.unwrap();
    for _ in 0..deposits {
        accounts.execute(id, Deposit(1)).await.unwrap();
    }
    accounts
}

/// The wire name of an event.
pub fn name<E: Event>(event: &E) -> &'static str {
    event.spec().event_type().as_str()
}
