//! Queries: which events, by stream, category, type, tag and correlation.

use crate::limits::{QUERY_ITEMS_MAX, QUERY_TERMS_MAX};
use crate::{
    Category, CorrelationId, EventType, InvalidName, NewEvent, RecordedEvent, Refusal,
    StreamFilter, StreamId, StreamPrefix, Tag, Tags,
};

/// Which events: those that match at least one of its items.
///
/// # Examples
///
/// ```
/// use factum_core::{EventType, Query, QueryItem, Tag};
///
/// // Whatever was decided about course c1, and every change of the price list.
/// let query = Query::any_of([
///     QueryItem::default().tag(Tag::new("course", "c1")?),
///     QueryItem::default().event_type(EventType::new("prices.changed")?),
/// ]);
/// assert_eq!(query.items().len(), 2);
/// # Ok::<(), factum_core::InvalidName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// Empty means every event.
    items: Vec<QueryItem>,
}

impl Query {
    /// Every event.
    pub const fn all() -> Self {
        Self { items: Vec::new() }
    }

    /// Events that match at least one of `items`; every event if there are none.
    pub fn any_of(items: impl IntoIterator<Item = QueryItem>) -> Self {
        Self { items: items.into_iter().collect() }
    }

    /// The alternatives; empty for [`Query::all`].
    pub fn items(&self) -> &[QueryItem] {
        &self.items
    }

    /// Whether every event matches.
    pub fn is_all(&self) -> bool {
        self.items.is_empty() || self.items.iter().any(QueryItem::is_all)
    }

    /// Whether `event` matches. Every store answers as this function does.
    pub fn matches(&self, event: &RecordedEvent) -> bool {
        self.matches_as(event, &event.event_type)
    }

    /// Whether `event` matches once it counts as one of `event_type`, as it may after upcasting.
    pub fn matches_as(&self, event: &RecordedEvent, event_type: &EventType) -> bool {
        self.items.is_empty() || self.items.iter().any(|item| item.matches(event, event_type))
    }

    /// Whether `event`, once it is appended to `stream`, will match.
    pub fn matches_new(&self, stream: &StreamId, event: &NewEvent) -> bool {
        let correlation = event.correlation.as_ref();
        let fits =
            |item: &QueryItem| item.fits(stream, &event.event_type, &event.tags, correlation);
        self.items.is_empty() || self.items.iter().any(fits)
    }

    /// Checks the query against the limits; stores call it first.
    ///
    /// # Errors
    ///
    /// [`Refusal::QueryTooLarge`] beyond [`QUERY_ITEMS_MAX`] items, or [`QUERY_TERMS_MAX`] types
    /// or tags in one.
    pub fn check(&self) -> Result<(), Refusal> {
        let terms = |item: &QueryItem| item.types.len().max(item.tags.len());
        let most = self.items.iter().map(terms).max().unwrap_or(0);
        if self.items.len() > QUERY_ITEMS_MAX || most > QUERY_TERMS_MAX {
            return Err(Refusal::QueryTooLarge { items: self.items.len(), terms: most });
        }
        Ok(())
    }
}

impl From<QueryItem> for Query {
    fn from(item: QueryItem) -> Self {
        Self { items: vec![item] }
    }
}

/// One alternative of a [`Query`]: everything that it names must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct QueryItem {
    /// Which streams, by name, if it matters.
    pub streams: Option<StreamFilter>,
    /// The stream's category, if it matters.
    pub category: Option<Category>,
    /// The event's type is one of these, if there are any.
    pub types: Vec<EventType>,
    /// The event has all of these tags.
    pub tags: Vec<Tag>,
    /// The event's correlation, if it matters.
    pub correlation: Option<CorrelationId>,
}

impl QueryItem {
    /// Restricts the item to a category.
    #[must_use]
    pub fn category(mut self, category: Category) -> Self {
        self.category = Some(category);
        self
    }

    /// The events of one stream. What was truncated or deleted is still found: the log keeps it.
    pub fn stream(stream: StreamId) -> Self {
        Self { streams: Some(StreamFilter::Is(stream)), ..Self::default() }
    }

    /// The events of all streams whose name `category/id` begins with `prefix`, byte by byte.
    pub fn stream_prefix(prefix: StreamPrefix) -> Self {
        Self { streams: Some(StreamFilter::StartsWith(prefix)), ..Self::default() }
    }

    /// Restricts the item to one stream, or to those whose names begin alike.
    #[must_use]
    pub fn of_streams(mut self, streams: impl Into<StreamFilter>) -> Self {
        self.streams = Some(streams.into());
        self
    }

    /// Events with the tag `name:value`.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if either part breaks its rule; see [`Tag::new`].
    pub fn tagged(name: &str, value: impl std::fmt::Display) -> Result<Self, InvalidName> {
        Ok(Self::default().tag(Tag::new(name, &value.to_string())?))
    }

    /// Adds types to those that match.
    #[must_use]
    pub fn types(mut self, types: impl IntoIterator<Item = impl Into<EventType>>) -> Self {
        self.types.extend(types.into_iter().map(Into::into));
        self
    }

    /// Adds a type to those that match.
    #[must_use]
    pub fn event_type(mut self, event_type: EventType) -> Self {
        self.types.push(event_type);
        self
    }

    /// Adds a tag that the event must have.
    #[must_use]
    pub fn tag(mut self, tag: Tag) -> Self {
        self.tags.push(tag);
        self
    }

    /// Restricts the item to a correlation.
    #[must_use]
    pub fn correlation(mut self, correlation: CorrelationId) -> Self {
        self.correlation = Some(correlation);
        self
    }

    /// Whether the item names nothing, so that every event matches.
    pub fn is_all(&self) -> bool {
        self.streams.is_none()
            && self.category.is_none()
            && self.types.is_empty()
            && self.tags.is_empty()
            && self.correlation.is_none()
    }

    fn matches(&self, event: &RecordedEvent, event_type: &EventType) -> bool {
        self.fits(&event.stream, event_type, &event.tags, event.correlation.as_ref())
    }

    fn fits(
        &self,
        stream: &StreamId,
        event_type: &EventType,
        tags: &Tags,
        correlation: Option<&CorrelationId>,
    ) -> bool {
        self.streams.as_ref().is_none_or(|own| own.matches(stream))
            && self.category.as_ref().is_none_or(|own| own.as_str() == stream.category())
            && (self.types.is_empty() || self.types.contains(event_type))
            && self.tags.iter().all(|tag| tags.contains(tag))
            && (self.correlation.is_none() || self.correlation.as_ref() == correlation)
    }
}
