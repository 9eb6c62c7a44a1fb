//! The `factum` command: import, look at, search, export and look after a store.

mod acts;
mod arguments;
mod commands;
mod confirm;
mod demo;
mod filters;
mod import;
mod interrupt;
mod migrate;
mod outcome;
mod output;
mod session;
mod text;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::outcome::Failure;

/// Threads beside the main one: the store has its own for reading and writing.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.global.json;
    let outcome = run(arguments);
    match outcome {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => failure.report(json),
    }
}

fn run(arguments: Arguments) -> Result<outcome::Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| Failure::io("start", &error))?;
    runtime.block_on(Box::pin(commands::run(arguments)))
}
