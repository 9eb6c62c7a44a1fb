//! The bank: commands on accounts, for peers that have aggregates. Each command loads the account's
//! state from the store (no snapshot, no kept state), decides, appends on condition that nothing
//! came in between, and is done again if something did.
//!
//! Events are deposits with a text and withdrawals; the rule is that a balance does not fall
//! below 0. No command of this work breaks it, so a refusal fails the program.

/// As many commands as there are single events, by one caller.
pub const ONE: &str = "bank, one task";
/// As many commands as there are events of many callers, by that many, on accounts that have
/// events already.
pub const MANY: &str = "bank, 64 tasks";

/// Accounts that one task works on; they begin without events.
const ACCOUNTS_ONE: u64 = 100;
/// Accounts that many tasks work on.
pub const ACCOUNTS: u64 = 10_000;
/// Deposits that each of [`ACCOUNTS`] begins with, and their amount.
pub const FILL_EVENTS: u64 = 20;
pub const FILL_AMOUNT: u64 = 100;
/// Accounts that are filled side by side, one event of each to an append, so that the events of
/// one account lie apart as in a log that grew.
pub const FILL_BATCH: u64 = 100;

/// What deposits say: 69 bytes.
pub const TEXT: &str = "rent for the flat in the back of the house, second floor, on the left";

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

/// The account of one task's command: three commands to one, then on to the next.
pub fn account_of_one(number: u64) -> String {
    (number / 3 % ACCOUNTS_ONE).to_string()
}

/// The account of one of many tasks' command: as if by chance, so that tasks seldom meet, but do.
pub fn account_of_many(number: u64) -> String {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) % ACCOUNTS).to_string()
}

/// Each batch of the fill: the accounts, and the version their next event gets, from 1.
pub fn fills() -> impl Iterator<Item = (std::ops::Range<u64>, u64)> {
    (0..ACCOUNTS)
        .step_by(FILL_BATCH as usize)
        .flat_map(|first| (1..=FILL_EVENTS).map(move |it| (first..first + FILL_BATCH, it)))
}
