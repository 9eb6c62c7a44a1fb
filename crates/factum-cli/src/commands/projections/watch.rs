//! Looking again and again: a screen that is drawn anew at a terminal, a line for each change
//! elsewhere.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use factum::ProgressKey;
use foldhash::fast::RandomState;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::look::Look;
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Failure};
use crate::output::Output;

/// Whether to look again.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Watch {
    /// Look again and again: draws anew at a terminal, writes what changed elsewhere
    #[arg(short, long)]
    pub(super) watch: bool,
    /// How often, with --watch
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u32).range(10..)
    )]
    interval_ms: u32,
}

impl Watch {
    /// Looks once, or again and again until a look says how it ends, or Ctrl-C, which gives `None`.
    pub(super) async fn run(
        self,
        mut look: impl AsyncFnMut() -> Result<ControlFlow<Exit>, Failure>,
    ) -> Result<Option<Exit>, Failure> {
        if !self.watch {
            return look().await.map(|flow| flow.break_value().or(Some(Exit::Ok)));
        }
        let mut interrupt = Interrupt::listen()?;
        let interval = Duration::from_millis(self.interval_ms.into());
        loop {
            let flow = tokio::select! {
                biased;
                () = interrupt.wait() => return Ok(None),
                flow = look() => flow?,
            };
            if let ControlFlow::Break(exit) = flow {
                return Ok(Some(exit));
            }
            tokio::select! {
                biased;
                () = interrupt.wait() => return Ok(None),
                () = tokio::time::sleep(interval) => {}
            }
        }
    }

    /// Whether pictures are drawn over each other.
    pub(super) fn draws(self, output: Output) -> bool {
        self.watch && output.rich && !output.json
    }

    /// Whether only what changed is written.
    pub(super) fn writes_changes(self, output: Output) -> bool {
        self.watch && !self.draws(output)
    }
}

/// Several lines at a terminal, drawn over those before. The last ones stay.
#[derive(Debug)]
pub(super) struct Screen(ProgressBar);

impl Screen {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        Self(match ProgressStyle::with_template("{msg}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    pub(super) fn draw(&self, lines: String) {
        self.0.set_message(lines);
    }

    /// Takes the lines away, for something else to be written.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Screen {
    /// Leaves what was drawn last. Drawing once more would go wrong after Ctrl-C, which the
    /// terminal shows where the drawing ended.
    fn drop(&mut self) {
        if !self.0.is_finished() {
            self.0.set_draw_target(ProgressDrawTarget::hidden());
            let _ = writeln!(io::stdout()); // A terminal that is gone is no error here.
        }
    }
}

/// What was seen of each subscription at the last look.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<ProgressKey, Look, RandomState>);

impl Seen {
    /// Whether something changed since it was last looked at.
    pub(super) fn note(&mut self, look: &Look) -> bool {
        let key = (look.progress.tenant.clone(), look.progress.name.clone());
        let before = self.0.insert(key, look.clone());
        before.is_none_or(|before| look.differs(&before))
    }

    /// What was there before and is not any more.
    pub(super) fn gone(&mut self, looks: &[Look]) -> Vec<ProgressKey> {
        let there = |(tenant, name): &ProgressKey| {
            looks.iter().any(|it| it.progress.tenant == *tenant && it.progress.name == *name)
        };
        self.0.extract_if(|key, _| !there(key)).map(|(key, _)| key).collect()
    }
}
