//! Failures that must show although the program listens to no `tracing` events: lines on standard error.
//!
//! A program that has a `tracing` subscriber, be it one that drops everything, gets none of them.

use std::fmt::Arguments;
use std::sync::atomic::{AtomicU64, Ordering};

use factum_core::SubscriptionName;

use super::policy::OnFailure;
use crate::stderr;

/// What one subscription has to say, not more often than anybody wants to read.
#[derive(Debug)]
pub(super) struct Notices {
    name: SubscriptionName,
    failed: AtomicU64,
    troubles: AtomicU64,
}

impl Notices {
    pub(super) fn new(name: SubscriptionName) -> Self {
        Self { name, failed: AtomicU64::new(0), troubles: AtomicU64::new(0) }
    }

    /// Something that happens once.
    pub(super) fn say(&self, what: Arguments<'_>) {
        stderr::print(format_args!("subscription {}: {what}", self.name));
    }

    /// An event could not be handled: the first one, the second, the fourth and so on.
    pub(super) fn failed(&self, what: Arguments<'_>, then: OnFailure) {
        let count = self.failed.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if !count.is_power_of_two() {
            return;
        }
        let so_far = if count == 1 { String::new() } else { format!(" ({count} events so far)") };
        let done = match then {
            OnFailure::Park => "set aside, and its key waits",
            OnFailure::DeadLetter => "set aside",
            OnFailure::Skip => "left out",
            OnFailure::Fail => "the subscription ends",
        };
        self.say(format_args!("{what}; {done}{so_far}"));
    }

    /// The store is in the way, which may pass: the first time, the second, the fourth and so on.
    pub(super) fn trouble(&self, what: Arguments<'_>) {
        if self.troubles.fetch_add(1, Ordering::Relaxed).saturating_add(1).is_power_of_two() {
            self.say(what);
        }
    }
}
