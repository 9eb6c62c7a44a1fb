//! A small bank: accounts, transfers between them, views of them in tables, and a log that an older
//! program wrote.

mod account;
mod arguments;
mod balances;
mod demo;
mod leaderboard;
mod older;
mod serve;
mod show;
mod statements;
mod totals;
mod traffic;
mod transfer;
mod views;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

#[tokio::main]
async fn main() -> ExitCode {
    factum::report(run(Arguments::parse()).await)
}

async fn run(Arguments { store, command }: Arguments) -> Result<(), Box<dyn Error>> {
    let opened = || factum::connect(&store);
    match command.unwrap_or(Command::Demo { address: None }) {
        Command::Demo { address } => demo::run(address.as_deref().unwrap_or(&store)).await?,
        Command::Check { export } => demo::check(&export)?,
        Command::Serve { health, traffic } => serve::run(opened().await?, health, traffic).await?,
        Command::Balances => println!("{}", balances::shown(&opened().await?).await?),
        Command::Statement { account } => {
            println!("{}", statements::shown(&opened().await?, &account).await?);
        }
        Command::Leaderboard => println!("{}", leaderboard::shown(&opened().await?).await?),
    }
    Ok(())
}
