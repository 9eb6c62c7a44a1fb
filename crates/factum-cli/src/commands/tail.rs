//! `factum tail`: the newest events, and those to come.

use clap::Args;
use factum::{EventStoreExt, LogRead, Position, Query, RecordedEvent, SharedStore};
use futures::TryStreamExt;

use super::listing::Listing;
use crate::filters::Filters;
use crate::outcome::{Exit, Failure};
use crate::session::Session;

/// Which events, and whether to wait for more.
#[derive(Args, Debug)]
pub(crate) struct Tail {
    /// How many of the newest events
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 10)]
    lines: usize,
    /// Wait for more; Ctrl-C ends it with exit code 0
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    filters: Filters,
}

pub(crate) async fn run(command: &Tail, session: &Session) -> Result<Exit, Failure> {
    let query = command.filters.query()?;
    let store = session.open().await?;
    let mut watch = store.watch();
    let mut seen = store.head().await?;
    let mut listing = Listing::new(session.output, &*store);
    let newest = newest(&store, &query, seen, command.lines).await?;
    if !newest.is_empty() {
        listing.page(&newest)?;
    }
    if !command.follow {
        return Ok(Exit::Ok);
    }
    // On a thread of its own: the reader of our output may be slow, and Ctrl-C still ends it.
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(i32::from(Exit::Ok as u8));
        }
    });
    loop {
        watch.past(seen).await?;
        let mut pages = store.read(LogRead::after(query.clone(), seen));
        while let Some(page) = pages.try_next().await? {
            listing.page(&page.events)?;
            seen = seen.max(page.through);
        }
    }
}

/// The last `count` matching events up to `head`, oldest first.
async fn newest(
    store: &SharedStore,
    query: &Query,
    head: Position,
    count: usize,
) -> Result<Vec<RecordedEvent>, Failure> {
    let mut read = LogRead::backward(query.clone());
    (read.through, read.limit) = (Some(head), Some(count as u64));
    let mut newest = store.collect(read).await?;
    newest.reverse();
    Ok(newest)
}
