//! Decisions, whose models see what their own queries find.

use factum_testkit::given_facts;

use crate::bookings::{
    Announce, Announced, Book, Bookings, CourseEvent, Say, Seats, booked, planned,
};
use crate::{failure, says};

#[test]
fn each_model_sees_what_its_query_finds() {
    given_facts([planned("c1", 2), planned("c2", 9), booked("c2", "ann"), booked("c1", "bob")])
        .when(Book("c1", "ann"))
        .then([booked("c1", "ann")])
        .then_state_is(&(
            Seats { course: "c1".into(), left: 0 },
            Bookings { person: "ann".into(), count: 2 },
        ));
}

#[test]
fn decisions_are_rejected() {
    let full = || given_facts([planned("c1", 1), booked("c1", "bob")]).when(Book("c1", "ann"));
    full().then_error("no seats are left").then_state(|(seats, _)| seats.left == 0);
    full().then_error_where(|error| error.contains("seats"));
    let said = failure(|| full().then_error("two courses are enough"));
    says(&said, &["two courses", "no seats are left", "Booked { course: \"c1\""]);
    says(&failure(|| full().then([booked("c1", "ann")])), &["no seats are left"]);
    says(&failure(|| full().then_nothing()), &["no seats are left"]);
}

#[test]
fn decided_events_are_compared() {
    let made = || given_facts([planned("c1", 1)]).when(Book("c1", "ann"));
    made().then_events_where(|events| events.len() == 1);
    let said = failure(|| made().then([booked("c1", "bob")]));
    says(&said, &["-         person: \"bob\",", "+         person: \"ann\",", "Planned"]);
    says(&failure(|| made().then_state(|(seats, _)| seats.left == 1)), &["state"]);
}

#[test]
fn a_decision_without_expectation_fails() {
    let said = failure(|| drop(given_facts([planned("c1", 1)]).when(Book("c1", "ann"))));
    says(&said, &["expects nothing"]);
}

#[test]
fn tags_are_compared_in_any_order() {
    let made = || given_facts([planned("c1", 1)]).when(Book("c1", "ann"));
    made().then_tags(0, ["person:ann", "course:c1"]).then_tags(0, ["course:c1", "person:ann"]);
    let said = failure(|| made().then_tags(0, ["course:c1", "person:bob"]));
    says(&said, &["tags", "-     \"person:bob\",", "+     \"person:ann\","]);
    says(&failure(|| made().then_tags(0, ["course:c1"])), &["+     \"person:ann\","]);
    says(&failure(|| made().then_tags(1, ["course:c1"])), &["place 1", "none"]);

    let rejected = || given_facts([]).when(Book("c1", "ann"));
    says(&failure(|| rejected().then_tags(0, ["course:c1"])), &["place 0", "none"]);
}

#[test]
fn facts_that_cannot_be_stored_are_no_arrangement() {
    let said = failure(|| given_facts([planned("", 1)]).when(Book("c1", "ann")).then_nothing());
    says(&said, &["the arrangement failed", "Planned { course: \"\""]);
}

#[test]
fn a_query_that_cannot_be_made_is_no_arrangement() {
    let said = failure(|| given_facts([planned("c1", 1)]).when(Book("", "ann")).then_nothing());
    says(&said, &["the arrangement failed", "tag"]);
}

#[test]
fn a_decision_may_have_nothing_to_say() {
    given_facts([planned("c1", 1)]).when(Say(vec![])).then_nothing();
}

#[test]
fn facts_stand_in_the_streams_that_the_decision_names() {
    given_facts([planned("c1", 1), CourseEvent::Rumoured])
        .when(Announce(vec![planned("c2", 1)]))
        .then_state_is(&Announced(3));
}

#[test]
fn what_cannot_be_stored_was_not_decided() {
    let said =
        failure(|| given_facts([]).when(Say(vec![CourseEvent::Rumoured])).then_state(|_| true));
    says(&said, &["cannot be stored", "Rumoured", "an event with a tag"]);
    let said = failure(|| given_facts([]).when(Say(vec![planned("", 1)])).then_state(|_| true));
    says(&said, &["cannot be stored", "Planned { course: \"\""]);
}
