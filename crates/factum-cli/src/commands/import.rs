//! `factum import`: events from a file.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use factum::{Category, Query, QueryItem, SharedStore, TenantScope};

use crate::import::{
    CsvColumns, CsvSource, Input, JsonlSource, OnError, Progress, Source, Summary, TenantRule,
    XesKeys, XesSource,
};
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Failure};
use crate::session::Session;

/// The formats there are.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// CSV: one event per row; columns named case:* belong to the case
    Csv(Csv),
    /// JSON Lines, as export jsonl writes them, or with stream, type and payload
    Jsonl(Jsonl),
    /// XES (IEEE 1849)
    Xes(Xes),
}

/// What every import takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct From {
    /// The file, plain or gzip; - for standard input
    pub(crate) file: PathBuf,
    /// What to do about a bad row
    #[arg(long, value_enum, default_value_t = OnError::Stop)]
    pub(crate) on_error: OnError,
}

#[derive(Args, Debug)]
pub(crate) struct Csv {
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    columns: CsvColumns,
}

#[derive(Args, Debug)]
pub(crate) struct Jsonl {
    #[command(flatten)]
    from: From,
    /// Import the events of every tenant in the file into the tenant of the store
    #[arg(long)]
    ignore_tenant: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Xes {
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    keys: XesKeys,
}

pub(crate) async fn run(command: &Import, session: &Session) -> Result<Exit, Failure> {
    let from = match command {
        Import::Csv(Csv { from, .. })
        | Import::Jsonl(Jsonl { from, .. })
        | Import::Xes(Xes { from, .. }) => from,
    };
    let mut interrupt = Interrupt::listen()?;
    let input = Input::open(&from.file)?;
    let name = input.name.clone();
    let progress = Progress::new(&input, session.output.json);
    let (source, query, store) = open(command, input, session).await?;
    let summary = Summary::of_import(
        &name,
        source,
        from.on_error,
        (&store, query),
        &progress,
        &mut interrupt,
    );
    summary.await?.report(session.output)
}

/// Opens the file first, so that a wrong file makes no store.
async fn open(
    command: &Import,
    input: Input,
    session: &Session,
) -> Result<(Box<dyn Source>, Query, SharedStore), Failure> {
    let of_category = |category: Category| QueryItem::default().category(category).into();
    match command {
        Import::Csv(command) => {
            let category = command.columns.category()?;
            let source = CsvSource::new(input, &command.columns)?;
            let store = session.open_or_make().await?;
            one_tenant(&store)?;
            Ok((Box::new(source), of_category(category), store))
        }
        Import::Xes(command) => {
            let category = command.keys.category()?;
            let source = XesSource::new(input, &command.keys)?;
            let store = session.open_or_make().await?;
            one_tenant(&store)?;
            Ok((Box::new(source), of_category(category), store))
        }
        Import::Jsonl(command) => {
            let store = session.open_or_make().await?;
            let rule = match (store.scope(), command.ignore_tenant) {
                (TenantScope::All, true) => {
                    return Err(Failure::usage(
                        "expected --all-tenants or --ignore-tenant, found both",
                    ));
                }
                (TenantScope::All, false) => TenantRule::Keep,
                (TenantScope::One(_), true) => TenantRule::Ignore,
                (TenantScope::One(tenant), false) => TenantRule::Only(tenant.clone()),
            };
            Ok((Box::new(JsonlSource::new(input, rule)), Query::all(), store))
        }
    }
}

fn one_tenant(store: &SharedStore) -> Result<(), Failure> {
    match store.scope() {
        TenantScope::One(_) => Ok(()),
        TenantScope::All => {
            Err(Failure::usage("expected one tenant to import into, found all of them")
                .hint("name it with --tenant; JSON Lines name the tenant of each event themselves"))
        }
    }
}
