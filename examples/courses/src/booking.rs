//! A room has one guest a night.

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// What can have happened.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// Somebody has the room for some nights.
    Booked {
        /// Which room.
        #[factum(tag)]
        room: String,
        /// The first night, in days since 1970.
        first_night: u32,
        /// How many nights.
        nights: u32,
        /// Who.
        guest: String,
    },
}

/// Somebody else has the room for one of the nights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the room is booked in night {0}")]
pub struct Occupied(pub u32);

/// The nights in which a room is booked.
#[derive(Debug)]
pub struct Calendar {
    room: String,
    nights: std::collections::BTreeSet<u32>,
}

impl DecisionModel for Calendar {
    type Event = RoomEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("room", &self.room)?.into())
    }

    fn evolve(&mut self, RoomEvent::Booked { first_night, nights, .. }: &RoomEvent) {
        self.nights.extend(*first_night..first_night + nights);
    }
}

/// Books a room.
#[derive(Clone, Debug)]
pub struct Book {
    /// Which room.
    pub room: String,
    /// The first night, in days since 1970.
    pub first_night: u32,
    /// How many nights.
    pub nights: u32,
    /// Who.
    pub guest: String,
}

impl Decision for Book {
    const NAME: &'static str = "book-room";
    type Models = Calendar;
    type Error = Occupied;

    fn models(&self) -> Calendar {
        Calendar { room: self.room.clone(), nights: [].into() }
    }

    fn decide(&self, calendar: &Calendar) -> Result<Vec<RoomEvent>, Occupied> {
        let wanted = self.first_night..self.first_night + self.nights;
        if let Some(night) = calendar.nights.range(wanted).next() {
            return Err(Occupied(*night));
        }
        Ok(vec![RoomEvent::Booked {
            room: self.room.clone(),
            first_night: self.first_night,
            nights: self.nights,
            guest: self.guest.clone(),
        }])
    }
}
