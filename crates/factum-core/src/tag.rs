//! Tags: what an event is about, so that a query can find it.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::limits::{TAG_NAME_BYTES_MAX, TAG_VALUE_BYTES_MAX};
use crate::name::{InvalidName, check_identifier, check_text};

/// One `name:value` on an event, for example `course:c1`.
///
/// The name is an identifier of at most [`TAG_NAME_BYTES_MAX`] bytes, the value one line of text
/// of at most [`TAG_VALUE_BYTES_MAX`] bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    text: Arc<str>,
    name_bytes: u8,
}

const _: () = assert!(TAG_NAME_BYTES_MAX <= u8::MAX as usize);

impl Tag {
    /// Builds the tag `name:value`.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if either part breaks its rule.
    pub fn new(name: &str, value: &str) -> Result<Self, InvalidName> {
        check_identifier("tag name", name, TAG_NAME_BYTES_MAX)?;
        check_text("tag value", value, TAG_VALUE_BYTES_MAX)?;
        Ok(Self::joined(&format!("{name}:{value}"), name.len()))
    }

    fn joined(text: &str, name_bytes: usize) -> Self {
        let name_bytes = u8::try_from(name_bytes).expect("tag names fit a byte");
        Self { text: text.into(), name_bytes }
    }

    /// The part before the first colon.
    pub fn name(&self) -> &str {
        &self.text[..usize::from(self.name_bytes)]
    }

    /// The part after the first colon.
    pub fn value(&self) -> &str {
        &self.text[usize::from(self.name_bytes) + 1..]
    }

    /// The whole tag, `name:value`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::str::FromStr for Tag {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let Some((name, value)) = text.split_once(':') else {
            return Err(InvalidName::new("tag", "name:value", text));
        };
        check_identifier("tag name", name, TAG_NAME_BYTES_MAX)?;
        check_text("tag value", value, TAG_VALUE_BYTES_MAX)?;
        Ok(Self::joined(text, name.len()))
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tag({:?})", &*self.text)
    }
}

/// The tags of one event: sorted, each at most once.
///
/// Sorted so that two events with the same tags are equal and encode to the same bytes, whatever
/// order they were given in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tags(SmallVec<[Tag; 2]>);

impl Tags {
    /// Whether `tag` is among them.
    pub fn contains(&self, tag: &Tag) -> bool {
        self.0.binary_search(tag).is_ok()
    }

    /// The tags in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }
}

impl FromIterator<Tag> for Tags {
    fn from_iter<I: IntoIterator<Item = Tag>>(tags: I) -> Self {
        let mut tags: SmallVec<_> = tags.into_iter().collect();
        tags.sort_unstable();
        tags.dedup();
        Self(tags)
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
