//! What the actors want, and who may have it.

use factum_core::{
    AppendError, AppendRequest, Appended, Conflict, Expected, Position, QueryItem, Revision, Tag,
};

use crate::common::requests::{append, claiming, command, event, expecting, stream};
use crate::model::{Actor, Verdict};

/// What only one of the actors may have in each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contest {
    /// The next revision of a stream.
    Revision,
    /// A claim.
    Claim,
    /// The one effect of a command.
    Command,
    /// To be the first with a tag.
    Tag,
}

impl Contest {
    pub(crate) const ALL: [Self; 4] = [Self::Revision, Self::Claim, Self::Command, Self::Tag];

    pub(crate) fn request(self, run: u64, actor: Actor) -> AppendRequest {
        let number = 10 * run + actor as u64;
        let own = format!("own-{actor}");
        match self {
            Self::Revision => expecting(&format!("run-{run}"), Expected::NoStream, [number]),
            Self::Claim => claiming(&own, number, &format!("{run}@example.org")),
            Self::Command => {
                let mut command = command(&format!("run-{run}"), "target");
                command.outcome = format!("it was {actor}").into();
                append(&own, [number]).command(command)
            }
            Self::Tag => {
                let tag = Tag::new("run", &run.to_string()).unwrap();
                let mut event = event(number);
                event.tags = [tag.clone()].into_iter().collect();
                let none = QueryItem::default().tag(tag);
                let request = AppendRequest::default().stream(stream(&own), Expected::Any, [event]);
                request.none_match(none, Position::START)
            }
        }
    }

    /// Checks an answer against what the model says.
    pub(crate) fn check(
        self,
        run: u64,
        actor: Actor,
        answer: &Result<Appended, AppendError>,
        verdict: Verdict,
    ) {
        let wrong = || format!("run {run}, actor {actor}: {verdict:?}, but {answer:?}");
        match (answer, verdict) {
            (Ok(found), Verdict::Stored(at)) => {
                let place = (found.first, found.last, found.repeated);
                assert_eq!(
                    place,
                    (Some(Position::new(at)), Position::new(at), false),
                    "{}",
                    wrong()
                );
            }
            (Ok(found), Verdict::Lost(at)) => {
                assert_eq!(self, Self::Command, "{}", wrong());
                let place = (found.first, found.last, found.repeated);
                assert_eq!(
                    place,
                    (Some(Position::new(at)), Position::new(at), true),
                    "{}",
                    wrong()
                );
                // The outcome is that of the one who came first, whoever asks.
                let outcome = found.outcome.clone().unwrap();
                let (winner, _) = &found.streams[0];
                let first = winner.id().strip_prefix("own-").unwrap();
                assert_eq!(outcome, format!("it was {first}"), "{}", wrong());
            }
            (Err(AppendError::Conflict(conflict)), Verdict::Lost(at)) => match (self, conflict) {
                (Self::Revision, Conflict::Stream { actual, .. }) => {
                    assert_eq!(*actual, Some(Revision::new(0)), "{}", wrong());
                }
                (Self::Claim, Conflict::Claim { owner, .. }) => {
                    assert_ne!(*owner, stream(&format!("own-{actor}")), "{}", wrong());
                }
                (Self::Tag, Conflict::Query { found, .. }) => {
                    assert_eq!(*found, Position::new(at), "{}", wrong());
                }
                _ => panic!("{}", wrong()),
            },
            _ => panic!("{}", wrong()),
        }
    }
}
