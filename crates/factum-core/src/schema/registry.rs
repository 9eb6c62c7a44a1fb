//! What a program knows: its event types, and the way from every older shape to a current one.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::chain;
use super::upcasters::{Link, Shape};
use crate::codec::Payload;
use crate::limits::QUERY_TERMS_MAX;
use crate::schema::{EventError, EventProblem, RawEvent, RawPayload, RegistryError, Upcasters};
use crate::{Event, EventSpec, EventType, Query, QueryItem, RecordedEvent, SchemaVersion};

/// What to do with an event whose type the program does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownEvents {
    /// It is an error.
    #[default]
    Fail,
    /// It is left out.
    Skip,
}

/// The event types and upcasters of one program, checked when they are put together.
///
/// # Examples
///
/// ```
/// use factum_core::{Registry, SchemaVersion, Upcasters};
///
/// let retired = Upcasters::default().drop("account.viewed", 1);
/// let registry = Registry::new([], retired)?;
/// assert_eq!(registry.specs().len(), 0);
/// assert!(registry.upcasts("account.viewed", SchemaVersion::FIRST));
///
/// let lost = Upcasters::default().rename("account.created", 1, "account.opened", 1);
/// let error = Registry::new([], lost).expect_err("nothing reads account.opened");
/// assert!(error.to_string().contains("account.opened"));
/// # Ok::<(), factum_core::RegistryError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    specs: Vec<&'static EventSpec>,
    by_name: HashMap<&'static str, &'static EventSpec, RandomState>,
    links: HashMap<Shape, Link, RandomState>,
    unknown: UnknownEvents,
}

impl Registry {
    /// Knows the types of `E`.
    ///
    /// # Errors
    ///
    /// As [`Registry::new`].
    pub fn of<E: Event>() -> Result<Self, RegistryError> {
        Self::new(E::specs(), E::upcasters())
    }

    /// Knows these types and the ways to them.
    ///
    /// # Errors
    ///
    /// A [`RegistryError`] if two types share a name, or a stored shape has no way, or two, to a
    /// current one.
    pub fn new(
        specs: impl IntoIterator<Item = &'static EventSpec>,
        upcasters: Upcasters,
    ) -> Result<Self, RegistryError> {
        let mut registry = Self::default();
        for spec in specs {
            if registry.by_name.contains_key(spec.event_type().as_str()) {
                // Decoding could not tell which of the two it is.
                let (event_type, name) = (spec.event_type().clone(), spec.rust_name());
                let first = registry.by_name[event_type.as_str()].rust_name();
                return Err(RegistryError::SameName { event_type, first, second: name });
            }
            registry.add_type(spec)?;
        }
        for link in upcasters.links {
            registry.add_link(link)?;
        }
        chain::check(&registry.specs, &registry.by_name, &registry.links)?;
        Ok(registry)
    }

    /// Knows what both know: the registry of a program with several contexts.
    ///
    /// # Errors
    ///
    /// As [`Registry::new`].
    pub fn and(mut self, other: Self) -> Result<Self, RegistryError> {
        for spec in other.specs {
            self.add_type(spec)?;
        }
        for (shape, link) in other.links {
            match self.links.get(&shape) {
                // The same context once more: its upcasters were made anew.
                Some(own) if own.declared_at == link.declared_at => {}
                _ => self.add_link(link)?,
            }
        }
        chain::check(&self.specs, &self.by_name, &self.links)?;
        Ok(self)
    }

    /// Says what to do with events of types that are not known; an error unless changed.
    #[must_use]
    pub fn on_unknown(mut self, unknown: UnknownEvents) -> Self {
        self.unknown = unknown;
        self
    }

    /// The event types that are known, in the order they were given.
    pub fn specs(&self) -> &[&'static EventSpec] {
        &self.specs
    }

    /// Whether an upcaster starts at this type and version, so that events stored in that shape
    /// have a way to current ones, or are left out on purpose.
    pub fn upcasts(&self, event_type: &str, version: SchemaVersion) -> bool {
        self.links.contains_key(&(event_type.to_owned(), version))
    }

    /// Decodes a stored event into the current events it stands for: usually one, none or several
    /// after upcasting.
    ///
    /// The log's own records, and events of other contexts that the registry knows, give none.
    ///
    /// # Errors
    ///
    /// An [`EventError`] that names the event; `each` may have been called for a part of it.
    pub fn decode<E: Event>(
        &self,
        event: &RecordedEvent,
        mut each: impl FnMut(E),
    ) -> Result<(), EventError> {
        let name = event.event_type.as_str();
        if let Some(spec) = E::find(name)
            && spec.schema_version() == event.schema_version
        {
            let payload = Payload::Bytes { codec: event.codec, bytes: &event.payload };
            let decoded = E::decode(name, payload);
            each(decoded.map_err(|it| EventError::new(event, EventProblem::Decode(it)))?);
            return Ok(());
        }
        self.decode_older(event, &mut each).map_err(|problem| EventError::new(event, problem))
    }

