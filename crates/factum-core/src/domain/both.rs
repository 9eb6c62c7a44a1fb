//! Two deciders over one stream, as one.

use either::Either;

use crate::codec::{DecodeError, EncodeError, Payload};
use crate::schema::Upcasters;
use crate::{Decider, Event, EventSpec, Facts, InvalidName};

/// Two deciders that share a stream: a command of either goes to its decider, an event of either
/// to its state. The category is the first one's.
///
/// For three, put a pair into a pair; to speak of it in terms of your own, [adapt](crate::Adapted)
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both<A, B> {
    /// The state of the one.
    pub first: A,
    /// The state of the other.
    pub second: B,
}

impl<A: Decider, B: Decider> Decider for Both<A, B> {
    const CATEGORY: &'static str = A::CATEGORY;
    type Command = Either<A::Command, B::Command>;
    type Event = Either<A::Event, B::Event>;
    type Error = Either<A::Error, B::Error>;

    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error> {
        match command {
            Either::Left(command) => {
                let events = self.first.decide(command).map_err(Either::Left)?;
                Ok(events.into_iter().map(Either::Left).collect())
            }
            Either::Right(command) => {
                let events = self.second.decide(command).map_err(Either::Right)?;
                Ok(events.into_iter().map(Either::Right).collect())
            }
        }
    }

    fn evolve(&mut self, event: &Self::Event) {
        match event {
            Either::Left(event) => self.first.evolve(event),
            Either::Right(event) => self.second.evolve(event),
        }
    }
}

/// The events of two contexts.
impl<A: Event, B: Event> Event for Either<A, B> {
    fn specs() -> Vec<&'static EventSpec> {
        let mut specs = A::specs();
        specs.extend(B::specs());
        specs
    }

    fn find(event_type: &str) -> Option<&'static EventSpec> {
        A::find(event_type).or_else(|| B::find(event_type))
    }

    fn spec(&self) -> &'static EventSpec {
        either::for_both!(self, event => event.spec())
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        either::for_both!(self, event => event.encode(out))
    }

    fn decode(event_type: &str, payload: Payload<'_>) -> Result<Self, DecodeError> {
        if A::find(event_type).is_some() {
            A::decode(event_type, payload).map(Either::Left)
        } else {
            B::decode(event_type, payload).map(Either::Right)
        }
    }

    fn facts(&self, facts: &mut Facts) -> Result<(), InvalidName> {
        either::for_both!(self, event => event.facts(facts))
    }

    fn upcasters() -> Upcasters {
        A::upcasters().and(B::upcasters())
    }
}
