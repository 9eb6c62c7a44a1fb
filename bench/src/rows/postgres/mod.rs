//! The rows of the PostgreSQL store: what it does, beside the raw driver on the same server.

mod append;
mod lock;
mod order;
pub mod processes;
mod read;
mod single;
mod view;
mod watch;

use crate::{Measure, OnPostgres};

pub const BATCHES: &str = "postgres: batches of 1000";
pub const ONE: &str = "postgres: one event, one caller";
pub const MANY: &str = "postgres: 64 callers";
pub const PROCESSES: &str = "postgres: 4 processes, 16 callers";
pub const READ: &str = "postgres: read all";
pub const STREAMS: &str = "postgres: read 1000 streams of 500";
pub const WATCH: &str = "postgres: watch from elsewhere";
pub const VIEW: &str = "postgres: view catch-up";
pub const ORDER_ONE: &str = "order by transaction, one caller";
pub const ORDER_MANY: &str = "order by transaction, 64 callers";
pub const ORDER_READ: &str = "order by transaction, read all";
pub const COUNTER: &str = "counter row under a snapshot";

/// Callers at once, of one process or of several.
pub const CALLERS: u64 = 64;

pub const ALL: &[Measure<OnPostgres>] = &[
    (&[BATCHES], append::measure),
    (&[ONE, MANY], single::measure),
    (&[PROCESSES], processes::measure),
    (&[READ, STREAMS], read::measure),
    (&[WATCH], watch::measure),
    (&[VIEW], view::measure),
    (&[ORDER_ONE, ORDER_MANY, ORDER_READ], order::measure),
    (&[COUNTER], lock::measure),
];
