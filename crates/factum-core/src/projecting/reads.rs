//! What something that reads the log is called, which events it takes, and what keeps them in order.

use std::sync::Arc;

use super::Routes;
use crate::schema::possible::check_tags;
use crate::{
    EventSpec, EventType, ImpossibleQuery, LaneKey, Position, Query, QueryItem, RecordedEvent,
    Registration, SubscriptionKind, SubscriptionName, TenantScope,
};

/// Chooses what an event is kept in order by.
type KeyOf = Arc<dyn Fn(&RecordedEvent) -> String + Send + Sync>;

/// A name, a query and a key.
#[derive(Clone)]
pub struct Reads {
    name: SubscriptionName,
    kind: SubscriptionKind,
    version: u32,
    /// What is handled; every event if it has no items.
    base: Query,
    /// The types of which, as far as they are known.
    specs: Vec<&'static EventSpec>,
    narrowed: Vec<QueryItem>,
    key: Option<KeyOf>,
}

impl Reads {
    pub(super) fn new(name: &str, kind: SubscriptionKind, version: u32, base: Query) -> Self {
        let name = SubscriptionName::new(name).expect("declared names are valid");
        Self { name, kind, version, base, specs: Vec::new(), narrowed: Vec::new(), key: None }
    }

    /// What is handled by declared handlers.
    pub(super) fn handled<H>(
        name: &str,
        kind: SubscriptionKind,
        version: u32,
        routes: &Routes<H>,
    ) -> Self {
        let specs = routes.registry().specs().to_vec();
        Self { specs, ..Self::new(name, kind, version, routes.query()) }
    }

    pub(super) fn rename(&mut self, name: SubscriptionName) {
        self.name = name;
    }

    pub(super) fn set_version(&mut self, version: u32) {
        self.version = version;
    }

    pub(super) fn narrow(&mut self, item: QueryItem) -> Result<(), ImpossibleQuery> {
        let place = self.narrowed.len();
        if self.both(&item).is_empty() {
            return Err(ImpossibleQuery::Disjoint { item: place });
        }
        check_tags(&self.specs, place, &item)?;
        self.narrowed.push(item);
        Ok(())
    }

    /// What is both handled and asked for.
    fn both(&self, item: &QueryItem) -> Vec<QueryItem> {
        if self.base.is_all() {
            return vec![item.clone()];
        }
        self.base.items().iter().filter_map(|it| both(it, item)).collect()
    }

    pub(super) fn key_by(
        &mut self,
        key: impl Fn(&RecordedEvent) -> String + Send + Sync + 'static,
    ) {
        self.key = Some(Arc::new(key));
    }

    /// The name.
    pub fn name(&self) -> &SubscriptionName {
        &self.name
    }

    /// What kind of reader it is.
    pub fn kind(&self) -> SubscriptionKind {
        self.kind
    }

    /// The version, 1-based.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Which events it reads, in every shape they were ever stored in.
    pub fn query(&self) -> Query {
        if self.narrowed.is_empty() {
            return self.base.clone();
        }
        Query::any_of(self.narrowed.iter().flat_map(|item| self.both(item)))
    }

    /// What the store is to know of it; a new one begins after `start`.
    pub fn registration(&self, start: Position) -> Registration {
        Registration {
            name: self.name.clone(),
            kind: self.kind,
            version: self.version,
            shape: Registration::shape_of(&self.query()),
            start,
        }
    }

    /// What an event is kept in order by, to a reader of this scope.
    pub fn key_of(&self, event: &RecordedEvent, scope: &TenantScope) -> LaneKey {
        let text = match (&self.key, scope) {
            (Some(key), _) => key(event),
            (None, TenantScope::One(_)) => event.stream.as_str().to_owned(),
            (None, TenantScope::All) => format!("{}/{}", event.tenant, event.stream),
        };
        LaneKey::of(&text)
    }
}

impl std::fmt::Debug for Reads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reads")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("query", &self.query())
            .finish_non_exhaustive()
    }
}

/// What matches both; `None` if nothing can.
fn both(one: &QueryItem, other: &QueryItem) -> Option<QueryItem> {
    let categories = (one.category.as_ref(), other.category.as_ref());
    let correlations = (one.correlation.as_ref(), other.correlation.as_ref());
    if differ(categories.0, categories.1) || differ(correlations.0, correlations.1) {
        return None;
    }
    let streams = match (&one.streams, &other.streams) {
        (Some(one), Some(other)) => Some(one.both(other)?),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let types: Vec<EventType> = match (&one.types[..], &other.types[..]) {
        ([], types) | (types, []) => types.to_vec(),
        (types, others) => types.iter().filter(|it| others.contains(it)).cloned().collect(),
    };
    if types.is_empty() && !(one.types.is_empty() && other.types.is_empty()) {
        return None;
    }
    let mut tags = one.tags.clone();
    tags.extend(other.tags.iter().filter(|tag| !one.tags.contains(tag)).cloned());
    let category = categories.0.or(categories.1).cloned();
    let correlation = correlations.0.or(correlations.1).cloned();
    Some(QueryItem { streams, category, types, tags, correlation })
}

/// Whether two ask for different things.
fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.is_some() && other.is_some() && one != other
}

/// The methods by which a declared reader is adjusted; the same for all kinds.
macro_rules! adjusted_reads {
    ($what:literal) => {
        /// Gives it another name: the same one may run several times, over different events.
        #[must_use]
        pub fn named(mut self, name: crate::SubscriptionName) -> Self {
            self.reads.rename(name);
            self
        }

        #[doc = concat!("Restricts the ", $what, " to events that match `item`, or another item given before:")]
        /// streams, a category, tags, a correlation.
        ///
        /// # Errors
        ///
        /// [`ImpossibleQuery`](crate::ImpossibleQuery) if no event can match: `item` has nothing in
        /// common with what is read, or no type of event carries its tags.
        pub fn only(mut self, item: crate::QueryItem) -> Result<Self, crate::ImpossibleQuery> {
            self.reads.narrow(item)?;
            Ok(self)
        }

        /// Keeps events in order by another key than their stream: those of one key are handled one
        /// after the other, and wait behind one that failed. Texts that are no
        /// [`LaneKey`](crate::LaneKey) stand for themselves by their digest.
        #[must_use]
        pub fn keyed(
            mut self,
            key: impl Fn(&crate::RecordedEvent) -> String + Send + Sync + 'static,
        ) -> Self {
            self.reads.key_by(key);
            self
        }

        /// Its name, what it reads, and what keeps that in order.
        pub fn reads(&self) -> &super::Reads {
            &self.reads
        }
    };
}
pub(super) use adjusted_reads;
