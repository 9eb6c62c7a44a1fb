//! What files of cases have in common: which of their fields mean what.

use clap::Args;
use factum::{
    Category, Codec, CorrelationId, EventId, EventType, NewEvent, StreamId, Tags, Timestamp,
};

use super::case::Case;
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
}

impl Mapping {
    pub(super) fn category(&self) -> Result<Category, Failure> {
        Ok(Category::new(&self.category)?)
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
    /// The event, with an id made from its case, its ordinal there and its content, so that the
    /// same file gives the same ids again.
    pub(super) fn into_item(self, case: &mut Case) -> Item {
        let id = EventId::from_content(&[
            self.stream.as_str().as_bytes(),
            &case.seen.to_le_bytes(), // Counted before the row was looked at.
            self.event_type.as_str().as_bytes(),
            &self.at.as_micros().to_le_bytes(),
            self.attributes,
        ]);
        let payload = self.payload();
        let mut event = NewEvent::new(id, self.event_type, Codec::Json, payload);
        event.recorded_at = Some(self.at);
        event.tags = self.tags;
        event.correlation = self.correlation;
        let place = u64::from(case.given);
        case.given += 1;
        Item { tenant: None, stream: self.stream, place, event, act: None, revision: None }
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
