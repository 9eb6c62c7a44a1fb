//! Real permit cases of a municipality, replayed as commands against the rules of their process.
//!
//! Each row of the log is a step that somebody took. The rules say whether the step may be taken;
//! where they say no, the step is recorded all the same, as the deviation it is, and counted. A
//! dashboard in tables shows where the cases are, and how long they waited.

mod arguments;
mod case;
mod dashboard;
mod replay;
mod report;
mod serve;
mod show;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::process::ExitCode;

use clap::Parser;
use factum::prelude::*;
use factum::{ServiceError, settle};

use crate::arguments::{Arguments, Command};
use crate::replay::replay;

/// A few cases, for those who have no log at hand.
const SAMPLE: &[u8] = include_bytes!("../sample.csv");

#[tokio::main]
async fn main() -> ExitCode {
    factum::report(
        run(Arguments::parse()).await.map_err(|error| error as Box<dyn std::error::Error>),
    )
}

async fn run(Arguments { log, store, command }: Arguments) -> Result<(), ServiceError> {
    match command {
        Some(Command::Serve { log, store, health }) => {
            serve::run(factum::connect(&store).await?, log, health).await
        }
        Some(Command::Dashboard { store }) => {
            let store = factum::connect(&store).await?;
            println!("{}", dashboard::shown(&store, &store).await?);
            Ok(())
        }
        None => {
            let store = factum::connect(store.as_deref().unwrap_or("memory:")).await?;
            match log {
                None => replay_and_show(store, SAMPLE).await,
                Some(log) => replay_and_show(store, replay::open(&log)?).await,
            }
        }
    }
}

/// Replays a log, with the dashboard kept beside it, and shows both.
async fn replay_and_show(store: SharedStore, log: impl Read) -> Result<(), ServiceError> {
    // A store in memory has no tables: those of the dashboard are then put into a file for a while.
    let folder = tempfile::tempdir()?;
    let tables = if store.capabilities().views.is_some() {
        store.clone()
    } else {
        let file = folder.path().join("dashboard.db");
        factum::connect(format!("sqlite:{}", file.display())).await?
    };
    let running = dashboard::subscription(&store, &tables)?.spawn();
    println!("{}", replay(store.clone(), log, &Stop::never()).await?);
    settle(&[(*running).clone()]).await?;
    println!("{}", dashboard::shown(&store, &tables).await?);
    running.stop().await?;
    Ok(())
}
