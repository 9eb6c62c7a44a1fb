//! `factum streams`: streams as a whole.

use clap::{Args, Subcommand};
use factum::{
    AdminRecord, Category, CategoryList, Expected, IdSource, Principal, RandomIds, Revision,
    SharedStore, StreamId, StreamInfo, StreamList, StreamRead, TenantScope,
};
use futures::TryStreamExt;
use serde_json::json;

use super::listing::Listing;
use crate::confirm::confirm;
use crate::outcome::{Exit, Failure};
use crate::output::table;
use crate::session::Session;
use crate::text;

/// What to do with streams.
#[derive(Debug, Subcommand)]
pub(crate) enum Streams {
    /// List the streams by name
    List(List),
    /// List the categories and how many streams each has
    Categories,
    /// List the events of a stream
    Show(Show),
    /// Delete a stream: it refuses events from now on; the log keeps what happened
    Delete(Delete),
    /// Hide the events of a stream before a revision; the log keeps them
    Truncate(Truncate),
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only this category
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Go on after this stream
    #[arg(long, value_name = "STREAM")]
    after: Option<String>,
    /// At most this many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The stream, category/id
    stream: String,
    /// Newest first
    #[arg(long)]
    backward: bool,
    /// Start at this revision
    #[arg(long, value_name = "REVISION")]
    from: Option<u64>,
    /// At most this many events; 0 for all
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// The stream, category/id
    stream: String,
    /// Why; recorded in the log
    #[arg(long)]
    reason: String,
    /// Who acts; recorded in the log
    #[arg(long)]
    principal: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Truncate {
    /// The stream, category/id
    stream: String,
    /// The first revision that stays readable
    #[arg(long, value_name = "REVISION")]
    before: u64,
    /// Why; recorded in the log
    #[arg(long)]
    reason: String,
    /// Who acts; recorded in the log
    #[arg(long)]
    principal: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn run(command: &Streams, session: &Session) -> Result<Exit, Failure> {
    let store = session.open().await?;
    match command {
        Streams::List(command) => list(command, session, &store).await,
        Streams::Categories => categories(session, &store).await,
        Streams::Show(command) => show(command, session, &store).await,
        Streams::Delete(command) => {
            let stream: StreamId = command.stream.parse()?;
            let record = record(&command.reason, command.principal.as_deref())?;
            let last = last_revision(&stream, &store).await?;
            let question = format!(
                "delete {stream} for ever, with {}? They stay in the log, but no longer in the \
                 stream, which refuses events from then on",
                text::count(last.get() + 1, "event")
            );
            confirm(command.yes, &question)?;
            let appended = store.tombstone(&stream, Expected::Any, record).await?;
            done(session, &stream, "deleted", appended.last.get())
        }
        Streams::Truncate(command) => {
            let stream: StreamId = command.stream.parse()?;
            let record = record(&command.reason, command.principal.as_deref())?;
            let before = Revision::new(command.before);
            last_revision(&stream, &store).await?;
            let question = format!(
                "hide the events of {stream} before revision {before} for ever? They stay in the \
                 log, but no longer in the stream"
            );
            confirm(command.yes, &question)?;
            let appended = store.truncate_before(&stream, before, record).await?;
            done(session, &stream, "truncated", appended.last.get())
        }
    }
}

/// Where the stream ends, so that nobody is asked about one that is not there.
async fn last_revision(stream: &StreamId, store: &SharedStore) -> Result<Revision, Failure> {
    match store.stream(stream).await? {
        Some(info) => Ok(info.last),
        None => Err(unknown(stream, store)),
    }
}

fn unknown(stream: &StreamId, store: &SharedStore) -> Failure {
    let message = format!("expected a stream {stream}, found none in {}", store.scope());
    Failure::not_found(message)
        .hint(format!("factum streams list --category {} shows those there are", stream.category()))
}

fn record(reason: &str, principal: Option<&str>) -> Result<AdminRecord, Failure> {
    let mut record = AdminRecord::new(RandomIds.next_id(), reason);
    record.principal = principal.map(Principal::new).transpose()?;
    Ok(record)
}

fn done(session: &Session, stream: &StreamId, act: &str, position: u64) -> Result<Exit, Failure> {
    if session.output.json {
        session
            .output
            .json(&json!({ "stream": stream.as_str(), act: true, "position": position }))?;
    } else {
        let position = text::number(position);
        session.output.line(&format!("{stream} {act}, recorded at position {position}"))?;
    }
    Ok(Exit::Ok)
}

async fn list(command: &List, session: &Session, store: &SharedStore) -> Result<Exit, Failure> {
    let all = if command.limit == 0 { u64::MAX } else { command.limit };
    let mut left = all;
    let mut list = StreamList {
        category: command.category.as_deref().map(Category::new).transpose()?,
        after: after(command, store)?,
        ..StreamList::default()
    };
    let page = list.limit;
    let mut rows = Vec::new();
    let mut more = false;
    while left > 0 {
        // One more than asked for tells whether there are more.
        list.limit = page.min(usize::try_from(left.saturating_add(1)).unwrap_or(page));
        let streams = store.streams(list.clone()).await?;
        let last_page = streams.len() < list.limit;
        list.after = streams.last().map(|it| (it.tenant.clone(), it.stream.clone()));
        let wanted = streams.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        more = streams.len() > wanted;
        left -= wanted as u64;
        for info in &streams[..wanted] {
            if session.output.json {
                session.output.json(&described(info))?;
            } else {
                rows.push(row(info));
            }
        }
        if last_page {
            break;
        }
        more = more || left == 0;
    }
    if session.output.json {
        return Ok(Exit::Ok);
    }
    if rows.is_empty() {
        session.output.line("no streams")?;
        return Ok(Exit::Ok);
    }
    session.output.line(&table(session.output, &["STREAM", "EVENTS#", "LAST AT#", ""], rows))?;
    if more {
        session.output.line(&format!("... the first {all}; --limit N for more, 0 for all"))?;
    }
    Ok(Exit::Ok)
}

fn after(
    command: &List,
    store: &SharedStore,
) -> Result<Option<(factum::TenantId, StreamId)>, Failure> {
    let Some(after) = &command.after else { return Ok(None) };
    let tenant = match store.scope() {
        TenantScope::One(tenant) => tenant.clone(),
        TenantScope::All => return Err(Failure::usage("--after needs one tenant: add --tenant")),
    };
    Ok(Some((tenant, after.parse()?)))
}

fn row(info: &StreamInfo) -> Vec<String> {
    let state = match (info.tombstoned, info.first.get()) {
        (true, _) => "deleted".into(),
        (false, 0) => String::new(),
        (false, first) => format!("from revision {first}"),
    };
    vec![
        info.stream.to_string(),
        text::number(info.last.get() + 1),
        text::number(info.last_position.get()),
        state,
    ]
}

fn described(info: &StreamInfo) -> serde_json::Value {
    json!({
        "tenant": info.tenant.as_str(),
        "stream": info.stream.as_str(),
        "first": info.first.get(),
        "last": info.last.get(),
        "last_position": info.last_position.get(),
        "deleted": info.tombstoned,
    })
}

async fn categories(session: &Session, store: &SharedStore) -> Result<Exit, Failure> {
    let mut list = CategoryList::default();
    let mut rows = Vec::new();
    loop {
        let page = store.categories(list.clone()).await?;
        for info in &page {
            let (tenant, category) = (info.tenant.as_str(), info.category.as_str());
            if session.output.json {
                let streams = info.streams;
                session
                    .output
                    .json(&json!({ "tenant": tenant, "category": category, "streams": streams }))?;
            } else {
                rows.push(vec![category.into(), text::number(info.streams), tenant.into()]);
            }
        }
        list.after = page.last().map(|it| (it.tenant.clone(), it.category.clone()));
        if page.len() < list.limit {
            break;
        }
    }
    if !session.output.json {
        let table = table(session.output, &["CATEGORY", "STREAMS#", "TENANT"], rows);
        session.output.line(&table)?;
    }
    Ok(Exit::Ok)
}

async fn show(command: &Show, session: &Session, store: &SharedStore) -> Result<Exit, Failure> {
    let stream: StreamId = command.stream.parse()?;
    if store.stream(&stream).await?.is_none() {
        return Err(unknown(&stream, store));
    }
    let read = if command.backward { StreamRead::backward } else { StreamRead::forward };
    let mut read = read(stream);
    let limit = Some(command.limit).filter(|it| *it > 0);
    (read.from, read.limit) = (command.from.map(Revision::new), limit);
    let mut listing = Listing::new(session.output, &**store);
    let mut pages = store.read_stream(read);
    while let Some(page) = pages.try_next().await? {
        listing.page(&page.events)?;
    }
    Ok(Exit::Ok)
}
