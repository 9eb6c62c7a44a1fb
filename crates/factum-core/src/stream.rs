//! Streams: all events of one entity.

use std::sync::Arc;

use crate::limits::{CATEGORY_BYTES_MAX, STREAM_ID_BYTES_MAX};
use crate::name::{InvalidName, check_identifier, check_text, text_name};

text_name!(
    /// The kind of entity a stream belongs to, for example `account`.
    ///
    /// At most [`CATEGORY_BYTES_MAX`] bytes of ASCII letters, digits, `.`, `_` and `-`.
    Category, "category", check_identifier, CATEGORY_BYTES_MAX
);

/// The name of a stream within its tenant, written `category/id`.
///
/// # Examples
///
/// ```
/// use factum_core::StreamId;
///
/// let stream: StreamId = "account/alice".parse()?;
/// assert_eq!((stream.category(), stream.id()), ("account", "alice"));
/// assert!("no-slash".parse::<StreamId>().is_err());
/// # Ok::<(), factum_core::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    name: Arc<str>,
    category_bytes: u8,
}

const _: () = assert!(CATEGORY_BYTES_MAX <= u8::MAX as usize);

impl StreamId {
    /// Names the stream of entity `id` in `category`.
    ///
    /// The id is text of at most [`STREAM_ID_BYTES_MAX`] bytes without control characters; it may
    /// contain slashes and spaces, though no space at either end.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if either part breaks its rule.
    pub fn new(category: &str, id: &str) -> Result<Self, InvalidName> {
        check_identifier("category", category, CATEGORY_BYTES_MAX)?;
        check_text("stream id", id, STREAM_ID_BYTES_MAX)?;
        Ok(Self::joined(&format!("{category}/{id}"), category.len()))
    }

    fn joined(name: &str, category_bytes: usize) -> Self {
        let category_bytes = u8::try_from(category_bytes).expect("categories fit a byte");
        Self { name: name.into(), category_bytes }
    }

    /// The part before the first slash.
    pub fn category(&self) -> &str {
        &self.name[..usize::from(self.category_bytes)]
    }

    /// The part after the first slash.
    pub fn id(&self) -> &str {
        &self.name[usize::from(self.category_bytes) + 1..]
    }

    /// The whole name, `category/id`.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl std::str::FromStr for StreamId {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        let Some((category, id)) = name.split_once('/') else {
            return Err(InvalidName::new("stream", "category/id", name));
        };
        check_identifier("category", category, CATEGORY_BYTES_MAX)?;
        check_text("stream id", id, STREAM_ID_BYTES_MAX)?;
        Ok(Self::joined(name, category.len()))
    }
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl std::fmt::Debug for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StreamId({:?})", &*self.name)
    }
}
