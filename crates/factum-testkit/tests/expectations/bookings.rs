//! Courses and who has a seat in them: decisions over tags.

use factum_core::{Decision, DecisionModel, InvalidName, Query, QueryItem};
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

/// Decides exactly these events, in the streams of their tags.
pub(crate) struct Say(pub(crate) Vec<CourseEvent>);

impl Decision for Say {
    const NAME: &'static str = "say";
    type Models = Seats;
    type Error = &'static str;

    fn models(&self) -> Seats {
        Seats { course: "c1".into(), left: 0 }
    }

    fn decide(&self, _: &Seats) -> Result<Vec<CourseEvent>, &'static str> {
        Ok(self.0.clone())
    }
}
