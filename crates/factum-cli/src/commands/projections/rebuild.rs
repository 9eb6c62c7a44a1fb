//! `factum projections rebuild`: an order to build a view again, and how it goes on.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use clap::Args;
use factum::{
    InstructError, Instruction, Position, SubscriptionKind, SubscriptionName, SubscriptionState,
    Timestamp, position_before,
};

use super::alarm;
use super::ledger::Ledger;
use super::look::{self, Look};
use super::orders;
use super::pace::Pace;
use super::status;
use super::watch::{Screen, Seen, Watch};
use crate::confirm::confirm;
use crate::import::timestamps;
use crate::outcome::{Exit, Failure};
use crate::output::Output;
use crate::session::Session;
use crate::text;

/// Which view, and from where.
#[derive(Args, Debug)]
pub(super) struct Rebuild {
    /// The projection's name
    #[arg(value_parser = super::name)]
    name: SubscriptionName,
    /// The first event that is handled again [default: the first of the log]; what failed or waits
    /// before it is left out for good
    #[arg(long, value_name = "N", conflicts_with = "from_time", value_parser = position)]
    from_position: Option<Position>,
    /// Begin before the first event that was recorded at this time or later; older ones that come after
    /// it are handled too (2026-01-31, 2026-01-31T09:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = time)]
    from_time: Option<Timestamp>,
    /// Take the order back, as long as the view was not reset
    #[arg(long, conflicts_with_all = ["from_position", "from_time", "watch"])]
    cancel: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    watch: Watch,
}

