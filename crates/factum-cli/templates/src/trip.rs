//! Trips to the shop: a decision that has to look at more than one thing.

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// What can have happened. Tags are what decisions ask for. The first one names the stream of the event,
/// here `who/ann`, and must not be the category of other events, as `list` is.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub enum TripEvent {
    Started {
        #[factum(tag)]
        who: String,
        #[factum(tag)]
        list: String,
    },
    Ended {
        #[factum(tag)]
        who: String,
        #[factum(tag)]
        list: String,
    },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TripError {
    #[error("{0} shops for this list already")]
    Taken(String),
    #[error("{who} is under way with the list {list}")]
    Away { who: String, list: String },
    #[error("{0} is not under way with this list")]
    NotAway(String),
}

/// Who is under way with one list.
#[derive(Debug)]
pub struct Shopper {
    list: String,
    who: Option<String>,
}

impl Shopper {
    fn of(list: &str) -> Self {
        Self { list: list.into(), who: None }
    }
}

impl DecisionModel for Shopper {
    type Event = TripEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("list", &self.list)?.into())
    }

    fn evolve(&mut self, event: &TripEvent) {
        match event {
            TripEvent::Started { who, .. } => self.who = Some(who.clone()),
            TripEvent::Ended { .. } => self.who = None,
        }
    }
}

/// With which list one person is under way.
#[derive(Debug)]
pub struct Away {
    who: String,
    list: Option<String>,
}

impl Away {
    fn of(who: &str) -> Self {
        Self { who: who.into(), list: None }
    }
}

impl DecisionModel for Away {
    type Event = TripEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("who", &self.who)?.into())
    }

    fn evolve(&mut self, event: &TripEvent) {
        match event {
            TripEvent::Started { list, .. } => self.list = Some(list.clone()),
            TripEvent::Ended { .. } => self.list = None,
        }
    }
}

/// Goes shopping: one person per list, one list per person. Of two who decide at the same time, the
/// second is decided again, with what the first did.
#[derive(Clone, Debug)]
pub struct Start {
    pub list: String,
    pub who: String,
}

impl Decision for Start {
    const NAME: &'static str = "start-trip";
    type Models = (Shopper, Away);
    type Error = TripError;

    fn models(&self) -> (Shopper, Away) {
        (Shopper::of(&self.list), Away::of(&self.who))
    }

    fn decide(&self, (shopper, away): &(Shopper, Away)) -> Result<Vec<TripEvent>, TripError> {
        if let Some(who) = &shopper.who {
            return Err(TripError::Taken(who.clone()));
        }
        if let Some(list) = &away.list {
            return Err(TripError::Away { who: self.who.clone(), list: list.clone() });
        }
        Ok(vec![TripEvent::Started { list: self.list.clone(), who: self.who.clone() }])
    }
}

/// Comes back.
#[derive(Clone, Debug)]
pub struct End {
    pub list: String,
    pub who: String,
}

impl Decision for End {
    const NAME: &'static str = "end-trip";
    type Models = Away;
    type Error = TripError;

    fn models(&self) -> Away {
        Away::of(&self.who)
    }

    fn decide(&self, away: &Away) -> Result<Vec<TripEvent>, TripError> {
        if away.list.as_ref() != Some(&self.list) {
            return Err(TripError::NotAway(self.who.clone()));
        }
        Ok(vec![TripEvent::Ended { list: self.list.clone(), who: self.who.clone() }])
    }
}

#[cfg(test)]
mod tests {
    use factum_testkit::given_facts;

    use super::*;

    fn started(list: &str, who: &str) -> TripEvent {
        TripEvent::Started { list: list.into(), who: who.into() }
    }

    fn start(list: &str, who: &str) -> Start {
        Start { list: list.into(), who: who.into() }
    }

    #[test]
    fn one_person_shops_for_a_list() {
        given_facts([started("food", "ann")])
            .when(start("food", "bob"))
            .then_error(TripError::Taken("ann".into()));
    }

    #[test]
    fn nobody_shops_for_two_lists_until_they_are_back() {
        let away = TripError::Away { who: "ann".into(), list: "food".into() };
        given_facts([started("food", "ann")]).when(start("tools", "ann")).then_error(away);
        let ended = TripEvent::Ended { list: "food".into(), who: "ann".into() };
        given_facts([started("food", "ann"), ended])
            .when(start("tools", "ann"))
            .then([started("tools", "ann")]);
    }
}
