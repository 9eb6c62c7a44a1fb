//! `factum projections dead-letters replay` and `discard`.

use std::ops::ControlFlow;

use clap::Args;
use factum::{DeadLetterList, DeadLetterSelection, SubscriptionName};
use serde_json::json;

use super::{Selection, find};
use crate::commands::projections::ledger::Ledger;
use crate::commands::projections::look::Look;
use crate::commands::projections::orders;
use crate::commands::projections::watch::{Screen, Watch};
use crate::confirm::confirm;
use crate::outcome::{Exit, Failure};
use crate::output::Output;
use crate::session::Session;
use crate::text;

/// Which ones to try again.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// The projection's or subscriber's name
    #[arg(value_parser = crate::commands::projections::name)]
    name: SubscriptionName,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    watch: Watch,
}

/// Which ones to leave out.
#[derive(Args, Debug)]
pub(crate) struct Discard {
    /// The projection's or subscriber's name
    #[arg(value_parser = crate::commands::projections::name)]
    name: SubscriptionName,
    #[command(flatten)]
    selection: Selection,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    watch: Watch,
}

pub(super) async fn replay(
    command: &Replay,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let (name, selection) = (&command.name, &command.selection);
    let look = ledger.look(name).await?;
    let count = ledger.store.replay(name, selection.meant()).await?;
    if count == 0 {
        none(ledger, &look, selection).await?;
    }
    if session.output.json {
        session.output.json(&json!({ "name": name.as_str(), "replayed": count }))?;
    } else {
        let who = if count == 0 { String::new() } else { format!("; {}", orders::followed(&look)) };
        let count = text::count(count, "event");
        session.output.line(&format!("{name}: {count} to be tried again{who}"))?;
    }
    if command.watch.watch && count > 0 {
        return follow(name, selection, command.watch, session.output, ledger).await;
    }
    Ok(Exit::Ok)
}

pub(super) async fn discard(
    command: &Discard,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let (name, selection) = (&command.name, &command.selection);
    let look = ledger.look(name).await?;
    let words = selection.words();
    confirm(command.yes, &format!("leave the failed events {words} out of {name} for good?"))?;
    let count = ledger.store.discard(name, selection.meant()).await?;
    if count == 0 {
        none(ledger, &look, selection).await?;
    }
    let due = match count {
        0 => 0,
        _ => self::count(ledger, name, &Selection::all(), true).await?,
    };
    if session.output.json {
        let discarded = json!({ "name": name.as_str(), "discarded": count, "due": due });
        session.output.json(&discarded)?;
    } else {
        let behind = match due {
            0 => String::new(),
            _ => format!("; what waited behind is to be tried; {}", orders::followed(&look)),
        };
        let count = text::count(count, "event");
        session.output.line(&format!("{name}: {count} left out for good{behind}"))?;
    }
    if command.watch.watch && due > 0 {
        return follow(name, &Selection::all(), command.watch, session.output, ledger).await;
    }
    Ok(Exit::Ok)
}

/// Nothing failed: no error where all were meant, and one where some were named.
async fn none(ledger: &Ledger, look: &Look, selection: &Selection) -> Result<(), Failure> {
    let progress = &look.progress;
    let name = &progress.name;
    let found = match selection.meant() {
        DeadLetterSelection::At(position) => {
            find(ledger, name, progress.tenant.as_ref(), position).await?
        }
        DeadLetterSelection::Key(_) => None,
        _ => return Ok(()),
    };
    let words = selection.words();
    let found = match found {
        Some(letter) => format!("one that waits behind another of key {}", letter.key),
        None => "none".into(),
    };
    let message = format!("{name}: expected a failed event {words}, found {found}");
    let hint = format!("factum projections dead-letters list {name} lists those that failed");
    Err(Failure::not_found(message).hint(hint))
}

/// Waits until all that are meant were tried, and says how many failed again.
async fn follow(
    name: &SubscriptionName,
    selection: &Selection,
    watch: Watch,
    output: Output,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let screen = watch.draws(output).then(Screen::new);
    let mut before = None;
    let ended = watch.run(async || {
        let due = count(ledger, name, selection, true).await?;
        let changed = before.replace(due) != Some(due);
        let line = || format!("{name}: {} to be tried", text::count(due, "event"));
        match &screen {
            Some(screen) => screen.draw(line()),
            None if !changed || due == 0 => {}
            None if output.json => output.json(&json!({ "name": name.as_str(), "due": due }))?,
            None => output.line(&line())?,
        }
        if due > 0 {
            return Ok(ControlFlow::Continue(()));
        }
        let failed = count(ledger, name, selection, false).await?;
        if let Some(screen) = &screen {
            screen.clear();
        }
        if output.json {
            output.json(&json!({ "name": name.as_str(), "due": 0, "failed": failed }))?;
        } else {
            let (failed, words) = (text::count(failed, "event"), selection.words());
            output.line(&format!("{name}: tried; {failed} {words} stand aside"))?;
        }
        Ok(ControlFlow::Break(if failed == 0 { Exit::Ok } else { Exit::Findings }))
    });
    ended.await?.ok_or_else(|| {
        let message = format!("{name}: stopped looking; what was ordered is done all the same");
        Failure::new(Exit::Interrupted, message)
    })
}

/// How many of those that are meant are to be tried again, or else stand aside because they failed.
async fn count(
    ledger: &Ledger,
    name: &SubscriptionName,
    selection: &Selection,
    due: bool,
) -> Result<u64, Failure> {
    let meant = selection.meant();
    let (key, position) = match meant {
        DeadLetterSelection::Key(key) => (Some(key), None),
        DeadLetterSelection::At(position) => (None, Some(position)),
        _ => (None, None),
    };
    if let Some(position) = position {
        let look = ledger.look(name).await?;
        let letter = find(ledger, name, look.progress.tenant.as_ref(), position).await?;
        return Ok(letter.is_some_and(|it| !due || it.due).into());
    }
    let name = Some(name.clone());
    let mut list = DeadLetterList { name, key, due, ..DeadLetterList::default() };
    let mut count = 0;
    loop {
        let page = ledger.store.dead_letters(list.clone()).await?;
        count += page.len() as u64;
        if page.len() < list.limit {
            return Ok(count);
        }
        list.after = page.last().map(|(key, _)| key.clone());
    }
}
