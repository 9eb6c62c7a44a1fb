//! What files of cases have in common: which of their fields mean what.

use clap::Args;
use factum::{Category, Codec, CorrelationId, EventType, NewEvent, StreamId, Tags, Timestamp};

use super::case::Case;
use super::identity::{Content, Rows};
use super::source::Item;
use crate::outcome::Failure;

/// A field whose value becomes a tag.
#[derive(Clone, Debug)]
pub(super) struct TagField {
    pub(super) field: String,
    pub(super) name: String,
}

/// Options for files of cases.
#[derive(Args, Clone, Debug)]
pub(crate) struct Mapping {
    /// The category of the streams: a case becomes the stream CATEGORY/CASE
    #[arg(long, value_name = "NAME", default_value = "case")]
    pub(super) category: String,
    /// The type of events that have none; without it, they are bad rows
    #[arg(long, value_name = "TYPE")]
    pub(super) default_type: Option<String>,
    /// Store rows of the type and time, but not the content, of an event that an earlier version
    /// of factum imported; without it, such a row stops the import
    #[arg(long)]
    pub(super) store_changed: bool,
}

impl Mapping {
    pub(super) fn category(&self) -> Result<Category, Failure> {
        Ok(Category::new(&self.category)?)
    }

    /// The type of events that have none.
    pub(super) fn default_type(&self) -> Result<Option<EventType>, Failure> {
        let given = self.default_type.as_deref().map(EventType::new).transpose();
        given.map_err(|error| Failure::usage(format!("--default-type: {error}")))
    }
}

/// Reads `FIELD` or `FIELD=NAME`; a name made from the field has `.` for whatever it cannot have.
pub(super) fn tag_field(argument: &str) -> Result<TagField, Failure> {
    let (field, name) = if let Some((field, name)) = argument.rsplit_once('=') {
        (field, name.to_owned())
    } else {
        let fits = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
        let name: String = argument.chars().map(|it| if fits(it) { it } else { '.' }).collect();
        (argument, name)
    };
    factum::Tag::new(&name, "x")?;
    Ok(TagField { field: field.into(), name })
}

/// The parts of an event of a case.
pub(super) struct CaseEvent<'a> {
    pub(super) line: u64,
    pub(super) stream: StreamId,
    pub(super) event_type: EventType,
    pub(super) at: Timestamp,
    /// What stands in the row, as a JSON object.
    pub(super) attributes: &'a [u8],
    /// What stands with the case, as a JSON object, where it has to be written.
    pub(super) case: Option<&'a [u8]>,
    pub(super) tags: Tags,
    pub(super) correlation: Option<CorrelationId>,
}

impl CaseEvent<'_> {
    /// The event, with an id made from its content and how often that came before, so that the
    /// same row has the same id again.
    pub(super) fn into_item(self, case: &mut Case, rows: &mut Rows) -> Item {
        let content = Content::of_row(&self.stream, &self.event_type, self.at, self.attributes);
        let before = rows.before("", &content);
        let id = content.id(before);
        let payload = self.payload();
        let mut event = NewEvent::new(id, self.event_type, Codec::Json, payload);
        event.recorded_at = Some(self.at);
        event.tags = self.tags;
        event.correlation = self.correlation;
        let place = Some(case.next_place());
        let (line, stream, repeats) = (self.line, self.stream, before > 0);
        Item { tenant: None, line, stream, place, event, repeats, act: None, revision: None }
    }

    /// The row's object, with the case's as its first member.
    fn payload(&self) -> Vec<u8> {
        let Some(case) = self.case else { return self.attributes.to_vec() };
        let mut payload = Vec::with_capacity(self.attributes.len() + case.len() + 10);
        payload.extend_from_slice(b"{\"case\":");
        payload.extend_from_slice(case);
        if self.attributes.len() > 2 {
            payload.push(b',');
        }
        payload.extend_from_slice(&self.attributes[1..]);
        payload
    }
}
