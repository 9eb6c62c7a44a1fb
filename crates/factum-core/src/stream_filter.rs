//! Streams by name: one of them, or all whose name begins alike.

use std::ops::Range;

use crate::limits::{CATEGORY_BYTES_MAX, STREAM_ID_BYTES_MAX, STREAM_PREFIX_BYTES_MAX};
use crate::name::{InvalidName, check_identifier, check_text, text_name};
use crate::{Category, StreamId};

text_name!(
    /// How the names of streams begin: a category, a slash and the first bytes of an id, such as
    /// `order/2026-`, or the first bytes of a category, such as `ord`.
    ///
    /// The whole name `category/id` is compared, byte by byte: upper and lower case differ, a
    /// composed letter and a decomposed one differ, and no character stands for others. `order`
    /// also begins `orders/1`; end a prefix with the slash to mean one category. At most
    /// [`STREAM_PREFIX_BYTES_MAX`] bytes, of which those before the slash are as in a category,
    /// and those behind it as in an id, except that a prefix may end with a space.
    ///
    /// # Examples
    ///
    /// ```
    /// use factum_core::{StreamId, StreamPrefix};
    ///
    /// let prefix = StreamPrefix::new("order/2026-")?;
    /// assert!(prefix.begins(&StreamId::new("order", "2026-01")?));
    /// assert!(!prefix.begins(&StreamId::new("order", "2025-12")?));
    /// assert!(StreamPrefix::new("").is_err(), "a query without a prefix means every stream");
    /// # Ok::<(), factum_core::InvalidName>(())
    /// ```
    StreamPrefix, "stream prefix", check_prefix, STREAM_PREFIX_BYTES_MAX
);

/// The beginning of a name that a stream may have.
fn check_prefix(kind: &'static str, text: &str, _: usize) -> Result<(), InvalidName> {
    let Some((category, id)) = text.split_once('/') else {
        return check_identifier(kind, text, CATEGORY_BYTES_MAX);
    };
    check_identifier(kind, category, CATEGORY_BYTES_MAX)?;
    if id.is_empty() {
        return Ok(());
    }
    // What goes on behind a space is no end.
    if id.ends_with(char::is_whitespace) && id.len() < STREAM_ID_BYTES_MAX {
        return check_text(kind, &format!("{id}x"), STREAM_ID_BYTES_MAX);
    }
    check_text(kind, id, STREAM_ID_BYTES_MAX)
}

impl StreamPrefix {
    /// Whether the name of `stream` begins with it.
    pub fn begins(&self, stream: &StreamId) -> bool {
        stream.as_str().starts_with(self.as_str())
    }

    /// The category of all streams that it begins; `None` if it ends within the category.
    pub fn category(&self) -> Option<&str> {
        self.as_str().split_once('/').map(|(category, _)| category)
    }
}

impl From<&Category> for StreamPrefix {
    /// All streams of a category.
    fn from(category: &Category) -> Self {
        Self(format!("{category}/").into())
    }
}

/// Which streams an event may be of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StreamFilter {
    /// This one.
    Is(StreamId),
    /// Those whose name begins so.
    StartsWith(StreamPrefix),
}

impl StreamFilter {
    /// Whether `stream` is meant.
    pub fn matches(&self, stream: &StreamId) -> bool {
        match self {
            Self::Is(own) => own == stream,
            Self::StartsWith(prefix) => prefix.begins(stream),
        }
    }

    /// The category of all streams that are meant, if there is one.
    pub fn category(&self) -> Option<&str> {
        match self {
            Self::Is(stream) => Some(stream.category()),
            Self::StartsWith(prefix) => prefix.category(),
        }
    }

    /// The names that are meant, as a range of texts that are compared byte by byte; for stores.
    pub fn names(&self) -> Range<String> {
        match self {
            // No name goes on with a control character.
            Self::Is(stream) => stream.to_string()..format!("{stream}\u{1}"),
            Self::StartsWith(prefix) => prefix.to_string()..end_of(prefix.as_str()),
        }
    }

    /// What is meant by both; `None` if no stream is.
    pub fn both(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Is(stream), filter) | (filter, Self::Is(stream)) => {
                filter.matches(stream).then(|| Self::Is(stream.clone()))
            }
            (Self::StartsWith(one), Self::StartsWith(two)) => {
                let (short, long) =
                    if one.as_str().len() < two.as_str().len() { (one, two) } else { (two, one) };
                let nested = long.as_str().starts_with(short.as_str());
                nested.then(|| Self::StartsWith(long.clone()))
            }
        }
    }
}

