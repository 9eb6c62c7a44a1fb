//! Given facts, when a decision, then facts: for decisions over tags.

use std::fmt::Debug;

use factum_core::{
    Decision, Event, Facts, InvalidName, Models, Query, RecordedEvent, StreamId, Tag,
};

use super::aggregates::shown;
use super::{Outcome, difference, record};

/// A log in which some things are recorded.
#[must_use = "say what is decided: `when`"]
#[derive(Debug)]
pub struct GivenFacts<E> {
    facts: Vec<E>,
    history: Vec<String>,
}

/// A log with these facts, tagged as they say themselves.
///
/// # Panics
///
/// If a fact's tags or claims are none: the arrangement is wrong.
#[track_caller]
pub fn given_facts<E: Event + Debug>(facts: impl IntoIterator<Item = E>) -> GivenFacts<E> {
    let mut given = GivenFacts { facts: Vec::new(), history: Vec::new() };
    for fact in facts {
        if let Err(error) = fact.facts(&mut Facts::default()) {
            panic!("the arrangement failed: {fact:?}: {error}");
        }
        given.history.push(format!("{fact:?}"));
        given.facts.push(fact);
    }
    given
}

impl<E: Event + Debug> GivenFacts<E> {
    /// Makes the decision that the test is about. Each of its models sees what its query finds.
    ///
    /// The given facts stand in the streams that [`Decision::stream`] names for them.
    ///
    /// # Panics
    ///
    /// If a model's query cannot be made of the decision's values: the arrangement is wrong. If it
    /// can match no event, which executing the decision refuses too. If
    /// the decision makes an event that no log would take: its tags or claims are none, or it has
    /// no stream.
    #[track_caller]
    #[must_use = "say what should have come of it: `then`, `then_error`, ..."]
    pub fn when<D>(self, decision: D) -> Outcome<D::Models, E, D::Error>
    where
        D: Decision<Models: Models<Event = E>>,
    {
        let mut models = decision.models();
        let queries = match models.queries() {
            Ok(queries) => queries,
            Err(error) => panic!("the arrangement failed: {error}"),
        };
        if let Err(error) = queries.iter().try_for_each(Query::check_possible::<E>) {
            panic!("decision {}: {error}", D::NAME);
        }
        for (before, fact) in (0..).zip(&self.facts) {
            let stream = |tags: &[Tag]| decision.stream(fact, tags).or_else(|_| elsewhere());
            let record = record::of(fact, [].as_slice(), before, stream);
            see(&mut models, &queries, fact, &record.expect("`given_facts` looked at it"));
        }
        let result = decision.decide(&models);
        for (before, fact) in (self.facts.len() as u64..).zip(result.iter().flatten()) {
            let stream = |tags: &[Tag]| decision.stream(fact, tags);
            match record::of(fact, [].as_slice(), before, stream) {
                Ok(record) => see(&mut models, &queries, fact, &record),
                Err(error) => panic!(
                    "the decision made an event that cannot be stored\n\n{fact:?}: {error}\n\
                     given {}",
                    shown(&self.history)
                ),
            }
        }
        Outcome::new(shown(&self.history), result, models)
    }
}

impl<S, E: Event + Debug, X: Debug> Outcome<S, E, X> {
    /// These tags, `name:value`, on the new event at `place`, 0-based, in any order.
    ///
    /// # Panics
    ///
    /// If it has others, or there is no such event.
    #[track_caller]
    pub fn then_tags<'t>(
        mut self,
        place: usize,
        expected: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        self.ask();
        let Some(event) = self.result.as_ref().ok().and_then(|events| events.get(place)) else {
            self.fail(&format!("expected an event at place {place}, found none"), "");
        };
        let mut facts = Facts::default();
        if let Err(error) = event.facts(&mut facts) {
            self.fail(&format!("expected tags at place {place}, found none: {error}"), "");
        }
        let mut expected: Vec<&str> = expected.into_iter().collect();
        expected.sort_unstable();
        let (tags, _) = facts.drain();
        let found: Vec<&str> = tags.iter().map(Tag::as_str).collect();
        if found != expected {
            let said = format!("expected other tags at place {place}");
            self.fail(&said, &difference::of(&expected, &found));
        }
        self
    }
}

/// Shows a fact to the models whose queries find it.
fn see<M: Models>(models: &mut M, queries: &[Query], fact: &M::Event, record: &RecordedEvent) {
    let kind = fact.spec().event_type();
    models.evolve_found(fact, &|part| queries[part].matches_as(record, kind));
}

/// Where a given fact stands that another decision made, in a stream that this one cannot name.
fn elsewhere() -> Result<StreamId, InvalidName> {
    StreamId::new("fact", "untagged")
}
