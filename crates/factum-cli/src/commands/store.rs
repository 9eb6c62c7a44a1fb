//! `factum store`: the store as a whole.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use factum::SharedStore;
use serde_json::json;

use super::projections::{self, Alarms};
use crate::outcome::{Exit, Failure};
use crate::output::{Style, facts};
use crate::session::Session;
use crate::text;

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Count what it holds
    Stats,
    /// Tell whether it can be read and written; exit code 1 if something is wrong
    Health,
    /// Read and check everything, print the digest; exit code 1 if something is wrong
    Verify,
    /// Write a consistent copy to a new file, while the store is in use
    Backup(Backup),
    /// Forget expired commands and give unused storage back
    Compact,
    /// Make the index of unique values from the events again
    RebuildClaims,
}

#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The file to write; must not exist
    #[arg(value_name = "FILE")]
    to: PathBuf,
}

pub(crate) async fn run(command: &StoreCommand, session: &Session) -> Result<Exit, Failure> {
    let store = session.open().await?;
    match command {
        StoreCommand::Stats => stats(session, &store).await,
        StoreCommand::Health => health(session, &store).await,
        StoreCommand::Verify => verify(session, &store).await,
        StoreCommand::Backup(backup) => {
            let position = store.backup(&backup.to).await?.get();
            let file = backup.to.display().to_string();
            let line = format!("backed up to {file}, through position {}", text::number(position));
            say(session, &json!({ "file": file, "through": position }), &line)
        }
        StoreCommand::Compact => {
            let freed = store.compact().await?;
            say(session, &json!({ "bytes_freed": freed }), &format!("freed {}", text::bytes(freed)))
        }
        StoreCommand::RebuildClaims => {
            let claims = store.rebuild_claims().await?;
            let line = format!("rebuilt: {}", text::count(claims, "unique value"));
            say(session, &json!({ "claims": claims }), &line)
        }
    }
}

fn say(session: &Session, object: &serde_json::Value, line: &str) -> Result<Exit, Failure> {
    if session.output.json {
        session.output.json(object)?;
    } else {
        session.output.line(line)?;
    }
    Ok(Exit::Ok)
}

async fn stats(session: &Session, store: &SharedStore) -> Result<Exit, Failure> {
    let stats = store.stats().await?;
    if session.output.json {
        session.output.json(&json!({
            "backend": store.capabilities().backend, "head": stats.head.get(),
            "events": stats.events, "streams": stats.streams, "event_types": stats.event_types,
            "tags": stats.tags, "claims": stats.claims, "commands": stats.commands,
            "tenants": stats.tenants, "bytes": stats.bytes, "format": stats.format,
        }))?;
        return Ok(Exit::Ok);
    }
    let lines = [
        ("store", format!("{}, format {}", session.address, stats.format)),
        ("head", text::number(stats.head.get())),
        ("events", text::number(stats.events)),
        ("streams", text::number(stats.streams)),
        ("event types", text::number(stats.event_types)),
        ("tags", text::number(stats.tags)),
        ("claims", text::number(stats.claims)),
        ("commands", text::number(stats.commands)),
        ("tenants", text::number(stats.tenants)),
        ("size", text::bytes(stats.bytes)),
    ];
    session.output.line(&facts(session.output, &lines))?;
    Ok(Exit::Ok)
}

async fn health(session: &Session, store: &SharedStore) -> Result<Exit, Failure> {
    let health = store.health().await?;
    let well = health.writable && health.problem.is_empty();
    let found = if well { projections::alarms(store).await? } else { Alarms::default() };
    let (alarms, is_severe) = (found.lines, found.is_severe);
    let state = match (well, alarms.is_empty()) {
        (true, true) => "healthy",
        (true, false) if !is_severe => "degraded",
        _ => "unhealthy",
    };
    if session.output.json {
        session.output.json(&json!({
            "state": state,
            "head": health.head.get(), "writable": health.writable, "problem": health.problem,
            "alarms": alarms.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>(),
        }))?;
    } else {
        let state = match (well, health.problem.as_str()) {
            (true, _) if alarms.is_empty() => session.output.styled(Style::Good, state),
            (true, _) => session.output.styled(Style::Bad, state),
            (false, "") => session.output.styled(Style::Bad, "not writable"),
            (false, problem) => session.output.styled(Style::Bad, problem),
        };
        let head = text::number(health.head.get());
        session.output.line(&format!("{state}: {}, head {head}", session.address))?;
        if let [(name, why), others @ ..] = alarms.as_slice() {
            let more = match others.len() as u64 {
                0 => String::new(),
                more => format!("; and {} (factum projections list)", text::count(more, "alarm")),
            };
            session
                .output
                .line(&session.output.styled(Style::Bad, &format!("{name}: {why}{more}")))?;
        }
    }
    Ok(if well && !is_severe { Exit::Ok } else { Exit::Findings })
}

async fn verify(session: &Session, store: &SharedStore) -> Result<Exit, Failure> {
    let verified = store.verify().await?;
    let well = verified.findings.is_empty();
    if session.output.json {
        session.output.json(&json!({
            "events": verified.events, "digest": verified.digest.to_string(),
            "findings": verified.findings,
        }))?;
    } else {
        for finding in &verified.findings {
            session.output.line(&session.output.styled(Style::Bad, finding))?;
        }
        let events = text::count(verified.events, "event");
        let state = match verified.findings.len() as u64 {
            0 => session.output.styled(Style::Good, "nothing wrong"),
            count => session.output.styled(Style::Bad, &text::count(count, "finding")),
        };
        session.output.line(&format!("{events} checked, {state}\ndigest {}", verified.digest))?;
    }
    Ok(if well { Exit::Ok } else { Exit::Findings })
}
