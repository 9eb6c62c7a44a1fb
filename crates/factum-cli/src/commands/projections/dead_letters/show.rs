//! `factum projections dead-letters show`: why an event was set aside, and the event.

use clap::Args;
use factum::jsonl::Record;
use factum::{DeadLetter, DeadLetterKey, Position, RecordedEvent, SubscriptionName};
use serde::Serialize;
use serde_json::Value;

use super::{described, find};
use crate::commands::events;
use crate::commands::projections::ledger::Ledger;
use crate::outcome::{Exit, Failure};
use crate::output::{Output, Style, facts};
use crate::session::Session;

/// Which one.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The projection's or subscriber's name
    #[arg(value_parser = crate::commands::projections::name)]
    name: SubscriptionName,
    /// The event's position
    position: u64,
}

/// For programs: with the event as exports write it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    letter: Value,
    event: Option<Record<'a>>,
}

pub(super) async fn run(
    command: &Show,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let (name, position) = (&command.name, Position::new(command.position));
    let look = ledger.look(name).await?;
    let tenant = look.progress.tenant;
    let Some(letter) = find(ledger, name, tenant.as_ref(), position).await? else {
        let message = format!("expected a dead letter of {name} at {position}, found none");
        let hint = format!("factum projections dead-letters list {name} --waiting lists them");
        return Err(Failure::not_found(message).hint(hint));
    };
    let event = ledger.event(position).await?.filter(|it| it.id == letter.id);
    let output = session.output;
    if output.json {
        let key: DeadLetterKey = (tenant, name.clone(), position);
        let letter = described(&key, &letter);
        output.json(&Shown { letter, event: event.as_ref().map(Record) })?;
    } else {
        output.line(&page(output, name, &letter, event.as_ref()))?;
    }
    Ok(Exit::Ok)
}

fn page(
    output: Output,
    name: &SubscriptionName,
    letter: &DeadLetter,
    event: Option<&RecordedEvent>,
) -> String {
    let due = if letter.due { ", to be tried again" } else { "" };
    let mut lines = vec![
        ("set aside by", name.to_string()),
        ("status", format!("{}{due}", letter.status)),
        ("key", letter.key.to_string()),
        (
            "tried",
            match letter.attempts {
                0 => "never: it waits behind one that failed".into(),
                1 => "once".into(),
                times => format!("{times} times"),
            },
        ),
        ("first", letter.first_at.to_string()),
        ("last", letter.last_at.to_string()),
    ];
    if !letter.cause.is_empty() {
        let mut cause = letter.cause.lines();
        lines.push(("cause", cause.next().unwrap_or_default().into()));
        lines.extend(cause.map(|line| ("", line.into())));
    }
    let event = match event {
        Some(event) => events::show::described(output, event),
        None => format!(
            "event {} of {} at position {} is not in the log that was asked; --log names another",
            letter.id, letter.stream, letter.position
        ),
    };
    let heading = output.styled(Style::Heading, "the event");
    format!("{}\n\n{heading}\n{event}", facts(output, &lines))
}
