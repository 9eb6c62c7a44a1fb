//! Money from one account to another: one decision over both, stored whole or not at all.

use factum::prelude::*;

use crate::account::{AccountError, AccountEvent};

/// What a transfer needs to know of an account.
#[derive(Debug)]
pub(crate) struct Holdings {
    account: String,
    open: bool,
    cents: u64,
}

impl Holdings {
    fn of(account: &str) -> Self {
        Self { account: account.into(), open: false, cents: 0 }
    }
}

impl DecisionModel for Holdings {
    type Event = AccountEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        let money = [AccountEvent::OPENED, AccountEvent::DEPOSITED, AccountEvent::WITHDRAWN];
        Ok(QueryItem::tagged("account", &self.account)?.types(money).into())
    }

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { .. } => self.open = true,
            AccountEvent::Deposited { cents, .. } => self.cents += cents,
            AccountEvent::Withdrawn { cents, .. } => self.cents -= cents,
            AccountEvent::EmailChanged { .. } => {}
        }
    }
}

/// Moves money.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) cents: u64,
}

impl Transfer {
    /// What is written on the events, so that either account's statement names the other.
    pub(crate) fn parties(&self) -> Result<Metadata, InvalidName> {
        let mut parties = Metadata::default();
        parties.insert("from", &self.from)?;
        parties.insert("to", &self.to)?;
        Ok(parties)
    }
}

/// Between whom an event moved money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parties<'e> {
    pub(crate) from: &'e str,
    pub(crate) to: &'e str,
}

impl<'e> Parties<'e> {
    /// Those of an event, if it is part of a transfer.
    pub(crate) fn of(recorded: &'e RecordedEvent) -> Option<Self> {
        let metadata = &recorded.metadata;
        Some(Self { from: metadata.get("from")?, to: metadata.get("to")? })
    }
}

/// Why money is not moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransferError {
    #[error("expected two accounts, found one")]
    Same,
    #[error("account {account}: {error}")]
    Account { account: String, error: AccountError },
}

impl Decision for Transfer {
    const NAME: &'static str = "transfer";
    type Models = (Holdings, Holdings);
    type Error = TransferError;

    fn models(&self) -> (Holdings, Holdings) {
        (Holdings::of(&self.from), Holdings::of(&self.to))
    }

    fn decide(
        &self,
        (from, to): &(Holdings, Holdings),
    ) -> Result<Vec<AccountEvent>, TransferError> {
        let (asked, there) = (self.cents, from.cents);
        let wrong = |holdings: &Holdings, error| {
            Err(TransferError::Account { account: holdings.account.clone(), error })
        };
        match () {
            () if self.from == self.to => Err(TransferError::Same),
            () if !from.open => wrong(from, AccountError::NotOpen),
            () if !to.open => wrong(to, AccountError::NotOpen),
            () if asked == 0 => wrong(from, AccountError::Nothing),
            () if asked > there => wrong(from, AccountError::TooLittle { there, asked }),
            () if to.cents.checked_add(asked).is_none() => wrong(to, AccountError::TooMuch),
            () => Ok(vec![
                AccountEvent::Withdrawn { account: self.from.clone(), cents: asked },
                AccountEvent::Deposited { account: self.to.clone(), cents: asked },
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use factum_testkit::given_facts;

    use super::*;

    fn opened(account: &str) -> AccountEvent {
        let email = format!("{account}@example.org");
        AccountEvent::Opened { account: account.into(), holder: account.into(), email }
    }

    fn transfer(cents: u64) -> Transfer {
        Transfer { from: "ann".into(), to: "bob".into(), cents }
    }

    #[test]
    fn what_goes_out_here_comes_in_there() {
        let there = AccountEvent::Deposited { account: "ann".into(), cents: 5 };
        given_facts([opened("ann"), opened("bob"), there]).when(transfer(5)).then([
            AccountEvent::Withdrawn { account: "ann".into(), cents: 5 },
            AccountEvent::Deposited { account: "bob".into(), cents: 5 },
        ]);
    }

    #[test]
    fn what_others_have_is_not_spent() {
        let elsewhere = AccountEvent::Deposited { account: "bob".into(), cents: 5 };
        let error = AccountError::TooLittle { there: 0, asked: 5 };
        given_facts([opened("ann"), opened("bob"), elsewhere])
            .when(transfer(5))
            .then_error(TransferError::Account { account: "ann".into(), error });
    }
}
