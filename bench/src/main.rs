//! How fast Factum is, as ratios measured in one run: against the raw driver doing the same work,
//! and beside its peers.

mod bank;
mod machine;
mod measure;
mod peers;
mod raw;
mod rows;
mod table;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::measure::{Bench, Result};
use crate::table::Row;

/// Measures Factum's SQLite store against the raw driver, in one run.
#[derive(Debug, Parser)]
struct Arguments {
    /// A tenth of the work: figures are rough.
    #[arg(long)]
    quick: bool,
    /// Only the rows whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Build the peers and run them on the same work.
    #[arg(long)]
    peers: bool,
    /// One JSON object per row.
    #[arg(long)]
    json: bool,
    /// Fail if a row misses its bar.
    #[arg(long)]
    strict: bool,
    /// Where the stores are made: the disk that is measured.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The `factum` program, for the import rows.
    #[arg(long)]
    factum: Option<PathBuf>,
    /// Reads the whole of a store and does nothing else; the memory row runs this in a child.
    #[arg(long, hide = true)]
    read_all: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(missed) if missed && arguments.strict => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the rows. Returns whether one missed its bar.
fn run(arguments: &Arguments) -> Result<bool> {
    let home = tempfile::tempdir_in(arguments.dir.clone().unwrap_or_else(std::env::temp_dir))?;
    let bench = Bench::new(home.path(), arguments.quick, arguments.factum.clone())?;
    if let Some(store) = &arguments.read_all {
        return bench.block_on(rows::memory::read_all(store)).map(|()| false);
    }
    machine::Machine::look(home.path())?.print(arguments.json);
    if !arguments.json {
        table::heading();
    }
    let wanted =
        |name: &str| arguments.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let mut missed = false;
    for (names, measure) in rows::ALL {
        if names.iter().any(|name| wanted(name)) {
            for row in measure(&bench)?.into_iter().filter(|row| wanted(row.name)) {
                missed |= row.missed();
                row.print(arguments.json);
            }
        }
    }
    if arguments.peers {
        peers::run(&bench, arguments.json)?;
    }
    Ok(missed)
}

/// What a row measures: the names it reports under, and how.
type Measure = (&'static [&'static str], fn(&Bench) -> Result<Vec<Row>>);
