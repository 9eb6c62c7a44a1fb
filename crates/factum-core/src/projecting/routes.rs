//! From an event's type to who handles it, by one look.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use crate::limits::QUERY_TERMS_MAX;
use crate::{
    Event, EventType, ImpossibleQuery, Query, QueryItem, RecordedEvent, Registry, RegistryError,
};

/// Why handlers cannot be put together. Found when the program starts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoutesError {
    /// The event types do not fit together.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Two handlers take one type of event.
    #[error("event type {event_type}: expected one handler, found two")]
    TwoHandlers {
        /// The type.
        event_type: EventType,
    },
    /// What it was restricted to can match nothing.
    #[error(transparent)]
    Query(#[from] ImpossibleQuery),
    /// Nothing is handled.
    #[error("expected a handler for at least one type of event, found none")]
    NoHandler,
}

/// Where in the list of handlers those of a type stand; nearly always one.
type Places = SmallVec<[u16; 2]>;

/// Handlers by the types of events that they take, older shapes and retired names included.
pub struct Routes<H> {
    registry: Registry,
    handlers: Vec<H>,
    by_type: HashMap<EventType, Places, RandomState>,
    parts: Vec<fn(&Registry) -> Query>,
}

impl<H> Default for Routes<H> {
    fn default() -> Self {
        Self {
            registry: Registry::default(),
            handlers: Vec::new(),
            by_type: HashMap::default(),
            parts: Vec::new(),
        }
    }
}

impl<H> Routes<H> {
    /// Has `handler` take the events of `E`.
    ///
    /// # Errors
    ///
    /// A [`RoutesError`] if another handler takes one of them, or they do not fit together.
    pub fn route<E: Event>(mut self, handler: H) -> Result<Self, RoutesError> {
        for spec in E::specs() {
            if self.registry.specs().iter().any(|it| it.event_type() == spec.event_type()) {
                return Err(RoutesError::TwoHandlers { event_type: spec.event_type().clone() });
            }
        }
        self.registry = self.registry.and(Registry::of::<E>()?)?;
        self.parts.push(|registry| registry.widened::<E>(&Query::all()));
        self.handlers.push(handler);
        // Upcasters of one context may lead to types of another: every part is looked at again.
        self.by_type.clear();
        for (place, part) in (0_u16..).zip(&self.parts) {
            for event_type in part(&self.registry).items().iter().flat_map(|it| &it.types) {
                let places = self.by_type.entry(event_type.clone()).or_default();
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        Ok(self)
    }

    /// What is known of the events.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The handlers of an event, in the order they were added; none for types that nobody takes.
    pub fn find(&self, event: &RecordedEvent) -> impl Iterator<Item = &H> {
        let places = self.by_type.get(&event.event_type).map_or(&[][..], |it| &it[..]);
        places.iter().map(|place| &self.handlers[usize::from(*place)])
    }

    /// The query that finds what is handled, in every shape it was ever stored in.
    pub fn query(&self) -> Query {
        let mut types: Vec<EventType> = self.by_type.keys().cloned().collect();
        types.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        let item =
            |types: &[EventType]| QueryItem { types: types.to_vec(), ..QueryItem::default() };
        Query::any_of(types.chunks(QUERY_TERMS_MAX).map(item))
    }

    /// Whether nothing is handled.
    pub fn is_empty(&self) -> bool {
        self.handlers.is_empty()
    }
}

impl<H> std::fmt::Debug for Routes<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes")
            .field("handlers", &self.handlers.len())
            .field("types", &self.by_type.len())
            .finish_non_exhaustive()
    }
}
