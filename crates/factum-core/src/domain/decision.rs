//! Rules over whatever a query matches: the dynamic consistency boundary.

use std::fmt::{Debug, Display};

use crate::domain::Models;
use crate::{InvalidName, Query, StreamId, Tag};

/// One decision over several entities: it names what it needs to know, folds that into small
/// states, and decides.
///
/// What it decides is stored only if nothing that its models' queries match came after what it
/// read; so it holds in every order that concurrent decisions could have been made in.
pub trait Decision: Send + Sync {
    /// The decision's name, which a command id is remembered under.
    const NAME: &'static str;
    /// What it needs to know: one model, or a tuple of them.
    type Models: Models;
    /// Why it is rejected. A text will do.
    type Error: Debug + Display + Send + Sync + 'static;

    /// The models as they are before the first event.
    fn models(&self) -> Self::Models;

    /// Decides what happens: new facts, none if there is nothing to do, or why it may not be.
    ///
    /// Pure: the same models give the same answer. After a conflict it is asked again.
    ///
    /// # Errors
    ///
    /// The reason why the decision is rejected; nothing happens then.
    fn decide(
        &self,
        models: &Self::Models,
    ) -> Result<Vec<<Self::Models as Models>::Event>, Self::Error>;

    /// Which later events make the decision wrong; `None` for all that the models' queries find.
    ///
    /// A narrower query keeps harmless concurrent events from being conflicts.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if a value of the decision cannot be a tag.
    fn validation(&self) -> Result<Option<Query>, InvalidName> {
        Ok(None)
    }

    /// The stream that a new event belongs to: unless said otherwise, that of its first tag, so
    /// that `course:c1` belongs to stream `course/c1`.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the event has no tag, or the name is none.
    fn stream(
        &self,
        event: &<Self::Models as Models>::Event,
        tags: &[Tag],
    ) -> Result<StreamId, InvalidName> {
        let _ = event;
        let Some(tag) = tags.first() else {
            let expected = "an event with a tag, or a `Decision::stream` that names its stream";
            return Err(InvalidName::new(
                "stream of a decision",
                expected,
                "an event without tags",
            ));
        };
        StreamId::new(tag.name(), tag.value())
    }
}
