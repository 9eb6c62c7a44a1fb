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

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::outcome::Failure;

/// Threads beside the main one: the store has its own for reading and writing.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let json = Arguments::ask_for_json(&words);
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => return unread(&error, json),
    };
    match run(arguments) {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => failure.report(json),
    }
}

/// Help, the version, or what is wrong with the arguments.
fn unread(error: &clap::Error, json: bool) -> ExitCode {
    match Arguments::failure(error) {
        Some(failure) if json => failure.report(json),
        Some(failure) => {
            let _ = error.print(); // Standard error that is closed changes nothing.
            failure.exit.exit_code()
        }
        None => match error.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => Failure::output(&error).report(json),
        },
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
