//! `factum events`: one event in full, or those that match.

pub(super) mod show;

use clap::{Args, Subcommand};
use factum::{Direction, LogRead, Position, RecordedEvent, Timestamp};
use futures::TryStreamExt;

use super::listing::Listing;
use crate::filters::Filters;
use crate::import::timestamps;
use crate::outcome::{Exit, Failure};
use crate::session::Session;

/// One event, or many.
#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// Show one event in full
    Show(show::Show),
    /// List the events that match, oldest first or --backward
    Search(Search),
}

/// Which events to list.
#[derive(Args, Debug)]
pub(crate) struct Search {
    #[command(flatten)]
    filters: Filters,
    /// Only events recorded at this time or later (2026-01-31, 2026-01-31T09:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// Only events recorded before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// Newest first
    #[arg(long)]
    backward: bool,
    /// Only events after this position
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: u64,
    /// Only events up to this position
    #[arg(long, value_name = "POSITION")]
    through: Option<u64>,
    /// At most this many events; 0 for all
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: u64,
}

fn time(text: &str) -> Result<Timestamp, String> {
    timestamps::parse(text)
}

pub(crate) async fn run(command: &Events, session: &Session) -> Result<Exit, Failure> {
    match command {
        Events::Show(command) => show::run(command, session).await,
        Events::Search(command) => search(command, session).await,
    }
}

async fn search(command: &Search, session: &Session) -> Result<Exit, Failure> {
    let query = command.filters.query()?;
    let store = session.open().await?;
    let mut read = LogRead::after(query, Position::new(command.after));
    read.through = command.through.map(Position::new);
    if command.backward {
        read.direction = Direction::Backward;
    }
    // The store knows positions, not times: a limit counts what is left after looking at times.
    let timed = command.since.is_some() || command.until.is_some();
    let limit = Some(command.limit).filter(|it| *it > 0);
    read.limit = limit.filter(|_| !timed);
    let mut left = limit.unwrap_or(u64::MAX);
    let mut listing = Listing::new(session.output, &*store);
    let mut pages = store.read(read);
    while let Some(page) = pages.try_next().await? {
        let within = |event: &RecordedEvent| {
            command.since.is_none_or(|since| event.recorded_at >= since)
                && command.until.is_none_or(|until| event.recorded_at < until)
        };
        let mut events: Vec<_> = page.events.into_iter().filter(within).collect();
        events.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= events.len() as u64;
        if !events.is_empty() {
            listing.page(&events)?;
        }
        if left == 0 {
            break;
        }
    }
    if listing.written == 0 && !session.output.json {
        session.output.line("no event matches")?;
    }
    Ok(Exit::Ok)
}
