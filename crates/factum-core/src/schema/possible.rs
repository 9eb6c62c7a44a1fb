//! Queries that no event of the declared types can match: a slip that would switch a rule off.

use crate::{Event, EventSpec, Query, QueryItem};

/// An alternative of a query that no event of the declared types can match, so that the rule, view
/// or subscriber that asks it would see nothing, in silence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImpossibleQuery {
    /// None of the types carries all of the tags.
    #[error(
        "query item {item} can match nothing: expected the tags of an event type, which are \
         {known}, found {found}; if something else tags the events, declare it: \
         `#[factum(also_tagged = \"..\")]`"
    )]
    Tags {
        /// The item's place in the query, 0-based.
        item: usize,
        /// The names of the tags that the declared types carry.
        known: String,
        /// Those that the item asks for together.
        found: String,
    },
    /// What is asked for has nothing in common with what is handled.
    #[error(
        "query item {item} can match nothing: expected events of what is read already, found \
         only types, a category or a correlation outside of it"
    )]
    Disjoint {
        /// The item's place among those that were given, 0-based.
        item: usize,
    },
}

impl Query {
    /// Checks that events of `E` can match every item, by the names of its tags.
    ///
    /// Only what is known counts: types that `E` does not declare, and those whose tags nobody
    /// declares, may match.
    ///
    /// # Errors
    ///
    /// [`ImpossibleQuery`] for the first item that can match nothing.
    pub fn check_possible<E: Event>(&self) -> Result<(), ImpossibleQuery> {
        let specs = E::specs();
        let mut items = self.items().iter().enumerate();
        items.try_for_each(|(place, item)| check_tags(&specs, place, item))
    }
}

/// Checks that an event of `specs` can carry the tags of an item.
pub(crate) fn check_tags(
    specs: &[&'static EventSpec],
    place: usize,
    item: &QueryItem,
) -> Result<(), ImpossibleQuery> {
    let asked = |spec: &EventSpec| item.types.is_empty() || item.types.contains(spec.event_type());
    let declared = |name: &crate::EventType| specs.iter().any(|it| it.event_type() == name);
    let carries = |spec: &EventSpec| item.tags.iter().all(|tag| spec.may_carry(tag.name()));
    let unknown = item.types.iter().any(|it| !declared(it));
    if unknown || specs.is_empty() || specs.iter().any(|it| asked(it) && carries(it)) {
        return Ok(());
    }
    let asked = specs.iter().filter(|it| asked(it));
    let known = listed(asked.flat_map(|it| it.tags()));
    let found = listed(item.tags.iter().map(crate::Tag::name));
    Err(ImpossibleQuery::Tags { item: place, known, found })
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: std::collections::BTreeSet<&str> = names.collect();
    if names.is_empty() {
        return "none".into();
    }
    names.into_iter().collect::<Vec<_>>().join(", ")
}
