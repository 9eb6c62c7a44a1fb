//! The arguments of the program.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use clap::{Parser, Subcommand};

const STORE: &str =
    "Where the events and the views are, sqlite:bank.db for example, or postgres://localhost/bank";

/// A small bank: accounts, transfers between them, and views of them in tables.
#[derive(Debug, Parser)]
#[command(name = "bank", max_term_width = 100)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "URL", global = true, default_value = "sqlite:bank.db", help = STORE)]
    pub(crate) store: String,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do; a demo unless given.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Open accounts, move money, and show them
    Demo {
        /// The same as --store
        #[arg(value_name = "STORE")]
        address: Option<String>,
    },
    /// Say whether this program understands an exported log
    Check {
        /// A log in JSON Lines
        export: String,
    },
    /// Keep the views in step with the log, until control-C
    Serve {
        /// Answer probes over HTTP there, for example at 127.0.0.1:8081
        #[arg(long, value_name = "ADDRESS")]
        health: Option<SocketAddr>,
        /// Have customers do so many things a second; 20 unless said
        #[arg(long, value_name = "PER_SECOND", num_args = 0..=1, default_missing_value = "20")]
        traffic: Option<NonZeroU32>,
    },
    /// Show what every account holds
    Balances,
    /// Show the movements of an account
    Statement {
        /// The account
        account: String,
    },
    /// Show who has most
    Leaderboard,
}
