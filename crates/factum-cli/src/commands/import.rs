//! `factum import`: events from a file.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use factum::{Category, Query, QueryItem, SharedStore, TenantScope};

use crate::import::{
    CsvColumns, CsvSource, Decoding, Input, JsonlSource, OnError, Progress, Rules, Source, Summary,
    TenantRule, TimeOptions, XesKeys, XesSource, encoding,
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
    /// The file's encoding, such as windows-1252 or utf-16le; without it, what its byte order mark
    /// says, or XML declares, or else UTF-8
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    pub(crate) encoding: Option<&'static encoding_rs::Encoding>,
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
    #[command(flatten)]
    times: TimeOptions,
}

#[derive(Args, Debug)]
pub(crate) struct Xes {
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    keys: XesKeys,
}

pub(crate) async fn run(command: &Import, session: &Session) -> Result<Exit, Failure> {
    let mut interrupt = Interrupt::listen()?;
    let from = command.from();
    let path = from.file.clone();
    let decoding = Decoding { asked: from.encoding, is_xml: matches!(command, Import::Xes(_)) };
    // A thread of its own: standard input may have nothing to say for a long time.
    let opening = read_aside(move || Input::open(&path, decoding));
    let Some(input) = unless_interrupted(&mut interrupt, opening).await? else {
        return Err(interrupted());
    };
    let name = input.name.clone();
    let progress = Progress::new(&input, session.output.json);
    let opening = open(command, input, session);
    let Some((source, query, store)) = unless_interrupted(&mut interrupt, opening).await? else {
        return Err(interrupted());
    };
    let rules = Rules {
        name,
        on_error: from.on_error,
        kind: source.kind(),
        store_changed: command.store_changed(),
    };
    let summary = Summary::of_import(rules, source, (&store, query), &progress, &mut interrupt);
    summary.await?.report(session.output)
}

impl Import {
    fn from(&self) -> &From {
        match self {
            Self::Csv(Csv { from, .. })
            | Self::Jsonl(Jsonl { from, .. })
            | Self::Xes(Xes { from, .. }) => from,
        }
    }

    fn store_changed(&self) -> bool {
        match self {
            Self::Csv(Csv { columns, .. }) => columns.store_changed(),
            Self::Xes(Xes { keys, .. }) => keys.store_changed(),
            Self::Jsonl(_) => false,
        }
    }
}

/// Does something in a thread that nobody waits for at the end of the program.
async fn read_aside<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (done, answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = done.send(read()); // Nobody waits for it any more: interrupted.
    });
    answer.await.map_err(|_| Failure::new(Exit::Unavailable, "reading the file ended early"))?
}

async fn unless_interrupted<T>(
    interrupt: &mut Interrupt,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<Option<T>, Failure> {
    tokio::select! {
        biased;
        () = interrupt.wait() => Ok(None),
        done = work => done.map(Some),
    }
}

fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted before anything was stored")
        .hint("run the same command again")
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
            let columns = command.columns.clone();
            let source = read_aside(move || CsvSource::new(input, &columns)).await?;
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
            let source = JsonlSource::new(input, rule, command.times.clone());
            Ok((Box::new(source), Query::all(), store))
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
