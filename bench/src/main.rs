//! How fast Factum is, as ratios measured in one run: against the raw driver doing the same work,
//! and beside its peers.

mod bank;
mod deposits;
mod machine;
mod measure;
mod peers;
mod postgres;
mod raw;
mod rows;
mod table;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::measure::{Bench, Result};
use crate::postgres::Postgres;
use crate::table::Row;

/// Measures Factum's stores against the raw drivers, in one run.
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
    /// Of the peers, only those whose name contains this.
    #[arg(long)]
    peer: Option<String>,
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
    /// Brings a view of a store up to date and does nothing else; a memory row runs this in a child.
    #[arg(long, hide = true)]
    project: Option<PathBuf>,
    /// Appends to a store in PostgreSQL when told to; the row of several processes runs this.
    #[arg(long, hide = true, num_args = 5)]
    append_to: Option<Vec<String>>,
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
    if let Some(store) = &arguments.project {
        return bench.block_on(rows::reading::flat::project(store)).map(|()| false);
    }
    if let Some(work) = &arguments.append_to {
        return rows::postgres::processes::append(&bench, work).map(|()| false);
    }
    machine::Machine::look(home.path())?.print(arguments.json);
    if !arguments.json {
        table::heading();
    }
    let mut missed = false;
    for rows in [rows::ALL, rows::reading::ALL] {
        for (_, measure) in arguments.wanted(rows) {
            missed |= print(arguments, &measure(&bench)?);
        }
    }
    let on_postgres: Vec<_> = arguments.wanted(rows::postgres::ALL).collect();
    if !on_postgres.is_empty() {
        missed |= run_on_postgres(arguments, &bench, &on_postgres)?;
    }
    if arguments.peers {
        peers::run(&bench, arguments.peer.as_deref().unwrap_or_default(), arguments.json)?;
    }
    Ok(missed)
}

/// Runs the rows that need a PostgreSQL server, where one can be started.
fn run_on_postgres(
    arguments: &Arguments,
    bench: &Bench,
    rows: &[&Measure<OnPostgres>],
) -> Result<bool> {
    let postgres = match Postgres::start() {
        Ok(postgres) => postgres,
        Err(why) => {
            let names = rows.iter().flat_map(|(names, _)| *names);
            for name in names.filter(|name| arguments.wants(name)) {
                table::print_not_run(name, &why, arguments.json);
            }
            return Ok(false);
        }
    };
    postgres.print(arguments.json);
    let mut missed = false;
    for (_, measure) in rows {
        missed |= print(arguments, &measure(bench, &postgres)?);
    }
    Ok(missed)
}

/// Prints those that are wanted. Returns whether one missed its bar.
fn print(arguments: &Arguments, rows: &[Row]) -> bool {
    let wanted = rows.iter().filter(|row| arguments.wants(row.name));
    wanted.fold(false, |missed, row| {
        row.print(arguments.json);
        missed | row.missed()
    })
}

impl Arguments {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    fn wanted<F>(&self, rows: &'static [Measure<F>]) -> impl Iterator<Item = &'static Measure<F>> {
        rows.iter().filter(|(names, _)| names.iter().any(|name| self.wants(name)))
    }
}

/// What a row measures: the names it reports under, and how.
type Measure<F> = (&'static [&'static str], F);
/// On stores in files.
type OnFiles = fn(&Bench) -> Result<Vec<Row>>;
/// On a PostgreSQL server.
type OnPostgres = fn(&Bench, &Postgres) -> Result<Vec<Row>>;
