//! `factum projections forget`: what is stored of one that is no more.

use clap::Args;
use factum::{
    Lease, LeaseAnswer, LeaseClaim, LeaseSeen, OwnerId, SubscriptionName, SubscriptionReport,
};
use serde_json::json;

use super::alarm;
use super::ledger::Ledger;
use super::look::{self, Look};
use crate::confirm::confirm;
use crate::outcome::{Exit, Failure};
use crate::session::Session;
use crate::text;

/// Which one.
#[derive(Args, Debug)]
pub(super) struct Forget {
    /// Its name
    #[arg(value_parser = super::name)]
    name: SubscriptionName,
    /// The program that ran it is gone for good: take its lease away first
    #[arg(long)]
    owner_gone: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(
    command: &Forget,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let name = &command.name;
    let look = ledger.look(name).await?;
    if look.progress.owner.is_some() && !(command.owner_gone && is_silent(&look)) {
        return Err(is_run(&look));
    }
    let question = format!("forget how far {name} is, and its dead letters?");
    confirm(command.yes, &question)?;
    if let Some(owner) = &look.progress.owner {
        take_away(ledger, &look, owner).await?;
    }
    let forgotten = ledger.store.forget(name).await?;
    if session.output.json {
        session.output.json(&json!({ "name": name.as_str(), "forgotten": forgotten }))?;
    } else {
        let position = text::number(look.progress.position.get());
        session.output.line(&format!("{name} is forgotten; it was at position {position}"))?;
    }
    Ok(Exit::Ok)
}

fn is_silent(look: &Look) -> bool {
    !alarm::is_heard(&look.progress, look.now)
}

fn is_run(look: &Look) -> Failure {
    let progress = &look.progress;
    let owner = progress.owner.as_ref().map(look::owner).unwrap_or_default();
    let heard = progress
        .beat_at
        .map_or_else(String::new, |it| format!(", last heard of {}", text::ago(it, look.now)));
    let message = format!("{}: expected one that nobody runs, found {owner}{heard}", progress.name);
    let failure = Failure::new(Exit::Conflict, message);
    if is_silent(look) {
        return failure.hint("if that program is gone for good, add --owner-gone");
    }
    failure.hint("stop the program that runs it, or take it out of that program, first")
}

/// Takes the lease of an owner that is gone; the store refuses if it was renewed after all.
async fn take_away(ledger: &Ledger, look: &Look, owner: &OwnerId) -> Result<(), Failure> {
    let progress = &look.progress;
    let seen = LeaseSeen { owner: owner.clone(), epoch: progress.epoch, beat: progress.beat };
    let claim = LeaseClaim {
        name: progress.name.clone(),
        owner: OwnerId::new(format!("factum process {}", std::process::id()))?,
        expired: Some(seen),
    };
    let lease: Lease = match ledger.store.claim_lease(claim).await? {
        LeaseAnswer::Granted(lease, _) => lease,
        LeaseAnswer::Held(_) => return Err(is_run(&ledger.look(&progress.name).await?)),
    };
    let report: SubscriptionReport = progress.report.clone();
    Ok(ledger.store.release_lease(&lease, report).await?)
}
