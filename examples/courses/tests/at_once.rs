//! The same decisions by many tasks at once, in memory and in a file.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeSet;

use factum::Models;
use factum::prelude::*;
use factum_example_courses::booking::{Book, RoomEvent};
use factum_example_courses::invoice::{InvoiceEvent, Issue};
use factum_example_courses::subscription::{CourseEvent, DefineCourse, Subscribe};
use factum_example_courses::token::{Confirm, Initiate, SignUpEvent};
use factum_example_courses::username::{Register, UserEvent};

const TASKS: u32 = 24;

/// Makes decisions at once on a store in memory and on one in a file; gives the new events of
/// each that was made, in the order of the log.
async fn all_at_once<E, D>(
    before: Vec<Box<dyn Fn() -> D + Sync + Send>>,
    wanted: Vec<D>,
) -> Vec<Vec<E>>
where
    E: Event + Clone,
    D: Decision<Models: Models<Event = E> + Send> + Clone + 'static,
{
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("log.db").display());
    let mut outcomes = Vec::new();
    for address in ["memory:", file.as_str()] {
        let store = factum::connect(address).await.unwrap();
        let patient = Retry { attempts_max: 10_000, pause_ms_first: 1, pause_ms_max: 4 };
        let decisions = Decisions::<E>::new(store).unwrap().with_retry(patient);
        for decision in &before {
            decisions.execute(&decision()).await.unwrap();
        }
        let tasks = wanted.iter().cloned().map(|decision| {
            let decisions = decisions.clone();
            tokio::spawn(async move {
                match decisions.execute(&decision).await {
                    Ok(decided) => Some((decided.position, decided.events)),
                    Err(ExecuteError::Rejected(_)) => None,
                    Err(error) => panic!("{error}"),
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let mut made = Vec::new();
        for task in tasks {
            made.extend(task.await.unwrap());
        }
        made.sort_by_key(|(position, _)| *position);
        outcomes.push(made.into_iter().flat_map(|(_, events)| events).collect());
    }
    outcomes
}

#[derive(Clone)]
enum AtSchool {
    Define(DefineCourse),
    Subscribe(Subscribe),
}

impl Decision for AtSchool {
    const NAME: &'static str = "at-school";
    type Models = <Subscribe as Decision>::Models;
    type Error = factum_example_courses::subscription::CourseError;

    fn models(&self) -> Self::Models {
        match self {
            Self::Define(define) => {
                let student = String::from("nobody");
                Subscribe { course: define.course.clone(), student }.models()
            }
            Self::Subscribe(subscribe) => subscribe.models(),
        }
    }

    fn decide(&self, models: &Self::Models) -> Result<Vec<CourseEvent>, Self::Error> {
        match self {
            Self::Define(define) => define.decide(&models.0),
            Self::Subscribe(subscribe) => subscribe.decide(models),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_seat_is_given_twice() {
    let define = || AtSchool::Define(DefineCourse { course: "logic".into(), capacity: 5 });
    let student = |number| Subscribe { course: "logic".into(), student: format!("s{number}") };
    let wanted = (0..TASKS).map(|it| AtSchool::Subscribe(student(it))).collect();
    for taken in all_at_once::<CourseEvent, _>(vec![Box::new(define)], wanted).await {
        assert_eq!(taken.len(), 5, "all seats are taken, and no more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_goes_to_one() {
    let wanted = vec![Register { username: "ann".into() }; TASKS as usize];
    for taken in all_at_once::<UserEvent, _>(vec![], wanted).await {
        assert_eq!(taken.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invoice_numbers_have_no_gap() {
    let wanted = vec![Issue { subject: "rent".into() }; TASKS as usize];
    for issued in all_at_once::<InvoiceEvent, _>(vec![], wanted).await {
        let number = |InvoiceEvent::Issued { number, .. }: &InvoiceEvent| *number;
        let numbers: Vec<u64> = issued.iter().map(number).collect();
        assert_eq!(numbers, (1..=u64::from(TASKS)).collect::<Vec<_>>(), "in the order of the log");
    }
}

#[derive(Clone)]
enum AtTheDoor {
    Initiate(Initiate),
    Confirm(Confirm),
}

impl Decision for AtTheDoor {
    const NAME: &'static str = "at-the-door";
    type Models = <Confirm as Decision>::Models;
    type Error = factum_example_courses::token::TokenError;

    fn models(&self) -> Self::Models {
        match self {
            Self::Initiate(initiate) => initiate.models(),
            Self::Confirm(confirm) => confirm.models(),
        }
    }

    fn decide(&self, models: &Self::Models) -> Result<Vec<SignUpEvent>, Self::Error> {
        match self {
            Self::Initiate(initiate) => initiate.decide(models),
            Self::Confirm(confirm) => confirm.decide(models),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_confirms_once_and_a_request_is_carried_out_once() {
    let initiate = Initiate { token: "t1".into(), email: "ann@example.org".into() };
    let (again, confirm) = (initiate.clone(), Confirm { token: "t1".into() });
    let before = move || AtTheDoor::Initiate(initiate.clone());
    let wanted = (0..TASKS).map(|it| match it % 2 {
        0 => AtTheDoor::Initiate(again.clone()),
        _ => AtTheDoor::Confirm(confirm.clone()),
    });
    let wanted = wanted.collect();
    for made in all_at_once::<SignUpEvent, _>(vec![Box::new(before)], wanted).await {
        assert_eq!(made.len(), 1, "one confirmation, no second initiation");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_night_is_booked_twice() {
    let wanted = (0..TASKS).map(|it| Book {
        room: "7".into(),
        first_night: it % 8,
        nights: 1 + it % 3,
        guest: format!("g{it}"),
    });
    for booked in all_at_once::<RoomEvent, _>(vec![], wanted.collect()).await {
        let mut nights = BTreeSet::new();
        for RoomEvent::Booked { first_night, nights: count, .. } in booked {
            for night in first_night..first_night + count {
                assert!(nights.insert(night), "night {night} is booked twice");
            }
        }
    }
}
