//! `factum projections`: everything that reads the log by subscription, projections and subscribers
//! alike: how far they are, what stands in their way, orders to them.

mod alarm;
mod dead_letters;
mod forget;
mod lag;
mod ledger;
mod list;
mod look;
mod orders;
mod pace;
mod rebuild;
mod status;
mod watch;

use clap::{Args, Subcommand};
use factum::{SharedStore, SubscriptionName};

use self::alarm::Alarm;
use self::ledger::Ledger;
use crate::outcome::{Exit, Failure};
use crate::session::Session;

/// Where they are kept, and what to do with them.
#[derive(Args, Debug)]
pub(crate) struct Projections {
    #[command(flatten)]
    sight: Sight,
    #[command(subcommand)]
    command: Command,
}

/// How they are looked at.
#[derive(Args, Debug)]
pub(super) struct Sight {
    /// The store whose log is read, where that is another one than --store, which has the views
    #[arg(long, value_name = "URL", global = true)]
    log: Option<String>,
    /// Raise an alarm for one that is behind and has not moved for this long
    #[arg(long, value_name = "SECONDS", global = true, default_value_t = STALL_AFTER_S)]
    stall_after_s: u32,
}

const STALL_AFTER_S: u32 = 60;

#[derive(Debug, Subcommand)]
enum Command {
    /// List projections and subscribers, with what is alarming
    List(list::List),
    /// Show everything about one
    Status(status::Status),
    /// Show how many events each is behind; with --above, exit code 1 if one is too far behind
    Lag(lag::Lag),
    /// Have one stand still, until it is resumed
    Pause(orders::Pause),
    /// Have a paused one go on
    Resume(orders::Resume),
    /// Have the view of a projection reset and built again from the log
    Rebuild(rebuild::Rebuild),
    /// List, show, replay and discard events that were set aside
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// Forget one that nobody runs: its checkpoint and dead letters; the view is left as it is
    Forget(forget::Forget),
}

pub(crate) async fn run(projections: &Projections, session: &Session) -> Result<Exit, Failure> {
    let ledger = Ledger::open(session, &projections.sight).await?;
    match &projections.command {
        Command::List(command) => list::run(command, session, &ledger).await,
        Command::Status(command) => status::run(command, session, &ledger).await,
        Command::Lag(command) => lag::run(command, session, &ledger).await,
        Command::Pause(command) => orders::pause(command, session, &ledger).await,
        Command::Resume(command) => orders::resume(command, session, &ledger).await,
        Command::Rebuild(command) => rebuild::run(command, session, &ledger).await,
        Command::DeadLetters(command) => dead_letters::run(command, session, &ledger).await,
        Command::Forget(command) => forget::run(command, session, &ledger).await,
    }
}

/// What is alarming about everything that reads the store's log.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    /// A line each: the name, then why.
    pub(super) lines: Vec<(String, String)>,
    /// Whether something does not do its work at all.
    pub(super) is_severe: bool,
}

pub(super) async fn alarms(store: &SharedStore) -> Result<Alarms, Failure> {
    let looks = Ledger::of(SharedStore::clone(store), STALL_AFTER_S).looks(None).await?;
    let lines = looks
        .iter()
        .flat_map(|look| look.alarming().map(|why| (look.progress.name.to_string(), why)));
    let is_severe = looks.iter().flat_map(|look| &look.alarms).any(Alarm::is_severe);
    Ok(Alarms { lines: lines.collect(), is_severe })
}

fn name(text: &str) -> Result<SubscriptionName, String> {
    SubscriptionName::new(text).map_err(|error| error.to_string())
}
