//! Proof that a view in memory is a fold of the log.

use std::fmt::Debug;
use std::marker::PhantomData;

use factum_core::{LiveProjection, LiveView, RecordedEvent};
use futures::FutureExt;

use super::arrangement::{self, arranged, broken};
use super::disturbance::{Disturbance, Kind};
use super::disturbed::Disturbed;
use super::rounds::{Rounds, adjusted_rounds};
use crate::given::difference;

/// Proof that a view in memory is a fold of the log: it can be made anew at any time, and shares
/// nothing with its copies.
#[must_use = "nothing is proved before `check`"]
#[derive(Debug)]
pub struct LiveSpec<V> {
    events: Vec<RecordedEvent>,
    rounds: Rounds,
    of: PhantomData<fn() -> V>,
}

impl<V: LiveView + PartialEq + Debug> LiveSpec<V> {
    /// The view over these events.
    pub fn new(events: impl Into<Vec<RecordedEvent>>) -> Self {
        Self { events: events.into(), rounds: Rounds::new(Kind::VIEW), of: PhantomData }
    }

    adjusted_rounds!();

    /// Lets events also come after later ones of other keys, as those do that were parked and are
    /// taken in after all. Only views that need no order across keys stand this.
    pub fn across_keys(mut self) -> Self {
        self.rounds.kinds = Kind::PARKED;
        self
    }

    /// Proves it.
    ///
    /// # Panics
    ///
    /// If it does not hold: with the first seed that fails, the disturbances that it takes, and the
    /// difference. If nothing can be proved: nobody takes an event, or a straight pass fails or
    /// leaves no trace.
    #[track_caller]
    pub fn check(self) {
        let projection: LiveProjection<V> = arranged(LiveProjection::new());
        arrangement::taken(&projection.reads().query(), &self.events);
        let expected: V = arranged(Disturbed::by([]).live(&self.events));
        if expected == V::default() {
            broken(&"the events leave no trace in the view");
        }
        let fails = async |plan: &[Disturbance]| match Disturbed::by(plan.iter().copied())
            .live::<V>(&self.events)
        {
            Ok(found) => (found != expected).then(|| difference::of(&expected, &found)),
            Err(error) => Some(error.to_string()),
        };
        let run = self.rounds.run(&self.events, fails).now_or_never();
        if let Err(said) = run.expect("a view in memory waits for nothing") {
            panic!("the view {} is no fold of the log\n\n{said}", V::NAME);
        }
    }
}
