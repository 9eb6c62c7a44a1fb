//! `factum migrate`: a whole log from one store to another.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use factum::Codec;

use crate::arguments::Global;
use crate::interrupt::Interrupt;
use crate::migrate::{Address, Migration, Settings};
use crate::outcome::{Exit, Failure};
use crate::output::Output;

const LEFT_BEHIND: &str = "\
Not copied: command ids, so a command that the source has answered is carried out again if it is
repeated against the target; snapshots, which are made again from the events.";

/// Which stores, and how to copy.
#[derive(Args, Debug)]
#[command(after_help = LEFT_BEHIND)]
pub(crate) struct Migrate {
    /// The store to copy, of all tenants; it is only read
    #[arg(long, value_name = "URL")]
    from: String,
    /// The store to copy to, which must be empty or not there yet
    #[arg(long, value_name = "URL")]
    to: String,
    /// Read and check everything, tell what would be copied, and write nothing
    #[arg(long, conflicts_with_all = ["verify", "resume"])]
    dry_run: bool,
    /// Compare every stream of both stores afterwards; exit code 1 if something differs
    #[arg(long)]
    verify: bool,
    /// Note progress in this file, and go on from it if it is there
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Most events in one append, 1 to 4,096
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u16).range(1..=4_096)
    )]
    batch_size: u16,
    /// Bring JSON and CBOR payloads into one of the two, value by value
    #[arg(long, value_name = "CODEC")]
    recode: Option<Recode>,
}

/// Codecs whose payloads can be told from their bytes alone.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Recode {
    Json,
    Cbor,
}

pub(crate) async fn run(command: &Migrate, global: &Global) -> Result<Exit, Failure> {
    let output = Output::new(global.json);
    if global.tenant.is_some() {
        return Err(Failure::usage("expected no --tenant, found one: all tenants are copied"));
    }
    let (from, to) = (Address::parse(&command.from)?, Address::parse(&command.to)?);
    let settings = Settings {
        dry_run: command.dry_run,
        verify: command.verify,
        resume: command.resume.clone(),
        batch_events: command.batch_size.into(),
        recode: command.recode.map(|codec| match codec {
            Recode::Json => Codec::Json,
            Recode::Cbor => Codec::Cbor,
        }),
        quiet: output.json,
    };
    let migration = Migration::new(from, to, settings)?;
    migration.run(Interrupt::listen()?).await?.report(output)
}
