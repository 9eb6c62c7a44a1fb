//! Round after round of disturbances, until one of them fails.

use factum_core::RecordedEvent;

use super::disturbance::{Disturbance, Kind};
use super::plan;

/// How often and how something is disturbed.
#[derive(Clone, Debug)]
pub(super) struct Rounds {
    pub(super) count: u64,
    pub(super) seed: u64,
    pub(super) kinds: &'static [Kind],
}

impl Rounds {
    pub(super) fn new(kinds: &'static [Kind]) -> Self {
        Self { count: 50, seed: 1, kinds }
    }

    /// Runs every round. `fails` says how a plan fails, if it does; the words for the first that
    /// does are returned, with as few disturbances as show it.
    pub(super) async fn run(
        &self,
        events: &[RecordedEvent],
        fails: impl AsyncFn(&[Disturbance]) -> Option<String>,
    ) -> Result<(), String> {
        for seed in (self.seed..).take(usize::try_from(self.count).unwrap_or(usize::MAX)) {
            let made = plan::seeded(seed, events.len(), self.kinds);
            let Some(said) = fails(&made).await else { continue };
            let all = made.len();
            let (few, said) = plan::shrunk(made, said, &fails).await;
            let told = plan::told(&few, events);
            return Err(format!(
                "seed {seed} fails; it alone runs with `.seed({seed}).rounds(1)`\n\
                 {} of its {all} disturbances show it:\n{told}\n{said}",
                few.len()
            ));
        }
        Ok(())
    }
}

/// The methods by which rounds are adjusted; the same for all kinds.
macro_rules! adjusted_rounds {
    () => {
        /// Runs so many rounds instead of 50, each with a seed of its own.
        pub fn rounds(mut self, count: u64) -> Self {
            self.rounds.count = count;
            self
        }

        /// Begins with this seed instead of 1; the rounds after it count on.
        pub fn seed(mut self, seed: u64) -> Self {
            self.rounds.seed = seed;
            self
        }
    };
}
pub(super) use adjusted_rounds;
