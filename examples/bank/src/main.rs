//! A small bank: accounts, transfers between them, and a log that an older program wrote.

mod account;
mod demo;
mod older;
mod transfer;

use std::process::ExitCode;

const USAGE: &str = "usage: bank demo [STORE]         opens accounts, moves money, shows them
       bank check EXPORT.jsonl     says whether this program understands an exported log

STORE  where to keep the events, for example sqlite:bank.db; bank.db unless given";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [] | ["demo"] => demo::run("sqlite:bank.db").await,
        ["demo", store] => demo::run(store).await,
        ["check", export] => demo::check(export),
        ["--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
