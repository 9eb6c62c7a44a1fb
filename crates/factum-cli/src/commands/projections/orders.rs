//! `factum projections pause` and `resume`.

use clap::Args;
use factum::{Instruction, SubscriptionName};

use super::alarm;
use super::ledger::Ledger;
use super::look::{self, Look};
use crate::outcome::{Exit, Failure};
use crate::session::Session;

/// Which one, and why.
#[derive(Args, Debug)]
pub(super) struct Pause {
    /// Its name
    #[arg(value_parser = super::name)]
    name: SubscriptionName,
    /// Why, for whoever looks at it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
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
    let line = format!("{} is to pause; {}", command.name, followed(&look));
    say(session, &look, &line)
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
            format!("{} runs it and follows within seconds", look::owner(owner))
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
