//! `factum projections pause` and `resume`.

use std::time::Duration;

use clap::Args;
use factum::{Instruction, Progress, SubscriptionName};

use super::alarm;
use super::ledger::Ledger;
use super::look::{self, Look};
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Failure};
use crate::session::Session;
use crate::text;

/// Which one, and why.
#[derive(Args, Debug)]
pub(super) struct Pause {
    /// Its name
    #[arg(value_parser = super::name)]
    name: SubscriptionName,
    /// Why, for whoever looks at it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// Do not wait until it stands still
    #[arg(long)]
    no_wait: bool,
    /// How long to wait until it stands still; exit code 1 if it does not
    #[arg(long, value_name = "SECONDS", default_value_t = 30, conflicts_with = "no_wait")]
    wait_s: u32,
}

/// Which one.
#[derive(Args, Debug)]
pub(super) struct Resume {
    /// Its name
    #[arg(value_parser = super::name)]
    name: SubscriptionName,
}

pub(super) async fn pause(
    command: &Pause,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let before = ledger.look(&command.name).await?;
    let order = Instruction::Pause { reason: command.reason.clone() };
    let look = give(ledger, &before, order).await?;
    if command.no_wait || !alarm::is_heard(&look.progress, look.now) {
        let line = if look.progress.is_paused() {
            stands_still(&look)
        } else {
            format!("{} is to pause; {}", command.name, followed(&look))
        };
        return say(session, &look, &line);
    }
    let waited = tokio::time::timeout(
        Duration::from_secs(command.wait_s.into()),
        until_paused(ledger, &look.progress),
    );
    let mut interrupt = Interrupt::listen()?;
    let stored = tokio::select! {
        biased;
        () = interrupt.wait() => {
            let message = format!("{}: stopped looking; the order stands", command.name);
            return Err(Failure::new(Exit::Interrupted, message));
        }
        stored = waited => stored,
    };
    let Ok(stored) = stored else { return Err(not_in_time(command, &look)) };
    let look = ledger.judged(stored?, ledger.log.head().await?).await?;
    if !look.progress.is_paused() {
        let message = format!("{}: expected a pause, found the order taken back", command.name);
        return Err(Failure::new(Exit::Conflict, message));
    }
    say(session, &look, &stands_still(&look))
}

/// How often the store is asked whether an order has taken effect.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What is stored once it stands still, or is no longer told to.
async fn until_paused(ledger: &Ledger, ordered: &Progress) -> Result<Progress, Failure> {
    loop {
        let stored = ledger.store.progress(&ordered.name).await?;
        let Some(stored) = stored else { return Err(ledger.unknown(&ordered.name).await?) };
        if stored.paused.is_none() || stored.is_paused() {
            return Ok(stored);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn stands_still(look: &Look) -> String {
    let progress = &look.progress;
    let position = text::number(progress.position.get());
    let who = match &progress.owner {
        Some(owner) => format!("{} has paused it", look::owner(owner)),
        None => "nobody runs it".into(),
    };
    format!("{} stands still at position {position}; {who}", progress.name)
}

fn not_in_time(command: &Pause, look: &Look) -> Failure {
    let (name, seconds) = (&command.name, command.wait_s);
    let owner = look.progress.owner.as_ref().map(look::owner).unwrap_or_default();
    let message =
        format!("{name}: expected {owner} to pause it within {seconds} s, found that it did not");
    let hint = format!(
        "the order stands, and is followed after the page at hand; factum projections status {name} \
         shows when"
    );
    Failure::new(Exit::Findings, message).hint(hint)
}

pub(super) async fn resume(
    command: &Resume,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let before = ledger.look(&command.name).await?;
    let look = give(ledger, &before, Instruction::Resume).await?;
    let line = match before.progress.paused {
        Some(_) => format!("{} is to go on; {}", command.name, followed(&look)),
        None => format!("{} was not paused", command.name),
    };
    say(session, &look, &line)
}

/// Gives an order, and looks at what is stored then.
pub(super) async fn give(
    ledger: &Ledger,
    before: &Look,
    order: Instruction,
) -> Result<Look, Failure> {
    let progress = ledger.store.instruct(&before.progress.name, order).await?;
    ledger.judged(progress, ledger.log.head().await?).await
}

/// Who follows an order, and when.
pub(super) fn followed(look: &Look) -> String {
    match &look.progress.owner {
        Some(owner) if alarm::is_heard(&look.progress, look.now) => {
            let heard =
                look.progress.beat_at.map_or("just now".into(), |it| text::ago(it, look.now));
            let owner = look::owner(owner);
            format!("{owner} follows within seconds if it still runs (last heard of {heard})")
        }
        _ => "nobody runs it: whoever runs it next follows".into(),
    }
}

pub(super) fn say(session: &Session, look: &Look, line: &str) -> Result<Exit, Failure> {
    if session.output.json {
        session.output.json(&look.json())?;
    } else {
        session.output.line(line)?;
    }
    Ok(Exit::Ok)
}
