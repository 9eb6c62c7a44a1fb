//! Students subscribe to courses. A course has a capacity, a student a limit: one decision needs
//! to know both.

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// How many courses a student may go to.
pub const COURSES_PER_STUDENT_MAX: u32 = 3;

/// What can have happened.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum CourseEvent {
    /// There is a course.
    Defined {
        /// Its name.
        #[factum(tag)]
        course: String,
        /// Its seats.
        capacity: u32,
    },
    /// The course got another room.
    CapacityChanged {
        /// Which course.
        #[factum(tag)]
        course: String,
        /// Its seats from now on.
        capacity: u32,
    },
    /// A student goes to the course.
    Subscribed {
        /// Which course.
        #[factum(tag)]
        course: String,
        /// Who.
        #[factum(tag)]
        student: String,
    },
    /// A student does not go to the course any more.
    Unsubscribed {
        /// Which course.
        #[factum(tag)]
        course: String,
        /// Who.
        #[factum(tag)]
        student: String,
    },
}

/// Why a decision is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourseError {
    /// No such course.
    #[error("there is no such course")]
    NoCourse,
    /// The course was defined before.
    #[error("there is a course of this name already")]
    Defined,
    /// The course has that capacity.
    #[error("the course has this capacity already")]
    SameCapacity,
    /// All seats are taken.
    #[error("the course is full")]
    Full,
    /// The student goes to enough courses.
    #[error("the student goes to {COURSES_PER_STUDENT_MAX} courses already")]
    EnoughCourses,
    /// The student goes to this course.
    #[error("the student goes to this course already")]
    Subscribed,
    /// The student does not go to this course.
    #[error("the student does not go to this course")]
    NotSubscribed,
}

/// The seats of one course.
#[derive(Debug)]
pub struct Seats {
    course: String,
    capacity: Option<u32>,
    taken: u32,
}

impl Seats {
    fn of(course: &str) -> Self {
        Self { course: course.into(), capacity: None, taken: 0 }
    }
}

impl DecisionModel for Seats {
    type Event = CourseEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("course", &self.course)?.into())
    }

    fn evolve(&mut self, event: &CourseEvent) {
        match event {
            CourseEvent::Defined { capacity, .. }
            | CourseEvent::CapacityChanged { capacity, .. } => {
                self.capacity = Some(*capacity);
            }
            CourseEvent::Subscribed { .. } => self.taken += 1,
            CourseEvent::Unsubscribed { .. } => self.taken -= 1,
        }
    }
}

/// The courses of one student.
#[derive(Debug)]
pub struct Timetable {
    student: String,
    courses: Vec<String>,
}

impl Timetable {
    fn of(student: &str) -> Self {
        Self { student: student.into(), courses: Vec::new() }
    }

    fn has(&self, course: &str) -> bool {
        self.courses.iter().any(|it| it == course)
    }
}

impl DecisionModel for Timetable {
    type Event = CourseEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        let comings_and_goings = [CourseEvent::SUBSCRIBED, CourseEvent::UNSUBSCRIBED];
        Ok(QueryItem::tagged("student", &self.student)?.types(comings_and_goings).into())
    }

    fn evolve(&mut self, event: &CourseEvent) {
        match event {
            CourseEvent::Subscribed { course, .. } => self.courses.push(course.clone()),
            CourseEvent::Unsubscribed { course, .. } => self.courses.retain(|it| it != course),
            _ => {}
        }
    }
}

/// Opens a course.
#[derive(Clone, Debug)]
pub struct DefineCourse {
    /// Its name.
    pub course: String,
    /// Its seats.
    pub capacity: u32,
}

impl Decision for DefineCourse {
    const NAME: &'static str = "define-course";
    type Models = Seats;
    type Error = CourseError;

    fn models(&self) -> Seats {
        Seats::of(&self.course)
    }

    fn decide(&self, seats: &Seats) -> Result<Vec<CourseEvent>, CourseError> {
        if seats.capacity.is_some() {
            return Err(CourseError::Defined);
        }
        Ok(vec![CourseEvent::Defined { course: self.course.clone(), capacity: self.capacity }])
    }
}

/// Gives a course another capacity, possibly below the seats that are taken.
#[derive(Clone, Debug)]
pub struct ChangeCapacity {
    /// Which course.
    pub course: String,
    /// Its seats from now on.
    pub capacity: u32,
}

impl Decision for ChangeCapacity {
    const NAME: &'static str = "change-capacity";
    type Models = Seats;
    type Error = CourseError;

    fn models(&self) -> Seats {
        Seats::of(&self.course)
    }

    fn decide(&self, seats: &Seats) -> Result<Vec<CourseEvent>, CourseError> {
        match seats.capacity {
            None => Err(CourseError::NoCourse),
            Some(capacity) if capacity == self.capacity => Err(CourseError::SameCapacity),
            Some(_) => Ok(vec![CourseEvent::CapacityChanged {
                course: self.course.clone(),
                capacity: self.capacity,
            }]),
        }
    }

    /// Who sits where does not matter to the room.
    fn validation(&self) -> Result<Option<Query>, InvalidName> {
        let rooms = [CourseEvent::DEFINED, CourseEvent::CAPACITY_CHANGED];
        Ok(Some(QueryItem::tagged("course", &self.course)?.types(rooms).into()))
    }
}

/// Subscribes a student to a course.
#[derive(Clone, Debug)]
pub struct Subscribe {
    /// Which course.
    pub course: String,
    /// Who.
    pub student: String,
}

impl Decision for Subscribe {
    const NAME: &'static str = "subscribe";
    type Models = (Seats, Timetable);
    type Error = CourseError;

    fn models(&self) -> (Seats, Timetable) {
        (Seats::of(&self.course), Timetable::of(&self.student))
    }

    fn decide(&self, models: &(Seats, Timetable)) -> Result<Vec<CourseEvent>, CourseError> {
        let (seats, timetable) = models;
        let capacity = seats.capacity.ok_or(CourseError::NoCourse)?;
        if timetable.has(&self.course) {
            return Err(CourseError::Subscribed);
        }
        if seats.taken >= capacity {
            return Err(CourseError::Full);
        }
        if timetable.courses.len() >= COURSES_PER_STUDENT_MAX as usize {
            return Err(CourseError::EnoughCourses);
        }
        let (course, student) = (self.course.clone(), self.student.clone());
        Ok(vec![CourseEvent::Subscribed { course, student }])
    }
}

/// Takes a student out of a course.
#[derive(Clone, Debug)]
pub struct Unsubscribe {
    /// Which course.
    pub course: String,
    /// Who.
    pub student: String,
}

impl Decision for Unsubscribe {
    const NAME: &'static str = "unsubscribe";
    type Models = Timetable;
    type Error = CourseError;

    fn models(&self) -> Timetable {
        Timetable::of(&self.student)
    }

    fn decide(&self, timetable: &Timetable) -> Result<Vec<CourseEvent>, CourseError> {
        if !timetable.has(&self.course) {
            return Err(CourseError::NotSubscribed);
        }
        let (course, student) = (self.course.clone(), self.student.clone());
        Ok(vec![CourseEvent::Unsubscribed { course, student }])
    }
}
