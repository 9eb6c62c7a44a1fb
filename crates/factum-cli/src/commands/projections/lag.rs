//! `factum projections lag`: how many events each is behind, for people and for scripts.

use std::collections::HashMap;
use std::ops::ControlFlow;

use clap::Args;
use factum::{ProgressKey, SubscriptionName, TenantScope};
use foldhash::fast::RandomState;
use serde_json::json;

use super::ledger::Ledger;
use super::look::Look;
use super::watch::{Screen, Watch};
use crate::outcome::{Exit, Failure};
use crate::output::{Output, table};
use crate::session::Session;
use crate::text;

/// Whose lag, and how much of it is too much.
#[derive(Args, Debug)]
pub(super) struct Lag {
    /// Only that of this one
    #[arg(value_parser = super::name)]
    name: Option<SubscriptionName>,
    /// End with exit code 1 if one is behind by more than this; with --watch, as soon as one is
    #[arg(long, value_name = "N")]
    above: Option<u64>,
    #[command(flatten)]
    watch: Watch,
}

pub(super) async fn run(
    command: &Lag,
    session: &Session,
    ledger: &Ledger,
) -> Result<Exit, Failure> {
    let output = session.output;
    let tenants = *ledger.store.scope() == TenantScope::All;
    let screen = command.watch.draws(output).then(Screen::new);
    let mut seen = HashMap::with_hasher(RandomState::default());
    let ended = command.watch.run(async || {
        let looks = match &command.name {
            Some(name) => vec![ledger.look(name).await?],
            None => ledger.looks(None).await?,
        };
        if let Some(screen) = &screen {
            screen.draw(page(output, &looks, tenants));
        } else if output.json || command.watch.writes_changes(output) {
            changes(output, &looks, &mut seen)?;
        } else {
            output.line(&page(output, &looks, tenants))?;
        }
        let above = |look: &Look| command.above.is_some_and(|limit| look.lag() > limit);
        let too_far = looks.iter().any(above);
        Ok(if too_far { ControlFlow::Break(Exit::Findings) } else { ControlFlow::Continue(()) })
    });
    Ok(ended.await?.unwrap_or(Exit::Ok))
}

fn changes(
    output: Output,
    looks: &[Look],
    seen: &mut HashMap<ProgressKey, u64, RandomState>,
) -> Result<(), Failure> {
    for look in looks {
        let (progress, lag) = (&look.progress, look.lag());
        let key = (progress.tenant.clone(), progress.name.clone());
        if seen.insert(key, lag) == Some(lag) {
            continue;
        }
        if output.json {
            output.json(&json!({
                "tenant": progress.tenant.as_ref().map(factum::TenantId::as_str),
                "name": progress.name.as_str(),
                "lag": lag,
                "position": progress.position.get(),
                "head": look.head.get(),
            }))?;
        } else {
            output.line(&format!("{}: {}", progress.name, text::number(lag)))?;
        }
    }
    Ok(())
}

fn page(output: Output, looks: &[Look], tenants: bool) -> String {
    if looks.is_empty() {
        return "no projections or subscribers".into();
    }
    let row = |look: &Look| {
        let tenant = look.progress.tenant.as_ref().map_or("(all)", factum::TenantId::as_str);
        let tenant = if tenants { tenant } else { "" };
        vec![look.progress.name.to_string(), text::number(look.lag()), tenant.into()]
    };
    table(
        output,
        &["NAME", "LAG#", if tenants { "TENANT" } else { "" }],
        looks.iter().map(row).collect(),
    )
}
