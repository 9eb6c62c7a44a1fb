//! `factum projections dead-letters list`.

use clap::Args;
use factum::{DeadLetter, DeadLetterKey, DeadLetterList, LaneKey, SubscriptionName};

use super::described;
use crate::commands::projections::ledger::Ledger;
use crate::outcome::{Exit, Failure};
use crate::output::table;
use crate::session::Session;
use crate::text;

/// Characters of a cause that are shown in a table; `show` has all of it.
const CAUSE_CHARACTERS_MAX: usize = 60;

/// Which of them.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Of this projection or subscriber
    #[arg(value_parser = crate::commands::projections::name, required_unless_present = "all")]
    name: Option<SubscriptionName>,
    /// Of all of them
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// Only those of this key, mostly a stream's name
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Also events that did not fail and wait behind one that did
    #[arg(long)]
    waiting: bool,
    /// At most this many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u64,
}

pub(super) async fn run(
    command: &List,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    if let Some(name) = &command.name {
        ledger.look(name).await?;
    }
    let mut list = DeadLetterList {
        name: command.name.clone(),
        key: command.key.as_deref().map(LaneKey::of),
        waiting: command.waiting,
        ..DeadLetterList::default()
    };
    let page = list.limit;
    let mut left = if command.limit == 0 { u64::MAX } else { command.limit };
    let mut rows = Vec::new();
    loop {
        // One more than is left tells whether there are more.
        list.limit = page.min(usize::try_from(left.saturating_add(1)).unwrap_or(page));
        let found = ledger.store.dead_letters(list.clone()).await?;
        list.after = found.last().map(|(key, _)| key.clone());
        let wanted = found.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        left -= wanted as u64;
        for (key, letter) in &found[..wanted] {
            if session.output.json {
                session.output.json(&described(key, letter))?;
            } else {
                rows.push(row(key, letter));
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
        session.output.line("no dead letters")?;
        return Ok(Exit::Ok);
    }
    let shown = text::number(rows.len() as u64);
    let headings = ["NAME", "POSITION#", "STATUS", "KEY", "TYPE", "TRIED#", "LAST", "CAUSE"];
    session.output.line(&table(session.output, &headings, rows))?;
    if more {
        session.output.line(&format!("... the first {shown}; --limit N for more, 0 for all"))?;
    }
    Ok(Exit::Ok)
}

fn row((tenant, name, position): &DeadLetterKey, letter: &DeadLetter) -> Vec<String> {
    let of = tenant.as_ref().filter(|it| it.as_str() != factum::TenantId::default().as_str());
    vec![
        of.map_or_else(|| name.to_string(), |it| format!("{name} of {it}")),
        text::number(position.get()),
        format!("{}{}", letter.status, if letter.due { ", to try" } else { "" }),
        letter.key.to_string(),
        letter.event_type.to_string(),
        letter.attempts.to_string(),
        text::time(letter.last_at),
        text::cut(text::first_line(&letter.cause), CAUSE_CHARACTERS_MAX),
    ]
}
