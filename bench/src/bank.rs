//! The domain that commands are measured on: an account with a balance and a limit.

use factum_core::Decider;
use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[factum(crate = "factum_core")]
pub enum AccountEvent {
    Deposited { amount: u64, text: String },
    Withdrawn { amount: u64 },
}

#[derive(Default, Serialize, Deserialize, Clone, Debug)]
pub struct Account {
    pub balance: u64,
    pub events: u64,
}

#[derive(Clone, Copy, Debug)]
pub enum Command {
    Deposit(u64),
    Withdraw(u64),
}

impl Command {
    /// Every third command takes out what the two before it put in.
    pub fn number(number: u64) -> Self {
        if number % 3 == 2 { Self::Withdraw(2) } else { Self::Deposit(1) }
    }
}

/// What bookings say, so that a payload is about 100 bytes.
pub const TEXT: &str = "rent for the flat in the back of the house, second floor, on the left";

impl Decider for Account {
    const CATEGORY: &'static str = "account";
    type Command = Command;
    type Event = AccountEvent;
    type Error = &'static str;

    fn decide(&self, command: Command) -> Result<Vec<AccountEvent>, &'static str> {
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
        self.events += 1;
        match event {
            AccountEvent::Deposited { amount, .. } => self.balance += amount,
            AccountEvent::Withdrawn { amount } => self.balance -= amount,
        }
    }
}
