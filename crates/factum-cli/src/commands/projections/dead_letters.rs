//! `factum projections dead-letters`: events that were set aside, and what becomes of them.

mod list;
mod settle;
mod show;

use clap::{Args, Subcommand};
use factum::{
    DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterSelection, LaneKey, Position,
    SubscriptionName, TenantId,
};
use serde_json::{Value, json};

use super::ledger::Ledger;
use crate::outcome::{Exit, Failure};
use crate::session::Session;

/// What to do with them.
#[derive(Debug, Subcommand)]
pub(super) enum DeadLetters {
    /// List them, of one projection or subscriber, or of all
    List(list::List),
    /// Show one: why it was set aside, and the event itself
    Show(show::Show),
    /// Have some tried again by whoever runs the projection or subscriber
    Replay(settle::Replay),
    /// Leave some out for good; what waits behind them is handled
    Discard(settle::Discard),
}

pub(super) async fn run(
    command: &DeadLetters,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    match command {
        DeadLetters::List(command) => list::run(command, session, ledger).await,
        DeadLetters::Show(command) => show::run(command, session, ledger).await,
        DeadLetters::Replay(command) => settle::replay(command, session, ledger).await,
        DeadLetters::Discard(command) => settle::discard(command, session, ledger).await,
    }
}

/// Which of them.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
struct Selection {
    /// All that failed
    #[arg(long)]
    all: bool,
    /// Those of this key, mostly a stream's name
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The event at this position
    #[arg(long, value_name = "N")]
    position: Option<u64>,
}

impl Selection {
    fn all() -> Self {
        Self { all: true, key: None, position: None }
    }

    fn meant(&self) -> DeadLetterSelection {
        match (&self.key, self.position) {
            (Some(key), _) => DeadLetterSelection::Key(LaneKey::of(key)),
            (None, Some(position)) => DeadLetterSelection::At(Position::new(position)),
            (None, None) => DeadLetterSelection::All,
        }
    }

    /// As it stands in a sentence.
    fn words(&self) -> String {
        match (&self.key, self.position) {
            (Some(key), _) => format!("of key {key}"),
            (None, Some(position)) => format!("at position {position}"),
            (None, None) => "of every key".into(),
        }
    }
}

/// The stored one of an event, whether it failed or waits.
async fn find(
    ledger: &Ledger,
    name: &SubscriptionName,
    tenant: Option<&TenantId>,
    position: Position,
) -> Result<Option<DeadLetter>, Failure> {
    let Some(before) = position.get().checked_sub(1) else { return Ok(None) };
    let list = DeadLetterList {
        name: Some(name.clone()),
        waiting: true,
        after: Some((tenant.cloned(), name.clone(), Position::new(before))),
        limit: 1,
        ..DeadLetterList::default()
    };
    let found = ledger.store.dead_letters(list).await?.into_iter().next();
    Ok(found.map(|(_, letter)| letter).filter(|it| it.position == position))
}

/// For programs.
fn described((tenant, name, position): &DeadLetterKey, letter: &DeadLetter) -> Value {
    json!({
        "subscription": name.as_str(),
        "subscription_tenant": tenant.as_ref().map(TenantId::as_str),
        "position": position.get(),
        "key": letter.key.as_str(),
        "status": letter.status.as_str(),
        "due": letter.due,
        "id": letter.id.to_string(),
        "tenant": letter.tenant.as_str(),
        "stream": letter.stream.as_str(),
        "type": letter.event_type.as_str(),
        "cause": letter.cause,
        "attempts": letter.attempts,
        "first_at": letter.first_at.to_string(),
        "last_at": letter.last_at.to_string(),
    })
}
