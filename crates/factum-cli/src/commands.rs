//! The commands, one file each.

pub(crate) mod append;
pub(crate) mod completions;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod import;
mod listing;
pub(crate) mod migrate;
pub(crate) mod new;
pub(crate) mod projections;
pub(crate) mod snapshots;
pub(crate) mod store;
pub(crate) mod streams;
pub(crate) mod tail;
pub(crate) mod trace;

pub(crate) use crate::demo;

use crate::arguments::{Arguments, Command};
use crate::outcome::{Exit, Failure};
use crate::output::Output;
use crate::session::Session;

/// Carries out a command.
pub(crate) async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    if let Command::Demo(command) = &arguments.command {
        return demo::run(command, &arguments.global).await;
    }
    if let Command::Migrate(command) = &arguments.command {
        return migrate::run(command, &arguments.global).await;
    }
    let output = Output::new(arguments.global.json);
    match &arguments.command {
        Command::New(command) => return new::run(command, output),
        Command::Completions(command) => return completions::run(command, output),
        _ => {}
    }
    let session = Session::new(&arguments.global)?;
    match arguments.command {
        Command::Import(command) => import::run(&command, &session).await,
        Command::Export(command) => export::run(&command, &session).await,
        Command::Streams(command) => streams::run(&command, &session).await,
        Command::Snapshots(command) => snapshots::run(&command, &session).await,
        Command::Projections(command) => projections::run(&command, &session).await,
        Command::Events(command) => events::run(&command, &session).await,
        Command::Append(command) => append::run(&command, &session).await,
        Command::Tail(command) => tail::run(&command, &session).await,
        Command::Trace(command) => trace::run(&command, &session).await,
        Command::Store(command) => store::run(&command, &session).await,
        // Handled above: they choose their own stores, or need none.
        Command::Demo(_) | Command::Migrate(_) | Command::New(_) | Command::Completions(_) => {
            Ok(Exit::Ok)
        }
    }
}
