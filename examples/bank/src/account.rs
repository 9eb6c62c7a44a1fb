//! One account: its events, its state, its rules.

use std::num::TryFromIntError;

use factum::prelude::*;
use serde::{Deserialize, Serialize};

use crate::older;

/// What can have happened to an account.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(factum_testkit::schemars::JsonSchema))]
#[cfg_attr(test, schemars(crate = "factum_testkit::schemars"))]
#[factum(upcasters = older::upcasters)]
pub(crate) enum AccountEvent {
    /// Somebody opened it. A holder's e-mail address opens one account.
    Opened {
        #[factum(tag)]
        account: String,
        holder: String,
        #[factum(claim = "email")]
        email: String,
    },
    /// Money came in. Version 1 counted whole units.
    #[factum(version = 2)]
    Deposited {
        #[factum(tag)]
        account: String,
        cents: u64,
    },
    /// Money went out.
    #[factum(version = 2)]
    Withdrawn {
        #[factum(tag)]
        account: String,
        cents: u64,
    },
    /// The holder has another address.
    EmailChanged {
        #[factum(tag)]
        account: String,
        #[factum(release = "email")]
        from: String,
        #[factum(claim = "email")]
        to: String,
    },
}

impl AccountEvent {
    /// The account whose money moved, and by how many cents: negative if they went out.
    pub(crate) fn movement(&self) -> Result<Option<(&str, i64)>, TryFromIntError> {
        Ok(match self {
            Self::Deposited { account, cents } => Some((account, i64::try_from(*cents)?)),
            Self::Withdrawn { account, cents } => Some((account, -i64::try_from(*cents)?)),
            Self::Opened { .. } | Self::EmailChanged { .. } => None,
        })
    }
}

/// The state of an account; the initial one is that of an account that is not open.
#[derive(Default, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(factum_testkit::schemars::JsonSchema))]
#[cfg_attr(test, schemars(crate = "factum_testkit::schemars"))]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) holder: String,
    pub(crate) email: Option<String>,
    pub(crate) cents: u64,
}

impl Account {
    /// The version of the state's shape, for its snapshots.
    pub(crate) const SNAPSHOT_VERSION: u32 = 1;

    fn open(&self) -> Result<&str, AccountError> {
        self.email.as_deref().ok_or(AccountError::NotOpen)
    }
}

/// Why a command is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("the account is not open")]
    NotOpen,
    #[error("the account is open already")]
    Open,
    #[error("expected an amount above 0, found 0")]
    Nothing,
    #[error("expected at most {there} cents, found {asked}")]
    TooLittle { there: u64, asked: u64 },
    #[error("the account would hold more than can be counted")]
    TooMuch,
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Event = AccountEvent;
    type Error = AccountError;

    fn apply(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { account, holder, email } => {
                self.name.clone_from(account);
                self.holder.clone_from(holder);
                self.email = Some(email.clone());
            }
            AccountEvent::Deposited { cents, .. } => self.cents += cents,
            AccountEvent::Withdrawn { cents, .. } => self.cents -= cents,
            AccountEvent::EmailChanged { to, .. } => self.email = Some(to.clone()),
        }
    }
}

/// Opens an account.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) account: String,
    pub(crate) holder: String,
    pub(crate) email: String,
}

impl Handle<Open> for Account {
    fn handle(&self, open: Open) -> Result<Vec<AccountEvent>, AccountError> {
        if self.email.is_some() {
            return Err(AccountError::Open);
        }
        let Open { account, holder, email } = open;
        Ok(vec![AccountEvent::Opened { account, holder, email }])
    }
}

/// Puts money in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deposit {
    pub(crate) cents: u64,
}

impl Handle<Deposit> for Account {
    fn handle(&self, Deposit { cents }: Deposit) -> Result<Vec<AccountEvent>, AccountError> {
        self.open()?;
        if cents == 0 {
            return Err(AccountError::Nothing);
        }
        self.cents.checked_add(cents).ok_or(AccountError::TooMuch)?;
        Ok(vec![AccountEvent::Deposited { account: self.name.clone(), cents }])
    }
}

