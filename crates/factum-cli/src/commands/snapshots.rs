//! `factum snapshots`: the states that loading begins with.

use clap::{Args, Subcommand};
use factum::{SharedStore, SnapshotInfo, SnapshotKind, SnapshotList, StreamId, TenantScope};
use serde_json::json;

use crate::outcome::{Exit, Failure};
use crate::output::table;
use crate::session::Session;
use crate::text;

/// What to do with snapshots.
#[derive(Debug, Subcommand)]
pub(crate) enum Snapshots {
    /// List the snapshots by stream, kind and revision
    List(List),
    /// Delete the snapshots of a stream; loading it reads its events again
    Delete(Delete),
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only those of this stream, category/id
    #[arg(long, value_name = "STREAM")]
    stream: Option<String>,
    /// Only those of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// At most this many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// The stream, category/id
    stream: String,
    /// Only those of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Keep the newest N of each kind
    #[arg(long, value_name = "N", default_value_t = 0)]
    keep_last: usize,
}

pub(crate) async fn run(command: &Snapshots, session: &Session) -> Result<Exit, Failure> {
    let store = session.open().await?;
    match command {
        Snapshots::List(command) => list(command, session, &store).await,
        Snapshots::Delete(command) => delete(command, session, &store).await,
    }
}

async fn list(command: &List, session: &Session, store: &SharedStore) -> Result<Exit, Failure> {
    let all = if command.limit == 0 { u64::MAX } else { command.limit };
    let mut left = all;
    let mut list = SnapshotList {
        stream: command.stream.as_deref().map(str::parse).transpose()?,
        kind: command.kind.as_deref().map(SnapshotKind::new).transpose()?,
        ..SnapshotList::default()
    };
    let page = list.limit;
    let tenants = *store.scope() == TenantScope::All;
    let mut rows = Vec::new();
    loop {
        // One more than is left tells whether there are more.
        list.limit = page.min(usize::try_from(left.saturating_add(1)).unwrap_or(page));
        let found = store.snapshots(list.clone()).await?;
        list.after = found.last().map(SnapshotInfo::key);
        let wanted = found.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        left -= wanted as u64;
        for info in &found[..wanted] {
            if session.output.json {
                session.output.json(&described(info))?;
            } else {
                rows.push(row(info, tenants));
            }
        }
        let more = found.len() > wanted;
        if more || found.len() < list.limit {
            return if session.output.json { Ok(Exit::Ok) } else { show(session, rows, more) };
        }
    }
}

fn show(session: &Session, rows: Vec<Vec<String>>, more: bool) -> Result<Exit, Failure> {
    if rows.is_empty() {
        session.output.line("no snapshots")?;
        return Ok(Exit::Ok);
    }
    let shown = rows.len() as u64;
    let headings = ["STREAM", "KIND", "REVISION#", "POSITION#", "VERSION#", "SIZE#", "TAKEN", ""];
    session.output.line(&table(session.output, &headings, rows))?;
    if more {
        let shown = text::number(shown);
        session.output.line(&format!("... the first {shown}; --limit N for more, 0 for all"))?;
    }
    Ok(Exit::Ok)
}

fn row(info: &SnapshotInfo, tenants: bool) -> Vec<String> {
    vec![
        info.stream.to_string(),
        info.kind.to_string(),
        text::number(info.revision.get()),
        text::number(info.position.get()),
        info.schema_version.to_string(),
        text::bytes(info.payload_bytes),
        text::time(info.taken_at),
        if tenants { info.tenant.to_string() } else { String::new() },
    ]
}

fn described(info: &SnapshotInfo) -> serde_json::Value {
    json!({
        "tenant": info.tenant.as_str(),
        "stream": info.stream.as_str(),
        "kind": info.kind.as_str(),
        "revision": info.revision.get(),
        "position": info.position.get(),
        "schema_version": info.schema_version.get(),
        "codec": info.codec.to_string(),
        "payload_bytes": info.payload_bytes,
        "taken_at": info.taken_at.to_string(),
    })
}

async fn delete(command: &Delete, session: &Session, store: &SharedStore) -> Result<Exit, Failure> {
    let stream: StreamId = command.stream.parse()?;
    let kind = command.kind.as_deref().map(SnapshotKind::new).transpose()?;
    let deleted = store.delete_snapshots(&stream, kind.as_ref(), command.keep_last).await?;
    if session.output.json {
        session.output.json(&json!({ "stream": stream.as_str(), "deleted": deleted }))?;
    } else {
        let deleted = text::count(deleted, "snapshot");
        session.output.line(&format!("{deleted} of {stream} deleted"))?;
    }
    Ok(Exit::Ok)
}
