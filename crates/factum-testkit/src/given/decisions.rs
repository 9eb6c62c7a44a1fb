//! Given facts, when a decision, then facts: for decisions over tags.

use std::fmt::Debug;

use bytes::Bytes;
use factum_core::{
    Decision, Event, EventId, Facts, Models, NewEvent, Place, Position, RecordedEvent, Revision,
    StreamId, TenantId, Timestamp,
};

use super::Outcome;
use super::aggregates::shown;

/// A log in which some things are recorded.
#[must_use = "say what is decided: `when`"]
#[derive(Debug)]
pub struct GivenFacts<E> {
    facts: Vec<(RecordedEvent, E)>,
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
        given.history.push(format!("{fact:?}"));
        let record = recorded(&fact, given.facts.len() as u64);
        given.facts.push((record, fact));
    }
    given
}

impl<E: Event + Debug> GivenFacts<E> {
    /// Makes the decision that the test is about. Each of its models sees what its query finds.
    ///
    /// # Panics
    ///
    /// If a model's query cannot be made of the decision's values: the arrangement is wrong.
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
        let result = {
            let mut see = |record: &RecordedEvent, fact: &E| {
                let kind = fact.spec().event_type();
                models.evolve_found(fact, &|part| queries[part].matches_as(record, kind));
            };
            self.facts.iter().for_each(|(record, fact)| see(record, fact));
            decision.decide(&models)
        };
        for fact in result.iter().flatten() {
            let record = recorded(fact, self.facts.len() as u64);
            let kind = fact.spec().event_type();
            models.evolve_found(fact, &|part| queries[part].matches_as(&record, kind));
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
            self.fail(&format!("expected an event at place {place}, found none"));
            return self;
        };
        let mut expected: Vec<&str> = expected.into_iter().collect();
        expected.sort_unstable();
        let record = recorded(event, 0);
        let found: Vec<&str> = record.tags.iter().map(factum_core::Tag::as_str).collect();
        if found != expected {
            let difference = super::difference::of(&expected, &found);
            self.fail(&format!("expected other tags\n\n{difference}"));
        }
        self
    }
}

/// The fact as it would stand in a log.
#[track_caller]
fn recorded<E: Event + Debug>(fact: &E, before: u64) -> RecordedEvent {
    let mut facts = Facts::default();
    if let Err(error) = fact.facts(&mut facts) {
        panic!("the arrangement failed: {fact:?}: {error}");
    }
    let spec = fact.spec();
    let first = facts.tags().first().map(|tag| StreamId::new(tag.name(), tag.value()));
    let other = || StreamId::new("fact", "untagged").expect("it is a name");
    let stream = first.and_then(Result::ok).unwrap_or_else(other);
    let id = EventId::from_content(&[&before.to_le_bytes()]);
    let mut event = NewEvent::new(id, spec.event_type().clone(), spec.codec(), Bytes::new());
    event.schema_version = spec.schema_version();
    (event.tags, event.claims) = facts.drain();
    event.into_recorded(Place {
        position: Position::new(before + 1),
        tenant: TenantId::default(),
        stream,
        revision: Revision::FIRST,
        now: Timestamp::from_micros(0),
    })
}
