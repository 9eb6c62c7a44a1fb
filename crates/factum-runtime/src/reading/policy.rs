//! What becomes of an event that cannot be handled.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use factum_core::{EventFailure, FailureKind};

use crate::Retry;

/// What is done with an event that keeps failing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnFailure {
    /// It is set aside, and what comes after it of the same key waits; everything else flows.
    #[default]
    Park,
    /// It is set aside, and its key goes on without it.
    DeadLetter,
    /// It is left out. Nothing remembers it but [`skipped`](crate::SubscriptionStatus::skipped), and a
    /// warning in the log of the program.
    Skip,
    /// The subscription ends with an error, its checkpoint right before the event.
    Fail,
}

/// How often a failing event is tried, and what is done then.
///
/// An attempt is a run of its handler, wherever that was: a projection handles a page of events in one
/// transaction first, and one that fails there has used an attempt. The others of the page are rolled back
/// with it and handled once more, which is no attempt of theirs. Attempts are counted by the loop that makes
/// them, and begin anew with another owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// How often it is tried, and the pauses between.
    pub retry: Retry,
    /// What is done when that did not help.
    pub then: OnFailure,
}

impl Reaction {
    /// Does `then` without trying again.
    pub const fn at_once(then: OnFailure) -> Self {
        Self { retry: Retry::NEVER, then }
    }
}

/// Chooses a reaction by the failure, or leaves it to the next one.
type Choice = Arc<dyn Fn(&EventFailure) -> Option<Reaction> + Send + Sync>;

/// What becomes of events that cannot be handled: one reaction, and others for certain failures.
///
/// An event that cannot be decoded is not tried again unless a choice for it says so: it would fail
/// the same way.
///
/// # Examples
///
/// ```
/// use factum_core::FailureKind;
/// use factum_runtime::{FailurePolicy, OnFailure, Reaction};
///
/// let policy = FailurePolicy::new(OnFailure::Park)
///     .when(|failure| failure.is::<std::io::Error>(), Reaction::at_once(OnFailure::Fail))
///     .when(|failure| failure.kind() == FailureKind::Undecodable, Reaction::at_once(OnFailure::DeadLetter));
/// # drop(policy);
/// ```
#[derive(Clone)]
pub struct FailurePolicy {
    usual: Reaction,
    choices: Vec<Choice>,
    fails_fast: bool,
}

impl FailurePolicy {
    /// Three attempts within about a second, then `then`.
    pub fn new(then: OnFailure) -> Self {
        let retry = Retry { attempts_max: 3, pause_ms_first: 250, pause_ms_max: 1_000 };
        Self { usual: Reaction { retry, then }, choices: Vec::new(), fails_fast: true }
    }

    /// Whether a projection that has handled no event yet ends with an error when the first one fails,
    /// whatever is done with events that fail later; it does unless changed. What fails from the start is
    /// mostly the projection, not the event. A reaction that was chosen by the failure counts even then.
    ///
    /// A view that is built anew from the beginning has handled no event yet either.
    #[must_use]
    pub fn fail_fast(mut self, fails_fast: bool) -> Self {
        self.fails_fast = fails_fast;
        self
    }

    pub(crate) fn fails_fast(&self) -> bool {
        self.fails_fast
    }

    /// Tries failing events again in this way.
    #[must_use]
    pub fn retried(mut self, retry: Retry) -> Self {
        self.usual.retry = retry;
        self
    }

    /// Reacts in another way where `applies`; the first one that applies counts.
    #[must_use]
    pub fn when(
        mut self,
        applies: impl Fn(&EventFailure) -> bool + Send + Sync + 'static,
        reaction: Reaction,
    ) -> Self {
        self.choices.push(Arc::new(move |failure| applies(failure).then_some(reaction)));
        self
    }

    /// What to do after `made` attempts, the one that just failed included. `is_first` says that the
    /// projection has handled nothing yet.
    pub(crate) fn decide(&self, failure: &EventFailure, made: u32, is_first: bool) -> Decision {
        // A choice that panics chooses nothing.
        let choose = |choice: &Choice| catch_unwind(AssertUnwindSafe(|| choice(failure)));
        let chosen = self.choices.iter().find_map(|choice| choose(choice).unwrap_or_default());
        let reaction = chosen.unwrap_or_else(|| match failure.kind() {
            FailureKind::Undecodable => Reaction::at_once(self.usual.then),
            _ => self.usual,
        });
        if reaction.retry.allows(made) {
            return Decision::Retry(reaction.retry.next_pause(made));
        }
        if is_first && self.fails_fast && chosen.is_none() {
            return Decision::FailFast;
        }
        Decision::Settle(reaction.then)
    }
}

impl Default for FailurePolicy {
    /// Parks the key.
    fn default() -> Self {
        Self::new(OnFailure::Park)
    }
}

impl Debug for FailurePolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FailurePolicy")
            .field("usual", &self.usual)
            .field("choices", &self.choices.len())
            .field("fails_fast", &self.fails_fast)
            .finish()
    }
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Try again after this long.
    Retry(Duration),
    /// Do this.
    Settle(OnFailure),
    /// End: nothing was handled before it.
    FailFast,
}
