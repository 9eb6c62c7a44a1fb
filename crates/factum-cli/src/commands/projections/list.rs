//! `factum projections list`: everything that reads the log, and what is alarming.

use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use factum::{SubscriptionKind, TenantScope};
use serde_json::json;

use super::ledger::{self, Ledger};
use super::look::{self, Look};
use super::watch::{Screen, Seen, Watch};
use crate::outcome::{Exit, Failure};
use crate::output::{Output, Style, table};
use crate::session::Session;
use crate::text;

/// Which of them.
#[derive(Args, Debug)]
pub(super) struct List {
    /// Only those of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    #[command(flatten)]
    watch: Watch,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Projection,
    Subscription,
}

impl From<Kind> for SubscriptionKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Projection => Self::Projection,
            Kind::Subscription => Self::Subscription,
        }
    }
}

pub(super) async fn run(
    command: &List,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let output = session.output;
    let tenants = *ledger.store.scope() == TenantScope::All;
    let screen = command.watch.draws(output).then(Screen::new);
    let mut seen = Seen::default();
    let ended = command.watch.run(async || {
        let looks = ledger.looks(command.kind.map(Into::into)).await?;
        if let Some(screen) = &screen {
            screen.draw(page(output, &looks, tenants));
        } else if command.watch.writes_changes(output) {
            changes(output, &looks, &mut seen)?;
        } else if output.json {
            looks.iter().try_for_each(|look| output.json(&look.json()))?;
        } else {
            output.line(&page(output, &looks, tenants))?;
        }
        Ok(ControlFlow::Continue(()))
    });
    Ok(ended.await?.unwrap_or(Exit::Ok))
}

fn changes(output: Output, looks: &[Look], seen: &mut Seen) -> Result<(), Failure> {
    for look in looks {
        if seen.note(look) {
            if output.json { output.json(&look.json()) } else { output.line(&look.line(None)) }?;
        }
    }
    for (tenant, name) in seen.gone(looks) {
        if output.json {
            let tenant = tenant.as_ref().map(factum::TenantId::as_str);
            let gone = json!({ "tenant": tenant, "name": name.as_str(), "forgotten": true });
            output.json(&gone)?;
        } else {
            output.line(&format!("{name}: forgotten"))?;
        }
    }
    Ok(())
}

/// A table, and under it what is alarming, in sentences.
fn page(output: Output, looks: &[Look], tenants: bool) -> String {
    if looks.is_empty() {
        return "no projections or subscribers".into();
    }
    let mut headings = vec![
        "NAME",
        "KIND",
        "STATE",
        "POSITION#",
        "HEAD#",
        "LAG#",
        "PARKED#",
        "DEAD#",
        "MOVED#",
        "RUN BY",
    ];
    if tenants {
        headings.insert(1, "TENANT");
    }
    let rows = looks.iter().map(|look| row(look, tenants)).collect();
    let mut lines = vec![table(output, &headings, rows)];
    if looks.iter().any(|it| it.reported) {
        let note =
            "the log here is empty: the heads are those last reported; --log URL asks the log";
        lines.push(output.styled(Style::Faint, note));
    }
    for look in looks {
        let of = match &look.progress.tenant {
            Some(tenant) if tenants => format!(" {}", ledger::of(Some(tenant))),
            _ => String::new(),
        };
        for alarm in look.alarming() {
            let line = format!("! {}{of}: {alarm}", look.progress.name);
            lines.push(output.styled(Style::Bad, &line));
        }
    }
    lines.join("\n")
}

fn row(look: &Look, tenants: bool) -> Vec<String> {
    let progress = &look.progress;
    let mut row = vec![
        progress.name.to_string(),
        format!("{} v{}", progress.kind, progress.version),
        look.state(),
        text::number(progress.position.get()),
        text::number(look.head.get()),
        text::number(look.lag()),
        text::number(progress.parked_keys),
        text::number(progress.dead_letters),
        text::ago(progress.updated_at, look.now),
        progress.owner.as_ref().map(look::owner).unwrap_or_default(),
    ];
    if tenants {
        let tenant = progress.tenant.as_ref().map_or("(all)", factum::TenantId::as_str);
        row.insert(1, tenant.into());
    }
    row
}
