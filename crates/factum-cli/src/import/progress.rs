//! How far it is: a bar on a terminal, nothing elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use super::input::Input;
use crate::text;

/// A progress bar on standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    consumed: Arc<AtomicU64>,
}

impl Progress {
    pub(crate) fn new(input: &Input, quiet: bool) -> Self {
        let bar = match (input.bytes, quiet || !std::io::stderr().is_terminal()) {
            (_, true) => ProgressBar::hidden(),
            (Some(bytes), false) => {
                styled(ProgressBar::new(bytes), "{bar:30} {percent:>3} %  {msg}")
            }
            (None, false) => styled(ProgressBar::new_spinner(), "{spinner} {bytes}  {msg}"),
        };
        Self { bar, consumed: Arc::clone(&input.consumed) }
    }

    /// Shows how many events are done.
    pub(crate) fn show(&self, events: u64) {
        self.bar.set_position(self.consumed.load(Ordering::Relaxed));
        self.bar.set_message(text::count(events, "event"));
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("━╸ ")),
        Err(_) => bar,
    }
}