fn position(text: &str) -> Result<Position, String> {
    match text.parse() {
        Ok(0) => Err("expected a position of 1 or more, the first event being at 1".into()),
        Ok(position) => Ok(Position::new(position)),
        Err(_) => Err("expected a position, a whole number of 1 or more".into()),
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    timestamps::parse(text)
}

pub(super) async fn run(
    command: &Rebuild,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let name = &command.name;
    let before = ledger.look(name).await?;
    if command.cancel {
        let look = orders::give(ledger, &before, Instruction::CancelRebuild).await?;
        return orders::say(session, &look, &format!("{name} is not rebuilt after all"));
    }
    if let Some(rebuild) = &before.progress.rebuild {
        return Err(in_the_way(name, rebuild).into());
    }
    let after = after(command, ledger, &before).await?;
    let from = text::number(after.get() + 1);
    let dropped = dropped(ledger, &before, after).await?;
    // The store says why a subscriber cannot be rebuilt; that is not worth a question.
    if before.progress.kind == SubscriptionKind::Projection {
        let question = format!(
            "reset the view of {name}, and build it again from position {from} on{dropped}?"
        );
        confirm(command.yes, &question)?;
    }
    let ordered = orders::give(ledger, &before, Instruction::Rebuild { after }).await?;
    let who = orders::followed(&ordered);
    let line = format!("{name} is to be rebuilt from position {from} on{dropped}; {who}");
    let exit = orders::say(session, &ordered, &line)?;
    if command.watch.watch {
        return follow(command, session.output, ledger, &ordered).await;
    }
    Ok(exit)
}

/// What the store would say of another rebuild, before anything is asked.
fn in_the_way(name: &SubscriptionName, rebuild: &factum::Rebuild) -> InstructError {
    let name = name.clone();
    match rebuild.target {
        Some(target) => InstructError::Begun { name, target },
        None => InstructError::Rebuilding { name, after: rebuild.after },
    }
}

/// The place after which it begins.
async fn after(command: &Rebuild, ledger: &Ledger, look: &Look) -> Result<Position, Failure> {
    if let Some(from) = command.from_position {
        let next = look.head.plus(1);
        if from > next {
            let message = format!("expected a position of the log, at most {next}, found {from}");
            return Err(Failure::usage(message));
        }
        return Ok(Position::new(from.get() - 1));
    }
    let Some(instant) = command.from_time else { return Ok(Position::START) };
    if look.reported {
        let message = "expected a log with events to look for a time in, found an empty one";
        return Err(Failure::usage(message).hint("name the store that has the log with --log URL"));
    }
    Ok(position_before(&ledger.log, instant).await?)
}

/// What a rebuild that does not begin at the beginning leaves out for good, in words; empty if nothing.
async fn dropped(ledger: &Ledger, look: &Look, after: Position) -> Result<String, Failure> {
    let progress = &look.progress;
    if after == Position::START || progress.dead_letters + progress.waiting_events == 0 {
        return Ok(String::new());
    }
    let count = ledger.letters_through(&progress.name, after).await?;
    if count == 0 {
        return Ok(String::new());
    }
    let events = text::count(count, "event");
    Ok(format!(
        ", without {events} before it that failed or wait and can then no longer be replayed"
    ))
}

/// Shows how it goes on until it is done.
async fn follow(
    command: &Rebuild,
    output: Output,
    ledger: &Ledger,
    ordered: &Look,
) -> Result<Exit, Failure> {
    let name = &command.name;
    let screen = command.watch.draws(output).then(Screen::new);
    let (mut seen, mut pace, mut begun) = (Seen::default(), Pace::default(), false);
    seen.note(ordered);
    let ended = command.watch.run(async || {
        let look = ledger.look(name).await?;
        begun |= look.progress.rebuild.as_ref().is_some_and(|it| it.target.is_some());
        pace.note(Instant::now(), look.progress.position.get());
        let left = pace.left(status::to_do(&look)).filter(|_| begun);
        match &screen {
            Some(screen) => screen.draw(bar(&look, left)),
            None => status::write_change(output, &look, left, &mut seen)?,
        }
        if !is_done(&look, ordered, begun)? {
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(screen) = &screen {
            screen.clear();
        }
        if !output.json {
            let position = text::number(look.progress.position.get());
            output.line(&format!("{name} is rebuilt, and at position {position}"))?;
        }
        Ok(ControlFlow::Break(Exit::Ok))
    });
    ended.await?.ok_or_else(|| {
        let message = format!("{name}: stopped looking; the rebuild goes on");
        let hint = format!("factum projections status {name} shows how far it is");
        Failure::new(Exit::Interrupted, message).hint(hint)
    })
}

/// Whether nothing of it is left, for the reason that it is done; an error for every other reason.
fn is_done(look: &Look, ordered: &Look, begun: bool) -> Result<bool, Failure> {
    let (now, then) = (&look.progress, &ordered.progress);
    let name = &now.name;
    if now.rebuild.is_some() {
        let again = now.owner.is_none() && now.epoch != then.epoch;
        if now.report.state == SubscriptionState::Failed && (again || now.report != then.report) {
            let reason = now.report.reason.as_deref().unwrap_or("no reason given");
            let message = format!("{name}: expected a rebuild, found it failed: {reason}");
            let hint = "the rebuild goes on when it is run again";
            return Err(Failure::new(Exit::Findings, message).hint(hint));
        }
        return Ok(false);
    }
    if !begun && now.instructions != then.instructions {
        let message = format!("{name}: expected a rebuild, found the order taken back");
        return Err(Failure::new(Exit::Conflict, message));
    }
    Ok(true)
}

/// One line at a terminal.
fn bar(look: &Look, left: Option<Duration>) -> String {
    let name = &look.progress.name;
    let rebuilt = look.progress.rebuild.as_ref().and_then(|it| look.rebuilt(it));
    let Some((done, all)) = rebuilt else {
        let heard = alarm::is_heard(&look.progress, look.now);
        return match (&look.progress.rebuild, heard) {
            (None, _) => format!("{name}: {}", look.state()),
            (Some(_), true) => format!("{name}: waits for whoever runs it"),
            (Some(_), false) => format!("{name}: waits, for nobody runs it"),
        };
    };
    let percent = look::percent(done, all);
    let full = usize::try_from(percent * 30 / 100).unwrap_or_default();
    let state = if look.progress.paused.is_some() { ", paused" } else { "" };
    let left = left.map_or_else(String::new, |it| format!(", {} left", text::duration(it)));
    format!(
        "{name} {}{} {percent:>3} %  {} of {}{left}{state}",
        "━".repeat(full),
        "─".repeat(30 - full),
        text::number(done),
        text::count(all, "event"),
    )
}
