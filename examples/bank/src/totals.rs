//! The bank in four numbers: a value in memory that is kept in step with the log.

use std::fmt;

use factum::prelude::*;

use crate::account::AccountEvent;
use crate::show;

/// All accounts together. Every program has its own, made anew when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    accounts: u64,
    deposits: u64,
    withdrawals: u64,
    cents: i64,
}

impl LiveView for Totals {
    const NAME: &'static str = "totals";

    fn handlers(on: LiveHandlers<Self>) -> LiveHandlers<Self> {
        on.events::<AccountEvent>()
    }
}

impl Fold<AccountEvent> for Totals {
    fn fold(&mut self, event: AccountEvent, _: &RecordedEvent) {
        match event {
            AccountEvent::Opened { .. } => self.accounts += 1,
            AccountEvent::Deposited { cents, .. } => {
                self.deposits += 1;
                self.cents = self.cents.saturating_add_unsigned(cents);
            }
            AccountEvent::Withdrawn { cents, .. } => {
                self.withdrawals += 1;
                self.cents = self.cents.saturating_sub_unsigned(cents);
            }
            AccountEvent::EmailChanged { .. } => {}
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accounts, deposits, withdrawals, cents } = self;
        let money = show::money(*cents);
        write!(f, "{accounts} accounts, {deposits} in, {withdrawals} out, {money} in the bank")
    }
}
