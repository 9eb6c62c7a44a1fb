//! The arguments: what every command takes, and which commands there are.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::commands::{
    append, completions, demo, events, export, import, migrate, new, projections, snapshots, store,
    streams, tail, trace,
};
use crate::outcome::Failure;

const EXIT_CODES: &str = "\
Exit codes:
    0  ok                            6  store or file unavailable
    1  a check found something       7  not a store, other format, or damaged
    2  arguments make no sense       8  storage full
    3  not found                     9  permission denied
    4  conflict                     10  outcome unknown: may be stored
    5  bad input data              130  interrupted";

const STORE: &str = "\
The store: sqlite:PATH, postgres://HOST/DATABASE or memory:, with options as ?option=value [default: \
sqlite:factum.db]";

/// Look after an event store: import, list, search, follow, trace, export, verify.
#[derive(Debug, Parser)]
#[command(name = "factum", version, after_help = EXIT_CODES, max_term_width = 100)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the store may be named too. Its value is not shown in help: it may hold a password.
pub(crate) const STORE_VARIABLE: &str = "FACTUM_STORE";

impl Arguments {
    /// Whether the words of a command line ask for JSON. Looked for by itself, so that the answer to
    /// words that make no sense is JSON too.
    pub(crate) fn ask_for_json(words: &[OsString]) -> bool {
        words.iter().skip(1).take_while(|word| *word != "--").any(|word| word == "--json")
    }

    /// What is wrong with the words, in one line; `None` if help or the version was asked for.
    pub(crate) fn failure(error: &clap::Error) -> Option<Failure> {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => return None,
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                let failure = Failure::usage("expected a command, found none");
                return Some(failure.hint("factum --help lists the commands"));
            }
            _ => {}
        }
        let text = error.to_string();
        let mut paragraphs = text
            .split("\n\n")
            .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|it| !it.is_empty());
        let message = paragraphs.next().unwrap_or_default();
        let failure = Failure::usage(message.trim_start_matches("error: "));
        let tip = paragraphs.find_map(|it| it.strip_prefix("tip: ").map(str::to_owned));
        Some(failure.hint(tip.unwrap_or_else(|| "--help shows what the command takes".into())))
    }
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    #[arg(long, value_name = "URL", env = STORE_VARIABLE, hide_env_values = true)]
    #[arg(global = true, help = STORE)]
    pub(crate) store: Option<OsString>,
    /// Whose data: the tenant's name [default: default]
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) tenant: Option<String>,
    /// Look at the data of all tenants
    #[arg(long, global = true, conflicts_with = "tenant")]
    pub(crate) all_tenants: bool,
    /// Write JSON: one object, or one per line for lists
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring events in from a file; running it again stores nothing twice
    #[command(subcommand)]
    Import(import::Import),
    /// Write events out
    #[command(subcommand)]
    Export(export::Export),
    /// Copy a whole log from one store to another
    Migrate(migrate::Migrate),
    /// List, show, delete and truncate streams
    #[command(subcommand)]
    Streams(streams::Streams),
    /// List and delete snapshots
    #[command(subcommand)]
    Snapshots(snapshots::Snapshots),
    /// Look at projections and subscribers; pause, rebuild and replay them
    Projections(projections::Projections),
    /// Show one event, search for many
    #[command(subcommand)]
    Events(events::Events),
    /// Append one event to a stream
    Append(append::Append),
    /// Show the newest events, and follow what comes
    Tail(tail::Tail),
    /// Show what caused what, for one correlation
    Trace(trace::Trace),
    /// Statistics, health, verification, backup
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Begin a project with a small domain, its tests and a program
    New(new::New),
    /// Write a completion script for a shell
    Completions(completions::Completions),
    /// Make a log of a loan desk and show around in it
    Demo(demo::Demo),
}
