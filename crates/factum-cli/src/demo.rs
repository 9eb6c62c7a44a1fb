//! `factum demo`: a log of a loan desk, and a tour of it.

use clap::Args;

use crate::arguments::Global;
use crate::outcome::{Exit, Failure};

/// How large a log.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    events: u64,
    /// Which log: the same number gives the same log
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(crate) async fn run(_command: &Demo, _global: &Global) -> Result<Exit, Failure> {
    Ok(Exit::Ok)
}
