//! The arguments of the program.

use std::net::SocketAddr;

use clap::{Parser, Subcommand};

/// Replay real permit cases against the rules of their process, and show where they are.
#[derive(Debug, Parser)]
#[command(name = "permits", max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// An event log of permit cases with the columns of the receipt log: case:concept:name,
    /// concept:name, org:resource, time:timestamp, concept:instance, case:deadline; unless given, a
    /// few cases that come with the program
    #[arg(value_name = "LOG.csv")]
    pub(crate) log: Option<String>,
    /// Where to keep the events, for example sqlite:permits.db; in memory unless given
    pub(crate) store: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What else to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Keep the dashboard in step with the log, until control-C
    Serve {
        /// A log to replay meanwhile
        #[arg(value_name = "LOG.csv")]
        log: Option<String>,
        /// Where the events and the dashboard are
        #[arg(long, value_name = "URL", default_value = "sqlite:permits.db")]
        store: String,
        /// Answer probes over HTTP there, for example at 127.0.0.1:8081
        #[arg(long, value_name = "ADDRESS")]
        health: Option<SocketAddr>,
    },
    /// Show the dashboard as it is
    Dashboard {
        /// Where the events and the dashboard are
        #[arg(long, value_name = "URL", default_value = "sqlite:permits.db")]
        store: String,
    },
}