/// Takes money out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Withdraw {
    pub(crate) cents: u64,
}

impl Handle<Withdraw> for Account {
    fn handle(&self, Withdraw { cents }: Withdraw) -> Result<Vec<AccountEvent>, AccountError> {
        self.open()?;
        if cents == 0 {
            return Err(AccountError::Nothing);
        }
        if cents > self.cents {
            return Err(AccountError::TooLittle { there: self.cents, asked: cents });
        }
        Ok(vec![AccountEvent::Withdrawn { account: self.name.clone(), cents }])
    }
}

/// Gives the holder another address; the old one is free again.
#[derive(Clone, Debug)]
pub(crate) struct ChangeEmail {
    pub(crate) email: String,
}

impl Handle<ChangeEmail> for Account {
    fn handle(&self, change: ChangeEmail) -> Result<Vec<AccountEvent>, AccountError> {
        let from = self.open()?.to_owned();
        if from == change.email {
            return Ok(vec![]);
        }
        let account = self.name.clone();
        Ok(vec![AccountEvent::EmailChanged { account, from, to: change.email }])
    }
}

#[cfg(test)]
mod tests {
    use factum_testkit::{check_decider, given, proptest::prelude::*};

    use super::*;

    // What is stored for good. The file is checked in; see the page on schema evolution.
    factum_testkit::schema_lock! {
        events: [AccountEvent],
        snapshots: ["account": Account => Account::SNAPSHOT_VERSION],
    }

    pub(crate) fn opened() -> AccountEvent {
        let (account, holder) = ("ann".into(), "Ann".into());
        AccountEvent::Opened { account, holder, email: "ann@example.org".into() }
    }

    fn deposited(cents: u64) -> AccountEvent {
        AccountEvent::Deposited { account: "ann".into(), cents }
    }

    #[test]
    fn more_than_there_is_is_not_withdrawn() {
        given::<Account>([opened(), deposited(500)])
            .when(Withdraw { cents: 501 })
            .then_error(AccountError::TooLittle { there: 500, asked: 501 });
    }

    #[test]
    fn an_account_that_is_not_open_takes_nothing() {
        given::<Account>([]).when(Deposit { cents: 1 }).then_error(AccountError::NotOpen);
    }

    #[test]
    fn the_same_address_again_is_no_change() {
        given::<Account>([opened()])
            .when(ChangeEmail { email: "ann@example.org".into() })
            .then_nothing();
    }

    #[test]
    fn money_is_neither_made_nor_lost() {
        let commands = any::<(bool, u8)>().prop_map(|(into, cents)| (into, u64::from(cents)));
        check_decider::<Account, _, _>(
            commands.prop_map(|(into, cents)| Move { into, cents }),
            |account, events| {
                let sum = events.iter().fold(0_i128, |sum, event| match event {
                    AccountEvent::Deposited { cents, .. } => sum + i128::from(*cents),
                    AccountEvent::Withdrawn { cents, .. } => sum - i128::from(*cents),
                    _ => sum,
                });
                if sum == i128::from(account.cents) { Ok(()) } else { Err(format!("sum {sum}")) }
            },
        );
    }

    /// A deposit or a withdrawal, on an account that is opened when it has to be.
    #[derive(Clone, Copy, Debug)]
    struct Move {
        into: bool,
        cents: u64,
    }

    impl Handle<Move> for Account {
        fn handle(&self, Move { into, cents }: Move) -> Result<Vec<AccountEvent>, AccountError> {
            match () {
                () if self.email.is_none() => Ok(vec![opened()]),
                () if into => self.handle(Deposit { cents }),
                () => self.handle(Withdraw { cents }),
            }
        }
    }
}
