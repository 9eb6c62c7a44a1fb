//! `factum projections status`: everything about one, in words.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use clap::Args;
use factum::{Rebuild, SubscriptionName};

use super::alarm;
use super::ledger::{self, Ledger};
use super::look::{self, Look};
use super::pace::{self, Pace};
use super::watch::{Screen, Seen, Watch};
use crate::outcome::{Exit, Failure};
use crate::output::{Output, Style, facts};
use crate::session::Session;
use crate::text;

/// Which one.
#[derive(Args, Debug)]
pub(super) struct Status {
    /// Its name
    #[arg(value_parser = super::name)]
    name: SubscriptionName,
    #[command(flatten)]
    watch: Watch,
}

pub(super) async fn run(
    command: &Status,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let output = session.output;
    let screen = command.watch.draws(output).then(Screen::new);
    let (mut seen, mut pace) = (Seen::default(), Pace::default());
    let ended = command.watch.run(async || {
        let look = ledger.look(&command.name).await?;
        pace.note(Instant::now(), look.progress.position.get());
        let left = pace.left(to_do(&look));
        if let Some(screen) = &screen {
            screen.draw(page(output, &look, left));
        } else if command.watch.writes_changes(output) {
            write_change(output, &look, left, &mut seen)?;
        } else if output.json {
            output.json(&look.json())?;
        } else {
            output.line(&page(output, &look, None))?;
        }
        Ok(ControlFlow::Continue(()))
    });
    Ok(ended.await?.unwrap_or(Exit::Ok))
}

/// Writes a look if it shows a change.
pub(super) fn write_change(
    output: Output,
    look: &Look,
    left: Option<Duration>,
    seen: &mut Seen,
) -> Result<(), Failure> {
    if !seen.note(look) {
        return Ok(());
    }
    if output.json {
        let mut object = look.json();
        object["left_s"] = left.map(|it| it.as_secs()).into();
        return output.json(&object);
    }
    output.line(&look.line(left.filter(|it| !it.is_zero())))
}

/// How many events it has to handle: those of a rebuild, where one goes on.
pub(super) fn to_do(look: &Look) -> u64 {
    let rebuilt = look.progress.rebuild.as_ref().and_then(|it| look.rebuilt(it));
    rebuilt.map_or_else(|| look.lag(), |(done, all)| all - done)
}

fn page(output: Output, look: &Look, left: Option<Duration>) -> String {
    let progress = &look.progress;
    let scope = ledger::of(progress.tenant.as_ref());
    let mut lines = vec![
        ("name", format!("{}, of {scope}", progress.name)),
        ("kind", format!("{}, version {}", progress.kind, progress.version)),
        ("reads", progress.shape.clone()),
        ("state", look.state()),
    ];
    let said = progress.report.reason.as_deref();
    // While it is paused, it gives the reason of the pause.
    let known = progress.paused.as_ref().map(|it| it.reason.as_str());
    lines.extend(said.filter(|it| Some(*it) != known).map(|it| ("reason", text::cut(it, 400))));
    if let Some(pause) = &progress.paused {
        let reason = if pause.reason.is_empty() { "no reason given" } else { &pause.reason };
        lines.push(("paused", format!("{}: {reason}", text::ago(pause.at, look.now))));
    }
    lines.extend(progress.rebuild.as_ref().map(|it| ("rebuild", rebuild(look, it, left))));
    let head = text::number(look.head.get());
    lines.extend([
        (
            "position",
            format!(
                "{} of {head}{}",
                text::number(progress.position.get()),
                if look.reported { ", as last reported" } else { "" }
            ),
        ),
        ("lag", lag(look, left)),
    ]);
    let last = progress.last.map(|it| format!("{}, id {}", text::number(it.position.get()), it.id));
    let moved = text::time(progress.updated_at);
    lines.extend([
        ("last event", last.unwrap_or_else(|| "none yet".into())),
        ("moved", format!("{}, at {moved}", text::ago(progress.updated_at, look.now))),
        ("set aside", set_aside(look)),
        ("run by", run_by(look)),
    ]);
    let mut page = facts(output, &lines);
    for alarm in look.alarming() {
        let line = format!("! {alarm}");
        page.extend(["\n", &output.styled(Style::Bad, &line)]);
    }
    page
}

fn lag(look: &Look, left: Option<Duration>) -> String {
    let lag = text::count(look.lag(), "event");
    match left.filter(|_| look.lag() > 0 && look.progress.rebuild.is_none()) {
        Some(left) => format!("{lag}, {} left at this pace", text::duration(left)),
        None => lag,
    }
}

fn set_aside(look: &Look) -> String {
    let progress = &look.progress;
    if progress.dead_letters == 0 && progress.waiting_events == 0 {
        return "nothing".into();
    }
    format!(
        "{} failed; {} parked, {} waiting",
        text::count(progress.dead_letters, "event"),
        text::count(progress.parked_keys, "key"),
        text::count(progress.waiting_events, "event"),
    )
}

fn run_by(look: &Look) -> String {
    let progress = &look.progress;
    let heard = progress.beat_at.map(|it| text::ago(it, look.now));
    match (&progress.owner, heard) {
        (Some(owner), Some(heard)) => {
            let owner = look::owner(owner);
            format!("{owner}, lease {}, last heard of {heard}", progress.epoch)
        }
        (_, Some(heard)) => format!("nobody, since {heard} or later"),
        (_, None) => "nobody, nor ever was".into(),
    }
}

/// How far a rebuild is. Without a pace that was seen, that since the order was given is taken,
/// which the time until it was followed makes look slower.
fn rebuild(look: &Look, rebuild: &Rebuild, left: Option<Duration>) -> String {
    let from = text::number(rebuild.after.get() + 1);
    let ordered = text::ago(rebuild.requested_at, look.now);
    let Some((done, all)) = look.rebuilt(rebuild) else {
        let heard = alarm::is_heard(&look.progress, look.now);
        let who = if heard { "it begins soon" } else { "it begins when it is run" };
        return format!("from position {from}, ordered {ordered}; {who}");
    };
    let micros = look.now.as_micros().saturating_sub(rebuild.requested_at.as_micros());
    let since = Duration::from_micros(micros.try_into().unwrap_or_default());
    let guess = left.or_else(|| pace::left(all - done, done, since));
    let guess = guess.map_or_else(String::new, |it| format!(", {} left", text::duration(it)));
    let percent = look::percent(done, all);
    let (done, all) = (text::number(done), text::count(all, "event"));
    format!("{percent} %, {done} of {all}{guess}; from position {from}, ordered {ordered}")
}