    #[cold]
    fn decode_older<E: Event>(
        &self,
        event: &RecordedEvent,
        each: &mut dyn FnMut(E),
    ) -> Result<(), EventProblem> {
        if event.event_type.is_reserved() {
            return Ok(());
        }
        let mut left = vec![RawEvent {
            event_type: event.event_type.clone(),
            schema_version: event.schema_version,
            payload: RawPayload::Bytes { codec: event.codec, bytes: event.payload.clone() },
        }];
        while let Some(raw) = left.pop() {
            let shape = (raw.event_type.as_str().to_owned(), raw.schema_version);
            if let Some(link) = self.links.get(&shape) {
                let made = link.run(raw, event).map_err(EventProblem::Upcast)?;
                left.extend(made.into_iter().rev()); // The first one made is looked at next.
            } else {
                self.decode_current(&raw, each)?;
            }
        }
        Ok(())
    }

    fn decode_current<E: Event>(
        &self,
        raw: &RawEvent,
        each: &mut dyn FnMut(E),
    ) -> Result<(), EventProblem> {
        let name = raw.event_type.as_str();
        let own = E::find(name);
        let Some(spec) = own.or_else(|| self.by_name.get(name).copied()) else {
            return match self.unknown {
                UnknownEvents::Fail => Err(EventProblem::UnknownType),
                UnknownEvents::Skip => Ok(()),
            };
        };
        if raw.schema_version != spec.schema_version() {
            return Err(EventProblem::Newer { current: spec.schema_version() });
        }
        if own.is_some() {
            each(E::decode(name, raw.payload.as_payload()).map_err(EventProblem::Decode)?);
        }
        Ok(())
    }

    /// The query that finds the events of `E` which `query` means, in every shape they were ever
    /// stored in: items without types get those of `E`, and every type gets the retired names
    /// that upcasters lead from.
    pub fn widened<E: Event>(&self, query: &Query) -> Query {
        let items = query.items();
        let all = [QueryItem::default()];
        let items = if items.is_empty() { &all[..] } else { items };
        Query::any_of(items.iter().flat_map(|item| self.widened_item::<E>(item)))
    }

    /// An item with all its types; as several items where they are too many for one.
    fn widened_item<E: Event>(&self, item: &QueryItem) -> Vec<QueryItem> {
        let mut types = item.types.clone();
        if types.is_empty() {
            types = E::specs().into_iter().map(EventType::from).collect();
        }
        let older = self.names_before(&types);
        types.extend(older);
        let part = |types: &[EventType]| QueryItem { types: types.to_vec(), ..item.clone() };
        types.chunks(QUERY_TERMS_MAX).map(part).collect()
    }

    /// Retired names from which upcasters lead to one of `types`, over however many steps.
    fn names_before(&self, types: &[EventType]) -> Vec<EventType> {
        let mut known: Vec<String> = types.iter().map(|it| it.as_str().to_owned()).collect();
        let mut next = 0;
        while next < known.len() {
            for link in self.links.values() {
                let leads = link.to.iter().any(|(name, _)| *name == known[next]);
                if leads && !known.contains(&link.from.0) {
                    known.push(link.from.0.clone());
                }
            }
            next += 1;
        }
        let older = known.split_off(types.len());
        older.iter().filter_map(|name| EventType::new(name).ok()).collect()
    }

    fn add_type(&mut self, spec: &'static EventSpec) -> Result<(), RegistryError> {
        let name = spec.event_type().as_str();
        match self.by_name.insert(name, spec) {
            Some(first) if first.rust_name() != spec.rust_name() => Err(RegistryError::SameName {
                event_type: spec.event_type().clone(),
                first: first.rust_name(),
                second: spec.rust_name(),
            }),
            Some(_) => Ok(()), // The same type twice: once alone, once in a union.
            None => {
                self.specs.push(spec);
                Ok(())
            }
        }
    }

    fn add_link(&mut self, link: Link) -> Result<(), RegistryError> {
        let shape = link.from.clone();
        if self.links.insert(shape.clone(), link).is_some() {
            let (event_type, version) = shape;
            return Err(RegistryError::TwoUpcasters { event_type, version });
        }
        Ok(())
    }
}