/// The least text above every name that begins with `prefix`. Texts stand in the order of their
/// bytes, which is that of their characters.
fn end_of(prefix: &str) -> String {
    let last = prefix.chars().next_back().unwrap_or(char::MAX);
    // The range of characters leaves out what is none.
    if let Some(next) = (last..=char::MAX).nth(1) {
        let begin = &prefix[..prefix.len() - last.len_utf8()];
        return format!("{begin}{next}");
    }
    // Nothing stands above the last character, but more of it than an id can hold stands above any name.
    let more = STREAM_ID_BYTES_MAX / char::MAX.len_utf8() + 1;
    format!("{prefix}{}", String::from(char::MAX).repeat(more))
}

impl From<StreamId> for StreamFilter {
    fn from(stream: StreamId) -> Self {
        Self::Is(stream)
    }
}

impl From<StreamPrefix> for StreamFilter {
    fn from(prefix: StreamPrefix) -> Self {
        Self::StartsWith(prefix)
    }
}

impl std::fmt::Display for StreamFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Is(stream) => write!(f, "stream {stream}"),
            Self::StartsWith(prefix) => write!(f, "streams {prefix}..."),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::{StreamFilter, StreamPrefix};
    use crate::StreamId;

    fn starting(prefix: &str) -> StreamFilter {
        StreamFilter::StartsWith(StreamPrefix::new(prefix).unwrap())
    }

    fn stream(name: &str) -> StreamFilter {
        StreamFilter::Is(name.parse().unwrap())
    }

    #[test]
    fn a_prefix_is_the_beginning_of_a_name_that_a_stream_may_have() {
        let long = format!("a/{}", "x".repeat(256));
        for prefix in ["a", "order", "order/", "order/2026-", "order/ann ", "order/a/b", &long] {
            assert_eq!(StreamPrefix::new(prefix).unwrap().as_str(), prefix);
        }
        let (long_id, long_category) = (format!("a/{}", "x".repeat(257)), "c".repeat(65));
        let wrong = ["", "/", "/a", "or der", "a/ b", "a/\n", "a/b\u{0}", "ä", "-a"];
        for prefix in wrong.into_iter().chain([long_id.as_str(), &long_category]) {
            assert!(StreamPrefix::new(prefix).is_err(), "{prefix:?}");
        }
    }

    #[test]
    fn the_range_of_names_holds_just_what_matches() {
        let ids =
            ["a", "ab", "ab\u{10ffff}", "ab\u{10ffff}\u{10ffff}", "aé", "ae\u{301}", "a\u{d7ff}"];
        let more = ["a\u{e000}", "b", "%", "_", "a%", "a_", "a\u{d7ff}b", "A", "ab\u{10ffff}z"];
        let longest = char::MAX.to_string().repeat(64);
        let ids = ids.into_iter().chain(more).chain([longest.as_str()]);
        let names: Vec<StreamId> = ids
            .flat_map(|id| ["c", "c0", "cd"].map(|category| StreamId::new(category, id).unwrap()))
            .collect();
        let prefixes = names.iter().flat_map(|name| {
            let name = name.as_str();
            (1..=name.len()).filter(|end| name.is_char_boundary(*end)).map(|end| &name[..end])
        });
        let filters = prefixes.map(starting).chain(names.iter().cloned().map(StreamFilter::Is));
        for filter in filters {
            let range = filter.names();
            for name in &names {
                let within = range.contains(&name.to_string());
                assert_eq!(within, filter.matches(name), "{filter}: {name}");
            }
        }
    }

    #[test]
    fn both_is_what_is_meant_by_each() {
        let both = |one: &StreamFilter, other: &StreamFilter| {
            assert_eq!(one.both(other), other.both(one));
            one.both(other)
        };
        let (ann, bob, all) = (stream("account/ann"), stream("account/bob"), starting("account/"));
        assert_eq!(both(&ann, &ann), Some(ann.clone()));
        assert_eq!(both(&ann, &bob), None);
        assert_eq!(both(&ann, &all), Some(ann.clone()));
        assert_eq!(both(&ann, &starting("order")), None);
        assert_eq!(both(&all, &starting("acc")), Some(all.clone()));
        assert_eq!(both(&all, &starting("account/b")), Some(starting("account/b")));
        assert_eq!(both(&all, &starting("order/")), None);
    }
}
