//! How far it is: a bar on a terminal, nothing elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::text;

const TEMPLATE: &str = "{prefix} {bar:30} {percent:>3} %  {msg}, {rate} a second, {eta} left";

/// A progress bar on standard error.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar for so many events.
    pub(super) fn new(doing: &'static str, events: u64, quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(events).with_prefix(doing);
        let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{:.0}", state.per_sec()); // A bar that cannot be drawn is no error.
        };
        Self(match ProgressStyle::with_template(TEMPLATE) {
            Ok(style) => bar.with_style(style.progress_chars("━╸ ").with_key("rate", rate)),
            Err(_) => bar,
        })
    }

    /// Shows how many events are done.
    pub(super) fn show(&self, events: u64) {
        self.0.set_position(events);
        self.0.set_message(text::count(events, "event"));
    }
}

impl Drop for Bar {
    /// Takes the bar away, whatever ended the work.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
