//! What something that reads the log is called, which events it takes, and what keeps them in order.

use std::sync::Arc;

use crate::{
    LaneKey, Position, Query, QueryItem, RecordedEvent, Registration, SubscriptionKind,
    SubscriptionName, TenantScope,
};

/// Chooses what an event is kept in order by.
type KeyOf = Arc<dyn Fn(&RecordedEvent) -> String + Send + Sync>;

/// A name, a query and a key.
#[derive(Clone)]
pub struct Reads {
    name: SubscriptionName,
    kind: SubscriptionKind,
    version: u32,
    /// The types that are handled; every event if it has no items.
    types: Query,
    narrowed: Vec<QueryItem>,
    key: Option<KeyOf>,
}

impl Reads {
    pub(super) fn new(name: &str, kind: SubscriptionKind, version: u32, types: Query) -> Self {
        let name = SubscriptionName::new(name).expect("declared names are valid");
        Self { name, kind, version, types, narrowed: Vec::new(), key: None }
    }

    pub(super) fn rename(&mut self, name: SubscriptionName) {
        self.name = name;
    }

    pub(super) fn narrow(&mut self, item: QueryItem) {
        self.narrowed.push(item);
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
        let all = [QueryItem::default()];
        let narrowed = if self.narrowed.is_empty() { &all[..] } else { &self.narrowed };
        let types = if self.types.is_all() { &all[..] } else { self.types.items() };
        Query::any_of(narrowed.iter().flat_map(|item| {
            types.iter().map(|it| {
                let types = if item.types.is_empty() { &it.types } else { &item.types };
                QueryItem { types: types.clone(), ..item.clone() }
            })
        }))
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
        /// a category, tags, a correlation.
        #[must_use]
        pub fn only(mut self, item: crate::QueryItem) -> Self {
            self.reads.narrow(item);
            self
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
