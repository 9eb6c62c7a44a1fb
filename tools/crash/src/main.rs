//! The crash harness: a child process appends to a SQLite store, is killed, and the parent checks
//! what is left against a witness that the child could not take with it.
//!
//! See the crate's README for the invariants and how to repeat a failed run.

mod arguments;
mod checks;
mod child;
mod label;
mod life;
mod plan;
mod run;
mod sabotage;
mod view;
mod witness;
mod workload;

use std::process::ExitCode;

use arguments::Arguments;

const HELP: &str = "\
factum-crash run [--rounds N] [--seed S] [--sabotage KIND]

  --rounds N       how many times a child is killed; 25 unless said otherwise
  --seed S         repeats the run with this seed; random unless said otherwise
  --sabotage KIND  breaks the store on purpose, so that the run must fail: drop, tear, forget, blind
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let task = words.next().unwrap_or_default();
    let parsed = Arguments::parse(words);
    let done = match (task.as_str(), parsed) {
        ("run", Ok(arguments)) => run::run(&arguments),
        ("child", Ok(arguments)) => child::run(&arguments),
        ("help" | "--help" | "-h", _) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        (_, Err(problem)) => Err(format!("{problem}\n\n{HELP}")),
        _ => Err(HELP.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
