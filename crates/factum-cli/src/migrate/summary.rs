//! What to say about a migration.

use std::time::Duration;

use factum::Codec;
use serde_json::json;

use super::checkpoint::Reached;
use super::tally::Tally;
use super::verify::{Compared, Differing};
use crate::outcome::{Exit, Failure};
use crate::output::Output;
use crate::text;

/// What was done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doing {
    Copy {
        /// Whether its progress was noted.
        resumable: bool,
    },
    TryOut {
        /// Whether there is an empty target already.
        target_exists: bool,
    },
}

/// How a migration went.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) doing: Doing,
    pub(super) recode: Option<Codec>,
    pub(super) tally: Tally,
    pub(super) reached: Reached,
    pub(super) elapsed: Duration,
    /// Whether it came to the end, and was not interrupted.
    pub(super) complete: bool,
    pub(super) compared: Option<Compared>,
}

impl Summary {
    /// Says how it went, and gives the outcome of the command.
    pub(crate) fn report(&self, output: Output) -> Result<Exit, Failure> {
        if output.json {
            output.json(&self.object())?;
        } else {
            output.line(&self.lines().join("\n"))?;
        }
        if !self.complete {
            return Err(self.interrupted());
        }
        match &self.compared {
            Some(compared) if !compared.equal() => Ok(Exit::Findings),
            _ => Ok(Exit::Ok),
        }
    }

    fn interrupted(&self) -> Failure {
        let (message, hint) = match self.doing {
            Doing::Copy { resumable: true } => (
                "interrupted; the batch in hand was finished",
                "run the same command again to go on where it stopped",
            ),
            Doing::Copy { resumable: false } => (
                "interrupted; the target holds a part of the log",
                "begin again with an empty target, and with --resume FILE to be able to go on",
            ),
            Doing::TryOut { .. } => ("interrupted; nothing was written", "run it again"),
        };
        Failure::new(Exit::Interrupted, message).hint(hint)
    }

    fn lines(&self) -> Vec<String> {
        let counts = self.tally.counts;
        let mut lines = vec![self.first_line()];
        if counts.acts > 0 {
            let them = text::count(counts.acts, "record");
            lines.push(format!("{them} of deletions and truncations among them"));
        }
        if let Some(codec) = self.recode.filter(|_| counts.events > 0) {
            let recoded = text::count(counts.recoded, "payload");
            let left = text::number(counts.left);
            lines.push(format!("{recoded} recoded to {codec}, {left} left as they were"));
        }
        if let Doing::TryOut { target_exists } = self.doing {
            let target = if target_exists { "is there and empty" } else { "would be made" };
            lines.push(format!("{} {target}", self.to));
        }
        if self.copied_before() > 0 {
            let before = text::count(self.copied_before(), "event");
            lines.push(format!("{before} had been copied before"));
        }
        if self.reached.source != self.reached.target {
            lines.push("positions differ from those of the source; the order is the same".into());
        }
        if let Some(compared) = &self.compared {
            lines.extend(compared_lines(compared));
        }
        lines
    }

    fn first_line(&self) -> String {
        let Self { from, to, .. } = self;
        let counts = self.tally.counts;
        if counts.events == 0 {
            return match self.doing {
                Doing::Copy { .. } if self.reached.events > 0 => {
                    format!("nothing left to copy from {from} to {to}")
                }
                _ => format!("nothing to copy: {from} is empty"),
            };
        }
        let what = format!(
            "{} of {} and {} ({})",
            text::count(counts.events, "event"),
            text::count(self.tally.streams(), "stream"),
            text::count(self.tally.tenants(), "tenant"),
            text::bytes(counts.bytes)
        );
        let millis = self.elapsed.as_millis();
        let seconds = format!("{}.{} s", millis / 1_000, millis % 1_000 / 100);
        match self.doing {
            Doing::Copy { .. } => {
                let rate = text::number(self.rate());
                format!("copied {what} from {from} to {to} in {seconds} ({rate} a second)")
            }
            Doing::TryOut { .. } => format!("would copy {what} from {from} to {to}"),
        }
    }

    fn copied_before(&self) -> u64 {
        self.reached.events.saturating_sub(self.tally.counts.events)
    }

    fn rate(&self) -> u64 {
        let millis = u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        self.tally.counts.events.saturating_mul(1_000) / millis
    }

    fn object(&self) -> serde_json::Value {
        let counts = self.tally.counts;
        json!({
            "from": self.from,
            "to": self.to,
            "dry_run": matches!(self.doing, Doing::TryOut { .. }),
            "complete": self.complete,
            "events": counts.events,
            "streams": self.tally.streams(),
            "tenants": self.tally.tenants(),
            "bytes": counts.bytes,
            "acts": counts.acts,
            "recoded": counts.recoded,
            "left": counts.left,
            "copied_before": self.copied_before(),
            "source_position": self.reached.source.get(),
            "target_position": self.reached.target.get(),
            "seconds": self.elapsed.as_secs_f64(),
            "events_per_second": self.rate(),
            "verified": self.compared.as_ref().map(compared_object),
        })
    }
}

fn compared_lines(compared: &Compared) -> Vec<String> {
    let streams = text::count(compared.streams, "stream");
    let events = text::count(compared.events, "event");
    let mut lines = vec![match compared.differing {
        0 if compared.equal() => format!("compared {streams} with {events}: all are the same"),
        0 => format!("compared {streams} with {events}: each is the same, their order is not"),
        differing => format!("compared {streams}: {} differ", text::number(differing)),
    }];
    if let Some(position) = compared.other_order {
        lines.push(format!("  from position {position} of the source on"));
    }
    for Differing { tenant, stream, more } in &compared.named {
        let how = match more {
            0 => "as many events, but not the same".into(),
            1.. => format!("{} more in the target", text::count(more.unsigned_abs(), "event")),
            _ => format!("{} fewer in the target", text::count(more.unsigned_abs(), "event")),
        };
        lines.push(format!("  {stream} of tenant {tenant}: {how}"));
    }
    if compared.differing > compared.named.len() as u64 {
        lines.push("  ...".into());
    }
    lines
}

fn compared_object(compared: &Compared) -> serde_json::Value {
    let named = compared.named.iter().map(|it| {
        json!({ "tenant": it.tenant.as_str(), "stream": it.stream.as_str(), "more_events": it.more })
    });
    json!({
        "equal": compared.equal(),
        "events": compared.events,
        "streams": compared.streams,
        "differing_streams": compared.differing,
        "first_differing": named.collect::<Vec<_>>(),
        "order_differs_from": compared.other_order.map(factum::Position::get),
    })
}
