//! Courses and who has a seat in them: decisions over tags.

use factum_core::{Decision, DecisionModel, InvalidName, Models, Query, QueryItem, StreamId, Tag};
use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core")]
pub(crate) enum CourseEvent {
    Planned {
        #[factum(tag)]
        course: String,
        seats: u32,
    },
    Booked {
        #[factum(tag)]
        course: String,
        #[factum(tag)]
        person: String,
    },
    /// It belongs to nobody.
    Rumoured,
}

pub(crate) fn planned(course: &str, seats: u32) -> CourseEvent {
    CourseEvent::Planned { course: course.into(), seats }
}

pub(crate) fn booked(course: &str, person: &str) -> CourseEvent {
    CourseEvent::Booked { course: course.into(), person: person.into() }
}

/// The seats of a course that are left.
#[derive(Debug, PartialEq)]
pub(crate) struct Seats {
    pub(crate) course: String,
    pub(crate) left: u32,
}

impl DecisionModel for Seats {
    type Event = CourseEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("course", &self.course)?.into())
    }

    fn evolve(&mut self, event: &CourseEvent) {
        match event {
            CourseEvent::Planned { seats, .. } => self.left += seats,
            CourseEvent::Booked { .. } => self.left -= 1,
            CourseEvent::Rumoured => {}
        }
    }
}

/// How many courses a person has booked.
#[derive(Debug, PartialEq)]
pub(crate) struct Bookings {
    pub(crate) person: String,
    pub(crate) count: u32,
}

impl DecisionModel for Bookings {
    type Event = CourseEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("person", &self.person)?.types([CourseEvent::BOOKED]).into())
    }

    fn evolve(&mut self, _: &CourseEvent) {
        self.count += 1;
    }
}

pub(crate) struct Book(pub(crate) &'static str, pub(crate) &'static str);

impl Decision for Book {
    const NAME: &'static str = "book";
    type Models = (Seats, Bookings);
    type Error = &'static str;

    fn models(&self) -> (Seats, Bookings) {
        let seats = Seats { course: self.0.into(), left: 0 };
        (seats, Bookings { person: self.1.into(), count: 0 })
    }

    fn decide(&self, (seats, own): &(Seats, Bookings)) -> Result<Vec<CourseEvent>, &'static str> {
        match () {
            () if own.count == 2 => Err("two courses are enough"),
            () if seats.left == 0 => Err("no seats are left"),
            () => Ok(vec![booked(self.0, self.1)]),
        }
    }
}

/// Decides exactly these events, and keeps them all in one stream.
pub(crate) struct Announce(pub(crate) Vec<CourseEvent>);

/// How many events the stream's category holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Announced(pub(crate) u32);

impl DecisionModel for Announced {
    type Event = CourseEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::default().category(factum_core::Category::new("board")?).into())
    }

    fn evolve(&mut self, _: &CourseEvent) {
        self.0 += 1;
    }
}

impl Decision for Announce {
    const NAME: &'static str = "announce";
    type Models = Announced;
    type Error = &'static str;

    fn models(&self) -> Announced {
        Announced(0)
    }

    fn decide(&self, _: &Announced) -> Result<Vec<CourseEvent>, &'static str> {
        Ok(self.0.clone())
    }

    fn stream(&self, _: &<Announced as Models>::Event, _: &[Tag]) -> Result<StreamId, InvalidName> {
        StreamId::new("board", "all")
    }
}

/// Decides exactly these events, in the streams of their tags.
pub(crate) struct Say(pub(crate) Vec<CourseEvent>);

impl Decision for Say {
    const NAME: &'static str = "say";
    type Models = Announced;
    type Error = &'static str;

    fn models(&self) -> Announced {
        Announced(0)
    }

    fn decide(&self, _: &Announced) -> Result<Vec<CourseEvent>, &'static str> {
        Ok(self.0.clone())
    }
}
